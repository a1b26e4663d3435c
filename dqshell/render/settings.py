"""How results are shown: what `.mode`, `.headers`, `.separator`, `.nullvalue` and `.width` set."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# In the order in which sqlite3 tries them: an abbreviation means the first that it begins.
# The names after json are ours.
MODE_NAMES = (
    "line column list html tcl csv tabs insert quote ascii markdown table box qbox json jsonl tsv vertical"
).split()

# Column and row separator of the modes that bring their own; None leaves it as it is.
_SEPARATORS: dict[str, tuple[str | None, str | None]] = {
    "line": (None, "\n"),
    "column": (None, "\n"),
    "list": ("|", "\n"),
    "tcl": (" ", "\n"),
    "csv": (",", "\r\n"),
    "tabs": ("\t", None),
    "quote": (",", "\n"),
    "ascii": ("\x1f", "\x1e"),
}

_TABLES = ("column", "table", "box", "markdown")


class Settings:
    """The settings of a result's format. All can be assigned; `set_mode` is what `.mode` does.

    mode           one of MODE_NAMES
    headers        column names before the first row, in the modes that leave the choice
    separator      between two columns
    row_separator  after a row
    nullvalue      stands for NULL, in the modes that have no form of their own for it
    widths         of the columns of a table, in characters; 0: as needed, negative: right-aligned
    wrap           a longer line of a table's cell is continued on the next line; 0: never
    word_wrap      prefer to wrap between words
    quote          the cells of a table are SQL literals
    table          the table's name in insert mode
    blobs          how json and jsonl write a blob: "hex", "base64", or "" for the mode's own way
                   (json: the text that it is, as sqlite3 does, or hex where it is none; jsonl: hex)
    big_integers_as_text  json and jsonl quote integers beyond 2**53, which many readers round
    for_terminal   data cannot steer the terminal: what is not printable appears in a visible form
    max_width      of a table, in cells: wide columns are cut until it fits; None: never
    cell_width     the cells that a text takes on the terminal; len is what sqlite3 does
    """

    __slots__ = (
        "_headers",
        "_headers_chosen",
        "big_integers_as_text",
        "blobs",
        "cell_width",
        "for_terminal",
        "max_width",
        "mode",
        "nullvalue",
        "quote",
        "row_separator",
        "separator",
        "table",
        "widths",
        "word_wrap",
        "wrap",
    )

    def __init__(self, mode: str = "list") -> None:
        self.mode = "list"
        self._headers = False
        self._headers_chosen = False
        self.separator = "|"
        self.row_separator = "\n"
        self.nullvalue = ""
        self.widths: list[int] = []
        self.wrap = 0
        self.word_wrap = False
        self.quote = False
        self.table = "table"
        self.blobs = ""
        self.big_integers_as_text = False
        self.for_terminal = False
        self.max_width: int | None = None
        self.cell_width: Callable[[str], int] = len
        if mode != "list":
            self.set_mode(mode)

    @property
    def headers(self) -> bool:
        """Whether column names are shown. Once assigned, a change of the mode leaves it alone."""
        return self._headers

    @headers.setter
    def headers(self, shown: bool) -> None:
        self._headers = shown
        self._headers_chosen = True

    def set_mode(
        self,
        name: str,
        *,
        table: str | None = None,
        wrap: int | None = None,
        word_wrap: bool | None = None,
        quote: bool | None = None,
    ) -> None:
        """Change the mode, and what depends on it, as sqlite3's `.mode` does.

        The name may be abbreviated. `tabs` is list mode with another separator, and `qbox` is box
        mode with other options, as in sqlite3. Raises InterfaceError if there is no such mode.
        """
        name = mode_named(name)
        column, row = _SEPARATORS.get(name, (None, None))
        if column is not None:
            self.separator = column
        if row is not None:
            self.row_separator = row
        if name == "column" and not self._headers_chosen:
            self._headers = True
        if name == "insert":
            self.table = "table" if table is None else table
        if name == "qbox":
            self.mode = "box"
            quote = True if quote is None else quote
        else:
            self.mode = "list" if name == "tabs" else name
        if self.mode in _TABLES:
            self.wrap = 60 if wrap is None else wrap
            self.word_wrap = bool(word_wrap)
            self.quote = bool(quote)


def mode_named(name: str) -> str:
    """The full name of a mode that may be abbreviated. Raises InterfaceError if there is none."""
    if name in MODE_NAMES:
        return name
    for mode in MODE_NAMES:
        # sqlite3 has "lines" and "columns" in its table, and does not abbreviate qbox.
        known = mode + "s" if mode in ("line", "column") else mode
        if name and known.startswith(name) and mode != "qbox":
            return mode
    from ..errors import InterfaceError

    names = " ".join(sorted(MODE_NAMES))
    raise InterfaceError(f"no mode is called {name!r}; there are: {names}")
