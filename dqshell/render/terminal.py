"""Data on a terminal: nothing of it may steer the terminal or lie about the order of what it shows.

Control characters (C0, DEL, C1), the overrides, embeddings and isolates of bidirectional text, and
lone surrogates (bytes that are not UTF-8) are shown as `\\x1b` or `\\u202e`.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .values import Value

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# The bytes of a blob that are shown where a format has no form of its own for it.
_BLOB_SHOWN = 32


def sanitize(text: str, keep: str = "") -> str:
    """The text with everything unsafe in a visible form, but for the characters to keep."""
    if text.isprintable():
        return text

    def visible(match: re.Match[str]) -> str:
        char = match.group()
        if char in keep:
            return char
        code = ord(char)
        if 0xDC80 <= code <= 0xDCFF:
            code -= 0xDC00
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

    return _UNSAFE.sub(visible, text)


def escape_json(text: str) -> str:
    """JSON text with everything unsafe escaped; it still means the same."""
    return _UNSAFE.sub(
        lambda match: match.group() if match.group() == "\n" else f"\\u{ord(match.group()):04x}",
        text,
    )


def safe_rows(page: Iterable[Sequence[Value]], replace_blobs: bool) -> list[tuple[Value, ...]]:
    """The rows with safe texts, which keep their line breaks and tabs, and with blobs in hex."""
    return [
        tuple(
            [
                _safe_text(cell)
                if type(cell) is str
                else _short_blob(cell)
                if replace_blobs and type(cell) is bytes
                else cell
                for cell in row
            ]
        )
        for row in page
    ]


def _safe_text(text: str) -> str:
    return text if text.isprintable() else sanitize(text.replace("\r\n", "\n"), keep="\n\t")


def _short_blob(blob: bytes) -> str:
    if len(blob) <= _BLOB_SHOWN:
        return f"x'{blob.hex()}'"
    return f"x'{blob[:_BLOB_SHOWN].hex()}…' ({len(blob)} bytes)"
