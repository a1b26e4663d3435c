"""The digits of a REAL as SQLite 3.40 finds them.

SQLite 3.40 turns a REAL into decimal digits with x87 long doubles: numbers of 64 bits, rounded at
every step, so that its last digits are not always the nearest ones. The same steps are repeated
here with integers. The algorithm is that of `sqlite3_str_vappendf` in SQLite's src/printf.c.

A number is a mantissa and a power of two; in fixed point it is an integer of 2**-63.
"""

from __future__ import annotations

from bisect import bisect_right
from math import frexp, inf, nextafter

_POINT = 63
_FRACTION = (1 << _POINT) - 1


def general(x: float, digits: int) -> str:
    """`%!.15g` (a REAL as text) or `%!.20g` (as a literal) in SQLite's printf; `digits` says which."""
    if x != x:
        return "NaN"
    if x == 0:
        return "0.0"
    sign = "-" if x < 0 else ""
    x = abs(x)
    if x == inf:
        return sign + "Inf"
    mantissa, binary, exponent = _normalised(x)
    number = mantissa << (_POINT + binary)
    if digits == 15:
        mantissa, binary = _rounded((number << 48) + _HALF_UNIT, -48)
        number = mantissa << binary
        if number >= 10 << _POINT:
            mantissa, binary = _rounded(number * _TENTH[0], _TENTH[1])
            number = mantissa << binary
            exponent += 1
    # For 20 digits SQLite adds 5e-20: less than half a unit of the last place, so no change.
    return sign + _layout(_digits(number, digits), exponent)


def _normalised(x: float) -> tuple[int, int, int]:
    """x > 0 as a number from 1 to 10 and a power of ten."""
    fraction, binary = frexp(x)
    mantissa = int(fraction * 2.0**53)
    binary -= 53
    exponent = 0
    if x >= 10:
        if not _bounds:
            _make_powers()
        exponent = bisect_right(_bounds, x) - 1
        divisor, divisor_binary = _powers[exponent]
        mantissa, rest = divmod(mantissa << 80, divisor)
        # The last bit says whether there is more behind it.
        mantissa, binary = _rounded(mantissa << 1 | (rest > 0), binary - divisor_binary - 81)
    elif x < 1:
        least, least_binary = _LEAST
        while binary <= least_binary and mantissa < least << (least_binary - binary):
            mantissa, binary = _rounded(mantissa * 100_000_000, binary)
            exponent -= 8
        while mantissa.bit_length() + binary <= 0:
            mantissa, binary = _rounded(mantissa * 10, binary)
            exponent -= 1
    return mantissa, binary, exponent


def _digits(number: int, count: int) -> str:
    """The first digits of a number in fixed point."""
    taken = 0
    while number & 7 and count:  # a multiple of 8 stays exact from here on
        taken = taken * 10 + (number >> _POINT)
        number = (number & _FRACTION) * 10
        excess = number.bit_length() - 64
        if excess > 0:
            number = (number + (1 << (excess - 1)) - 1 + (number >> excess & 1)) >> excess << excess
        count -= 1
    if count:
        taken = taken * 10**count + (number * 10 ** (count - 1) >> _POINT)
    return str(taken)


def _layout(digits: str, exponent: int) -> str:
    """Digits (the first stands before the point) and a power of ten, laid out as `%!g` does."""
    if 0 <= exponent < len(digits):
        return f"{digits[: exponent + 1]}.{digits[exponent + 1 :].rstrip('0') or '0'}"
    if -4 <= exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits.rstrip('0')}"
    return f"{digits[0]}.{digits[1:].rstrip('0') or '0'}e{exponent:+03d}"


def _rounded(mantissa: int, binary: int) -> tuple[int, int]:
    """The mantissa cut to 64 bits: to the nearest, ties to even."""
    excess = mantissa.bit_length() - 64
    if excess <= 0:
        return mantissa, binary
    return (mantissa + (1 << (excess - 1)) - 1 + (mantissa >> excess & 1)) >> excess, binary + excess


def _exactly(x: float) -> tuple[int, int]:
    numerator, denominator = x.as_integer_ratio()
    return numerator, 1 - denominator.bit_length()


def _make_powers() -> None:
    """The powers of ten as SQLite multiplies them up, and for each the first double not below it."""
    hundreds = (1, 0)
    while len(_powers) < 309:
        tens = hundreds
        for _ in range(10):
            power = tens
            for _ in range(10):
                _powers.append(power)
                power = _rounded(power[0] * 10, power[1])
            tens = _rounded(tens[0] * 10**10, tens[1])
        hundreds = _rounded(hundreds[0] * _HUNDRED[0], hundreds[1] + _HUNDRED[1])
    for mantissa, binary in _powers[:309]:
        exact = mantissa << binary
        nearest = float(exact)
        _bounds.append(nearest if int(nearest) >= exact else nextafter(nearest, inf))


_powers: list[tuple[int, int]] = []
_bounds: list[float] = []
# SQLite's constants are doubles.
_LEAST = _exactly(1e-8)
_HUNDRED = _exactly(1e100)
_TENTH = _exactly(0.1)
# Half a unit of the 15th digit: 64 bits, the last one worth 2**-111.
_HALF_UNIT = _rounded((_exactly(5e-05)[0] * _exactly(1e-10)[0]) << 64, 0)[0]
