"""What all formats have in common: a result set comes in by pages and leaves as text."""

from __future__ import annotations

from .values import blob_text, reals, without_nul

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from .settings import Settings
    from .values import Value

    Page: TypeAlias = "Sequence[tuple[Value, ...]]"
    Write: TypeAlias = "Callable[[str], object]"
    Texts: TypeAlias = "Callable[[Sequence[Any]], Sequence[str]]"


class Renderer:
    """Renders one result set: `columns` once, `rows` for every page, `finish` at the end.

    Like sqlite3, it writes nothing at all, not even headers, for a result without rows. Texts may
    hold lone surrogates for bytes that are not UTF-8 (PEP 383); they are passed on.

    A format overrides the four hooks below. `_page` gets all rows of a page, so that it can work
    by the column: whatever is decided once a page costs nothing per cell.
    """

    __slots__ = ("_between", "_names", "_settings", "_started", "_write")

    # What a NUL in a text turns into. sqlite3 prints C strings: the text ends there. "": never.
    _nul = "\0"
    # Whether the cells must be made harmless before they are shown on a terminal.
    _sanitizes = True
    # Whether a blob is written as the text that it may be.
    _raw_blobs = True

    def __init__(self, settings: Settings, write: Write) -> None:
        self._settings = settings
        self._write = write
        self._names: tuple[str, ...] = ()
        self._started = False
        self._between = ""  # two pages

    def columns(self, names: Sequence[str]) -> None:
        """The names of the columns; before the first rows."""
        if self._settings.for_terminal and self._sanitizes:
            from .terminal import sanitize

            names = [sanitize(name) for name in names]
        self._names = tuple([name.partition("\0")[0] for name in names])
        self._prepare()

    def rows(self, page: Page) -> None:
        """Some more rows, each with one value per column."""
        if not page:
            return
        if self._settings.for_terminal and self._sanitizes:
            from .terminal import safe_rows

            page = safe_rows(page, self._raw_blobs)
        text = self._page(page)
        if self._nul and self._nul in text:
            text = self._page(without_nul(page))
        if self._started:
            self._write(self._between + text)
        else:
            self._started = True
            self._write(self._head() + text)

    def finish(self) -> None:
        """The result is complete."""
        if self._started:
            tail = self._tail()
            if tail:
                self._write(tail)

    def _prepare(self) -> None:
        """The column names are known."""

    def _head(self) -> str:
        """Before the first row."""
        return ""

    def _page(self, page: Page) -> str:
        """The text of some rows."""
        raise NotImplementedError

    def _tail(self) -> str:
        """After the last row."""
        return ""


class CellRenderer(Renderer):
    """A format that turns every value into a text by its type, and puts these together.

    A column of one type, the common case, is converted by one call.
    """

    __slots__ = ("_convert",)

    def __init__(self, settings: Settings, write: Write) -> None:
        super().__init__(settings, write)
        self._convert: dict[type, Texts] = {
            int: self._integers,
            float: self._reals,
            str: self._texts,
            bytes: self._blobs,
            type(None): self._nulls,
        }

    def _cells(self, page: Page) -> list[Sequence[str]]:
        """The texts of some rows, by column."""
        return [self._column(column) for column in zip(*page, strict=True)]

    def _column(self, column: Sequence[Value]) -> Sequence[str]:
        kinds = set(map(type, column))
        if len(kinds) == 1:
            return self._convert[kinds.pop()](column)
        texts: list[str] = [""] * len(column)
        for kind in kinds:
            places = [place for place, value in enumerate(column) if type(value) is kind]
            converted = self._convert[kind]([column[place] for place in places])
            for place, text in zip(places, converted, strict=True):
                texts[place] = text
        return texts

    def _integers(self, column: Sequence[int]) -> Sequence[str]:
        return list(map(repr, column))

    def _reals(self, column: Sequence[float]) -> Sequence[str]:
        return reals(column)

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        return column

    def _blobs(self, column: Sequence[bytes]) -> Sequence[str]:
        return self._texts([blob_text(blob) for blob in column])

    def _nulls(self, column: Sequence[None]) -> Sequence[str]:
        return [self._settings.nullvalue] * len(column)
