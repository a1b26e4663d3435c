"""The commands, as click sees them. Each calls one function below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .. import __version__, config
from ..errors import EXIT_CODE_MEANINGS, ExitCode
from ..shell import administration
from . import sql
from .options import CONNECTION, OUTPUT, SERVERS, SQL, TIMEOUT, YES, Option
from .sandbox import sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..environment import Environment

_EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {int(code):>3}  {what}" for code, what in EXIT_CODE_MEANINGS.items())

_HELP = f"""The operator's shell for dqlite clusters.

\b
dqshell -s HOST:PORT DATABASE                run SQL at a prompt
dqshell -s HOST:PORT DATABASE "SELECT 1"     run SQL and exit
generate | dqshell -s HOST:PORT DATABASE     run a script
dqshell -s HOST:PORT nodes                   show the cluster
dqshell sandbox                              a cluster to play with

A first word that is no command is a database. Connection options may stand before the command, too.

{_EXIT_CODES}
"""

_Function = Callable[..., Any]


def _options(*options: Option) -> Callable[[_Function], _Function]:
    """Our options as click's."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = click.option(
                *option.flags,
                option.name,
                help=option.help,
                metavar=option.metavar or None,
                type=option.kind if option.metavar else None,
                is_flag=not option.metavar,
                default=None if option.many else option.default,
                show_default=isinstance(option.default, float),
                multiple=option.many,
            )(function)
        return function

    return decorate


class _Group(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(self.commands)


@click.group(cls=_Group, help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dqshell")
def main() -> None:
    pass


@main.command("sql", short_help="Run SQL: at a prompt, from arguments, from files, or from stdin.")
@click.argument("words", nargs=-1, metavar="DATABASE [SQL]...")
@_options(*SQL)
@click.pass_obj
def _sql(environment: Environment, /, words: tuple[str, ...], **values: Any) -> ExitCode:
    """Run SQL: at a prompt, from arguments, from files, or from stdin.

    The word "sql" is only needed for a database that is called like a command.
    """
    return sql.run(environment, values, words)


@main.command("nodes", short_help="Show every node, dead ones too.")
@_options(*CONNECTION, *OUTPUT)
@click.pass_obj
def _nodes(environment: Environment, /, **values: Any) -> None:
    """Show every node of the cluster, with what it says itself. A dead one is a row with its error."""
    addresses = config.servers(values["servers"], environment.variables)
    administration.nodes(sql.console(environment, values), addresses, values["timeout"])


@main.command("leader", short_help="Print the leader's address.")
@_options(*CONNECTION)
@click.pass_obj
def _leader(environment: Environment, /, **values: Any) -> None:
    """Print the address of the leader and nothing else; exit with 3 when there is none."""
    addresses = config.servers(values["servers"], environment.variables)
    administration.leader(sql.console(environment, values), addresses, values["timeout"], values["wait"])


@main.command("transfer", short_help="Move leadership to another voter.")
@click.argument("node", required=False)
@_options(SERVERS, TIMEOUT, YES)
@click.pass_obj
def _transfer(environment: Environment, /, node: str | None, **values: Any) -> None:
    """Move leadership to NODE (an address, an id, or the beginning of one), by default to the voter that answers
    fastest. Waits until NODE and a majority of the voters say that it leads."""
    addresses = config.servers(values["servers"], environment.variables)
    administration.transfer(sql.console(environment, values), addresses, node, values["timeout"])


main.add_command(sandbox)


def run_command(command: str, arguments: list[str], environment: Environment) -> int:
    """Run one command through click; its exit code. Raises Error."""
    words = arguments if command == "sql" and _asks_about_all(arguments) else [command, *arguments]
    try:
        code = main.main(args=words, prog_name="dqshell", standalone_mode=False, obj=environment)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except click.exceptions.Abort:
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.OK


def _asks_about_all(arguments: list[str]) -> bool:
    """`dqshell --help` is about dqshell, `dqshell DATABASE --help` about sql."""
    return arguments[:1] in (["--help"], ["-h"], ["--version"])
