"""One connection to one node: real ones, and a peer in the test that says what real ones would not."""

from __future__ import annotations

import errno
import math
import socket
import sqlite3
import struct
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dqshell.driver import Connection
from dqshell.driver.stream import Stream
from dqshell.errors import (
    ConnectionLost,
    DatabaseClosed,
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    LocalProtocolError,
    NoAnswer,
    NodeUnreachable,
    NotLeader,
    NotSent,
    Outcome,
    ProgrammingError,
    RemoteProtocolError,
    RowsExpected,
    RowsYielded,
)
from dqshell.wire import messages
from dqshell.wire.files import FileEnd, FileStart
from dqshell.wire.messages import Db, Empty, Failure, Leader, Result, Server

from .nodes import leader_of, transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dqshell.driver import Rows
    from dqshell.sandbox.local import Sandbox
    from dqshell.wire.values import Value

    from .conftest import Connector

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {})"


def all_of(rows: Rows) -> list[tuple[Value, ...]]:
    return [row for page in rows for row in page]


def one(connection: Connection, sql: str, *params: Value) -> tuple[Value, ...]:
    return all_of(connection.query(sql, params))[0]


# Statements.


def test_what_was_inserted_is_there(connection: Connection) -> None:
    result = connection.exec("INSERT INTO t (b) VALUES ('x'), ('y')")
    assert (result.last_insert_id, result.rows_affected) == (2, 2)
    assert all_of(connection.query("SELECT * FROM t")) == [(1, "x"), (2, "y")]


def test_a_result_has_the_names_of_its_columns_even_without_rows(connection: Connection) -> None:
    rows = connection.query('SELECT a, b AS "a name", 3 FROM t')
    assert (rows.columns, rows.complete, list(rows)) == (["a", "a name", "3"], True, [])


def test_rows_come_page_by_page(connection: Connection) -> None:
    rows = connection.query(NUMBERS.format(20_000) + " SELECT i, 'row ' || i FROM n")
    before, pages, after = rows.complete, list(rows), rows.complete
    assert (before, after) == (False, True)
    assert len(pages) > 50
    assert [row for page in pages for row in page] == [(i, f"row {i}") for i in range(1, 20_001)]
    assert list(rows) == []
    assert one(connection, "SELECT 1") == (1,)


def test_the_rows_of_one_frame_are_followed_by_an_empty_one_when_they_fill_it(connection: Connection) -> None:
    for size in (0, 1, 4000, 4090, 4096, 4100, 9000, 1 << 20):
        assert one(connection, "SELECT zeroblob(?)", size) == (bytes(size),)
    assert one(connection, "SELECT 1") == (1,)


def test_the_pages_of_a_result_can_be_taken_in_turns(connection: Connection) -> None:
    rows = connection.query(NUMBERS.format(5_000) + " SELECT i FROM n")
    first = next(iter(rows))
    assert [*first, *all_of(rows)] == [(i,) for i in range(1, 5_001)]


def test_a_result_that_is_given_up_takes_its_connection_along_and_nothing_else(
    connect: Connector, database: str
) -> None:
    connection = connect(database)
    begun = time.monotonic()
    rows = connection.query(NUMBERS.format(100_000_000) + " SELECT i, zeroblob(1000) FROM n")
    assert len(next(iter(rows))) >= 1
    rows.close()
    assert connection.closed
    assert time.monotonic() - begun < 2.0
    with pytest.raises(ConnectionLost, match="before the result was complete"):
        all_of(rows)
    with pytest.raises(NotSent):
        connection.exec("SELECT 1")
    assert one(connect(database), "SELECT 1") == (1,)


def test_a_result_that_was_read_to_its_end_can_be_closed_without_harm(connection: Connection) -> None:
    rows = connection.query("SELECT 1")
    assert all_of(rows) == [(1,)]
    rows.close()
    assert connection.is_valid()


def test_nothing_is_sent_while_rows_are_to_come(connection: Connection) -> None:
    rows = connection.query(NUMBERS.format(5_000) + " SELECT i FROM n")
    for request in (
        lambda: connection.exec("DELETE FROM t"),
        lambda: connection.query("SELECT 1"),
        connection.leader,
        connection.cluster,
        lambda: list(connection.dump("x")),
    ):
        with pytest.raises(InterfaceError, match="has not been read to its end"):
            request()
    assert len(all_of(rows)) == 5_000
    assert one(connection, "SELECT 2") == (2,)


@pytest.mark.parametrize("good", [0, 10, 5_000])
def test_a_failure_among_the_rows_has_its_own_code_and_words(connection: Connection, good: int) -> None:
    value = f"CASE WHEN i <= {good} THEN i ELSE abs(-9223372036854775807 - 1) END"
    shown: list[tuple[Value, ...]] = []
    with pytest.raises(ProgrammingError, match="integer overflow") as caught:
        shown.extend(
            row for page in connection.query(f"{NUMBERS.format(good + 1)} SELECT {value} FROM n") for row in page
        )
    assert caught.value.code == 1
    assert len(shown) <= good
    assert one(connection, "SELECT 3") == (3,)


@pytest.mark.parametrize(
    ("sql", "kind", "code"),
    [
        ("SELEC 1", ProgrammingError, 1),
        ("INSERT INTO nowhere VALUES (1)", ProgrammingError, 1),
        ("INSERT INTO t VALUES (1, 2)", IntegrityError, 1555),
        ("INSERT INTO t VALUES ('x', 2)", DataError, 20),
        ("COMMIT", ProgrammingError, 1),
        ("SELECT 1", RowsYielded, 100),
    ],
)
def test_a_failure_has_its_class_and_leaves_the_connection(
    connection: Connection, sql: str, kind: type[Error], code: int
) -> None:
    connection.exec("INSERT INTO t VALUES (1, 1)")
    with pytest.raises(kind) as caught:
        connection.exec(sql)
    assert (caught.value.code, caught.value.node, caught.value.statement) == (code, connection.address, sql)
    assert connection.is_valid()
    assert all_of(connection.query("SELECT * FROM t")) == [(1, 1)]


def test_a_statement_without_rows_that_is_sent_as_a_query_is_refused_or_run(connection: Connection) -> None:
    try:
        rows = all_of(connection.query("INSERT INTO t VALUES (1, 1)"))  # servers from 1.12 on run it
    except RowsExpected:
        assert all_of(connection.query("SELECT * FROM t")) == []
    else:
        assert rows == []
        assert all_of(connection.query("SELECT * FROM t")) == [(1, 1)]


def test_a_second_database_on_one_connection_is_refused(connection: Connection) -> None:
    with pytest.raises(ProgrammingError, match="already open"):
        connection.open("another")
    assert connection.is_valid()


def test_a_statement_before_a_database_is_open(cluster: Sandbox) -> None:
    with (
        Connection.connect(cluster.addresses[leader_of(cluster) - 1]) as connection,
        pytest.raises(DatabaseClosed) as caught,
    ):
        connection.exec("CREATE TABLE t (a)")
    assert caught.value.outcome is Outcome.NOT_APPLIED
    assert connection.closed


def open_and_run(connection: Connection, database: str, sql: str) -> None:
    """Some servers say at the first, others at the second step that they do not lead."""
    connection.open(database)
    connection.exec(sql)


def test_a_follower_refuses(cluster: Sandbox, database: str) -> None:
    follower = cluster.addresses[leader_of(cluster) % 3]
    for request in ("CREATE TABLE t (a)", "SELECT 1"):
        with Connection.connect(follower) as connection, pytest.raises(NotLeader) as caught:
            open_and_run(connection, database, request)
        assert (caught.value.code, caught.value.outcome) == (10250, Outcome.NOT_APPLIED)
        assert connection.closed


# Parameters.

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.one_of(st.none(), INTEGERS, st.floats(allow_nan=False), TEXTS, st.binary())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(params=st.lists(VALUES, min_size=1, max_size=20))
def test_parameters_come_back_as_they_were(connection: Connection, params: list[Value]) -> None:
    row = one(connection, f"SELECT {', '.join('?' * len(params))}", *params)
    assert [*map(repr, row)] == [*map(repr, params)]


def test_values_at_their_limits_come_back(connection: Connection) -> None:
    params: list[Value] = [
        2**63 - 1,
        -(2**63),
        1e308,
        5e-324,
        math.inf,
        -math.inf,
        "",
        b"",
        "\U0010ffff",
        "\udcff",
        b"\0" * 9,
    ]
    assert [*one(connection, f"SELECT {', '.join('?' * len(params))}", *params)] == params
    assert one(connection, "SELECT ?", math.nan) == (None,)


def test_as_many_parameters_as_the_protocol_can_count(connection: Connection) -> None:
    params = range(255)
    assert one(connection, f"SELECT {', '.join('?' * 255)}", *params) == tuple(params)


@pytest.mark.parametrize(
    "params",
    [[2**63], ["a\0b"], ["\ud800"], list(range(256)), [1, 2, 2**64]],
    ids=["big", "nul", "half", "many", "third"],
)
def test_what_the_protocol_cannot_say_is_not_sent(connection: Connection, params: list[Value]) -> None:
    with pytest.raises(LocalProtocolError):
        connection.exec("INSERT INTO t (b) VALUES (?)", params)
    assert connection.is_valid()
    assert all_of(connection.query("SELECT * FROM t")) == []


def test_too_many_parameters_are_an_error(connection: Connection) -> None:
    with pytest.raises(DataError):
        connection.exec("INSERT INTO t (b) VALUES (?)", [1, 2])
    assert all_of(connection.query("SELECT * FROM t")) == []


# Prepared statements.


def test_a_prepared_statement_runs_as_often_as_one_likes(connection: Connection) -> None:
    insert = connection.prepare("INSERT INTO t (b) VALUES (?)")
    select = connection.prepare("SELECT b FROM t WHERE a >= ? AND a < ?")
    assert (insert.params, select.params) == (1, 2)
    assert insert.id != select.id
    for number in range(300):
        assert connection.exec_prepared(insert, [f"row {number}"]).last_insert_id == number + 1
    assert all_of(connection.query_prepared(select, [1, 4])) == [("row 0",), ("row 1",), ("row 2",)]
    assert len(all_of(connection.query_prepared(select, [1, 301]))) == 300


def test_a_finalized_statement_is_gone_and_the_others_are_not(connection: Connection) -> None:
    first, second = connection.prepare("SELECT 1"), connection.prepare("SELECT 2")
    connection.finalize(first)
    # Servers crash when they are asked for it, so it is not sent.
    for use in (connection.query_prepared, connection.exec_prepared, connection.finalize):
        with pytest.raises(InterfaceError, match="no such prepared statement"):
            use(first)
    assert all_of(connection.query_prepared(second)) == [(2,)]


@pytest.mark.parametrize("sql", ["SELEC", "SELECT * FROM nowhere", ""])
def test_what_cannot_be_compiled_is_not_prepared(connection: Connection, sql: str) -> None:
    with pytest.raises(ProgrammingError):
        connection.prepare(sql)
    assert connection.is_valid()


# About the node and its cluster.


def test_a_node_tells_about_its_cluster(cluster: Sandbox, connection: Connection) -> None:
    assert {member.address: member.role for member in connection.cluster()} == dict.fromkeys(cluster.addresses, 0)
    assert connection.leader().address == connection.ping().address == connection.address
    assert connection.describe().failure_domain == cluster.addresses.index(connection.address) + 1
    connection.weight(17)
    assert connection.describe().weight == 17


@pytest.mark.parametrize("open_first", [False, True])
def test_a_dump_is_the_database(connection: Connection, database: str, tmp_path: Path, open_first: bool) -> None:
    connection.exec("CREATE INDEX i ON t (b)")
    for number in range(20):
        connection.exec(f"{NUMBERS.format(500)} INSERT INTO t (b) SELECT {number} || '-' || i FROM n")
    expected = all_of(connection.query("SELECT * FROM t ORDER BY a"))
    with Connection.connect(connection.address) as another:
        if open_first:
            another.open(database)
        sizes = {}
        for event in another.dump(database):
            if isinstance(event, FileStart):
                path = tmp_path / event.name
                file = path.open("wb")
                sizes[path] = event.size
            elif isinstance(event, FileEnd):
                file.close()
            else:
                file.write(event)
        assert another.is_valid()
        assert another.leader().address == another.address
    assert {path: path.stat().st_size for path in sizes} == sizes
    assert sorted(path.name for path in sizes) == [database, f"{database}-wal"]
    with closing(sqlite3.connect(tmp_path / database)) as sqlite:
        assert sqlite.execute("SELECT * FROM t ORDER BY a").fetchall() == expected
        assert sqlite.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("size", [1, 8 << 20])
def test_a_dump_that_is_given_up_takes_its_connection_along_if_there_is_more_to_come(
    connection: Connection, database: str, size: int
) -> None:
    connection.exec("INSERT INTO t (b) VALUES (zeroblob(?))", [size])
    dump = connection.dump(database)
    assert isinstance(next(dump), FileStart)
    dump.close()
    assert connection.closed == (size > 1)
    assert connection.is_valid() == (size == 1)


# Validity.


def test_a_connection_is_valid_until_it_is_closed(connection: Connection) -> None:
    assert connection.is_valid()
    connection.close()
    assert not connection.is_valid()
    connection.close()
    with pytest.raises(NotSent, match="closed"):
        connection.leader()


def test_a_connection_with_rows_to_come_is_not_valid(connection: Connection) -> None:
    rows = connection.query(NUMBERS.format(5_000) + " SELECT i FROM n")
    assert not connection.is_valid()
    all_of(rows)
    assert connection.is_valid()


def test_a_connection_whose_node_lost_the_leadership_is_found_out(cluster: Sandbox, connect: Connector) -> None:
    connection = connect("leadership")
    connection.reset_session()
    leader = leader_of(cluster)
    transfer(cluster, leader, leader % 3 + 1)
    assert connection.is_valid()  # the connection is
    with pytest.raises(NotLeader, match="does not lead any more"):
        connection.reset_session()
    assert connection.closed


# A peer that does what the test says.


class Peer:
    """Both ends of a connection: what is said before it is asked is what it answers."""

    def __init__(self, timeout: float = 0.1) -> None:
        ours, self._theirs = socket.socketpair()
        self.connection = Connection(Stream(ours), "peer", timeout)

    def says(self, *what: messages.Response | bytes) -> None:
        for message in what:
            self._theirs.sendall(message if isinstance(message, bytes) else messages.encode(message))

    def heard(self) -> bytes:
        self._theirs.setblocking(False)
        try:
            return self._theirs.recv(1 << 20)
        except BlockingIOError:
            return b""

    def hangs_up(self) -> None:
        self._theirs.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.hangs_up()
    peer.connection.close()


ROWS = struct.pack("<Q8sQQ", 1, b"x", 1, 7)
DONE, PART = b"\xff" * 8, b"\xee" * 8
LEADS = Server(7, "peer")


def rows_frame(body: bytes) -> bytes:
    return struct.pack("<IBBxx", len(body) // 8, 7, 0) + body


def test_the_handshake_travels_with_the_first_request_only(peer: Peer) -> None:
    for handshake in (struct.pack("<Q", 1), b""):
        peer.says(LEADS)
        peer.connection.leader()
        assert peer.heard() == handshake + messages.encode(Leader())


def test_a_late_answer_is_never_taken_for_the_next_one(peer: Peer) -> None:
    with pytest.raises(NoAnswer):
        peer.connection.exec("INSERT")
    assert peer.connection.closed
    with pytest.raises(BrokenPipeError):  # nobody is there any more to take it
        peer.says(Result(1, 1))
    with pytest.raises(NotSent):
        peer.connection.exec("DELETE")
    assert not peer.connection.is_valid()


def test_an_answer_that_nobody_asked_for_spoils_the_connection(peer: Peer) -> None:
    assert peer.connection.is_valid()
    peer.says(Result(1, 1))
    assert not peer.connection.is_valid()


def test_an_answer_too_many_is_not_taken_for_the_next_one(peer: Peer) -> None:
    peer.says(LEADS, Result(1, 1))
    peer.connection.leader()
    assert not peer.connection.is_valid()
    peer.heard()
    with pytest.raises(NotSent, match="more than it was asked for"):
        peer.connection.exec("INSERT")
    assert peer.connection.closed
    assert peer.heard() == b""


def test_half_an_answer_too_many_is_noticed(peer: Peer) -> None:
    peer.says(LEADS, messages.encode(LEADS)[:5])
    peer.connection.leader()
    assert not peer.connection.is_valid()


@pytest.mark.parametrize("interrupted_at", range(3))
def test_after_an_interrupt_a_connection_is_not_used_again(peer: Peer, interrupted_at: int) -> None:
    calls = []

    def patience(silent: float) -> float:
        calls.append(silent)
        if len(calls) > interrupted_at:
            raise KeyboardInterrupt
        return 0.01

    peer.connection.patience = patience
    with pytest.raises(KeyboardInterrupt):
        peer.connection.exec("INSERT")
    assert peer.connection.closed
    assert peer.connection.sending_began == (interrupted_at > 0) == bool(peer.heard())


def test_bytes_may_have_been_sent_when_an_interrupt_comes_while_sending(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Stream.send

    def send(self: Stream, data: memoryview, timeout: float) -> int:
        real(self, data, timeout)
        raise KeyboardInterrupt

    monkeypatch.setattr(Stream, "send", send)
    with pytest.raises(KeyboardInterrupt):
        peer.connection.exec("INSERT")
    assert peer.connection.sending_began
    assert peer.heard()


def test_patience_is_told_how_long_the_silence_lasts(peer: Peer) -> None:
    told: list[float] = []

    def patience(silent: float) -> float:
        told.append(silent)
        if silent > 0.02:
            raise NoAnswer("enough")
        return 0.01

    peer.connection.patience = patience
    with pytest.raises(NoAnswer, match="enough"):
        peer.connection.query("SELECT 1")
    assert told == pytest.approx([0, 0, 0.01, 0.02, 0.03])
    assert peer.connection.closed


def test_the_end_before_anything_was_sent_is_certain(peer: Peer) -> None:
    peer.hangs_up()
    assert not peer.connection.is_valid()
    with pytest.raises(NotSent) as caught:
        peer.connection.exec("INSERT")
    assert (caught.value.outcome, caught.value.node) == (Outcome.NOT_APPLIED, "peer")
    assert not peer.connection.sending_began


def test_the_end_in_the_middle_of_a_request_is_not(peer: Peer) -> None:
    def hang_up_when_it_has_begun() -> None:
        peer._theirs.recv(1)
        peer.hangs_up()

    thread = threading.Thread(target=hang_up_when_it_has_begun)
    thread.start()
    with pytest.raises(ConnectionLost) as caught:
        peer.connection.exec("INSERT INTO t VALUES (?)", [bytes(8 << 20)])  # more than any buffer holds
    thread.join()
    assert caught.value.outcome is Outcome.UNKNOWN
    assert peer.connection.sending_began


def test_a_peer_whom_the_kernel_gives_up_is_lost_at_once(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    def receive_into(*_: object) -> int:
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    monkeypatch.setattr(Stream, "receive_into", receive_into)
    peer.connection.patience = lambda _: 60.0
    with pytest.raises(ConnectionLost, match="connection timed out"):
        peer.connection.exec("INSERT")


def test_the_kernel_is_told_to_ask_a_silent_peer_whether_it_is_there(connection: Connection) -> None:
    sock = connection._stream._socket
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 10
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_peer_that_reads_nothing_is_given_up_in_time(peer: Peer) -> None:
    begun = time.monotonic()
    peer.connection.patience = lambda silent: 0.05 if silent < 0.1 else _enough()
    with pytest.raises(NoAnswer):
        peer.connection.exec("INSERT INTO t VALUES (?)", [bytes(8 << 20)])
    assert time.monotonic() - begun < 2.0
    assert peer.connection.sending_began


def _enough() -> float:
    raise NoAnswer("enough")


RESPONSES: dict[str, tuple[bytes, Callable[[Connection], object]]] = {
    "exec": (messages.encode(Result(5, 6)), lambda connection: connection.exec("INSERT").last_insert_id),
    "one frame": (rows_frame(ROWS + DONE), lambda connection: all_of(connection.query("SELECT"))),
    "several frames": (
        rows_frame(ROWS + PART) + rows_frame(ROWS + PART) + rows_frame(ROWS[:16] + DONE),
        lambda connection: all_of(connection.query("SELECT")),
    ),
    "failure": (messages.encode(Failure(1555, "no")), lambda connection: connection.exec("INSERT")),
    "open": (messages.encode(Db(0)) + bytes(0), lambda connection: connection.open("db")),
    "dump": (
        struct.pack("<IBBxxQ8sQ8s", 4, 9, 0, 1, b"name", 8, b"content!"),
        lambda connection: list(connection.dump("db")),
    ),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_an_answer_that_ends_too_early_is_no_answer(name: str) -> None:
    answer, ask = RESPONSES[name]
    for length in range(len(answer)):
        peer = Peer()
        peer.says(answer[:length])
        peer._theirs.shutdown(socket.SHUT_WR)
        lost = NodeUnreachable if name == "open" else ConnectionLost  # opening leaves nothing unknown
        with pytest.raises(lost) as caught:
            ask(peer.connection)
        assert caught.value.node == "peer"
        assert peer.connection.closed
        peer.hangs_up()


def test_a_real_result_that_ends_too_early_shows_its_first_rows_and_no_more(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = bytearray()
    real = Stream.receive_into

    def receive_into(self: Stream, buffer: memoryview, timeout: float) -> int:
        length = real(self, buffer, timeout)
        answer.extend(buffer[:length])
        return length

    with monkeypatch.context() as patch:
        patch.setattr(Stream, "receive_into", receive_into)
        expected = all_of(connection.query(NUMBERS.format(300) + " SELECT i FROM n"))
    assert len(expected) == 300
    assert (answer.count(PART), answer.count(DONE)) == (1, 1)
    shown_before = 0
    for length in range(len(answer)):
        peer = Peer()
        peer.says(bytes(answer[:length]))
        peer._theirs.shutdown(socket.SHUT_WR)
        shown: list[tuple[Value, ...]] = []
        with pytest.raises(ConnectionLost):
            shown.extend(row for page in peer.connection.query("SELECT") for row in page)
        assert shown == expected[: len(shown)]
        assert len(shown) >= shown_before
        shown_before = len(shown)
        peer.hangs_up()
    assert 0 < shown_before < 300


@pytest.mark.parametrize("name", RESPONSES)
def test_an_answer_may_come_in_pieces(name: str) -> None:
    answer, ask = RESPONSES[name]
    results = set()
    for length in range(len(answer)):
        peer = Peer(1.0)
        peer.says(answer[:length])
        timer = threading.Timer(0.002, peer.says, [answer[length:]])
        timer.start()
        try:
            results.add(repr(ask(peer.connection)).partition(" object")[0])
        except DatabaseError as error:
            results.add(repr(error))
        timer.join()
        assert peer.connection.is_valid()
        peer.hangs_up()
        peer.connection.close()
    assert len(results) == 1


@pytest.mark.parametrize(
    "answer",
    [
        rows_frame(ROWS + b"\0" * 8),
        rows_frame(ROWS[:16] + struct.pack("<QQ", 15, 7) + DONE),
        messages.encode(Empty()),
        messages.encode(LEADS),
        struct.pack("<IBBxxQ", 1, 99, 0, 0),
        struct.pack("<IBBxx", 0, 6, 0),
        struct.pack("<IBBxx", 1 << 30, 6, 0),
        struct.pack("<IBBxxQ8s8sQ", 4, 0, 0, 5, b"column1", b"column2", 7),
    ],
)
def test_an_answer_that_makes_no_sense_tells_nothing(peer: Peer, answer: bytes) -> None:
    peer.says(answer)
    with pytest.raises(RemoteProtocolError) as caught:
        peer.connection.query("SELECT")
    assert (caught.value.outcome, caught.value.node) == (Outcome.UNKNOWN, "peer")
    assert peer.connection.closed


def test_a_failure_that_cannot_be_read_is_not_taken_by_its_code(peer: Peer) -> None:
    # What looks like "5 database is locked" may be the first of five columns.
    body = struct.pack("<Q8sQ", 5, b"name", 3)
    peer.says(struct.pack("<IBBxx", len(body) // 8, 0, 0) + body)
    with pytest.raises(RemoteProtocolError, match="cannot be read"):
        peer.connection.exec("INSERT")
