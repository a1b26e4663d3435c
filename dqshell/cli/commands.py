"""The commands, as click sees them. Each calls one function below."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import click

from .. import __version__
from ..errors import EXIT_CODE_MEANINGS, ExitCode
from ..shell import administration
from . import completion, sql
from .options import COMPLETE, CONNECTION, OUTPUT, SQL, YES, Option, split_command
from .sandbox import sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..environment import Environment

_EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {int(code):>3}  {what}" for code, what in EXIT_CODE_MEANINGS.items())

_HELP = f"""The operator's shell for dqlite clusters.

\b
dqshell -s HOST:PORT DATABASE                run SQL at a prompt
dqshell -s HOST:PORT DATABASE "SELECT 1"     run SQL and exit
generate | dqshell -s HOST:PORT DATABASE     run a script
dqshell -s HOST:PORT nodes                   show the cluster
dqshell sandbox                              a cluster to play with
dqshell COMMAND --help                       its options; `dqshell sql --help`: those for SQL

A first word that is no command is a database. Connection options may stand before the command, too.

{_EXIT_CODES}
"""

_Function = Callable[..., Any]

_COMPLETERS = {"MODE": completion.modes}  # by an option's metavar


def _options(*options: Option) -> Callable[[_Function], _Function]:
    """Our options as click's."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = click.option(
                *option.flags,
                option.name,
                help=option.help,
                metavar=option.metavar or None,
                type=click.Path() if option.metavar == "FILE" else option.kind if option.metavar else None,
                is_flag=not option.metavar,
                default=None if option.many else option.default,
                show_default=isinstance(option.default, float),
                multiple=option.many,
                shell_complete=_COMPLETERS.get(option.metavar),
            )(function)
        return function

    return decorate


class _Group(click.Group):
    """Options may stand before the command word, and a first word that is no command is a database."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        if args[:1] not in (["--help"], ["-h"], ["--version"]):
            command, rest = split_command(args)
            args = [command, *rest]
        return super().parse_args(context, args)

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(self.commands)


@click.group(cls=_Group, help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dqshell")
def main() -> None:
    pass


@main.command("sql", short_help="Run SQL: at a prompt, from arguments, from files, or from stdin.")
@click.argument("words", nargs=-1, metavar="DATABASE [SQL]...", shell_complete=completion.commands)
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
    addresses = sql.addresses(environment, values)
    administration.nodes(sql.console(environment, values), addresses, values["timeout"])


@main.command("leader", short_help="Print the leader's address.")
@_options(*CONNECTION)
@click.pass_obj
def _leader(environment: Environment, /, **values: Any) -> None:
    """Print the address of the leader and nothing else; exit with 3 when there is none."""
    addresses = sql.addresses(environment, values)
    administration.leader(sql.console(environment, values), addresses, values["timeout"], values["wait"])


@main.command("transfer", short_help="Move leadership to another voter.")
@click.argument("node", required=False, shell_complete=completion.voters)
@_options(*CONNECTION, YES)
@click.pass_obj
def _transfer(environment: Environment, /, node: str | None, **values: Any) -> None:
    """Move leadership to NODE (an address, an id, or the beginning of one), by default to the voter that answers
    fastest. Waits until NODE and a majority of the voters say that it leads."""
    addresses = sql.addresses(environment, values)
    administration.transfer(sql.console(environment, values), addresses, values["timeout"], values["wait"], node)


main.add_command(sandbox)


def run_command(arguments: Sequence[str], environment: Environment) -> int:
    """Run a command through click, or complete one; the exit code. Raises Error."""
    if COMPLETE in environment.variables:
        return completion.complete(main, environment)
    try:
        with redirect_stdout(environment.stdout):  # for the help
            code = main.main(args=list(arguments), prog_name="dqshell", standalone_mode=False, obj=environment)
    except click.ClickException as error:
        error.show(environment.stderr)
        environment.stderr.flush()
        return ExitCode.USAGE
    except click.exceptions.Abort:
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.OK
