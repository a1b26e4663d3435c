"""The body of a FILES response (a dump of a database), decoded as it arrives.

It holds the number of files (u64) and, for each, its name (text), its size (u64) and its bytes (dqlite src/gateway.c,
handle_dump): the database and its WAL. Older servers send both empty for a database that does not exist.
"""

from __future__ import annotations

from ..errors import RemoteProtocolError

MAX_NAME = 4096
"""The longest name of a file, in bytes; databases have at most some 500."""


class FileStart:
    """A file begins; `size` bytes of it follow."""

    __slots__ = ("name", "size")

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size


class FileEnd:
    """The file that began last is complete."""

    __slots__ = ()


class FilesDecoder:
    """Turns a FILES body of `length` bytes into events: FileStart, its content as bytes, FileEnd; then the next file.

    It holds back no more than the name of a file. `done` once the whole body was seen; a stream that ends before has
    been cut off.
    """

    __slots__ = ("_content", "_files", "_pending", "_remaining", "done")

    def __init__(self, length: int) -> None:
        self.done = False
        self._remaining = length  # bytes of the body that have not been decoded
        self._pending = b""
        self._files: int | None = None  # how many are still to begin; None before their number is known
        self._content = 0  # bytes to come of the current file

    def feed(self, data: bytes) -> list[FileStart | bytes | FileEnd]:
        """The events in the next piece of the body. Raises RemoteProtocolError for what is malformed."""
        events: list[FileStart | bytes | FileEnd] = []
        data = self._pending + data
        at = 0
        while not self.done:
            if self._content:
                piece = data[at : at + self._content]
                if not piece:
                    break
                at += self._take(len(piece))
                self._content -= len(piece)
                events.append(piece)
                if not self._content:
                    events.append(FileEnd())
            elif self._files is None:
                if len(data) < 8:
                    break
                self._files = int.from_bytes(data[:8], "little")
                at += self._take(8)
            elif self._files:
                nul = data.find(0, at)
                if (nul if nul >= 0 else len(data)) - at > MAX_NAME:
                    raise RemoteProtocolError("malformed files: a name has no end")
                size_at = at + ((nul - at + 8) & -8)
                behind = size_at + 8
                if nul < 0 or len(data) < behind:
                    break
                start = FileStart(
                    data[at:nul].decode("utf-8", "surrogateescape"),
                    int.from_bytes(data[size_at:behind], "little"),
                )
                at += self._take(behind - at)
                if start.size > self._remaining:
                    raise RemoteProtocolError("malformed files: one is longer than the message")
                self._files -= 1
                self._content = start.size
                events.append(start)
                if not start.size:
                    events.append(FileEnd())
            elif self._remaining >= 8:
                raise RemoteProtocolError("malformed files: something follows the last one")
            else:  # the files are not padded, but the message is
                at += self._take(min(self._remaining, len(data) - at))
                if self._remaining:
                    break
                self.done = True
        self._pending = data[at:]
        if not self.done and len(self._pending) >= self._remaining:
            raise RemoteProtocolError("malformed files: the message ends too early")
        return events

    def _take(self, count: int) -> int:
        self._remaining -= count
        if self._remaining < 0:
            raise RemoteProtocolError("malformed files: the message ends too early")
        return count
