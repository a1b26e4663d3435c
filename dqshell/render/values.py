"""Values as text, exactly as SQLite 3.40 writes them.

SQLite 3.40 turns a REAL into decimal digits with x87 long double arithmetic (64 bits of mantissa)
that rounds at every step, so its last digit is not always the nearest one. The same steps are
repeated here with integers; what is known to come out alike goes a shorter way. The algorithm is
that of `sqlite3_str_vappendf` in SQLite's src/printf.c, its formats `%!.15g` (a REAL read as text)
and `%!.20g` (a REAL as a literal).
"""

from __future__ import annotations

from bisect import bisect_right
from math import frexp, inf, nextafter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    Value: TypeAlias = "int | float | str | bytes | None"

_POINT = 63  # a number between 1 and 10 is an integer of 2**-63
_FRACTION = (1 << _POINT) - 1


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


def real_literal(x: float) -> str:
    """A REAL in 20 digits, as sqlite3's quote and json modes write it; the infinities as `Inf`."""
    return _general(x, 20)


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
    return _general(x, 15)


def _general(x: float, digits: int) -> str:
    """`%!.<digits>g` in SQLite's printf, for 15 or 20 significant digits."""
    if x != x:
        return "NaN"
    if x == 0:
        return "0.0"
    sign = "-" if x < 0 else ""
    x = abs(x)
    if x == inf:
        return sign + "Inf"
    number, exponent = _normalised(x)
    if digits == 15:
        number = _aligned((number << 48) + _HALF_UNIT, -48)
        if number >= 10 << _POINT:
            number = _aligned(number * _TENTH, _TENTH_BINARY)
            exponent += 1
    # For 20 digits SQLite adds 5e-20: less than half a unit of the last place, so no change.
    return sign + _layout(_digits(number, digits), exponent)


def _layout(digits: str, exponent: int) -> str:
    """Digits (the first stands before the point) and a power of ten, laid out as `%!g` does."""
    if exponent < -4 or exponent >= len(digits):
        return f"{digits[0]}.{digits[1:].rstrip('0') or '0'}e{exponent:+03d}"
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits.rstrip('0')}"
    return f"{digits[: exponent + 1]}.{digits[exponent + 1 :].rstrip('0') or '0'}"


def _digits(number: int, count: int) -> str:
    """The first digits of a number in fixed point."""
    taken = 0
    while number & 7 and count:  # a multiple of 8 stays exact from here on
        taken = taken * 10 + (number >> _POINT)
        number = _aligned((number & _FRACTION) * 10, 0)
        count -= 1
    if count:
        taken = taken * 10**count + (number * 10 ** (count - 1) >> _POINT)
    return str(taken)


def _normalised(x: float) -> tuple[int, int]:
    """x > 0 as a number from 1 to 10, in fixed point, and a power of ten."""
    mantissa, binary = _long(x)
    decimal = 0
    if x >= 10:
        bounds, scales = _powers()
        decimal = bisect_right(bounds, x) - 1
        divisor, divisor_binary = scales[decimal]
        mantissa, rest = divmod(mantissa << 80, divisor)
        mantissa, binary = _rounded(mantissa << 1 | (rest > 0), binary - divisor_binary - 81)
    else:
        low, low_binary = _LOW
        while binary <= low_binary and mantissa < low << (low_binary - binary):
            mantissa, binary = _rounded(mantissa * 100_000_000, binary)
            decimal -= 8
        while mantissa.bit_length() + binary <= 0:
            mantissa, binary = _rounded(mantissa * 10, binary)
            decimal -= 1
    return mantissa << (_POINT + binary), decimal


def _long(x: float) -> tuple[int, int]:
    """A number as mantissa and power of two."""
    fraction, binary = frexp(x)
    return int(fraction * 2.0**53), binary - 53


def _rounded(mantissa: int, binary: int) -> tuple[int, int]:
    """The mantissa cut to 64 bits: to the nearest, ties to even."""
    excess = mantissa.bit_length() - 64
    if excess <= 0:
        return mantissa, binary
    rest = mantissa & ((1 << excess) - 1)
    half = 1 << (excess - 1)
    mantissa >>= excess
    if rest > half or (rest == half and mantissa & 1):
        mantissa += 1
    return mantissa, binary + excess


def _aligned(mantissa: int, binary: int) -> int:
    """The same, as an integer (what is rounded here never has digits behind the point left)."""
    mantissa, binary = _rounded(mantissa, binary)
    return mantissa << binary


def _powers() -> tuple[list[float], list[tuple[int, int]]]:
    """The powers of ten as SQLite multiplies them up, and for each the first double not below it."""
    if not _bounds:
        hundreds = (1, 0)
        while len(_scales) < 309:
            tens = hundreds
            for _ in range(10):
                scale = tens
                for _ in range(10):
                    _scales.append(scale)
                    scale = _rounded(scale[0] * 10, scale[1])
                tens = _rounded(tens[0] * 10**10, tens[1])
            hundreds = _rounded(hundreds[0] * _HUNDRED[0], hundreds[1] + _HUNDRED[1])
        for mantissa, binary in _scales[:309]:
            exact = mantissa << binary
            nearest = float(exact)
            _bounds.append(nearest if int(nearest) >= exact else nextafter(nearest, inf))
    return _bounds, _scales


_bounds: list[float] = []
_scales: list[tuple[int, int]] = []
_LOW = _long(1e-8)
_HUNDRED = _long(1e100)
_TENTH, _TENTH_BINARY = _long(0.1)
# Half a unit of the 15th digit, as SQLite computes it: 64 bits, the last one worth 2**-111.
_HALF_UNIT = _rounded(_long(5e-05)[0] * _long(1e-10)[0], 0)[0]
