"""One row a line, with separators: list (which `.mode tabs` is too), csv, ascii, tcl and tsv."""

from __future__ import annotations

from .renderer import CellRenderer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .renderer import Page, Write
    from .settings import Settings


class List(CellRenderer):
    """list, ascii: nothing is quoted."""

    __slots__ = ("_row_separator", "_separator")

    def __init__(self, settings: Settings, write: Write) -> None:
        super().__init__(settings, write)
        self._separator = settings.separator
        self._row_separator = settings.row_separator

    def _head(self) -> str:
        if not self._settings.headers:
            return ""
        return self._separator.join(self._texts(self._names)) + self._row_separator

    def _page(self, page: Page) -> str:
        rows = map(self._separator.join, zip(*self._cells(page), strict=True))
        return self._row_separator.join(rows) + self._row_separator


class Csv(List):
    """csv as sqlite3 writes it: quotes whatever has a blank, a quote, a control or non-ASCII character,
    the separator, or nothing at all in it; NULL is never quoted."""

    __slots__ = ()

    def __init__(self, settings: Settings, write: Write) -> None:
        super().__init__(settings, write)
        # A separator that may occur in a number: numbers are to be quoted too.
        if not set(settings.separator).isdisjoint("0123456789+-.eInfNa") or not settings.separator:
            self._convert[int] = lambda column: self._texts(self._integers(column))
            self._convert[float] = lambda column: self._texts(self._reals(column))

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        separator = self._separator
        together = "".join(column)
        if '"' in together:
            column = [cell.replace('"', '""') for cell in column]
        elif (
            together.isascii()
            and together.isprintable()
            and " " not in together
            and "'" not in together
            and separator not in together
            and all(column)
        ):
            return column
        return [
            cell
            if cell.isascii()
            and cell.isprintable()
            and " " not in cell
            and "'" not in cell
            and '"' not in cell
            and separator not in cell
            and cell
            else f'"{cell}"'
            for cell in column
        ]


class Tcl(List):
    """tcl: every cell in double quotes, escaped as in C: printable ASCII is all that is left."""

    __slots__ = ()
    _sanitizes = False

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        together = "".join(column)
        if together.isascii() and together.isprintable() and '"' not in together and "\\" not in together:
            return [f'"{cell}"' for cell in column]
        return [_c_literal(cell) for cell in column]

    def _integers(self, column: Sequence[int]) -> Sequence[str]:
        return [f'"{value}"' for value in column]

    def _reals(self, column: Sequence[float]) -> Sequence[str]:
        return [f'"{text}"' for text in super()._reals(column)]

    def _nulls(self, column: Sequence[None]) -> Sequence[str]:
        return self._texts([self._settings.nullvalue] * len(column))


def _c_literal(text: str) -> str:
    data = text.partition("\0")[0].encode("utf-8", "surrogateescape")
    return '"' + data.decode("latin-1").translate(_C_ESCAPES) + '"'


_C_ESCAPES = {code: f"\\{code:03o}" for code in (*range(32), *range(127, 256))}
_C_ESCAPES |= {ord(char): "\\" + escape for char, escape in zip('\\"\t\n\r', '\\"tnr', strict=True)}


class Tsv(List):
    r"""tsv: always tabs; in text \t \n \r \\ stand for what would break the line; NULL is \N, a
    blob \\x and its hex digits, a REAL as many digits as it takes to read the same number back.
    This is the text format of PostgreSQL's COPY."""

    __slots__ = ()
    _nul = ""
    _raw_blobs = False

    def __init__(self, settings: Settings, write: Write) -> None:
        super().__init__(settings, write)
        self._separator = "\t"
        self._row_separator = "\n"

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        together = "".join(column)
        for char, escape in _TSV_ESCAPES:
            if char in together:
                column = [cell.replace(char, escape) for cell in column]
        return column

    def _reals(self, column: Sequence[float]) -> Sequence[str]:
        return list(map(repr, column))

    def _blobs(self, column: Sequence[bytes]) -> Sequence[str]:
        return ["\\\\x" + blob.hex() for blob in column]

    def _nulls(self, column: Sequence[None]) -> Sequence[str]:
        return ["\\N"] * len(column)


_TSV_ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))
