"""json (sqlite3's: one array of objects) and jsonl (one object a line). Always valid UTF-8."""

from __future__ import annotations

from math import inf

from .long_double import general
from .renderer import CellRenderer

try:
    from _json import encode_basestring  # as json.encoder does it, without importing the package
except ImportError:
    from json.encoder import encode_basestring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .renderer import Page, Write
    from .settings import Settings

_EXACT = 2**53


class Json(CellRenderer):
    """json: an array with an object per row.

    A blob is the text that it holds, as in sqlite3; where that is no valid UTF-8 (sqlite3 writes
    its bytes all the same, and nobody can read it) its hex digits; `blobs` makes it one way for
    all. Bytes of a text that are not UTF-8 become U+FFFD. Infinity is 1e999, as in sqlite3.
    """

    __slots__ = ("_blob_form", "_row", "_wide_integers")
    _nul = "\\u0000"
    _sanitizes = False
    _row_separator = ",\n"
    _page_separator = ",\n"
    _text_blobs = True

    def __init__(self, settings: Settings, write: Write) -> None:
        super().__init__(settings, write)
        self._wide_integers = settings.big_integers_as_text
        self._blob_form = settings.blobs
        self._row = ""
        self._between = self._page_separator

    def _prepare(self) -> None:
        keys = [_string(name).replace("%", "%%") for name in self._names]
        self._row = "{" + ",".join([key + ":%s" for key in keys]) + "}"

    def _head(self) -> str:
        return "["

    def _tail(self) -> str:
        return "]\n"

    def _page(self, page: Page) -> str:
        text = self._row_separator.join(map(self._row.__mod__, zip(*self._cells(page), strict=True)))
        if not text.isascii():
            text = _valid(text)
        if self._settings.for_terminal and not text.isprintable():
            from .terminal import escape_json

            text = escape_json(text)
        return text

    def _integers(self, column: Sequence[int]) -> Sequence[str]:
        if self._wide_integers and (max(column) > _EXACT or min(column) < -_EXACT):
            return [str(value) if -_EXACT <= value <= _EXACT else f'"{value}"' for value in column]
        return super()._integers(column)

    def _reals(self, column: Sequence[float]) -> Sequence[str]:
        return [general(x, 20) if -inf < x < inf else _infinity(x) for x in column]

    def _texts(self, column: Sequence[str]) -> Sequence[str]:
        return list(map(_string, column))

    def _blobs(self, column: Sequence[bytes]) -> Sequence[str]:
        return [_string(self._blob(blob)) for blob in column]

    def _blob(self, blob: bytes) -> str:
        if self._blob_form == "base64":
            from binascii import b2a_base64

            return b2a_base64(blob, newline=False).decode()
        if not self._blob_form and self._text_blobs:
            try:
                return blob.decode()
            except UnicodeDecodeError:
                pass
        return blob.hex()

    def _nulls(self, column: Sequence[None]) -> Sequence[str]:
        return ["null"] * len(column)


class JsonLines(Json):
    """jsonl: an object a line. A blob is its hex digits, or base64 with `blobs`; a REAL has the
    digits that it takes to read the same number back."""

    __slots__ = ()
    _nul = ""
    _row_separator = "\n"
    _page_separator = ""
    _text_blobs = False

    def _page(self, page: Page) -> str:
        return super()._page(page) + "\n"

    def _head(self) -> str:
        return ""

    def _tail(self) -> str:
        return ""

    def _reals(self, column: Sequence[float]) -> Sequence[str]:
        return [repr(x) if -inf < x < inf else _infinity(x) for x in column]


_string = encode_basestring


def _infinity(x: float) -> str:
    return "null" if x != x else "1e999" if x > 0 else "-1e999"


def _valid(text: str) -> str:
    """The text without surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        import re

        return re.sub("[\ud800-\udfff]", "\ufffd", text)
    return text
