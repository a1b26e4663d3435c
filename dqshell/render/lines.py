"""One value a line: line (sqlite3's) and vertical (as psql and mysql show a row with \\x and \\G)."""

from __future__ import annotations

from .renderer import CellRenderer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .renderer import Page, Write
    from .settings import Settings


class Line(CellRenderer):
    """line: `name = value`, the names right-aligned, an empty line between two rows."""

    __slots__ = ("_row",)

    def __init__(self, settings: Settings, write: Write) -> None:
        super().__init__(settings, write)
        self._between = settings.row_separator
        self._row = ""

    def _prepare(self) -> None:
        # sqlite3 pads the names by their bytes.
        sizes = [len(name.encode("utf-8", "surrogateescape")) for name in self._names]
        width = max(sizes, default=5)
        width = max(width, 5)
        end = self._settings.row_separator.replace("%", "%%")
        self._row = "".join(
            " " * (width - size) + name.replace("%", "%%") + " = %s" + end
            for name, size in zip(self._names, sizes, strict=True)
        )

    def _page(self, page: Page) -> str:
        return self._between.join(map(self._row.__mod__, zip(*self._cells(page), strict=True)))


class Vertical(CellRenderer):
    """vertical: a numbered block per row, `name: value`; further lines of a value are indented."""

    __slots__ = ("_count", "_indent", "_row")
    _nul = ""

    def __init__(self, settings: Settings, write: Write) -> None:
        super().__init__(settings, write)
        self._count = 0
        self._indent = ""
        self._row = ""

    def _prepare(self) -> None:
        sizes = [self._settings.cell_width(name) for name in self._names]
        width = max(sizes, default=0)
        self._indent = "\n" + " " * (width + 2)
        self._row = "".join(
            " " * (width - size) + name.replace("%", "%%") + ": %s\n"
            for name, size in zip(self._names, sizes, strict=True)
        )

    def _page(self, page: Page) -> str:
        blocks = []
        for number, row in enumerate(zip(*self._cells(page), strict=True), self._count + 1):
            blocks.append(f"{f' {number}. row ':*^60}\n{self._row % row}")
        self._count += len(page)
        return "".join(blocks)

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        if "\n" in "".join(column):
            return [cell.replace("\n", self._indent) for cell in column]
        return column
