"""Running SQL: from the command line, from files, from a pipe, or at the prompt."""

from __future__ import annotations

from .. import config
from ..driver import Limits, Session
from ..driver.dial import check_address
from ..errors import ConfigurationError, ExitCode
from ..render.settings import Settings
from ..shell.command import Quit
from ..shell.console import Console, shortened
from ..shell.interpreter import Interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..environment import Environment
    from .options import Values


_VERBS = ("ALTER", "CREATE", "DELETE", "DROP", "EXPLAIN", "INSERT", "PRAGMA", "REPLACE", "SELECT", "UPDATE", "WITH")


def console(environment: Environment, values: Values) -> Console:
    """Output as the options say: without them a table on a terminal, and sqlite3's list mode elsewhere."""
    settings = Settings()
    mode = values.get("format") or ("table" if environment.stdout_is_terminal else "list")
    settings.set_mode(str(mode))
    if values.get("headers"):
        settings.headers = True
    if environment.stdout_is_terminal:
        settings.for_terminal = True
        settings.nullvalue = "NULL"  # not to be taken for an empty text
        settings.wrap = 0  # sqlite3 wraps at 60 characters
    return Console(environment, settings, assume_yes=bool(values.get("yes")))


def addresses(environment: Environment, values: Values) -> list[str]:
    """Where the options or the environment say that the cluster is. Raises ConfigurationError."""
    found = config.servers(_text(values["servers"]), environment.variables)
    for address in found:
        check_address(address)
    return found


def run(environment: Environment, values: Values, words: Sequence[str]) -> ExitCode:
    """`words`: the database, then SQL. Raises Error only before anything has run."""
    servers = addresses(environment, values)
    database = config.database(words[0] if words else None, environment.variables)
    if database is None:
        raise ConfigurationError("no database given", advice=f"Name it after the options, or set {config.DATABASE}.")
    if database.partition(" ")[0].upper() in _VERBS and " " in database:
        raise ConfigurationError(
            f"{shortened(database)!r} stands where the database's name is expected",
            advice="Name the database before the SQL, or say -e SQL.",
        )
    output = console(environment, values)
    limits = Limits(
        step=_number(values["timeout"]),
        wait=_number(values["wait"]),
        busy=_number(values["busy_timeout"]),
        statement=_number(values["statement_timeout"]) if values["statement_timeout"] else None,
    )
    session = Session(
        servers,
        database,
        limits=limits,
        listener=output,
        same_cluster_only=not environment.interactive,
        unsafe=bool(values["unsafe"]),
    )
    return feed(Interpreter(session, output, keep_going=bool(values["keep_going"])), values, words[1:])


def feed(interpreter: Interpreter, values: Values, statements: Sequence[str]) -> ExitCode:
    """Give the interpreter its input, from wherever the options say."""
    environment = interpreter.console.environment
    pieces = [*statements, *_texts(values["execute"])]
    files = _texts(values["read"])
    try:
        if not pieces and not files and environment.stdin_is_terminal:
            from ..repl.app import run as run_prompt

            run_prompt(interpreter)
        elif not pieces and not files:
            interpreter.run_lines(environment.stdin)
        else:
            all(interpreter.run(piece) for piece in pieces) and all(_read(interpreter, name) for name in files)
    except Quit:
        pass
    return interpreter.finish()


def _read(interpreter: Interpreter, name: str) -> bool:
    try:
        with open(name, "rb") as file:
            return interpreter.run_lines(file, name)
    except OSError as error:
        raise ConfigurationError(f"cannot read {name}: {(error.strerror or str(error)).lower()}") from None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, (list, tuple)) else []


def _number(value: object) -> float:
    assert isinstance(value, (int, float))
    return float(value)
