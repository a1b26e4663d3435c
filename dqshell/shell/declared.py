"""Columns whose declared type makes servers translate their values, and crash on those that they cannot translate.

A column that is declared DATETIME, DATE or TIMESTAMP may hold texts and integers, one that is declared BOOLEAN may hold
integers; selecting anything else from it ends the server in a failed assertion (dqlite src/query.c). NULL arrives as ""
or 0. An expression has no declared type: `SELECT +column` is safe, and tells the truth.
"""

from __future__ import annotations

from time import monotonic

from ..driver.statement import tokens
from ..errors import EndangersServer, Error, ProgrammingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..driver import Session
    from ..driver.statement import Statement

_RISKY = """
    SELECT s.name, c.name, upper(c.type) FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS c
    WHERE s.type = '{}' AND upper(c.type) IN ('DATETIME', 'DATE', 'TIMESTAMP', 'BOOLEAN')
"""
_HARMFUL = {"BOOLEAN": "'real', 'text', 'blob'"}  # the others: 'real', 'blob'

_TRUSTED = 1.0  # seconds for which the schema is taken to be unchanged by others

# Behind these a parenthesis opens a subquery or groups a column; behind any other word, a function's arguments.
_TRANSPARENT = frozenset(("SELECT", "DISTINCT", "ALL", "FROM", "JOIN", "AS", "UNION", "EXCEPT", "INTERSECT", ",", "("))
_BEFORE_ITEM = frozenset(("SELECT", "DISTINCT", "ALL", ",", "(", "."))


class DeclaredTypes:
    """What one session knows of such columns. It asks the server only for a SELECT that may meet one."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._version: object = None
        self._looked = -_TRUSTED
        self._risky: dict[str, list[tuple[str, str, str]]] = {}  # by the table's name in small letters

    def check(self, statement: Statement) -> None:
        """Raise EndangersServer if this statement selects a column that holds what crashes the server."""
        if statement.verb in ("CREATE", "ALTER", "DROP"):
            self._looked = -_TRUSTED
        if statement.verb != "SELECT" or "from" not in statement.sql.lower():
            return
        try:
            self._check(statement.sql)
        except Error as error:
            error.statement = statement.sql
            raise

    def _check(self, sql: str) -> None:
        self._refresh()
        if not self._risky:
            return
        selected = set(_selected(sql))
        for word in {_bare(token) for token in tokens(sql)} & self._risky.keys():
            for table, column, declared in self._risky[word]:
                if selected & {"*", column.lower()}:
                    self._check_values(table, column, declared)

    def _check_values(self, table: str, column: str, declared: str) -> None:
        kinds = _HARMFUL.get(declared, "'real', 'blob'")
        found = self._fetch(f"SELECT 1 FROM {_quoted(table)} WHERE typeof({_quoted(column)}) IN ({kinds}) LIMIT 1")
        if found:
            raise EndangersServer(
                f"column {column} of {table} is declared {declared} and holds values that are not: the server crashes "
                "when they are selected as they are",
                advice=f"Select an expression instead of the column: SELECT +{column} ... "
                "--unsafe sends it all the same.",
            )

    def _refresh(self) -> None:
        """Look at the schema again, if it may have changed; not more than once a second."""
        if self._session.node is not None and monotonic() - self._looked < _TRUSTED:
            return
        version = (self._session.node, *self._fetch("PRAGMA schema_version"))
        if version != self._version:
            self._risky = {}
            for table, column, declared in self._risky_columns():
                self._risky.setdefault(str(table).lower(), []).append((str(table), str(column), str(declared)))
            self._version = version
        self._looked = monotonic()

    def _risky_columns(self) -> list[tuple[object, ...]]:
        # The texts are searched first, which is much faster than to look at every column of a large schema.
        found = self._fetch(
            _RISKY.format("table") + " AND (s.sql LIKE '%DATE%' OR s.sql LIKE '%TIME%' OR s.sql LIKE '%BOOL%')"
        )
        if found:
            try:
                found += self._fetch(_RISKY.format("view"))
            except ProgrammingError:  # a view that does not work any more
                pass
        return found

    def _fetch(self, sql: str) -> list[tuple[object, ...]]:
        return [row for page in self._session.run(sql).pages for row in page]


def _selected(sql: str) -> Iterator[str]:
    """What the SELECTs of a statement return as it is, in small letters: names of columns, and "*".

    Arguments of functions and operands are left out: they have no declared type.
    """
    stack: list[bool] = []  # for each parenthesis whether columns pass through it
    listing = [False]  # for each level whether a list of results is being read
    previous = ""
    for token in tokens(sql):
        upper = token.upper()
        if token == "(":
            stack.append(not previous or previous in _TRANSPARENT)
            listing.append(listing[-1] and stack[-1])
        elif token == ")" and stack:
            stack.pop()
            listing.pop()
        elif upper == "SELECT":
            listing[-1] = all(stack)
        elif upper in ("FROM", "WHERE", "GROUP", "ORDER", "LIMIT"):
            listing[-1] = False
        elif listing[-1] and all(stack) and previous in _BEFORE_ITEM and token[0] != "'":
            yield _bare(token)
        previous = upper


def _bare(token: str) -> str:
    """A name without its quotes, in small letters."""
    return token.strip("\"'`[]").lower()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
