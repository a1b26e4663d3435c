"""What a dot-command is, and how a typed line finds it."""

from __future__ import annotations

from ..errors import InterfaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Protocol

    from ..driver import Session
    from .console import Console

    class Shell(Protocol):
        """What a command may use of the interpreter that runs it."""

        session: Session
        console: Console
        commands: Mapping[str, Command]
        keep_going: bool

        def run_lines(self, lines: Iterable[bytes], name: str = "") -> bool: ...

    Action = Callable[[Shell, Sequence[str]], object]


class Quit(Exception):
    """The user wants to leave."""


class Command:
    """One dot-command: its name, the arguments as help shows them, a line of help, and what it does.

    `least` and `most` bound the number of arguments, from the brackets in `arguments`: [X] may be left out.
    """

    __slots__ = ("action", "arguments", "group", "help", "least", "most", "name")

    def __init__(self, name: str, arguments: str, help: str, group: str, action: Action) -> None:
        self.name = name
        self.arguments = arguments
        self.help = help
        self.group = group
        self.action = action
        words = arguments.split()
        self.least = sum(not word.startswith("[") for word in words)
        self.most = 100 if arguments.endswith(("...", "...]")) else len(words)

    def run(self, shell: Shell, arguments: Sequence[str]) -> bool:
        """Whether input goes on after it: not when a script that it read was stopped by an error."""
        if not self.least <= len(arguments) <= self.most:
            raise InterfaceError(f"usage: .{self.name} {self.arguments}".rstrip())
        return self.action(shell, arguments) is not False


def find(commands: Mapping[str, Command], text: str) -> Callable[[Shell], bool]:
    """The command in a line like `.mode csv`, ready to run; a unique beginning of its name is enough.

    Raises InterfaceError, with the nearest name where there is one.
    """
    name, *arguments = _words(text)
    name = name[1:].lower()
    found = [known for known in commands if known == name] or [known for known in commands if known.startswith(name)]
    if len(found) != 1 or not name:
        import difflib

        near = found or difflib.get_close_matches(name, commands, n=3)
        hint = f"Did you mean {' or '.join('.' + known for known in near)}? " if near else ""
        what = "is short for more than one command" if found else "is no command"
        raise InterfaceError(f".{name} {what}", advice=f"{hint}.help lists all commands.")
    return lambda shell: commands[found[0]].run(shell, arguments)


def _words(text: str) -> list[str]:
    import shlex

    try:
        return shlex.split(text)
    except ValueError as error:
        raise InterfaceError(f"{text.partition(' ')[0]}: {str(error).lower()}") from None
