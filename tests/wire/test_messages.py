from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqshell.errors import LocalProtocolError, RemoteProtocolError
from dqshell.wire import messages as m
from dqshell.wire.framing import FAILURE, METADATA, SERVERS, STMT, Frame, FrameReader
from tests.wire import naive
from tests.wire.strategies import I64, TEXT, U32, U64, VALUE

if TYPE_CHECKING:
    from dqshell.wire.fields import Record

REQUESTS = m.Request.__subclasses__()
RESPONSES = m.Response.__subclasses__()

few = settings(max_examples=20)  # for each class

# What the fields of each kind are drawn from; by the annotation.
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "U32": U32,
    "U64": U64,
    "I64": I64,
    "OptionalU64": st.none() | U64,
    "Text": TEXT,
    "Params": st.lists(VALUE, max_size=10).map(tuple),
    "Blob": st.binary(max_size=5).map(lambda data: data * 8),
    "Rest": st.integers(0, 5).flatmap(lambda words: st.binary(min_size=words * 8, max_size=words * 8)),
    "Note": st.just(False),
}


def records(cls: type[Record]) -> st.SearchStrategy[Any]:
    return st.tuples(*map(kind, cls.__annotations__.values())).map(lambda values: cls(*values))


def kind(annotation: str) -> st.SearchStrategy[Any]:
    if annotation.startswith("list["):
        return st.lists(kind(annotation[5:-1]), max_size=4)
    if annotation in KINDS:
        return KINDS[annotation]
    return records(getattr(m, annotation))


def frame(data: bytes) -> Frame:
    assert len(data) == 8 + 8 * int.from_bytes(data[:4], "little")
    return Frame(data[4], data[5], data[8:])


def response(kind: int, body: bytes, schema: int = 0) -> m.Response:
    return m.decode_response(Frame(kind, schema, body))


# Every message, both ways.


@pytest.mark.parametrize("cls", REQUESTS, ids=lambda cls: cls.__name__)
@few
@given(data=st.data(), schema=st.sampled_from([0, 1]))
def test_a_request_comes_back_as_it_was(cls: type[m.Request], data: st.DataObject, schema: int) -> None:
    request = data.draw(records(cls))
    assert m.decode_request(frame(m.encode(request, schema))) == request


@pytest.mark.parametrize("cls", RESPONSES, ids=lambda cls: cls.__name__)
@few
@given(data=st.data())
def test_a_response_comes_back_as_it_was(cls: type[m.Response], data: st.DataObject) -> None:
    answer = data.draw(records(cls))
    if isinstance(answer, m.Failure):
        answer.tail = b""  # what follows a failure is a matter of its own, see below
    schema = 1 if cls is m.StmtWithOffset else 0
    form = cls if cls in (m.ServerLegacy, m.ServersV0) else None
    assert m.decode_response(frame(m.encode(answer, schema)), form) == answer


@given(kind=st.integers(0, 255), schema=st.integers(0, 2), words=st.integers(1, 6), data=st.data())
def test_any_body_is_a_message_or_malformed(kind: int, schema: int, words: int, data: st.DataObject) -> None:
    body = data.draw(st.binary(min_size=words * 8, max_size=words * 8))
    for decode in (m.decode_request, m.decode_response):
        try:
            decode(Frame(kind, schema, body))
        except RemoteProtocolError:
            pass


@pytest.mark.parametrize(
    ("request_", "schema", "data"),
    [
        (m.Leader(), 0, "0100000000000000 0000000000000000"),
        (m.Leader(), 255, "0100000000ff0000 0000000000000000"),
        (m.Client(7), 0, "0100000001000000 0700000000000000"),
        (m.Open("db"), 0, "0300000003000000 6462000000000000 0000000000000000 0000000000000000"),
        (m.Prepare(0, "SELECT 1"), 1, "0300000004010000 0000000000000000 53454c4543542031 0000000000000000"),
        (m.Exec(0, 3), 0, "0100000005000000 0000000003000000"),
        (m.Query(1, 3, (7,)), 0, "0300000006000000 0100000003000000 0101000000000000 0700000000000000"),
        (m.Query(1, 3, (7,)), 1, "0300000006010000 0100000003000000 0100000001000000 0700000000000000"),
        (m.Add(2, "b:1"), 0, "020000000c000000 0200000000000000 623a310000000000"),
        (m.Assign(2, m.SPARE), 0, "020000000d000000 0200000000000000 0200000000000000"),
        (m.Assign(2), 0, "010000000d000000 0200000000000000"),
        (m.Cluster(), 0, "0100000010000000 0100000000000000"),
        (m.Describe(), 0, "0100000012000000 0000000000000000"),
        (m.Weight(9), 0, "0100000013000000 0900000000000000"),
    ],
    ids=str,
)
def test_a_request_on_the_wire(request_: m.Request, schema: int, data: str) -> None:
    assert m.encode(request_, schema) == bytes.fromhex(data)


def test_every_request_has_a_type_of_its_own_and_none_is_one_that_must_not_be_sent() -> None:
    types = [cls.type for cls in REQUESTS]
    assert sorted(types) == sorted(set(range(20)) - {m.HEARTBEAT, m.CONNECT})


# The few responses that need more than their table.


def test_a_statement_has_an_offset_in_schema_1() -> None:
    body = bytes.fromhex("0000000001000000 0200000000000000")
    assert response(STMT, body) == m.Stmt(0, 1, 2)
    assert response(STMT, body + bytes.fromhex("0900000000000000"), 1) == m.StmtWithOffset(0, 1, 2, 9)
    with pytest.raises(RemoteProtocolError, match="malformed StmtWithOffset: it ends too early"):
        response(STMT, body, 1)


def test_a_form_is_for_the_responses_of_its_type_only() -> None:
    failure = frame(m.encode(m.Failure(1, "no")))
    assert m.decode_response(failure, m.ServerLegacy) == m.Failure(1, "no")
    welcome = frame(m.encode(m.Welcome(15000)))
    assert m.decode_response(welcome, m.ServersV0) == m.Welcome(15000)


def test_a_last_insert_id_can_be_negative() -> None:
    assert m.decode_response(frame(m.encode(m.Result(-5, 1)))) == m.Result(-5, 1)


def test_the_four_bytes_behind_the_id_of_a_database_are_padding() -> None:
    assert response(m.Db.type, b"\7\0\0\0junk") == m.Db(7)


@pytest.mark.parametrize("cls", [m.Welcome, m.Server, m.Db, m.Result, m.Servers, m.Metadata])
@few
@given(data=st.data())
def test_what_follows_a_response_is_malformed(cls: type[m.Response], data: st.DataObject) -> None:
    whole = frame(m.encode(data.draw(records(cls))))
    with pytest.raises(RemoteProtocolError, match=f"malformed {cls.__name__}: 8 bytes too many"):
        m.decode_response(Frame(whole.type, 0, whole.body + bytes(8)))


@pytest.mark.parametrize("cls", [m.Server, m.Servers, m.Files, m.Result, m.Metadata])
@few
@given(data=st.data())
def test_a_response_that_is_cut_short_is_malformed(cls: type[m.Response], data: st.DataObject) -> None:
    whole = frame(m.encode(data.draw(records(cls))))
    words = data.draw(st.integers(0, len(whole.body) // 8 - 1))
    with pytest.raises(RemoteProtocolError, match=f"malformed {cls.__name__}"):
        m.decode_response(Frame(whole.type, 0, whole.body[: words * 8]))


def test_a_count_that_lies_is_malformed_and_costs_nothing() -> None:
    with pytest.raises(RemoteProtocolError, match="malformed Servers: it ends too early"):
        response(SERVERS, b"\xff" * 8 + bytes(24))


def test_there_are_no_other_types() -> None:
    with pytest.raises(RemoteProtocolError, match="no response of type 11"):
        response(METADATA + 1, bytes(8))
    with pytest.raises(RemoteProtocolError, match="no request of type 2"):
        m.decode_request(Frame(m.HEARTBEAT, 0, bytes(8)))


# Failures.

NAMES = st.lists(TEXT, min_size=1, max_size=20)
CODES = st.integers(0, 2**31 - 1)
ROWS = NAMES.flatmap(
    lambda names: st.tuples(st.just(names), st.lists(st.tuples(*[VALUE] * len(names)), max_size=4), CODES, TEXT)
)


def garbled(names: list[str], rows: list[tuple[Any, ...]], code: int, message: str) -> bytes:
    return naive.encode(names, rows, b"") + m.encode(m.Failure(code, message))[8:]


@given(ROWS)
def test_a_failure_behind_rows_is_found(found: tuple[list[str], list[tuple[Any, ...]], int, str]) -> None:
    _, _, code, message = found
    assert m.decode_failure(garbled(*found)) == m.Failure(code, message, garbled=True)


@given(code=CODES, message=TEXT)
def test_a_failure_without_rows_is_taken_as_it_is(code: int, message: str) -> None:
    assert response(FAILURE, m.encode(m.Failure(code, message))[8:]) == m.Failure(code, message)


def test_a_failure_behind_no_column_at_all_is_found() -> None:
    assert m.decode_failure(garbled([], [], 5, "database is locked")) == m.Failure(
        5, "database is locked", garbled=True
    )


@pytest.mark.parametrize(
    "tail",
    [
        b"\0" * 8,  # neither rows nor a failure
        b"\x11" + bytes(7) + bytes(16),  # a row, and nothing
        b"\1" + bytes(7) + b"no end!!",
        b"\1" + bytes(7) + b"the end\0" + bytes(8),
        b"\1\0\0\0\1\0\0\0" + b"no code\0",
    ],
)
def test_what_cannot_be_explained_behind_a_failure_is_kept(tail: bytes) -> None:
    plain = m.encode(m.Failure(2, "first"))[8:]
    assert m.decode_failure(plain + b"second\0\0" + tail) == m.Failure(2, "first", b"second\0\0" + tail)


def test_a_failure_without_a_message_is_malformed() -> None:
    with pytest.raises(RemoteProtocolError):
        m.decode_failure(bytes(8))


def test_a_failure_that_claims_a_huge_number_of_columns_is_taken_as_it_is() -> None:
    body = (2**60).to_bytes(8, "little") + bytes(16)
    assert m.decode_failure(body) == m.Failure(2**60, "", bytes(8))


# The table itself.


def test_values_are_given_in_order_or_by_name_and_some_have_defaults() -> None:
    assert m.Open("x") == m.Open(name="x", flags=0, vfs="") == m.Open("x", vfs="")
    assert m.Open("x") != m.Open("y")
    assert m.Dump("x") != m.Open("x")
    assert repr(m.Open("x", 1)) == "Open(name='x', flags=1, vfs='')"


@pytest.mark.parametrize("wrong", [((), {}), (("x", 0, "", 1), {}), (("x",), {"name": "y"}), (("x",), {"mode": 1})])
def test_values_that_are_missing_or_too_many_are_refused(wrong: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    values, named = wrong
    with pytest.raises(TypeError, match="Open takes name, flags, vfs"):
        m.Open(*values, **named)


@pytest.mark.parametrize(
    "request_",
    [m.Client(2**64), m.Client(-1), m.Exec(2**32, 0), m.Open("a\0b"), m.ExecSql(0, "SELECT '\0'"), m.Add(1, "\udfff")],
    ids=str,
)
def test_what_does_not_fit_into_its_field_is_not_sent(request_: m.Request) -> None:
    with pytest.raises(LocalProtocolError):
        m.encode(request_)


def test_roles_have_names() -> None:
    assert [m.ROLE_NAMES[role] for role in (m.VOTER, m.STANDBY, m.SPARE)] == ["voter", "stand-by", "spare"]


def test_a_reader_hands_its_frames_to_the_decoder() -> None:
    reader = FrameReader()
    reader.feed(m.encode(m.Server(1, "a:1")) + m.encode(m.Empty()))
    answers = []
    while (next_frame := reader.next_frame()) is not None:
        answers.append(m.decode_response(next_frame))
    assert answers == [m.Server(1, "a:1"), m.Empty()]
