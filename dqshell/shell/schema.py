"""What `.tables` and `.schema` print: the same as sqlite3."""

from __future__ import annotations

from ..errors import DatabaseError
from ..render.literals import identifier
from .script import is_complete

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..driver import Session

_WIDTH = 80  # characters, whatever the terminal has


def table_lines(session: Session, pattern: str = "%") -> Iterator[str]:
    """The names of tables and views that are LIKE the pattern, in columns."""
    rows = _fetch(
        session,
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "AND name LIKE ? ORDER BY 1",
        [pattern],
    )
    names = [str(row[0]) for row in rows]
    width = max(map(len, names), default=0)
    columns = max(_WIDTH // (width + 2), 1)
    lines = -(-len(names) // columns)
    for line in range(lines):
        yield "  ".join(f"{name:<{width}}" for name in names[line::lines])


def create_statements(session: Session, pattern: str | None = None) -> Iterator[str]:
    """The CREATE statements of everything that belongs to a table whose name is LIKE the pattern, or GLOB where it
    has one of `*?[` in it. Behind those of views and virtual tables, a comment names their columns.
    """
    where = ""
    if pattern is not None:
        where = "lower(tbl_name) " + ("GLOB ?" if set("*?[") & set(pattern) else "LIKE ? ESCAPE '\\'") + " AND "
    rows = _fetch(
        session,
        f"SELECT sql, name FROM sqlite_schema WHERE {where}sql IS NOT NULL ORDER BY rowid",
        [] if pattern is None else [pattern],
    )
    for sql, name in rows:
        yield _closed(str(sql) + _signature(session, str(sql), str(name))) + ";"


def _signature(session: Session, sql: str, name: str) -> str:
    if not sql.startswith(("CREATE VIEW ", "CREATE VIRTUAL TABLE ")):
        return ""
    try:
        rows = _fetch(session, "SELECT name FROM pragma_table_info(?)", [name])
    except DatabaseError as error:
        if not error.survives:
            raise
        return ""  # a view that does not work any more
    columns = ",".join(identifier(str(row[0])) for row in rows)
    return f"\n/* {identifier(name)}({columns}) */" if columns else ""


def _closed(sql: str) -> str:
    """The statement such that a semicolon behind it is not part of a comment."""
    for prefix in ("CREATE TABLE '", 'CREATE TABLE "'):  # as SQLite's own tables have it
        if sql.startswith(prefix):
            sql = "CREATE TABLE IF NOT EXISTS " + sql[len("CREATE TABLE ") :]
    return next((sql + end for end in ("", "*/", "\n") if is_complete(sql + end + ";")), sql)


def _fetch(session: Session, sql: str, params: Sequence[str]) -> list[tuple[object, ...]]:
    return [row for page in session.run(sql, params).pages for row in page]
