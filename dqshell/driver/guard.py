"""What is known to crash or to wedge servers, and is therefore refused before it is sent.

Measured on libdqlite 1.11.1, 1.18.1 and the development branch after it. An assert or a segmentation fault takes the
whole node down, and running the same statement on the next leader takes that one down too.
"""

from __future__ import annotations

from enum import IntEnum

from ..errors import EndangersServer
from ..wire import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .connection import Connection
    from .statement import Statement

MAX_DATABASE_NAME = 500  # bytes; from 512 on servers end the connection or crash (dqlite src/db.c, MAX_PATHNAME)


class Generation(IntEnum):
    """Servers that behave alike. The protocol has no version, but they can be told apart without harm."""

    BEFORE_1_12 = 1
    BEFORE_1_18_2 = 2
    LATER = 3


def generation(connection: Connection) -> Generation:
    """Ask a node what it is; it need not lead. Whatever cannot be told counts as the older one.

    Servers from 1.12 on check the schema byte of every request (gateway.c); from 1.18.2 on, they refuse a schema of
    QUERY_SQL that they do not know with another code.
    """
    answer = connection.ask(messages.Leader(), schema=255)
    if not isinstance(answer, messages.Failure):
        return Generation.BEFORE_1_12
    answer = connection.ask(messages.QuerySql(0, "SELECT 1", ()), schema=255)
    if isinstance(answer, messages.Failure) and answer.code == 1:
        return Generation.LATER
    return Generation.BEFORE_1_18_2


def check_database(name: str) -> None:
    """Refuse a name that crashes the server when it is opened or first written to. Raises EndangersServer."""
    reason = ""
    if not name or name == ":memory:" or name.startswith("file:"):
        reason = "the first write to it crashes the server; choose a plain name"
    elif len(name.encode("utf-8", "surrogateescape")) > MAX_DATABASE_NAME:
        reason = f"names of more than {MAX_DATABASE_NAME} bytes crash the server; choose a shorter one"
    if reason:
        raise EndangersServer(f"database name {name[:40]!r} refused: {reason}")


def check_statement(statement: Statement, parameters: int, server: Callable[[], Generation]) -> None:
    """Refuse what this server does not survive. `server` is only asked where it matters. Raises EndangersServer."""
    if statement.returning and server() < Generation.LATER:
        raise EndangersServer(
            "RETURNING is refused: this server returns the rows without applying the change, and crashes at the "
            "next write",
            advice="Run the statement without RETURNING, then SELECT the rows; or do both inside BEGIN IMMEDIATE "
            "and COMMIT. --unsafe sends it all the same.",
        )
    if statement.pragma is not None:
        _check_pragma(*statement.pragma, server)
    if parameters > 255 and server() < Generation.BEFORE_1_18_2:
        raise EndangersServer(
            f"{parameters} parameters are refused: this server counts them in one byte and would bind NULLs silently",
            advice="Use at most 255 parameters in a statement.",
        )


def _check_pragma(name: str, argument: str | None, server: Callable[[], Generation]) -> None:
    dangerous = (
        (name == "journal_mode" and argument not in (None, "wal"))
        or (name == "synchronous" and argument not in (None, "off", "0"))
        or name == "wal_checkpoint"
        or (name == "wal_autocheckpoint" and argument is not None)
    )
    if dangerous and server() < Generation.LATER:
        raise EndangersServer(
            f"PRAGMA {name} is refused: dqlite manages this by itself, and this server crashes on it or at the next "
            "write",
            advice="Leave it out. --unsafe sends it all the same.",
        )
