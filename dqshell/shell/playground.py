"""The sandbox's dot-commands, for a shell that runs on one: break a node, and watch what happens."""

from __future__ import annotations

from ..driver import ROLE_NAMES
from ..errors import InterfaceError
from .command import Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..sandbox.local import Sandbox
    from .command import Shell
    from .console import Console

COLUMNS = ("node", "id", "address", "pid", "state", "role", "leader")
_ACTIONS = {
    "kill": "kill node N, as a crash would",
    "pause": "freeze node N",
    "resume": "let a frozen node N go on",
    "stop": "stop node N in an orderly way",
    "start": "start node N again, with its data",
}


def playground(sandbox: Sandbox) -> dict[str, Command]:
    """The commands that act on the nodes of this sandbox."""

    def acting(name: str) -> Callable[[Shell, Sequence[str]], None]:
        def act(shell: Shell, arguments: Sequence[str]) -> None:
            getattr(sandbox, name)(_number(arguments[0]))

        return act

    commands = {name: Command(name, "N", help, "Sandbox", acting(name)) for name, help in _ACTIONS.items()}
    commands["status"] = Command(
        "status",
        "",
        "the nodes' numbers and processes",
        "Sandbox",
        lambda shell, arguments: show_status(shell.console, sandbox),
    )
    return commands


def show_status(console: Console, sandbox: Sandbox) -> None:
    """One row for each node."""
    console.show(
        COLUMNS,
        [
            (
                status.number,
                str(status.id),
                status.address,
                status.pid,
                status.state,
                None if status.role is None else ROLE_NAMES[status.role],
                status.is_leader,
            )
            for status in sandbox.status()
        ],
    )


def _number(text: str) -> int:
    if not text.isdecimal():
        raise InterfaceError(f"{text!r} is no node's number: .status shows them")
    return int(text)
