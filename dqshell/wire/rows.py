"""The batches of a result set, decoded fast.

The body of a ROWS response is a u64 number of columns, their names as texts, and rows; the last word says whether the
result set is complete (DONE) or another response follows by itself (PART). A row is a header of 4 bits of type for
each column, filled up to whole words, and the values; a NULL takes a word too (dqlite src/query.c, src/tuple.c).

Every row brings its own types, so that deciding what to do for each cell is most of the work. Instead, a function is
generated for the headers that a result set was seen to have: it compares the header, reads neighbouring words of fixed
size at once, and loops. What it does not know or cannot decode it leaves to the plain decoder, which is also the one
that says what is wrong with a malformed row.
"""

from __future__ import annotations

import sys
from struct import Struct
from struct import error as struct_error

from ..errors import RemoteProtocolError
from .values import BLOB, BOOLEAN, FLOAT, INTEGER, ISO8601, NULL, UNIXTIME, decode_text, decode_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .values import Value

    Row = tuple[Value, ...]
    # Decodes the rows of a body from an offset on, appends them, and returns the offset of what it does not know.
    # The body is padded, so that it can be read a little beyond its end; `index` is that of the body.
    Run = Callable[[bytes, int, Callable[[Row], None], Callable[[int, int], int]], int]

DONE = b"\xff" * 8
PART = b"\xee" * 8

_MAX_HEADERS = 16  # that a function knows; each costs a comparison for all that follow it
_MAX_CELLS = 512  # in all the headers that a function knows; each takes some 20 us to compile
_MAX_BODY = 1 << 20  # a longer one holds few rows, all large; padding it would cost a copy
_MAX_MET = 1000  # how many headers are remembered

# How struct writes the types that are one word.
_WORDS = {INTEGER: "q", FLOAT: "d", NULL: "8x", UNIXTIME: "q", BOOLEAN: "q"}


def decode_columns(body: bytes, end: int) -> tuple[list[str], int]:
    """The names of the columns, and the offset of the first row. Raises RemoteProtocolError."""
    count = int.from_bytes(body[:8], "little")
    if count > end // 8:
        raise RemoteProtocolError(f"{count} columns do not fit into {end} bytes")
    names = []
    at = 8
    for _ in range(count):
        name, at = decode_text(body, at, end)
        names.append(name)
    return names, at


def decode_row(body: bytes, at: int, end: int, count: int) -> tuple[Row, int]:
    """The row of `count` columns at offset `at`, and the offset behind it. Raises RemoteProtocolError."""
    start = at + _width(count)
    if start == at:
        raise RemoteProtocolError("a row without columns")
    row, at = decode_values(body, start, end, _types(body[at:start], count))
    return tuple(row), at


def _width(count: int) -> int:
    """The bytes of a row's header."""
    return (count + 15) // 16 * 8


def _types(header: bytes, count: int) -> list[int]:
    codes: list[int] = []
    for byte in header:
        codes += byte & 15, byte >> 4
    return codes[:count]


class RowDecoder:
    """Decodes the responses of one result set, one after another.

    `columns` are the names, known after the first response. Each later one repeats them: their number must be the
    same, but not the names. For a statement that was prepared before its table was altered is prepared again on its
    first step, and the names in the first response were written before that.

    `column_types` has, for each column (by its index) where servers replace SQLite's types with dqlite's own, the set
    of those seen: UNIXTIME and ISO8601 where the column is declared DATETIME, DATE or TIMESTAMP, BOOLEAN where it is
    declared so. In such columns a NULL arrives as "" or 0.
    """

    __slots__ = ("_bodies", "_columnar", "_headers", "_padding", "_prefix", "_run", "_types", "column_types", "columns")

    def __init__(self) -> None:
        self.columns: list[str] = []
        self.column_types: dict[int, set[int]] = {}
        self._bodies = 0  # decoded so far
        self._prefix = b""  # of the first response: all that comes before the rows
        self._types: dict[bytes, list[int]] = {}  # those in the headers that were met, oldest first
        self._headers: list[bytes] = []  # those that the function knows
        self._run: Run | None = None
        self._padding = b""
        self._columnar = False  # whether all rows so far had the same header, and nothing but words

    def decode(self, body: bytes) -> tuple[list[Row], bool]:
        """The rows in the body of a ROWS response, and whether they were the last. Raises RemoteProtocolError.

        A server sends rows until they fill a page of 4096 bytes, which it finds out before each row. If the names of
        the columns alone do, it sends responses without rows for ever: that is an error, too.

        Integers come as int, floats as float, text as str, blobs as bytes, NULL as None; a unix time and a boolean
        as the int that was sent, an ISO 8601 time as its text.
        """
        end = len(body) - 8
        done = body.endswith(DONE)
        try:
            if end < 8 or len(body) % 8 or not (done or body.endswith(PART)):
                raise RemoteProtocolError("there is no end marker")
            rows = self._decode(body, self._first_row(body, end), end)
        except RemoteProtocolError as error:
            raise RemoteProtocolError(f"malformed Rows: {error}") from None
        if not rows and not done:
            raise RemoteProtocolError(
                "the server would send responses without rows for ever: the names of the columns fill a whole page",
                advice="Give the columns shorter names (AS), or select fewer of them.",
            )
        self._bodies += 1
        if not done and self._bodies >= 4 and not self._bodies & (self._bodies - 1):
            self._learn()
        return rows, done

    def _first_row(self, body: bytes, end: int) -> int:
        if self._prefix and body.startswith(self._prefix):
            return len(self._prefix)
        columns, at = decode_columns(body, end)
        if not self._prefix:
            self.columns = columns
            self._prefix = body[:at]
        elif len(columns) != len(self.columns):
            raise RemoteProtocolError(
                f"{len(columns)} columns after {len(self.columns)} "
                "(was the table altered after the statement was prepared?)"
            )
        return at

    def _decode(self, body: bytes, at: int, end: int) -> list[Row]:
        if self._columnar:
            rows = _decode_columnar(body, at, end, *next(iter(self._types.items())))
            if rows is not None:
                return rows
        if self._run is not None and len(body) <= _MAX_BODY:
            try:
                return self._loop(self._run, body, at, end)
            except (ValueError, OverflowError, struct_error):
                pass  # malformed, or text that is not UTF-8
        return self._loop(None, body, at, end)

    def _loop(self, run: Run | None, body: bytes, at: int, end: int) -> list[Row]:
        rows: list[Row] = []
        width = _width(len(self.columns))
        known = self._types
        if run is not None:
            padded = body + self._padding
        while at < end:
            if run is not None:
                at = run(padded, at, rows.append, padded.index)
                if at >= end:
                    break
            header = body[at : at + width]
            types = known.get(header) or self._meet(header)
            row, at = decode_values(body, at + width, end, types)
            rows.append(tuple(row))
        if at > end:
            raise RemoteProtocolError("a value reaches into the end marker")
        return rows

    def _meet(self, header: bytes) -> list[int]:
        """The types in a header that was not met before (or is forgotten, after very many others)."""
        if not header:
            raise RemoteProtocolError("a row without columns")
        if len(self._types) >= _MAX_MET:
            self._types.clear()
        types = self._types[header] = _types(header, len(self.columns))
        for column, code in enumerate(types):
            if code in (UNIXTIME, ISO8601, BOOLEAN):
                self.column_types.setdefault(column, set()).add(code)
        return types

    def _learn(self) -> None:
        """Have a function that knows the headers that were met, or the first ones of very many.

        It is compiled anew after 4, 8, 16, ... responses, if it can know more then: so it always costs little
        compared with what has been decoded, and small results do without.
        """
        count = len(self.columns)
        headers = list(self._types)[: min(_MAX_HEADERS, _MAX_CELLS // max(count, 1))]
        if not headers or headers == self._headers:
            return
        self._headers = headers
        self._run = _generate(headers, count)
        self._padding = bytes(_width(count) + 8 * count)
        words_only = _WORDS.keys() >= set(self._types[headers[0]])
        self._columnar = len(headers) == 1 and words_only and count <= 16 and sys.byteorder == "little"


def _decode_columnar(body: bytes, at: int, end: int, header: bytes, types: list[int]) -> list[Row] | None:
    """The rows if all have this header of one word, and types of one word; None otherwise."""
    stride = 1 + len(types)
    count, rest = divmod(end - at, 8 * stride)
    words = memoryview(body)[at:end]
    if rest or not count or words.cast("Q")[::stride].tolist().count(int.from_bytes(header, "little")) != count:
        return None
    columns: list[list[Any]] = []
    for column, code in enumerate(types, 1):
        if code == NULL:
            columns.append([None] * count)
        else:
            columns.append(words.cast("d" if code == FLOAT else "q")[column::stride].tolist())
    return list(zip(*columns, strict=True))


def _generate(headers: list[bytes], count: int) -> Run:
    """Compile a function. Its source holds nothing that a peer sent but numbers.

    For (integer, text) and (integer, NULL) in two columns it is

        def run(b, p, append, index):
         while True:
          h0, c0, = unpack_Qq(b, p)
          if h0 == 49:
           q = p + 16
           z = index(0, q)
           c1 = b[q:z].decode()
           p = z + 8 & -8
           append((c0, c1,))
          elif h0 == 81:
           p += 24
           append((c0, None,))
          else:
           return p
    """
    names: dict[str, Any] = {}

    def unpack(layout: str) -> str:
        name = f"unpack_{layout}"
        names[name] = Struct("<" + layout).unpack_from
        return name

    tables = [_types(header, count) for header in headers]
    shared = 0  # leading columns that are the same word in all rows: they are read together with the header
    for codes in zip(*tables, strict=True):
        if codes[0] not in _WORDS or len(set(codes)) > 1:
            break
        shared += 1
    words = [f"h{word}" for word in range(len(headers[0]) // 8)]
    layout = "Q" * len(words) + "".join(_WORDS[code] for code in tables[0][:shared])
    targets = [*words, *_targets(tables[0], 0, shared)]
    lines = ["def run(b, p, append, index):", " while True:", f"  {', '.join(targets)}, = {unpack(layout)}(b, p)"]
    for header, types in zip(headers, tables, strict=True):
        numbers = Struct(f"<{len(words)}Q").unpack(header)
        condition = " and ".join(f"{word} == {number}" for word, number in zip(words, numbers, strict=True))
        lines.append(f"  {'if' if header is headers[0] else 'elif'} {condition}:")
        lines += ["   " + line for line in _branch(types, shared, 8 * (len(words) + shared), unpack)]
    lines += ["  else:", "   return p"]
    # Not the text itself: where Ctrl-C meets that, Python ends in a signal later on, though we have caught it.
    exec(compile("\n".join(lines), "<rows>", "exec"), names)
    run: Run = names["run"]
    return run


def _branch(types: Sequence[int], column: int, offset: int, unpack: Callable[[str], str]) -> list[str]:
    """The lines that decode a row of these types from `column` on, which is at `offset` from p, and append it."""
    lines = []
    count = len(types)
    while column < count:
        first = column
        while column < count and types[column] in _WORDS:
            column += 1
        layout = "".join(_WORDS[code] for code in types[first:column])
        targets = _targets(types, first, column)
        blob = column < count and types[column] == BLOB
        if blob:
            layout += "Q"
            targets.append("n")
        if targets:
            lines.append(f"{', '.join(targets)}, = {unpack(layout)}(b, p + {offset})")
        offset += 8 * (column - first + blob)
        if column == count:
            break
        lines.append(f"q = p + {offset}")
        if blob:
            lines += ["p = q + n", f"c{column} = b[q:p]", "p = p + 7 & -8"]
        else:
            lines += ["z = index(0, q)", f"c{column} = b[q:z].decode()", "p = z + 8 & -8"]
        column += 1
        offset = 0
    cells = ["None" if code == NULL else f"c{column}" for column, code in enumerate(types)]
    return [*lines, f"p += {offset}", f"append(({', '.join(cells)},))"]


def _targets(types: Sequence[int], first: int, last: int) -> list[str]:
    return [f"c{column}" for column in range(first, last) if types[column] != NULL]
