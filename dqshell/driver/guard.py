"""What is known to crash or to wedge servers, and is therefore refused before it is sent.

Measured on libdqlite 1.11.1, 1.18.1 and the development branch after it. An assert or a segmentation fault takes the
whole node down, and running the same statement on the next leader takes that one down too.
"""

from __future__ import annotations

import re
from enum import IntEnum

from ..errors import EndangersServer
from ..wire import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .connection import Connection
    from .statement import Statement

UNSAFE = "--unsafe sends it all the same."

MAX_DATABASE_NAME = 500  # bytes; from 512 on servers end the connection or crash (dqlite src/db.c, MAX_PATHNAME)

_OFF = ("0", "off", "no", "false")
_ON = ("1", "on", "yes", "true")

# PRAGMAs that are dangerous on any server: the arguments (None: without one) with which they are not, and the reason.
_DANGEROUS: dict[str, tuple[tuple[str | None, ...], str]] = {
    "count_changes": ((None, *_OFF), "every change would return a row, and the second one crashes the server"),
    "hard_heap_limit": ((None, "0"), "it limits the memory of the whole server, which then answers nobody any more"),
    "optimize": (
        (),
        "it writes while it is read from, which crashes the server or locks the database for ever; ANALYZE is safe",
    ),
    "incremental_vacuum": ((), "it writes and yields rows at the same time, and the server crashes at the next write"),
}
# The same for servers before 1.18.2; what is wrong about it, those after it refuse by themselves.
_MANAGED = "dqlite manages this by itself, and this server refuses it, or crashes on it or at a later write"
_DANGEROUS_BEFORE: dict[str, tuple[tuple[str | None, ...], str]] = {
    "journal_mode": ((None, "wal"), _MANAGED),
    "page_size": ((None, "4096"), _MANAGED),
    "synchronous": ((None, "normal", *_OFF, *_ON), _MANAGED),
    "temp_store": ((None, "2", "memory"), "this server crashes when it writes temporary data to a file"),
    "wal_autocheckpoint": ((None,), _MANAGED),
    "wal_checkpoint": ((), _MANAGED),
}

# A change of the schema's own tables. One that leaves a text behind that SQLite cannot parse crashes every node, and
# each of them again when it starts (dqlite src/fsm.c).
_CHANGES_SCHEMA = re.compile(
    r"\s*(?:(?:insert|replace|update)(?:\s+or\s+\w+)?(?:\s+into)?|delete\s+from)\s+"
    r"(?:[\"'`\[]?main[\"'`\]]?\s*\.\s*)?[\"'`\[]?sqlite_(?:master|schema|dbpage)\b",
    re.IGNORECASE,
)


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
    answer = connection.ask(messages.QuerySql(0, "SELECT 1", ()), schema=2)
    if isinstance(answer, messages.Failure) and answer.code == 1:
        return Generation.LATER
    return Generation.BEFORE_1_18_2


def check_database(name: str) -> None:
    """Refuse a name that crashes the server when it is opened or first written to. Raises EndangersServer."""
    reason = ""
    if not name or name == ":memory:" or name.startswith("file:"):
        reason = "the first write to it crashes the server; choose a plain name"
    elif name.endswith(("-wal", "-journal")):
        reason = "servers take it for the log of another database, and some crash; choose another name"
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
            f"and COMMIT. {UNSAFE}",
        )
    if statement.verb in ("SELECT", "VALUES") and not statement.reads:
        raise EndangersServer(
            "optimize() in a SELECT is refused: it writes while it is read from, which crashes or wedges the server",
            advice=f"Say INSERT INTO table(table) VALUES ('optimize') instead. {UNSAFE}",
        )
    if statement.pragma is not None:
        _check_pragma(*statement.pragma, server)
    if statement.verb in ("ATTACH", "VACUUM"):
        _check_files(statement, server)
    if statement.changes_rows:
        _check_schema(statement)
    if parameters > 255 and server() < Generation.BEFORE_1_18_2:
        raise EndangersServer(
            f"{parameters} parameters are refused: this server counts them in one byte and would bind NULLs silently",
            advice="Use at most 255 parameters in a statement.",
        )


def spills(statement: Statement, server: Callable[[], Generation]) -> bool:
    """Whether the statement may make the server write temporary data to a file, which crashes it.

    Servers before 1.18.2 do not survive it when more than some 2 MB of a TEMP table, or of a database that is
    vacuumed, leave the cache (dqlite src/vfs.c). PRAGMA temp_store=MEMORY, beforehand, keeps them there.
    """
    makes_temporary = statement.verb == "CREATE" and "temp" in statement.sql[:100].lower()
    return (makes_temporary or statement.verb == "VACUUM") and server() < Generation.LATER


def _check_pragma(name: str, argument: str | None, server: Callable[[], Generation]) -> None:
    harmless, reason = _DANGEROUS.get(name) or _DANGEROUS_BEFORE.get(name) or ((argument,), "")
    if argument not in harmless and (name in _DANGEROUS or server() < Generation.LATER):
        raise EndangersServer(f"PRAGMA {name} is refused: {reason}", advice=f"Leave it out. {UNSAFE}")


def _check_files(statement: Statement, server: Callable[[], Generation]) -> None:
    """ATTACH and VACUUM INTO: there is no file behind the names."""
    attaches = statement.verb == "ATTACH" and ":memory:" not in statement.sql
    if attaches and server() < Generation.LATER:
        raise EndangersServer(
            "ATTACH is refused: a write to an attached database fails on this server, or crashes it",
            advice=f"Open the other database by itself; ATTACH ':memory:' is possible. {UNSAFE}",
        )
    into = statement.verb == "VACUUM" and re.search(r"\binto\b", statement.sql, re.IGNORECASE)
    if into and server() < Generation.LATER:
        raise EndangersServer(
            "VACUUM INTO is refused: it would write to no file, and crashes this server",
            advice=f"Dump the database to have a copy of it. {UNSAFE}",
        )


def _check_schema(statement: Statement) -> None:
    """Dumps contain one such change that is safe: how SQLite restores a virtual table."""
    if not _CHANGES_SCHEMA.match(statement.sql):
        return
    if statement.verb != "INSERT" or "create virtual table" not in statement.sql.lower():
        raise EndangersServer(
            "a change of SQLite's schema tables is refused: a mistake there crashes all nodes, for ever",
            advice=f"Use CREATE, ALTER and DROP. {UNSAFE}",
        )
