from __future__ import annotations

import math
from struct import pack
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqshell.errors import RemoteProtocolError
from dqshell.wire.rows import RowDecoder
from dqshell.wire.values import BOOLEAN, ISO8601, UNIXTIME
from tests.wire import naive
from tests.wire.strategies import I64, TEXT, VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dqshell.wire.values import Value

    Row = tuple[Value, ...]

# A decoder has a function only after some bodies, so a result set is drawn as many small ones.
BODIES = 6

# Columns of one type now and then have another, or are NULL: that makes headers repeat.
COLUMN = st.sampled_from([I64, st.floats(allow_nan=False), TEXT, st.binary(max_size=20), st.none(), VALUE])


@st.composite
def result_sets(draw: st.DrawFn) -> tuple[list[str], list[list[Row]]]:
    """The names of the columns, and the rows body by body."""
    columns = draw(st.lists(COLUMN, min_size=1, max_size=20))
    names = draw(st.lists(TEXT, min_size=len(columns), max_size=len(columns)))
    few = [draw(st.tuples(*columns)) for _ in range(draw(st.integers(1, 4)))]
    rows = st.sampled_from(few) | st.tuples(*columns)
    bodies = [draw(st.lists(rows, min_size=1, max_size=3)) for _ in range(BODIES)]
    return names, bodies


def decode_all(bodies: Sequence[bytes]) -> list[Row]:
    decoder = RowDecoder()
    rows: list[Row] = []
    for body in bodies:
        more, done = decoder.decode(body)
        rows += more
        assert done is body.endswith(naive.DONE)
    return rows


def warm(names: list[str], row: Row) -> RowDecoder:
    """A decoder that has a function for rows like this one."""
    decoder = RowDecoder()
    body = naive.encode(names, [row], naive.PART)
    for _ in range(4):
        assert decoder.decode(body) == ([row], False)
    assert decoder._run is not None
    return decoder


@given(result_sets())
def test_rows_come_back_as_they_were(result_set: tuple[list[str], list[list[Row]]]) -> None:
    names, batches = result_set
    decoder = RowDecoder()
    for batch in batches:
        assert decoder.decode(naive.encode(names, batch, naive.PART)) == (batch, False)
        assert decoder.columns == names
    assert decoder.decode(naive.encode(names, [])) == ([], True)


def alternating(i: int) -> Row:
    return (i, f"name {i}", i / 3, (None, b"blob %d" % i, i)[i % 3])


def every_combination(i: int) -> Row:
    return tuple(None if i * 7919 >> j & 1 else (i, 0.5, "x", b"y")[j % 4] for j in range(10))


TABLES: dict[str, Callable[[int], Row]] = {
    "alternating": alternating,
    "text": lambda i: (i, "x" * (i % 23), i / 3),
    "integers": lambda i: (i, -i, i << 40),
    "nulls": lambda i: (i, i / 3, None),
    "only nulls": lambda i: (None, None),
    "sixteen": lambda i: tuple(range(i, i + 16)),
    "seventeen": lambda i: (*range(i, i + 16), None if i % 2 else "x"),
    "wide": lambda i: tuple((i, f"{i}", None, b"", 0.5)[(i + j) % 5] for j in range(60)),
    "late change": lambda i: (i, i) if i < 2700 else (i, "text"),
    "every combination": every_combination,
    "not UTF-8": lambda i: (i, "\udcff" if i % 500 == 0 else "fine"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_pages_as_a_server_makes_them_are_decoded_as_the_naive_decoder_does(kind: str) -> None:
    rows = [TABLES[kind](i) for i in range(3000)]
    bodies = naive.encode_pages([f"c{column}" for column in range(len(rows[0]))], rows)
    assert len(bodies) > 16
    assert decode_all(bodies) == rows == [row for body in bodies for row in naive.decode(body)]


def test_the_widest_rows_that_a_server_can_send() -> None:
    rows: list[Row] = [(i,) * 500 for i in range(20)]
    assert decode_all(naive.encode_pages([f"c{column}" for column in range(500)], rows)) == rows


def test_a_null_in_a_text_column_stays_null() -> None:
    decoder = warm(["t"], ("text",))
    rows: list[Row] = [("",), (None,), ("None",)]
    assert decoder.decode(naive.encode(["t"], rows)) == (rows, True)


def test_types_are_those_of_sqlite() -> None:
    row = (True, 1.0, "1", b"1", None, -0.0, math.inf)
    ((integer, real, *rest),), _ = RowDecoder().decode(naive.encode(list("abcdefg"), [row]))
    assert (type(integer), type(real)) == (int, float)
    assert rest == ["1", b"1", None, -0.0, math.inf]
    assert isinstance(rest[3], float)
    assert math.copysign(1, rest[3]) == -1


def test_a_nan_is_a_float() -> None:
    for decoder in (RowDecoder(), warm(["n"], (0.5,)), warm(["n", "t"], (0.5, "t"))):
        row = (math.nan,) + ("t",) * (len(decoder.columns) - 1)
        (((value, *_),), _) = decoder.decode(naive.encode(decoder.columns or ["n"], [row]))
        assert isinstance(value, float)
        assert math.isnan(value)


@pytest.mark.parametrize("size", [4096, 2 << 20])
def test_a_row_may_be_larger_than_a_page(size: int) -> None:
    decoder = warm(["t", "b"], ("t", b"b"))
    rows: list[Row] = [("x" * size, b"y" * size), ("", b"")]
    assert decoder.decode(naive.encode(["t", "b"], rows, naive.PART)) == (rows, False)
    assert decoder.decode(naive.encode(["t", "b"], [])) == ([], True)


def test_what_is_in_the_padding_means_nothing() -> None:
    body = (
        (pack("<Q", 2) + b"a\0junk!!" + b"b\0JUNK!!")
        + (b"\x43" + b"\0junk!!" + b"text\0???" + pack("<Q", 3) + b"blo\xff\xff\xff\xff\xff")
        + naive.PART
    )
    decoder = RowDecoder()
    for _ in range(9):
        assert decoder.decode(body) == ([("text", b"blo")], False)
    assert decoder.columns == ["a", "b"]


def test_a_result_without_columns_is_complete() -> None:
    decoder = RowDecoder()
    assert decoder.decode(bytes(8) + naive.DONE) == ([], True)
    assert decoder.columns == []


def test_times_and_booleans_come_as_they_were_sent_and_are_noted() -> None:
    def body(first: int, second: int, a: bytes, b: int) -> bytes:
        return (
            naive.encode(["a", "b"], [], b"") + bytes([first | second << 4] + [0] * 7) + a + pack("<q", b) + naive.PART
        )

    text = body(ISO8601, BOOLEAN, b"2026-11\0", 5)
    number = body(UNIXTIME, 1, pack("<q", -1), 1)
    decoder = RowDecoder()
    for _ in range(9):
        assert decoder.decode(text) == ([("2026-11", 5)], False)
        assert decoder.decode(number) == ([(-1, 1)], False)
    assert decoder.column_types == {0: {UNIXTIME, ISO8601}, 1: {BOOLEAN}}


def test_other_columns_are_not_noted() -> None:
    decoder = RowDecoder()
    decoder.decode(naive.encode(["a", "b"], [(1, "x"), (None, b"y"), (0.5, 1)]))
    assert decoder.column_types == {}


def test_names_may_change_but_not_their_number() -> None:
    decoder = RowDecoder()
    decoder.decode(naive.encode(["a", "b"], [(1, 2)], naive.PART))
    assert decoder.decode(naive.encode(["a", "renamed"], [(3, 4)], naive.PART)) == ([(3, 4)], False)
    assert decoder.columns == ["a", "b"]
    with pytest.raises(RemoteProtocolError, match="3 columns after 2"):
        decoder.decode(naive.encode(["a", "b", "added"], [(5, 6, 7)]))


def test_a_page_full_of_names_is_an_error_since_the_server_would_send_it_for_ever() -> None:
    with pytest.raises(RemoteProtocolError, match="without rows for ever") as caught:
        RowDecoder().decode(naive.encode(["x" * 4096], [], naive.PART))
    assert "AS" in caught.value.advice


MALFORMED = {
    "nothing": b"",
    "a marker alone": naive.DONE,
    "no marker": naive.encode(["a"], [(1,)], b""),
    "half a word": naive.encode(["a"], [(1,)], b"") + b"\xff" * 12,
    "half a marker": naive.encode(["a"], [(1,)], b"\xff" * 7 + b"\xee"),
    "something behind the marker": naive.encode(["a"], [(1,)]) + b"x" * 8 + naive.DONE,
    "two markers": naive.encode(["a"], [(1,)]) + naive.DONE,
    "a huge number of columns": pack("<Q", 2**60) + bytes(64) + naive.DONE,
    "more columns than names": pack("<Q", 3) + b"a" + bytes(7) + b"b" + bytes(7) + naive.DONE,
    "a name without an end": pack("<Q", 1) + b"x" * 8 + naive.DONE,
    "a row without columns": bytes(16) + naive.DONE,
    "a type that there is not": naive.encode(["a"], [], b"") + pack("<QQ", 6, 0) + naive.DONE,
    "a header alone": naive.encode(["a"], [], b"") + pack("<Q", 1) + naive.DONE,
    "half a header": naive.encode(["a"] * 17, [], b"") + b"\x11" * 8 + naive.DONE,
    "an integer that is cut off": naive.encode(["a", "b"], [], b"") + pack("<Qq", 0x11, 1) + naive.DONE,
    "a text without an end": naive.encode(["a"], [], b"") + pack("<Q", 3) + b"x" * 8 + naive.DONE,
    "a text without an end, then a number": naive.encode(["a", "b"], [], b"")
    + pack("<Q", 0x13)
    + b"x" * 8
    + naive.DONE,
    "a blob without a length": naive.encode(["a"], [], b"") + pack("<Q", 4) + naive.DONE,
    "a blob beyond the end": naive.encode(["a"], [], b"") + pack("<QQ", 4, 9) + b"x" * 8 + naive.DONE,
    "a huge blob": naive.encode(["a"], [], b"") + pack("<QQ", 4, 2**64 - 1) + b"x" * 8 + naive.DONE,
    "a huge blob, then a text": naive.encode(["a", "b"], [], b"")
    + pack("<QQ", 0x34, 2**64 - 9)
    + b"x" * 8
    + naive.DONE,
    "a huge blob, then a number": naive.encode(["a", "b"], [], b"") + pack("<QQ", 0x14, 2**62) + b"x" * 8 + naive.DONE,
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_rows_are_refused(what: str) -> None:
    with pytest.raises(RemoteProtocolError, match="malformed Rows"):
        RowDecoder().decode(MALFORMED[what])


@pytest.mark.parametrize("what", MALFORMED)
@pytest.mark.parametrize(
    "row", [(1,), ("text",), (b"blob",), (b"blob", "text"), (b"blob", 1), ("text", 1), (1, 1)], ids=str
)
def test_malformed_rows_are_refused_by_a_function_too(what: str, row: Row) -> None:
    with pytest.raises(RemoteProtocolError, match="malformed Rows"):
        warm(["a", "b"][: len(row)], row).decode(MALFORMED[what])


@given(result_sets(), st.data())
def test_a_damaged_body_is_decoded_by_a_function_as_it_is_without(
    result_set: tuple[list[str], list[list[Row]]], data: st.DataObject
) -> None:
    names, batches = result_set
    fast, plain = RowDecoder(), RowDecoder()
    for batch in batches[:5]:
        for decoder in (fast, plain):
            decoder.decode(naive.encode(names, batch, naive.PART))
    plain._run, plain._columnar = None, False
    body = bytearray(naive.encode(names, batches[5]))
    for _ in range(data.draw(st.integers(0, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body) // 8)) * 8
    for damaged in (bytes(body), bytes(body[:cut]) + naive.DONE):
        assert outcome(fast, damaged) == outcome(plain, damaged)


def outcome(decoder: RowDecoder, body: bytes) -> str:
    try:
        return repr(decoder.decode(body))  # NaN equals nothing, but its name does
    except RemoteProtocolError:
        return "malformed"


@given(body=st.binary(max_size=80).map(lambda data: data + bytes(-len(data) % 8) + naive.DONE))
def test_any_garbage_gives_rows_or_an_error(body: bytes) -> None:
    try:
        rows, done = RowDecoder().decode(body)
    except RemoteProtocolError:
        return
    assert done
    assert len(rows) <= len(body)
