from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqshell.errors import LocalProtocolError, RemoteProtocolError
from dqshell.wire import values
from tests.wire.strategies import VALUE

if TYPE_CHECKING:
    from dqshell.wire.values import Value


@given(params=st.lists(VALUE, max_size=20), schema=st.sampled_from([0, 1]), before=st.integers(0, 3))
def test_parameters_come_back_as_they_were(params: list[Value], schema: int, before: int) -> None:
    start = before * 8
    body = bytes(start) + values.encode_params(params, schema)
    assert values.decode_params(body, start, len(body), schema) == (tuple(params), len(body))


@given(
    body=st.binary(max_size=100).map(lambda data: data + bytes(-len(data) % 8)),
    schema=st.sampled_from([0, 1]),
)
def test_any_bytes_are_parameters_or_malformed(body: bytes, schema: int) -> None:
    try:
        params, at = values.decode_params(body, 0, len(body), schema)
    except RemoteProtocolError:
        return
    assert len(params) <= len(body)
    assert at <= len(body)


def test_parameters_are_a_count_then_types_then_values() -> None:
    assert values.encode_params((1, 0.5, "four", b"b", None)) == (
        bytes([5, 1, 2, 3, 4, 5, 0, 0])
        + bytes([1, 0, 0, 0, 0, 0, 0, 0])
        + bytes([0, 0, 0, 0, 0, 0, 0xE0, 0x3F])
        + b"four\0\0\0\0"
        + bytes([1, 0, 0, 0, 0, 0, 0, 0])
        + b"b\0\0\0\0\0\0\0"
        + bytes(8)
    )


def test_schema_1_counts_parameters_in_four_bytes() -> None:
    many = values.encode_params((7,) * 300, 1)
    assert many[:8] == bytes([0x2C, 1, 0, 0, 1, 1, 1, 1])
    assert len(many) == 304 + 300 * 8


def test_no_parameters_are_no_bytes() -> None:
    assert values.encode_params(()) == b""


def test_255_parameters_fit_and_256_are_refused() -> None:
    assert values.encode_params((None,) * 255)[0] == 255
    with pytest.raises(LocalProtocolError, match="256 parameters"):
        values.encode_params((None,) * 256)


def test_a_boolean_is_an_integer() -> None:
    assert values.encode_params((True, False)) == values.encode_params((1, 0))


def test_a_nan_is_sent_as_it_is() -> None:
    body = values.encode_params((math.nan,))
    ((value,), _) = values.decode_params(body, 0, len(body))
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (2**63, "parameter 2: an integer of more than 64 bits"),
        (-(2**63) - 1, "parameter 2: an integer of more than 64 bits"),
        ("cut\0off", "parameter 2: text holds a NUL"),
        ("\ud800", "parameter 2: text holds a lone surrogate"),
        (bytearray(b"no"), "parameter 2: a bytearray is no SQL value"),
        ([1], "parameter 2: a list is no SQL value"),
    ],
)
def test_what_cannot_be_sent_is_named_by_its_position(value: Value, complaint: str) -> None:
    with pytest.raises(LocalProtocolError, match=complaint):
        values.encode_params((1, value))


def test_there_are_two_schemas_for_parameters() -> None:
    with pytest.raises(LocalProtocolError, match="schema 2"):
        values.encode_params((1,), 2)


def test_text_that_is_not_utf_8_survives() -> None:
    body = values.encode_text("\udcffgrün")
    assert body.startswith(b"\xffgr\xc3\xbcn\0")
    assert values.decode_text(body, 0, len(body)) == ("\udcffgrün", 8)


@pytest.mark.parametrize("length", range(20))
def test_texts_and_blobs_fill_whole_words(length: int) -> None:
    text = values.encode_text("x" * length)
    assert len(text) == (length + 8) // 8 * 8
    blob = values.encode_blob(b"x" * length)
    assert len(blob) == 8 + (length + 7) // 8 * 8
    assert values.decode_blob(blob, 0, len(blob)) == (b"x" * length, len(blob))


def test_what_is_in_the_padding_means_nothing() -> None:
    assert values.decode_text(b"one\0junk", 0, 8) == ("one", 8)
    assert values.decode_blob(b"\2" + bytes(7) + b"ab junk!", 0, 16) == (b"ab", 16)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes(7),
        b"\1" + bytes(7),
        b"\11" + bytes(7) + bytes(8),
        b"\xff" * 8 + bytes(8),
    ],
)
def test_a_blob_that_is_cut_off_is_malformed(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="longer than its message"):
        values.decode_blob(body, 0, len(body))


@pytest.mark.parametrize("body", [b"\1\1" + bytes(6), b"\1\3" + bytes(6) + b"no end!!", b"\1\6" + bytes(14), b"\xff"])
def test_parameters_that_are_cut_off_or_of_no_type_are_malformed(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        values.decode_params(body, 0, len(body))
