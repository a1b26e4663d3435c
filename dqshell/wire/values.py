"""Values on the wire: words, texts, blobs, and the parameters of a statement.

Everything is little-endian and starts on a word of 8 bytes. A text ends with a NUL and a blob starts with its length;
both are filled up to a whole word with bytes that mean nothing (dqlite src/lib/serialize.h).

Text is UTF-8 with `surrogateescape`: SQLite stores whatever bytes it is given as text, and they survive the round trip.
"""

from __future__ import annotations

from struct import Struct

from ..errors import LocalProtocolError, RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Value = int | float | str | bytes | None

# Type codes (SQLite's own, and three of dqlite's: src/protocol.h).
INTEGER, FLOAT, TEXT, BLOB, NULL = range(1, 6)
UNIXTIME, ISO8601, BOOLEAN = 9, 10, 11
_TEXTS = (TEXT, ISO8601)
_INTEGERS = (INTEGER, UNIXTIME, BOOLEAN)

MAX_PARAMS = 255
"""The most parameters that schema 0 can carry: it counts them in one byte, and servers do not notice an overflow."""

_NULL = bytes(8)
_encode_float = Struct("<d").pack
_decode_float = Struct("<d").unpack_from
_decode_integer = Struct("<q").unpack_from


def encode_text(value: str) -> bytes:
    """A text, its NUL and its padding. Raises LocalProtocolError for what would be cut off or cannot be UTF-8."""
    try:
        data = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise LocalProtocolError("text holds a lone surrogate, which is no character") from None
    if 0 in data:
        raise LocalProtocolError("text holds a NUL, where the protocol would cut it off")
    return data + bytes(8 - len(data) % 8)


def decode_text(body: bytes, at: int, end: int) -> tuple[str, int]:
    """The text at offset `at`, and the offset behind its padding. Raises RemoteProtocolError if no NUL comes first."""
    nul = body.find(0, at, end)
    if nul < 0:
        raise RemoteProtocolError("a text has no end")
    return body[at:nul].decode("utf-8", "surrogateescape"), (nul + 8) & -8


def encode_blob(value: bytes) -> bytes:
    """A blob behind its length, with its padding."""
    return b"".join((len(value).to_bytes(8, "little"), value, bytes(-len(value) % 8)))


def decode_blob(body: bytes, at: int, end: int) -> tuple[bytes, int]:
    """The blob at offset `at`, and the offset behind its padding. Raises RemoteProtocolError if it is cut off."""
    start = at + 8
    stop = start + int.from_bytes(body[at:start], "little")
    behind = (stop + 7) & -8
    if start > end or behind > end:
        raise RemoteProtocolError("a blob is longer than its message")
    return body[start:stop], behind


def encode_params(params: Sequence[Value], schema: int = 0) -> bytes:
    """The parameters of a statement as a tuple: their number, a byte of type each, padding, values.

    No parameters are no bytes. Schema 0 holds up to 255; schema 1 (u32 count) is understood from dqlite 1.12 on, and
    misread as schema 0 by servers before that (dqlite src/tuple.c). Raises LocalProtocolError.
    """
    if not params:
        return b""
    count = len(params)
    if schema == 0:
        if count > MAX_PARAMS:
            raise LocalProtocolError(f"{count} parameters, but a statement can have at most {MAX_PARAMS}")
        header = bytearray((count,))
    elif schema == 1:
        header = bytearray(count.to_bytes(4, "little"))
    else:
        raise LocalProtocolError(f"there is no schema {schema} for parameters")
    cells = [b""]
    try:
        for value in params:
            if isinstance(value, int):
                cells.append(value.to_bytes(8, "little", signed=True))
                header.append(INTEGER)
            elif isinstance(value, str):
                cells.append(encode_text(value))
                header.append(TEXT)
            elif value is None:
                cells.append(_NULL)
                header.append(NULL)
            elif isinstance(value, float):
                cells.append(_encode_float(value))
                header.append(FLOAT)
            elif isinstance(value, bytes):
                cells.append(encode_blob(value))
                header.append(BLOB)
            else:
                raise LocalProtocolError(f"a {type(value).__name__} is no SQL value")
    except OverflowError:
        raise LocalProtocolError(f"parameter {len(cells)}: an integer of more than 64 bits") from None
    except LocalProtocolError as error:
        raise LocalProtocolError(f"parameter {len(cells)}: {error}") from None
    cells[0] = bytes(header) + bytes(-len(header) % 8)
    return b"".join(cells)


def decode_params(body: bytes, at: int, end: int, schema: int = 0) -> tuple[tuple[Value, ...], int]:
    """The inverse of `encode_params`, and the offset behind the tuple. Raises RemoteProtocolError."""
    if at == end:
        return (), at
    start = at + (4 if schema else 1)
    count = int.from_bytes(body[at:start], "little")
    codes = body[start : start + count]
    at = (start + len(codes) + 7) & -8
    if len(codes) < count or at > end:
        raise RemoteProtocolError("parameters are cut off")
    values, at = decode_values(body, at, end, codes)
    return tuple(values), at


def decode_values(body: bytes, at: int, end: int, codes: Iterable[int]) -> tuple[list[Value], int]:
    """Values of these types from offset `at` on, and the offset behind them. Raises RemoteProtocolError.

    A unix time and a boolean are the integer that was sent, an ISO 8601 time is its text.
    """
    values: list[Value] = []
    for code in codes:
        if code in _TEXTS:
            nul = body.find(0, at, end)
            if nul < 0:
                raise RemoteProtocolError("a text has no end")
            values.append(body[at:nul].decode("utf-8", "surrogateescape"))
            at = (nul + 8) & -8
            continue
        behind = at + 8
        if behind > end:
            raise RemoteProtocolError("a value is cut off")
        if code in _INTEGERS:
            values.append(_decode_integer(body, at)[0])
        elif code == FLOAT:
            values.append(_decode_float(body, at)[0])
        elif code == NULL:
            values.append(None)
        elif code == BLOB:
            value, behind = decode_blob(body, at, end)
            values.append(value)
        else:
            raise RemoteProtocolError(f"there is no type {code}")
        at = behind
    return values, at
