"""Cuts input, line by line, into SQL statements and dot-commands."""

from __future__ import annotations

from ..errors import InterfaceError
from .splitter import Splitter, Statement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class DotCommand:
    """A line whose first character is a dot, where no statement is open. `line` counts from 1."""

    __slots__ = ("line", "text")

    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.line = line


class Script:
    """One stream of input, from its first line to its last."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._line = 0

    def feed(self, line: str) -> Iterator[Statement | DotCommand]:
        """What this line completes. It ends with its newline, except perhaps the last one."""
        self._line += 1
        if _is_command(line) and not self._splitter.pending and not self._splitter.open:
            self._splitter.feed("\n")  # keeps count of the lines
            yield DotCommand(line.strip(), self._line)
        else:
            yield from self._splitter.feed(line)

    def feed_bytes(self, line: bytes) -> Iterator[Statement | DotCommand]:
        """The same for UTF-8. Raises InterfaceError where it is not."""
        try:
            text = line.decode("utf-8")
            if not self._line:
                text = text.removeprefix("\ufeff")  # which some editors put at the beginning of a file
        except UnicodeDecodeError as error:
            raise InterfaceError(
                f"line {self._line + 1}: not valid UTF-8 (byte 0x{line[error.start]:02x} at column {error.start + 1})",
                advice="Convert the input to UTF-8. Write binary data as X'...' literals.",
            ) from None
        yield from self.feed(text)

    def finish(self) -> Iterator[Statement]:
        """A last statement that lacks nothing but its semicolon. Raises IncompleteStatement where it lacks more."""
        statement = self._splitter.finish()
        if statement is not None:
            yield statement


def _is_command(line: str) -> bool:
    return line.lstrip(" \t").startswith(".")


def is_complete(text: str) -> bool:
    """Whether text typed at a prompt can be run, or more of it must follow."""
    if _is_command(text) or not text.strip():
        return True
    splitter = Splitter()
    splitter.feed(text + "\n")
    return not splitter.pending and not splitter.open
