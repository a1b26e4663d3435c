"""The dot-commands. This registry is the only place that names them: help and completion come from it."""

from __future__ import annotations

from ..errors import InterfaceError
from . import administration
from .command import Command, Quit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .command import Action, Shell


COMMANDS: dict[str, Command] = {}
_SQL, _OUTPUT, _CLUSTER, _SHELL = "Database", "Output", "Cluster", "Shell"


def _command(name: str, arguments: str, group: str, help: str) -> Callable[[Action], Action]:
    def register(action: Action) -> Action:
        COMMANDS[name] = Command(name, arguments, help, group, action)
        return action

    return register


@_command("help", "[COMMAND]", _SHELL, "show the commands, or one of them")
def _help(shell: Shell, arguments: Sequence[str]) -> None:
    commands = list(shell.commands.values())
    if arguments:
        name = arguments[0].lstrip(".")
        commands = [command for command in commands if command.name.startswith(name)]
        if not commands:
            raise InterfaceError(f".{name} is no command", advice=".help lists all commands.")
    for group in dict.fromkeys(command.group for command in commands):
        shell.console.line(f"{group}:")
        for command in sorted((c for c in commands if c.group == group), key=lambda c: c.name):
            usage = f".{command.name} {command.arguments}".rstrip()
            shell.console.line(f"  {usage:<30} {command.help}")


@_command("quit", "", _SHELL, "leave")
@_command("exit", "", _SHELL, "leave")
def _quit(shell: Shell, arguments: Sequence[str]) -> None:
    raise Quit


@_command("print", "[TEXT...]", _SHELL, "print a text")
def _print(shell: Shell, arguments: Sequence[str]) -> None:
    shell.console.line(" ".join(arguments))


@_command("read", "FILE", _SHELL, "run the statements and commands in a file")
def _read(shell: Shell, arguments: Sequence[str]) -> bool:
    try:
        with open(arguments[0], "rb") as file:
            going = shell.run_lines(file, arguments[0])
    except OSError as error:
        raise InterfaceError(f"cannot read {arguments[0]}: {(error.strerror or str(error)).lower()}") from None
    return going


@_command("bail", "on|off", _SHELL, "stop a script at its first error, or go on")
def _bail(shell: Shell, arguments: Sequence[str]) -> None:
    shell.keep_going = not _on_off(arguments[0])


@_command("mode", "[MODE] [OPTION...]", _OUTPUT, "how results look: table, list, csv, json, ...")
def _mode(shell: Shell, arguments: Sequence[str]) -> None:
    settings = shell.console.settings
    if not arguments:
        shell.console.line(f"current output mode: {settings.mode}")
        return
    options: dict[str, Any] = {}
    words = []
    rest = iter(arguments)
    for word in rest:
        option = word.lstrip("-") if word.startswith("-") else ""
        if option == "wrap":
            options["wrap"] = _count(next(rest, ""))
        elif option == "ww":
            options["word_wrap"] = True
        elif option == "wordwrap":
            options["word_wrap"] = _on_off(next(rest, ""))
        elif option in ("quote", "noquote"):
            options["quote"] = option == "quote"
        elif option:
            raise InterfaceError(f".mode has no option {word}")
        else:
            words.append(word)
    if words[1:]:
        options["table"] = words[1]
    settings.set_mode(words[0] if words else settings.mode, **options)


@_command("headers", "on|off", _OUTPUT, "show column names, or not")
def _headers(shell: Shell, arguments: Sequence[str]) -> None:
    shell.console.settings.headers = _on_off(arguments[0])


@_command("nullvalue", "TEXT", _OUTPUT, "what to show for NULL")
def _nullvalue(shell: Shell, arguments: Sequence[str]) -> None:
    shell.console.settings.nullvalue = arguments[0]


@_command("separator", "COLUMN [ROW]", _OUTPUT, "what to put between columns, and between rows")
def _separator(shell: Shell, arguments: Sequence[str]) -> None:
    settings = shell.console.settings
    settings.separator = arguments[0]
    if len(arguments) > 1:
        settings.row_separator = arguments[1]


@_command("tables", "[PATTERN]", _SQL, "the names of tables and views")
def _tables(shell: Shell, arguments: Sequence[str]) -> None:
    from .schema import table_lines

    for line in table_lines(shell.session, *arguments):
        shell.console.line(line)


@_command("schema", "[PATTERN]", _SQL, "the CREATE statements")
def _schema(shell: Shell, arguments: Sequence[str]) -> None:
    from .schema import create_statements

    for statement in create_statements(shell.session, *arguments):
        shell.console.line(statement)


@_command("nodes", "", _CLUSTER, "every node, dead ones too")
def _nodes(shell: Shell, arguments: Sequence[str]) -> None:
    administration.nodes(shell.console, *_whom(shell))


@_command("cluster", "", _CLUSTER, "the members, as go-dqlite's shell prints them")
def _cluster(shell: Shell, arguments: Sequence[str]) -> None:
    administration.cluster(shell.console, *_whom(shell))


@_command("leader", "", _CLUSTER, "the address of the leader")
def _leader(shell: Shell, arguments: Sequence[str]) -> None:
    administration.leader(shell.console, *_whom(shell), shell.session.limits.wait)


@_command("transfer", "[NODE]", _CLUSTER, "move leadership to a voter, or to this one")
def _transfer(shell: Shell, arguments: Sequence[str]) -> None:
    target = arguments[0] if arguments else None
    if administration.transfer(shell.console, *_whom(shell), shell.session.limits.wait, target):
        shell.session.reconnect("leadership was transferred")


def _whom(shell: Shell) -> tuple[Sequence[str], float]:
    return shell.session.addresses, shell.session.limits.step


def _on_off(text: str) -> bool:
    if text.lower() in ("on", "yes", "1", "true"):
        return True
    if text.lower() in ("off", "no", "0", "false"):
        return False
    raise InterfaceError(f"{text!r}: expected on or off")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise InterfaceError(f"{text!r}: expected a number")
    return int(text)
