"""The lines of a table's cell, as sqlite3 breaks them.

A control character ends a line (CR LF counts as one), a tab goes to the next multiple of 8, and a
line has no more characters than the column is wide. sqlite3 counts bytes that begin a character,
whatever they are; so does this, on bytes.
"""

from __future__ import annotations

import re
from itertools import islice

# sqlite3's width of a column that has none.
_UNLIMITED = 1_000_000

_RUN = re.compile(rb"[\x20-\xff]+")
_CHARACTER = re.compile(rb"[\x20-\xff][\x80-\xbf]*")
_FOLLOWING = bytes(range(0x80, 0xC0))
_SPACES = b"\t\n\v\f\r "


def first_line(text: str, width: int, word_wrap: bool) -> str:
    """The first line of a cell."""
    return _line(_encoded(text), 0, width or _UNLIMITED, word_wrap)[0]


def lines(text: str, width: int, word_wrap: bool) -> list[str]:
    """All lines of a cell: at least one. A width of 0 sets no limit."""
    data = _encoded(text)
    found = []
    start = 0
    while start >= 0:
        line, start = _line(data, start, width or _UNLIMITED, word_wrap)
        found.append(line)
    return found


def _encoded(text: str) -> bytes:
    return text.partition("\0")[0].encode("utf-8", "surrogateescape")


def _line(data: bytes, start: int, width: int, word_wrap: bool) -> tuple[str, int]:
    """One line, and where the next one starts (-1: there is none)."""
    shown, full = _fill(data, start, width)
    after = shown
    if full and word_wrap and (place := _word_end(data, start, shown)):
        shown = after = place
        while data[after : after + 1] == b" ":
            after += 1
    follows = data[after : after + 3]
    if full and follows and follows[0] >= 0x20:
        pass
    elif follows[:2] == b"\r\n":
        after = after + 2 if len(follows) > 2 else -1
    elif len(follows) < 2:
        after = -1
    else:
        after += 1
    return _expanded(data[start:shown], width).decode("utf-8", "surrogateescape"), after


def _fill(data: bytes, start: int, width: int) -> tuple[int, bool]:
    """The end of a line that is broken anywhere, and whether it is full."""
    end, column = start, 0
    while column < width:
        run = _RUN.match(data, end)
        if run:
            characters = _length(run.group())
            if characters > width - column:
                for character in islice(_CHARACTER.finditer(data, end), width - column):
                    end = character.end()
                return end, True
            column += characters
            end = run.end()
        elif data[end : end + 1] == b"\t":
            column = min(column // 8 * 8 + 8, width)
            end += 1
        else:
            return end, False
    return end, True


def _length(run: bytes) -> int:
    """The characters of printable text; the first byte begins one in any case."""
    return 1 + len(run[1:].translate(None, _FOLLOWING))


def _word_end(data: bytes, start: int, end: int) -> int:
    """The last good place to end a line: after a blank, or between words; 0 if its second half has none."""
    half = start + (end - start) // 2
    for place in range(end, half, -1):
        if data[place - 1] in _SPACES:
            return place
    for place in range(end, half, -1):
        next_byte = data[place : place + 1]
        if data[place - 1 : place].isalnum() != next_byte.isalnum() and (not next_byte or next_byte[0] & 0xC0 != 0x80):
            return place
    return 0


def _expanded(line: bytes, width: int) -> bytes:
    """The line with its tabs as blanks."""
    first, *pieces = line.split(b"\t")
    expanded = [first]
    column = _length(first) if first else 0
    for piece in pieces:
        blanks = min(8 - column % 8, width - column)
        expanded.append(b" " * blanks + piece)
        column += blanks + (_length(piece) if piece else 0)
    return b"".join(expanded)
