"""html: the rows of a table, as sqlite3 writes them."""

from __future__ import annotations

from .renderer import CellRenderer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .renderer import Page

_ENTITIES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;"))


class Html(CellRenderer):
    """html: <TR> and <TD>; what surrounds them is up to the reader."""

    __slots__ = ()

    def _head(self) -> str:
        if not self._settings.headers:
            return ""
        names = self._texts(self._names)
        return "<TR>" + "".join(f"<TH>{name}</TH>\n" for name in names) + "</TR>\n"

    def _page(self, page: Page) -> str:
        row = "<TR>" + "<TD>%s</TD>\n" * len(self._names) + "</TR>\n"
        return "".join(map(row.__mod__, zip(*self._cells(page), strict=True)))

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        together = "".join(column)
        for char, entity in _ENTITIES:
            if char in together:
                column = [cell.replace(char, entity) for cell in column]
        return column

    def _nulls(self, column: Sequence[None]) -> Sequence[str]:
        return self._texts([self._settings.nullvalue] * len(column))
