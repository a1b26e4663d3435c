"""What a real node sent (see tests/wire/frames/README.md) means what it should."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dqshell.wire import messages as m
from dqshell.wire.framing import FILES, ROWS, FilesStart, Frame, FrameReader
from dqshell.wire.rows import RowDecoder
from dqshell.wire.values import BOOLEAN, ISO8601, UNIXTIME
from tests.wire import naive, recorded

if TYPE_CHECKING:
    from dqshell.wire.values import Value

ADDRESS = "127.0.0.1:27001"


def frames(name: str) -> list[Frame]:
    reader = FrameReader()
    reader.feed(recorded.received(name))
    found = []
    while (frame := reader.next_frame()) is not None:
        found.append(frame)
        if isinstance(frame, FilesStart):
            reader.take_body()
    assert reader.at_boundary
    return found


def rows(name: str) -> tuple[list[str], list[tuple[Value, ...]], list[int]]:
    """Columns, rows, and how many of them came in each response."""
    decoder = RowDecoder()
    found: list[tuple[Value, ...]] = []
    sizes = []
    for frame in frames(name):
        assert frame.type == ROWS
        more, done = decoder.decode(frame.body)
        found += more
        sizes.append(len(more))
    assert done
    return decoder.columns, found, sizes


RESPONSES = {
    "leader": m.Server(1, ADDRESS),
    "leader-schema-255": m.Server(1, ADDRESS),
    "client": m.Welcome(15000),
    "cluster": m.Servers([m.ServerInfo(1, ADDRESS, m.VOTER)]),
    "add": m.Empty(),
    "cluster-of-two": m.Servers([m.ServerInfo(1, ADDRESS, m.VOTER), m.ServerInfo(2, "127.0.0.1:27002", m.SPARE)]),
    "remove": m.Empty(),
    "describe": m.Metadata(0, 0),
    "weight": m.Empty(),
    "describe-weight-3": m.Metadata(0, 3),
    "transfer-to-self": m.Failure(1, "server ID is not valid"),
    "query-before-open": m.Failure(12, "no database opened"),
    "open": m.Db(0),
    "open-again": m.Failure(5, "a database for this connection is already open"),
    "exec-sql-create": m.Result(0, 0),
    "exec-sql-insert": m.Result(5, 5),
    "exec-sql-params": m.Result(6, 1),
    "prepare": m.Stmt(0, 0, 2),
    "exec": m.Result(7, 1),
    "finalize": m.Empty(),
    "finalize-again": m.Failure(12, "no statement with the given id"),
    "prepare-schema-1": m.Stmt(0, 1, 0),  # from 1.15.1 on it would be a StmtWithOffset
    "prepare-empty": m.Failure(0, "empty statement"),
    "failure-syntax": m.Failure(1, 'near "SELEC": syntax error'),
    "failure-constraint": m.Failure(2067, "UNIQUE constraint failed: u.a"),
    "failure-query-of-a-write": m.Failure(1, "not an error"),
    "failure-garbled": m.Failure(1, "integer overflow", garbled=True),
    "failure-garbled-integers": m.Failure(1, "integer overflow", garbled=True),
    "failure-garbled-texts": m.Failure(1, "integer overflow", garbled=True),
    "failure-garbled-nulls": m.Failure(1, "integer overflow", garbled=True),
    "interrupt": m.Empty(),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_means_what_it_should(name: str) -> None:
    (frame,) = frames(name)
    assert m.decode_response(frame) == RESPONSES[name]


def test_responses_that_need_to_be_asked_for() -> None:
    (frame,) = frames("leader-legacy")
    assert m.decode_response(frame, m.ServerLegacy) == m.ServerLegacy(ADDRESS)
    (frame,) = frames("cluster-format-0")
    assert m.decode_response(frame, m.ServersV0) == m.ServersV0([m.ServerAddress(1, ADDRESS)])


@pytest.mark.parametrize("name", recorded.names())
def test_a_request_is_encoded_as_it_was_sent(name: str) -> None:
    for direction, data in recorded.load(name):
        if direction == ">":
            frame = Frame(data[4], data[5], data[8:])
            assert m.encode(m.decode_request(frame), frame.schema) == data


@pytest.mark.parametrize("name", sorted(RESPONSES.keys() - {name for name in RESPONSES if "garbled" in name}))
def test_a_response_is_encoded_as_it_was_sent(name: str) -> None:
    assert m.encode(RESPONSES[name]) == recorded.received(name)


def test_values_of_all_types() -> None:
    columns, found, _ = rows("query-sql-all-types")
    assert columns == ["i", "r", "t", "b", "dt", "d", "ts", "bo"]
    assert found == [
        (1, 1.5, "one", b"\0\xff", "2026-11-01 10:00:00", "2026-11-01", 1793491200, 1),
        (-(2**63), 0.0, "", b"", 0, 1, "", 0),
        (2**63 - 1, 1e308, "grüße, 世界", b"\0\x11\x22\x33\x44\x55\x66\x77", 12345678, -1, "later", 5),
        (None, None, None, None, "", "", "", 0),  # a NULL that was declared DATETIME or BOOLEAN is lost
        (2, float("inf"), "\udcffA", bytes(9), "x", "y", "z", -1),
    ]


def test_columns_that_hide_a_null_are_noted() -> None:
    decoder = RowDecoder()
    (frame,) = frames("query-sql-all-types")
    decoder.decode(frame.body)
    times = {UNIXTIME, ISO8601}
    assert decoder.column_types == {4: times, 5: times, 6: times, 7: {BOOLEAN}}


def test_a_result_of_several_responses() -> None:
    columns, found, sizes = rows("query-sql-mixed")
    assert columns == ["x", "'name-' || x", "x * 0.5", "any"]
    assert sizes == [95, 81, 24]
    assert found == [(x, f"name-{x}", x * 0.5, (None, x, str(x).encode())[x % 3]) for x in range(1, 201)]


def test_a_result_of_more_columns_than_a_word_has_types_for() -> None:
    columns, found, _ = rows("query-sql-wide")
    assert columns == [f"c{column}" for column in range(35)]
    assert found == [(1, 2.5, "three", b"\4", None) * 7]


def test_a_result_without_rows() -> None:
    assert rows("query-sql-no-rows")[1:] == ([], [0])


def test_a_single_large_row_is_followed_by_an_empty_response() -> None:
    assert rows("query-sql-large-row") == (["large"], [("0" * 5000,)], [1, 0])


def test_a_prepared_query() -> None:
    _, found, _ = rows("query")
    assert found == [(2, "\udcffA"), (3, "three"), (4, "four"), (2**63 - 1, "grüße, 世界")]


def test_a_failure_in_the_middle_of_a_result() -> None:
    first, last = frames("failure-garbled-late")
    decoder = RowDecoder()
    found, done = decoder.decode(first.body)
    assert (len(found), done) == (126, False)
    assert m.decode_response(last) == m.Failure(1, "integer overflow", garbled=True)


@pytest.mark.parametrize(
    "name", ["query", "query-sql-large-row", "query-sql-mixed", "query-sql-no-rows", "query-sql-wide"]
)
def test_the_naive_encoder_makes_the_pages_that_a_server_makes(name: str) -> None:
    columns, found, sizes = rows(name)
    pages = naive.encode_pages(columns, found)
    assert [len(page) for page in pages] == [len(frame.body) for frame in frames(name)]
    assert [len(naive.decode(page)) for page in pages] == sizes


def test_a_dump_is_announced_with_its_length() -> None:
    (start,) = frames("dump")
    assert isinstance(start, FilesStart)
    assert start.type == FILES
    assert start.length == len(recorded.received("dump")) - 8


def test_recordings_are_kept_as_they_are_and_each_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tested = Path(__file__).read_text("utf-8") + Path(__file__).with_name("test_files.py").read_text("utf-8")
    exchanges = {name: recorded.load(name) for name in recorded.names()}
    texts = {name: (recorded.FRAMES / f"{name}.hex").read_text("ascii") for name in exchanges}
    monkeypatch.setattr(recorded, "FRAMES", tmp_path)
    for name, exchange in exchanges.items():
        assert f'"{name}"' in tested
        recorded.save(name, texts[name].splitlines()[0][2:], exchange)
        assert (tmp_path / f"{name}.hex").read_text("ascii") == texts[name]
