"""What a dot-command is, and how a typed line finds it."""

from __future__ import annotations

import re

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
    if not name:
        raise InterfaceError("a dot alone is no command", advice=".help lists all commands.")
    found = [known for known in commands if known == name] or [known for known in commands if known.startswith(name)]
    if len(found) != 1:
        import difflib

        near = found or difflib.get_close_matches(name, commands, n=3)
        hint = f"Did you mean {' or '.join('.' + known for known in near)}? " if near else ""
        what = "is short for more than one command" if found else "is no command"
        raise InterfaceError(f".{name} {what}", advice=f"{hint}.help lists all commands.")
    return lambda shell: commands[found[0]].run(shell, arguments)


def _words(line: str) -> list[str]:
    """As sqlite3 cuts them: quotes count at the beginning of a word, and backslashes where there are no single ones."""
    words = []
    position = 0
    while line[position:].strip():
        word = re.match(_WORD, line[position:], re.DOTALL)
        if word is None:
            raise InterfaceError(f"{line.partition(' ')[0]}: a quote is not closed")
        single, double, plain = word.groups()
        words.append(re.sub(_ESCAPE, _unescaped, double or plain or "", flags=re.DOTALL) if single is None else single)
        position += word.end()
    return words


# Compiled when the first command is run.
_WORD = r"""\s*(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|([^\s'"]\S*))"""
_ESCAPE = r"\\([0-7]{1,3}|.)"
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    return chr(int(code, 8) & 0xFF) if code[0] in "01234567" else _ESCAPED.get(code, code)
