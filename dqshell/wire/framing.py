"""The byte stream cut into frames, and frames made of bytes.

A frame is a header of one word (u32 length of the body in words, u8 type, u8 schema, two unused bytes) and a body of
whole words (dqlite src/message.h). A connection begins with the client's HANDSHAKE, which is not answered.
"""

from __future__ import annotations

from struct import Struct

from ..errors import LocalProtocolError, RemoteProtocolError

HANDSHAKE = (1).to_bytes(8, "little")
"""The protocol's version, the first thing that a client sends (dqlite src/protocol.h)."""

LEGACY_HANDSHAKE = 0x86104DD760433FE5.to_bytes(8, "little")
"""The version before 1.0, still accepted: all is as today, but LEADER is answered without an id (ServerLegacy)."""

FAILURE, SERVER, WELCOME, SERVERS, DB, STMT, RESULT, ROWS, EMPTY, FILES, METADATA = range(11)
"""The types of responses (dqlite src/protocol.h)."""

MAX_SMALL = 1 << 20
MAX_LARGE = 1 << 31
"""The longest body in bytes that a FrameReader accepts: MAX_LARGE (2 GiB) for ROWS, where one row can hold several
values of 1e9 bytes, and for FAILURE, which can have such rows in front of it; no limit for FILES, which is never held
in memory; MAX_SMALL (1 MiB) for all others."""

_LIMITS = dict.fromkeys(range(METADATA + 1), MAX_SMALL) | {
    FAILURE: MAX_LARGE,
    ROWS: MAX_LARGE,
    FILES: 8 * 0xFFFFFFFF,
}
_LARGE = (FAILURE, ROWS, FILES)

_HEADER = Struct("<IBBxx")
_decode_header = _HEADER.unpack_from


class Frame:
    """One message: its type, its schema and its body, a whole number of words."""

    __slots__ = ("body", "schema", "type")

    def __init__(self, type: int, schema: int, body: bytes) -> None:
        self.type = type
        self.schema = schema
        self.body = body

    def __repr__(self) -> str:
        return f"Frame({self.type}, {self.schema}, {self.body!r})"


class FilesStart(Frame):
    """The beginning of a FILES response, whose body of `length` bytes is still on its way; `body` is empty.

    Take it with `FrameReader.take_body` and decode it with `FilesDecoder`.
    """

    __slots__ = ("length",)

    def __init__(self, schema: int, length: int) -> None:
        super().__init__(FILES, schema, b"")
        self.length = length


def encode_frame(type: int, schema: int, body: bytes) -> bytes:
    """Header and body. Raises LocalProtocolError for a body that is empty, no whole words, or 4 GiB and more.

    Both would be dangerous to send: old servers die of an empty body, and keep its length in bytes in 32 bits
    (dqlite src/conn.c).
    """
    length = len(body)
    if length % 8 or not 0 < length < 1 << 32:
        raise LocalProtocolError(f"a message cannot have {length} bytes")
    return _HEADER.pack(length // 8, type, schema) + body


class FrameReader:
    """Cuts what a server sends into frames. However the stream is split, the frames are the same.

    Feed it what was received, then take frames until there is none:

        reader.feed(sock.recv(65536))
        while (frame := reader.next_frame()) is not None:
            ...

    The body of a FILES response can be larger than the memory, so it is handed on as it arrives:

        files = FilesDecoder(start.length)  # start: the FilesStart that next_frame() returned
        while not files.done:
            for event in files.feed(reader.take_body()):
                ...  # FileStart, bytes, FileEnd
            if not files.done:
                reader.feed(sock.recv(65536))

    Nothing is allocated because a header claims it. Once RemoteProtocolError was raised, the stream is lost: the next
    call raises it again.
    """

    __slots__ = ("_at", "_buffer", "_owed", "_fresh")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0  # where in the buffer the next frame starts
        self._owed = 0  # how much of a FILES body has not been taken
        self._fresh = True  # no frame has been seen yet

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Add what was received. The data is copied."""
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        self._buffer += data

    def next_frame(self) -> Frame | None:
        """The next frame; None if more data is needed.

        Raises RemoteProtocolError as soon as a header cannot be dqlite's: an unknown type, no body, or a longer one
        than is accepted (see MAX_LARGE). Raises LocalProtocolError while a FILES body has not been taken.
        """
        if self._owed:
            raise LocalProtocolError("the files of the previous response have not been taken")
        buffer, at = self._buffer, self._at
        available = len(buffer) - at
        if self._fresh and available >= 5:
            _check_stranger(bytes(buffer[:8]))
        if available < 8:
            return None
        words, kind, schema = _decode_header(buffer, at)
        length = words * 8
        if not 0 < length <= _LIMITS.get(kind, 0):
            raise RemoteProtocolError(_complaint(kind, length, bytes(buffer[at : at + 8])))
        start = at + 8
        if kind == FILES:
            self._fresh = False
            self._at = start
            self._owed = length
            return FilesStart(schema, length)
        if available < 8 + length:
            return None
        self._fresh = False
        self._at = stop = start + length
        return Frame(kind, schema, bytes(memoryview(buffer)[start:stop]))

    def take_body(self) -> bytes:
        """What has arrived of a FILES body and has not been taken; b"" if nothing is there, or nothing left."""
        start = self._at
        self._at = stop = min(start + self._owed, len(self._buffer))
        self._owed -= stop - start
        return bytes(memoryview(self._buffer)[start:stop])

    @property
    def at_boundary(self) -> bool:
        """Whether no message has been begun, so that the end of the stream here is an end between messages."""
        return self._at == len(self._buffer) and not self._owed


def _check_stranger(head: bytes) -> None:
    """Raise RemoteProtocolError if the first bytes of the stream are those of HTTP or TLS.

    A TLS alert is shorter than our header, so five bytes have to do. They are never the start of a first response:
    there they would be a length of 500 KiB or more for a type that has only a few bytes.
    """
    if head.startswith(b"HTTP/"):
        raise RemoteProtocolError("the peer speaks HTTP, not dqlite")
    if head[0] in (0x15, 0x16) and head[1] == 3 and 1 <= head[2] <= 4 and head[4] not in _LARGE:
        raise RemoteProtocolError("the peer speaks TLS")


def _complaint(kind: int, length: int, head: bytes) -> str:
    if kind not in _LIMITS:
        return f"not a dqlite response: {head!r}"
    if not length:
        return f"a response of type {kind} without a body"
    return f"a response of type {kind} that claims to have {length} bytes"
