"""Rows side by side: column, table, box and markdown, as sqlite3 lays them out, but streaming.

The widths are those of the first rows: 1,000 of them, or what came within 100 ms. A result that
ends within these is laid out exactly as sqlite3 does it. A later cell that is wider than its column
is written in full, and moves what follows it; a later row of several lines is not ruled off.
"""

from __future__ import annotations

import re
from time import monotonic

from .cell_lines import first_line, lines
from .renderer import CellRenderer
from .values import text_literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .renderer import Page, Write
    from .settings import Settings

    Row = Sequence[str]

SAMPLE_ROWS = 1000
SAMPLE_SECONDS = 0.1

# No column is cut to less than this to fit the screen.
_LEAST_WIDTH = 4

_CONTROLS = re.compile("[\x00-\x1f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_FOLLOWING_BYTES = re.compile("[\udc80-\udcbf]")


class Column(CellRenderer):
    """column: blanks between the columns, dashes under the names; the base of the other three.

    `rows` without rows only looks at the clock: whoever waits for more can so let the sample out.
    """

    __slots__ = (
        "_clock",
        "_heading",
        "_ruled",
        "_rule_due",
        "_sample",
        "_since",
        "_template",
        "_widths",
        "_wraps",
    )
    _nul = ""  # a cell ends at its NUL below
    _start, _separator, _end = "", "  ", "\n"

    def __init__(self, settings: Settings, write: Write, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(settings, write)
        self._clock = clock
        self._since = 0.0  # of the sample's first row
        self._sample: list[Row] | None = []  # None: laid out
        self._heading: list[str] = []
        self._widths: list[int] = []
        self._wraps: list[int] = []
        self._template = ""
        self._ruled = False  # rows are kept apart, because some have several lines
        self._rule_due = False

    def rows(self, page: Page) -> None:
        if self._settings.for_terminal:
            from .terminal import safe_rows

            page = safe_rows(page, not self._settings.quote)
        rows: Sequence[Row] = list(zip(*self._cells(page), strict=True))
        sample = self._sample
        if sample is not None:
            if not sample:
                self._since = self._clock()
            room = SAMPLE_ROWS - len(sample)
            sample.extend(rows[:room])
            if len(sample) == SAMPLE_ROWS or (sample and self._clock() - self._since >= SAMPLE_SECONDS):
                self._release(sample)
            rows = rows[room:]
        if rows:
            self._write("".join(self._lines(*self._broken(rows))))

    def finish(self) -> None:
        if self._sample:
            self._release(self._sample)
        if self._sample is None and (tail := self._tail()):
            self._write(tail)

    def _prepare(self) -> None:
        widths = self._settings.widths[: len(self._names)]
        widths += [0] * (len(self._names) - len(widths))
        self._widths = widths
        self._wraps = [abs(width) or self._settings.wrap for width in widths]
        self._heading = [
            first_line(name, wrap, self._settings.word_wrap)
            for name, wrap in zip(self._names, self._wraps, strict=True)
        ]

    def _release(self, sample: list[Row]) -> None:
        """Decide on the widths, and write what has been waiting for them."""
        rows, ends = self._broken(sample)
        self._ruled = not all(ends)
        self._lay_out([self._heading, *rows])
        self._sample = None
        self._write(self._head() + "".join(self._lines(rows, ends)))

    def _lay_out(self, rows: Sequence[Row]) -> None:
        widths = [
            max(abs(width), *map(self._width, column))
            for width, column in zip(self._widths, zip(*rows, strict=True), strict=True)
        ]
        if self._settings.max_width is not None:
            borders = len(self._start + self._separator * (len(widths) - 1) + self._end) - 1
            widths = _fitted(widths, self._settings.max_width - borders)
        self._widths = [-wide if width < 0 else wide for width, wide in zip(self._widths, widths, strict=True)]
        cells = [f"%{-width}s" for width in self._widths]
        self._template = self._start + self._separator.join(cells) + self._end

    def _broken(self, rows: Sequence[Row]) -> tuple[Sequence[Row], list[bool]]:
        """The rows as lines of the screen, and for each whether it is the last one of its row."""
        whole = list(map("".join, rows))
        least = min(filter(None, self._wraps), default=0)
        if not _CONTROLS.search("".join(whole)) and (
            not least
            or max(map(len, whole)) < least
            or all(
                not wrap or max(map(len, column)) < wrap
                for wrap, column in zip(self._wraps, zip(*rows, strict=True), strict=True)
            )
        ):
            return rows, [True] * len(rows)
        broken: list[Row] = []
        ends: list[bool] = []
        for row in rows:
            cells = [lines(cell, wrap, self._settings.word_wrap) for cell, wrap in zip(row, self._wraps, strict=True)]
            height = max(map(len, cells))
            for cell in cells:
                cell.extend([""] * (height - len(cell)))
            broken.extend(zip(*cells, strict=True))
            ends.extend([False] * (height - 1) + [True])
        return broken, ends

    def _lines(self, rows: Sequence[Row], ends: list[bool]) -> list[str]:
        """The rows of the screen as text, and the rules between them."""
        texts = self._formatted(rows)
        if not self._ruled:
            return texts
        rule = self._rule()
        ruled = []
        for text, end in zip(texts, ends, strict=True):
            if self._rule_due:
                ruled.append(rule)
            ruled.append(text)
            self._rule_due = end
        return ruled

    def _formatted(self, rows: Sequence[Row]) -> list[str]:
        text = "".join(map("".join, rows))
        settings = self._settings
        if (
            text.isascii() or (settings.cell_width is len and not _SURROGATES.search(text))
        ) and settings.max_width is None:
            return list(map(self._template.__mod__, map(tuple, rows)))
        return [self._start + self._separator.join(map(self._padded, row, self._widths)) + self._end for row in rows]

    def _padded(self, cell: str, width: int) -> str:
        missing = abs(width) - self._width(cell)
        if missing < 0 and self._settings.max_width is not None:
            cell = _cut(cell, abs(width), self._width)
            missing = abs(width) - self._width(cell)
        return cell + " " * missing if width >= 0 else " " * missing + cell

    def _width(self, text: str) -> int:
        if text.isascii() or self._settings.cell_width is not len:
            return self._settings.cell_width(text)
        return len(_FOLLOWING_BYTES.sub("", text))

    def _centred(self, cell: str, width: int) -> str:
        width = abs(width)
        if self._width(cell) > width:
            cell = _cut(cell, width, self._width)
        missing = width - self._width(cell)
        return " " * (missing // 2) + cell + " " * (missing - missing // 2)

    def _head(self) -> str:
        if not self._settings.headers:
            return ""
        names = self._separator.join(map(self._padded, self._heading, self._widths))
        return names + "\n" + self._dashes("", "  ", "\n", "-", 0)

    def _tail(self) -> str:
        return ""

    def _rule(self) -> str:
        return "\n"

    def _dashes(self, start: str, between: str, end: str, dash: str, margin: int) -> str:
        return start + between.join([dash * (abs(w) + margin) for w in self._widths]) + end

    # A column of literals, for .mode --quote.

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        if self._settings.quote:
            return [text_literal(cell.partition("\0")[0]) for cell in column]
        return column

    def _blobs(self, column: Sequence[bytes]) -> Sequence[str]:
        if self._settings.quote:
            return [f"x'{blob.hex()}'" for blob in column]
        return super()._blobs(column)

    def _nulls(self, column: Sequence[None]) -> Sequence[str]:
        return ["NULL"] * len(column) if self._settings.quote else super()._nulls(column)


class Table(Column):
    """table: a frame of ASCII characters."""

    __slots__ = ()
    _start, _separator, _end = "| ", " | ", " |\n"

    def _head(self) -> str:
        return self._rule() + self._names_line() + self._rule()

    def _names_line(self) -> str:
        names = map(self._centred, self._heading, self._widths)
        return self._start + self._separator.join(names) + self._end

    def _rule(self) -> str:
        return self._dashes("+", "+", "+\n", "-", 2)

    def _tail(self) -> str:
        return self._rule()


class Markdown(Table):
    """markdown: a table of GitHub's Markdown."""

    __slots__ = ()

    def _head(self) -> str:
        return self._names_line() + self._dashes("|", "|", "|\n", "-", 2)

    def _rule(self) -> str:
        return ""

    def _tail(self) -> str:
        return ""


class Box(Table):
    """box: a frame of Unicode characters."""

    __slots__ = ()
    _start, _separator, _end = "│ ", " │ ", " │\n"

    def _head(self) -> str:
        return self._dashes("┌", "┬", "┐\n", "─", 2) + self._names_line() + self._rule()

    def _rule(self) -> str:
        return self._dashes("├", "┼", "┤\n", "─", 2)

    def _tail(self) -> str:
        return self._dashes("└", "┴", "┘\n", "─", 2)


def _fitted(widths: list[int], available: int) -> list[int]:
    """The widths, the largest of them reduced until all fit, or to the least width there is."""
    limit = max(widths)
    while limit > _LEAST_WIDTH and sum([min(width, limit) for width in widths]) > available:
        limit -= 1
    return [min(width, limit) for width in widths]


def _cut(text: str, width: int, cell_width: Callable[[str], int]) -> str:
    """The beginning of a text that is too wide, with an ellipsis at its end."""
    while text and cell_width(text) > width - 1:
        text = text[: max(width - 1, 0)] if len(text) >= width else text[:-1]
    return text + "…"
