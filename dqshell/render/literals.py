"""Rows as SQL: quote (literals) and insert (statements)."""

from __future__ import annotations

from math import inf

from .long_double import general
from .renderer import CellRenderer
from .values import blob_literal, text_literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .renderer import Page, Write
    from .settings import Settings


class Quote(CellRenderer):
    """quote: a row is a line of SQL literals."""

    __slots__ = ()
    _raw_blobs = False

    def _head(self) -> str:
        if not self._settings.headers:
            return ""
        names = map(text_literal, self._names)
        return self._settings.separator.join(names) + self._settings.row_separator

    def _page(self, page: Page) -> str:
        end = self._settings.row_separator
        return end.join(map(self._settings.separator.join, zip(*self._cells(page), strict=True))) + end

    def _reals(self, column: Sequence[float]) -> Sequence[str]:
        return [general(x, 20) for x in column]

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        if "'" in "".join(column):
            return list(map(text_literal, column))
        return [f"'{cell}'" for cell in column]

    def _blobs(self, column: Sequence[bytes]) -> Sequence[str]:
        return list(map(blob_literal, column))

    def _nulls(self, column: Sequence[None]) -> Sequence[str]:
        return ["NULL"] * len(column)


class Insert(Quote):
    """insert: a row is an INSERT statement; with headers it names the columns."""

    __slots__ = ("_end", "_start")

    def __init__(self, settings: Settings, write: Write) -> None:
        super().__init__(settings, write)
        self._start = ""
        self._end = ");\n"

    def _prepare(self) -> None:
        columns = ""
        if self._settings.headers:
            columns = "(" + ",".join(map(identifier, self._names)) + ")"
        self._start = f"INSERT INTO {identifier(self._settings.table)}{columns} VALUES("

    def _head(self) -> str:
        return ""

    def _page(self, page: Page) -> str:
        rows = (self._end + self._start).join(map(",".join, zip(*self._cells(page), strict=True)))
        return self._start + rows + self._end

    def _reals(self, column: Sequence[float]) -> Sequence[str]:
        return list(map(_number, column))

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        together = "".join(column)
        if "\n" in together or "\r" in together:
            return list(map(_text_on_one_line, column))
        return super()._texts(column)


def identifier(name: str) -> str:
    """A name in double quotes where SQL needs them."""
    plain = name.isascii() and name.isidentifier() and name.upper() not in _KEYWORDS
    return name if plain else '"' + name.replace('"', '""') + '"'


def _number(x: float) -> str:
    if x in (inf, -inf):
        return "1e999" if x > 0 else "-1e999"
    if -(2.0**63) <= x < 2.0**63 and x == int(x):
        return f"{int(x)}.0"
    return general(x, 20)


def _text_on_one_line(text: str) -> str:
    """A text as an expression without line breaks: `replace('a\\nb','\\n',char(10))`."""
    # The marks are chosen by the text as it is, before any of them is in it.
    marks = [
        (char, f"char({ord(char)})", _mark(text, *candidates))
        for char, candidates in (("\n", ("\\n", "\\012")), ("\r", ("\\r", "\\015")))
        if char in text
    ]
    literal = text_literal(text)
    for char, code, mark in reversed(marks):
        literal = f"replace({literal.replace(char, mark)},'{mark}',{code})"
    return literal


def _mark(text: str, first: str, second: str) -> str:
    """Something that is not in the text."""
    if first not in text:
        return first
    if second not in text:
        return second
    number = 0
    while f"({first}{number})" in text:
        number += 1
    return f"({first}{number})"


_KEYWORDS = frozenset(
    """
    ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN
    BETWEEN BY CASCADE CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS
    CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED
    DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS
    EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP GROUPS HAVING
    IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL
    JOIN KEY LAST LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF
    OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE
    RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK
    ROW ROWS SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER UNBOUNDED
    UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHOUT
    """.split()
)
