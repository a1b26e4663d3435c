"""`dqshell sandbox`: a throw-away cluster of real nodes on this machine."""

from __future__ import annotations

from typing import Any

import click

from ..driver import Session
from ..shell.commands import COMMANDS
from ..shell.interpreter import Interpreter
from ..shell.playground import playground, show_status
from . import completion, sql
from .options import FORMAT, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..environment import Environment
    from ..errors import ExitCode
    from ..sandbox.local import Sandbox

_DATABASE = "demo"
_LATENCY = 100  # ms: a new leader within about 2 s, instead of up to 10 s with the timing that dqlite has by itself


@click.group("sandbox", invoke_without_command=True, short_help="A throw-away cluster of real nodes.")
@click.option("--nodes", type=click.IntRange(1, 9), default=3, show_default=True, help="how many voters")
@click.option("--port", type=click.IntRange(1, 65535), help="the first node's port; the others follow")
@click.pass_context
def sandbox(context: click.Context, nodes: int, port: int | None) -> ExitCode | None:
    """Start a throw-away cluster of real dqlite nodes on this machine, and a shell on it.

    It ends with the shell. `sandbox up` starts one that stays until `sandbox down`.
    """
    if context.invoked_subcommand is not None:
        return None
    return _shell(context.obj, nodes, port)


def _shell(environment: Environment, nodes: int, port: int | None) -> ExitCode:
    from ..sandbox.local import Sandbox

    values, _ = parse([]) or ({}, [])
    console = sql.console(environment, values)
    console.notice(f"starting {nodes} dqlite nodes on this machine ...")
    with Sandbox.private(nodes, port=port, latency_ms=_LATENCY) as cluster:
        session = Session(cluster.addresses, _DATABASE, listener=console)
        commands = {**COMMANDS, **playground(cluster)}
        interpreter = Interpreter(session, console, commands=commands)
        console.notice(
            f"{', '.join(cluster.addresses)} run, with an empty database '{_DATABASE}'; "
            "they end with this shell. Try .nodes, .kill N, .help"
        )
        return sql.feed(interpreter, values, [])


_directory = click.option(
    "--dir", "directory", type=click.Path(file_okay=False), help="where its data is  [default: in the state directory]"
)
_number = click.argument("number", type=int, metavar="N")


def _open(directory: str | None) -> Sandbox:
    from ..sandbox.local import Sandbox, default_directory

    return Sandbox.open(directory or default_directory())


@sandbox.command("up", short_help="Start one that stays.")
@click.option("--nodes", type=click.IntRange(1, 9), default=3, show_default=True, help="how many voters")
@click.option("--port", type=click.IntRange(1, 65535), help="the first node's port; the others follow")
@click.option(
    "--latency",
    type=click.IntRange(0),
    default=_LATENCY,
    show_default=True,
    help="network latency to expect, in ms: an election takes 15 times that (0: dqlite's own timing, 3 s and more)",
)
@_directory
@click.pass_obj
def _up(environment: Environment, /, nodes: int, port: int | None, latency: int, directory: str | None) -> None:
    """Start a cluster that stays until `sandbox down`, and print its addresses."""
    from ..sandbox.local import Sandbox, default_directory

    cluster = Sandbox.create(directory or default_directory(), nodes, port=port, latency_ms=latency)
    environment.stdout.write(",".join(cluster.addresses) + "\n")


@sandbox.command("status", short_help="Show its nodes.")
@_directory
@click.option("-f", "--format", "format", metavar="MODE", help=FORMAT.help, shell_complete=completion.modes)
@click.pass_obj
def _status(environment: Environment, /, directory: str | None, **values: Any) -> None:
    """Show the nodes and how they are."""
    show_status(sql.console(environment, values), _open(directory))


@sandbox.command("down", short_help="End it, and remove its data.")
@_directory
def _down(directory: str | None) -> None:
    """Kill all nodes and remove their data."""
    _open(directory).down()


def _add_signal(name: str, help: str) -> None:
    @sandbox.command(name, short_help=help, help=f"{help} N counts from 1.")
    @_number
    @_directory
    def _command(number: int, directory: str | None) -> None:
        getattr(_open(directory), name)(number)


_add_signal("kill", "Kill node N, as a crash would.")
_add_signal("pause", "Freeze node N.")
_add_signal("resume", "Let a frozen node N go on.")
_add_signal("stop", "Stop node N in an orderly way.")
_add_signal("start", "Start node N again, with its data.")
