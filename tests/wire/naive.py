"""Bodies of ROWS responses written and read in the most obvious way: what the fast decoder is measured against.

It trusts what it reads.
"""

from __future__ import annotations

from struct import pack, unpack_from
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dqshell.wire.values import Value

    Row = tuple[Value, ...]

DONE, PART = b"\xff" * 8, b"\xee" * 8
PAGE = 4096


def encode(columns: Sequence[str], rows: Iterable[Sequence[Value]], end: bytes = DONE) -> bytes:
    """One body with all the rows."""
    return b"".join((pack("<Q", len(columns)), *map(_text, columns), *map(_row, rows), end))


def encode_pages(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> list[bytes]:
    """The bodies as a server makes them: one is full when it and the header of its frame have the size of a page.

    A server finds that out before it knows whether there is another row, so that the last one can be empty.
    """
    bodies = []
    body = beginning = encode(columns, (), b"")
    for row in rows:
        body += _row(row)
        if len(body) + 8 >= PAGE:
            bodies.append(body + PART)
            body = beginning
    return [*bodies, body + DONE]


def decode(body: bytes) -> list[Row]:
    """The rows of a body."""
    count = unpack_from("<Q", body)[0]
    at = 8
    for _ in range(count):
        at = (body.index(0, at) + 8) & -8
    width = (count + 15) // 16 * 8
    end = len(body) - 8
    rows = []
    while at < end:
        header = int.from_bytes(body[at : at + width], "little")
        at += width
        row: list[Value] = []
        for _ in range(count):
            code = header & 15
            header >>= 4
            if code in (1, 9, 11):
                row.append(unpack_from("<q", body, at)[0])
                at += 8
            elif code in (3, 10):
                nul = body.index(0, at)
                row.append(body[at:nul].decode("utf-8", "surrogateescape"))
                at = (nul + 8) & -8
            elif code == 2:
                row.append(unpack_from("<d", body, at)[0])
                at += 8
            elif code == 5:
                row.append(None)
                at += 8
            else:
                length = unpack_from("<Q", body, at)[0]
                row.append(body[at + 8 : at + 8 + length])
                at += (8 + length + 7) & -8
        rows.append(tuple(row))
    return rows


def _row(row: Sequence[Value]) -> bytes:
    header = 0
    cells = []
    for column, value in enumerate(row):
        code, cell = _cell(value)
        header |= code << 4 * column
        cells.append(cell)
    return header.to_bytes((len(row) + 15) // 16 * 8, "little") + b"".join(cells)


def _cell(value: Value) -> tuple[int, bytes]:
    if value is None:
        return 5, bytes(8)
    if isinstance(value, int):
        return 1, pack("<q", value)
    if isinstance(value, float):
        return 2, pack("<d", value)
    if isinstance(value, str):
        return 3, _text(value)
    return 4, pack("<Q", len(value)) + value + bytes(-len(value) % 8)


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogateescape") + b"\0"
    return data + bytes(-len(data) % 8)
