"""The dot-commands. This registry is the only place that names them: help and completion come from it."""

from __future__ import annotations

from ..errors import InterfaceError
from . import administration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .interpreter import Interpreter

    Action = Callable[["Interpreter", Sequence[str]], object]


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

    def run(self, interpreter: Interpreter, arguments: Sequence[str]) -> bool:
        """Whether input goes on after it: not when a script that it read was stopped by an error."""
        if not self.least <= len(arguments) <= self.most:
            raise InterfaceError(f"usage: .{self.name} {self.arguments}".rstrip())
        return self.action(interpreter, arguments) is not False


COMMANDS: dict[str, Command] = {}
_SQL, _OUTPUT, _CLUSTER, _SHELL = "Database", "Output", "Cluster", "Shell"


def _command(name: str, arguments: str, group: str, help: str) -> Callable[[Action], Action]:
    def register(action: Action) -> Action:
        COMMANDS[name] = Command(name, arguments, help, group, action)
        return action

    return register


def find(commands: Mapping[str, Command], text: str) -> Callable[[Interpreter], bool]:
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
    return lambda interpreter: commands[found[0]].run(interpreter, arguments)


def _words(text: str) -> list[str]:
    import shlex

    try:
        return shlex.split(text)
    except ValueError as error:
        raise InterfaceError(f"{text.partition(' ')[0]}: {str(error).lower()}") from None


@_command("help", "[COMMAND]", _SHELL, "show the commands, or one of them")
def _help(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    commands = list(interpreter.commands.values())
    if arguments:
        name = arguments[0].lstrip(".")
        commands = [command for command in commands if command.name.startswith(name)]
        if not commands:
            raise InterfaceError(f".{name} is no command", advice=".help lists all commands.")
    for group in dict.fromkeys(command.group for command in commands):
        interpreter.console.line(f"{group}:")
        for command in sorted((c for c in commands if c.group == group), key=lambda c: c.name):
            usage = f".{command.name} {command.arguments}".rstrip()
            interpreter.console.line(f"  {usage:<30} {command.help}")


@_command("quit", "", _SHELL, "leave")
@_command("exit", "", _SHELL, "leave")
def _quit(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    raise Quit


@_command("print", "[TEXT...]", _SHELL, "print a text")
def _print(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    interpreter.console.line(" ".join(arguments))


@_command("read", "FILE", _SHELL, "run the statements and commands in a file")
def _read(interpreter: Interpreter, arguments: Sequence[str]) -> bool:
    try:
        with open(arguments[0], "rb") as file:
            going = interpreter.run_lines(file, arguments[0])
    except OSError as error:
        raise InterfaceError(f"cannot read {arguments[0]}: {(error.strerror or str(error)).lower()}") from None
    return going


@_command("bail", "on|off", _SHELL, "stop a script at its first error, or go on")
def _bail(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    interpreter.keep_going = not _on_off(arguments[0])


@_command("mode", "[MODE] [OPTION...]", _OUTPUT, "how results look: table, list, csv, json, ...")
def _mode(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    settings = interpreter.console.settings
    if arguments:
        settings.set_mode(*arguments)
    else:
        interpreter.console.line(f"current output mode: {settings.mode}")


@_command("headers", "on|off", _OUTPUT, "show column names, or not")
def _headers(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    interpreter.console.settings.set_headers(_on_off(arguments[0]))


@_command("nullvalue", "TEXT", _OUTPUT, "what to show for NULL")
def _nullvalue(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    interpreter.console.settings.nullvalue = arguments[0]


@_command("separator", "COLUMN [ROW]", _OUTPUT, "what to put between columns, and between rows")
def _separator(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    settings = interpreter.console.settings
    settings.separator = _unescaped(arguments[0])
    if len(arguments) > 1:
        settings.row_separator = _unescaped(arguments[1])


@_command("tables", "[PATTERN]", _SQL, "the names of tables and views")
def _tables(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    pattern = arguments[0] if arguments else "%"
    rows = _fetch(
        interpreter,
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND name LIKE ? ORDER BY 1",
        [pattern],
    )
    names = [str(row[0]) for row in rows]
    if not names:
        return
    width = max(map(len, names))
    columns = max(80 // (width + 2), 1)
    lines = -(-len(names) // columns)
    for line in range(lines):
        interpreter.console.line("  ".join(f"{name:<{width}}" for name in names[line::lines]))


@_command("schema", "[PATTERN]", _SQL, "the CREATE statements")
def _schema(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    pattern = arguments[0] if arguments else "%"
    for (sql,) in _fetch(
        interpreter,
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name LIKE ? "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
        [pattern],
    ):
        interpreter.console.line(f"{sql};")


@_command("nodes", "", _CLUSTER, "every node of the cluster, with what it says itself")
def _nodes(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    administration.nodes(interpreter.console, *_whom(interpreter))


@_command("cluster", "", _CLUSTER, "the members, as the stock shell prints them when a program reads")
def _cluster(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    administration.cluster(interpreter.console, *_whom(interpreter))


@_command("leader", "", _CLUSTER, "the address of the leader")
def _leader(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    administration.leader(interpreter.console, *_whom(interpreter), interpreter.session.limits.wait)


@_command(
    "transfer", "[NODE]", _CLUSTER, "move the leadership to a voter; without NODE, to the one that answers fastest"
)
def _transfer(interpreter: Interpreter, arguments: Sequence[str]) -> None:
    target = arguments[0] if arguments else None
    administration.transfer(interpreter.console, interpreter.session.addresses, target, interpreter.session.limits.wait)


def _whom(interpreter: Interpreter) -> tuple[Sequence[str], float]:
    return interpreter.session.addresses, interpreter.session.limits.step


def _fetch(interpreter: Interpreter, sql: str, params: Sequence[str]) -> list[tuple[object, ...]]:
    return [row for page in interpreter.session.run(sql, params).pages for row in page]


def _on_off(text: str) -> bool:
    if text.lower() in ("on", "yes", "1", "true"):
        return True
    if text.lower() in ("off", "no", "0", "false"):
        return False
    raise InterfaceError(f"{text!r}: expected on or off")


def _unescaped(text: str) -> str:
    return text.replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r").replace("\\\\", "\\")
