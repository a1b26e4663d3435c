"""The formats by name. A format is imported when it is first used."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .renderer import Renderer, Write
    from .settings import Settings

# What Settings.mode can be, and the class that renders it. (tabs and qbox are settings of list and
# box, as in sqlite3.)
MODES = {
    "ascii": "delimited.List",
    "box": "table.Box",
    "column": "table.Column",
    "csv": "delimited.Csv",
    "html": "markup.Html",
    "insert": "literals.Insert",
    "json": "json_text.Json",
    "jsonl": "json_text.JsonLines",
    "line": "lines.Line",
    "list": "delimited.List",
    "markdown": "table.Markdown",
    "quote": "literals.Quote",
    "table": "table.Table",
    "tcl": "delimited.Tcl",
    "tsv": "delimited.Tsv",
    "vertical": "lines.Vertical",
}


def open_renderer(settings: Settings, write: Write) -> Renderer:
    """A renderer for one result set in the mode of the settings; it calls `write` with the text."""
    module, name = MODES[settings.mode].split(".")
    # importlib.import_module does the same, but is one more module to import.
    renderer: type[Renderer] = getattr(__import__(f"{__package__}.{module}", fromlist=[name]), name)
    return renderer(settings, write)
