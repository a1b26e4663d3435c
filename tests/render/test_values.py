"""Numbers, texts and blobs as SQLite writes them."""

from __future__ import annotations

import ctypes
import ctypes.util
import random
import struct
from math import inf, isfinite, nan, nextafter
from typing import TYPE_CHECKING

import pytest

from dqshell.render.literals import _KEYWORDS, identifier
from dqshell.render.long_double import general
from dqshell.render.values import blob_literal, blob_text, real, reals, text_literal
from tests.render.oracle import Case, available, theirs

if TYPE_CHECKING:
    from pathlib import Path

    from dqshell.render.settings import Settings


def doubles() -> list[float]:
    """More than 20,000 numbers: of any bits, of everyday sizes, and where rounding is a close thing."""
    chance = random.Random(3)
    numbers = [number for (number,) in struct.iter_unpack("d", chance.randbytes(8 * 10_000)) if isfinite(number)]
    for _ in range(2_000):
        numbers += [
            chance.random(),
            chance.uniform(-1e6, 1e6),
            chance.randrange(10**9) / 100,
            float(chance.randrange(10 ** chance.randrange(1, 19))),
            chance.randrange(10**14, 10**15) + 0.5,
            chance.randrange(10**15, 9 * 10**15) / 10,
            chance.randrange(1 << chance.randrange(1, 50)) * 5e-324,
        ]
    for exponent in range(-323, 309):
        for factor in (1, 5, 9.999999999999995):
            power = float(f"1e{exponent}") * factor
            numbers += [power, nextafter(power, 0), nextafter(power, inf)]
    return [number for number in numbers if isfinite(number)]


@pytest.mark.skipif(not available(), reason="needs the sqlite3 program, version 3.40")
@pytest.mark.parametrize(("mode", "digits"), [("list", 15), ("quote", 20)])
def test_reals_have_the_digits_that_sqlite_gives_them(tmp_path: Path, mode: str, digits: int) -> None:
    numbers = doubles()

    def unused(settings: Settings) -> None: ...

    (output,) = theirs([Case(["x"], [(number,) for number in numbers], [f".mode {mode}"], unused)], tmp_path)
    expected = output.splitlines()
    assert [general(number, digits) for number in numbers] == expected
    if digits == 15:
        assert [real(number) for number in numbers] == expected
        assert reals(numbers) == expected


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.1, "0.1"),
        (3.0, "3.0"),
        (-0.0, "0.0"),
        (1e14, "100000000000000.0"),
        (1e15, "1.0e+15"),
        (1e300, "1.0e+300"),
        (0.0001, "0.0001"),
        (0.00001, "1.0e-05"),
        (5e-324, "4.94065645841247e-324"),
        (123456789012345680.0, "1.23456789012346e+17"),
        (-999999999999999.9, "-1.0e+15"),
        (inf, "Inf"),
        (-inf, "-Inf"),
        (nan, "NaN"),
    ],
)
def test_reals_as_text(number: float, text: str) -> None:
    assert real(number) == text
    assert reals([1.5, number, -2.25]) == ["1.5", text, "-2.25"]


def test_literals() -> None:
    assert text_literal("it's") == "'it''s'"
    assert blob_literal(b"") == "X''"
    assert blob_literal(b"\x00\xff") == "X'00ff'"
    assert blob_text(b"a\xff\0b") == "a\udcff"


def test_the_words_that_must_be_quoted_are_those_of_sqlite() -> None:
    name = ctypes.util.find_library("sqlite3")
    if name is None:
        pytest.skip("needs the SQLite library")
    library = ctypes.CDLL(name)
    library.sqlite3_libversion.restype = ctypes.c_char_p
    if not library.sqlite3_libversion().startswith(b"3.40."):
        pytest.skip("needs SQLite 3.40")
    words = set()
    for number in range(library.sqlite3_keyword_count()):
        word, size = ctypes.c_char_p(), ctypes.c_int()
        library.sqlite3_keyword_name(number, ctypes.byref(word), ctypes.byref(size))
        assert word.value is not None
        words.add(word.value[: size.value].decode())
    assert words == _KEYWORDS


def test_names_are_quoted_where_they_must_be() -> None:
    quoted = [identifier(name) for name in ("t", "_1", "order", "a b", 'a"b', "é", "1a", "")]
    assert quoted == ["t", "_1", '"order"', '"a b"', '"a""b"', '"é"', '"1a"', '""']
