"""Values as text, as SQLite 3.40 writes them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    Value: TypeAlias = "int | float | str | bytes | None"


def real(x: float) -> str:
    """The text of a REAL as `CAST(x AS TEXT)` gives it: 15 digits, `0.1`, `3.0`, `1.0e+15`, `Inf`."""
    text = repr(x)
    if len(text) < 17 and "e" not in text and "n" not in text and text != "-0.0":
        return text  # 15 digits or less that read back as x: SQLite finds the same
    return _real(x, text)


def reals(column: Sequence[float]) -> list[str]:
    """`real` of every value of a column."""
    texts = list(map(repr, column))
    together = "".join(texts)
    if "e" in together or "n" in together or "-0.0" in together or (texts and max(map(len, texts)) > 16):
        return [
            text if len(text) < 17 and "e" not in text and "n" not in text and text != "-0.0" else _real(x, text)
            for x, text in zip(column, texts, strict=True)
        ]
    return texts


def text_literal(text: str) -> str:
    """Text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def blob_literal(blob: bytes) -> str:
    """A blob as an SQL literal."""
    return "X'" + blob.hex() + "'"


def blob_text(blob: bytes) -> str:
    """A blob read as text, which ends at its first NUL; what is not UTF-8 becomes surrogates."""
    return blob.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def without_nul(page: Iterable[Sequence[Value]]) -> list[tuple[Value, ...]]:
    """The rows with every text cut at its first NUL, as a program that prints C strings cuts it."""
    return [tuple([cell.partition("\0")[0] if isinstance(cell, str) else cell for cell in row]) for row in page]


def _real(x: float, text: str) -> str:
    """A REAL in 15 digits; `text` is its repr, which has up to 17."""
    size = abs(x)
    if 0.0001 <= size < 1e15:
        tail = text.lstrip("-0.").replace(".", "")[15:]
        # SQLite's error is below a hundredth of the 15th digit here: away from the middle between
        # two numbers of 15 digits, it rounds as everybody does.
        if not "49" <= tail <= "51":
            rounded = f"{x:.15g}"
            if "." in rounded:
                return rounded
    from .long_double import general

    return general(x, 15)
