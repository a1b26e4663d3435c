"""Records the exchanges in tests/wire/frames with a real node of the libdqlite that is installed.

Run it from the root of the repository:

    python -m tests.wire.record

It starts one node on 127.0.0.1:27001, in a process of its own and a temporary directory.
"""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from dqshell.wire import messages as m
from dqshell.wire.framing import FAILURE, HANDSHAKE, LEGACY_HANDSHAKE, ROWS
from dqshell.wire.rows import PART
from tests.wire.recorded import save

if TYPE_CHECKING:
    from collections.abc import Iterator

ADDRESS = "127.0.0.1:27001"

COLUMNS = "i INTEGER, r REAL, t TEXT, b BLOB, dt DATETIME, d DATE, ts TIMESTAMP, bo BOOLEAN"
ROWS_OF_ALL_TYPES = """
    (1, 1.5, 'one', x'00ff', '2026-11-01 10:00:00', '2026-11-01', 1793491200, 1),
    (-9223372036854775808, -0.0, '', x'', 0, 1, '', 0),
    (9223372036854775807, 1e308, 'grüße, 世界', x'0011223344556677', '12345678', -1, 'later', 5),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (2, 9e999, CAST(x'ff41' AS TEXT), zeroblob(9), 'x', 'y', 'z', -1)
"""
NUMBERS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {0})"
MIXED = (
    NUMBERS.format(200)
    + " SELECT x, 'name-' || x, x * 0.5,"
    + " CASE x % 3 WHEN 0 THEN NULL WHEN 1 THEN x ELSE CAST(x AS BLOB) END AS any FROM n"
)
WIDE = "SELECT " + ", ".join(
    f"{value} AS c{column}" for column, value in enumerate(["1", "2.5", "'three'", "x'04'", "NULL"] * 7)
)


class Recorder:
    """A connection that keeps what it sends and receives."""

    def __init__(self, handshake: bytes = HANDSHAKE) -> None:
        host, port = ADDRESS.split(":")
        self.socket = socket.create_connection((host, int(port)), 5)
        self.socket.sendall(handshake)

    def close(self) -> None:
        self.socket.close()

    def __call__(self, request: m.Request, schema: int = 0, record: str = "", title: str = "") -> bytes:
        """Send a request and receive all of its response; the body of the last frame."""
        data = m.encode(request, schema)
        exchange = [(">", data)]
        self.socket.sendall(data)
        while True:
            header = self.receive(8)
            body = self.receive(int.from_bytes(header[:4], "little") * 8)
            exchange.append(("<", header + body))
            if header[4] != ROWS or not body.endswith(PART):
                break
        if record:
            save(record, title, exchange)
        elif header[4] == FAILURE:
            raise RuntimeError(f"{request} failed: {m.decode_failure(body)}")
        return body

    def receive(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data


def record() -> None:
    with closing(Recorder()) as ask:
        ask(m.Leader(), record="leader", title="LEADER, on the leader")
        ask(m.Leader(), 255, record="leader-schema-255", title="LEADER with a schema that there is not")
        ask(m.Client(7), record="client", title="CLIENT")
        ask(m.Cluster(), record="cluster", title="CLUSTER")
        ask(m.Cluster(0), record="cluster-format-0", title="CLUSTER in format 0")
        ask(m.Add(2, "127.0.0.1:27002"), record="add", title="ADD")
        ask(m.Cluster(), record="cluster-of-two", title="CLUSTER after ADD")
        ask(m.Remove(2), record="remove", title="REMOVE")
        ask(m.Describe(), record="describe", title="DESCRIBE")
        ask(m.Weight(3), record="weight", title="WEIGHT")
        ask(m.Describe(), record="describe-weight-3", title="DESCRIBE after WEIGHT")
        ask(m.Transfer(1), record="transfer-to-self", title="TRANSFER to the leader itself")
        ask(m.QuerySql(0, "SELECT 1"), record="query-before-open", title="QUERY_SQL before OPEN")
        ask(m.Open("recorded"), record="open", title="OPEN")
        ask(m.Open("recorded"), record="open-again", title="OPEN, a second time")

        create = m.ExecSql(0, f"CREATE TABLE k ({COLUMNS})")
        ask(create, record="exec-sql-create", title="EXEC_SQL of a CREATE TABLE")
        insert = m.ExecSql(0, f"INSERT INTO k VALUES {ROWS_OF_ALL_TYPES}")
        ask(insert, record="exec-sql-insert", title="EXEC_SQL of an INSERT of 5 rows")
        every = m.QuerySql(0, "SELECT * FROM k")
        ask(every, record="query-sql-all-types", title="QUERY_SQL of all types, declared DATETIME and BOOLEAN too")
        ask(m.QuerySql(0, MIXED), record="query-sql-mixed", title="QUERY_SQL of 200 rows with alternating types")
        ask(m.QuerySql(0, WIDE), record="query-sql-wide", title="QUERY_SQL of 35 columns")
        none = m.QuerySql(0, "SELECT * FROM k WHERE 0")
        ask(none, record="query-sql-no-rows", title="QUERY_SQL without a row")
        large = m.QuerySql(0, "SELECT hex(zeroblob(2500)) AS large")
        ask(large, record="query-sql-large-row", title="QUERY_SQL of one row that is larger than a page")

        insert = m.ExecSql(0, "INSERT INTO k(i, r, t, b, bo) VALUES (?, ?, ?, ?, ?)", (3, 0.5, "three", b"3", None))
        ask(insert, record="exec-sql-params", title="EXEC_SQL with a parameter of every type")
        prepare = m.Prepare(0, "INSERT INTO k(i, t) VALUES (?, ?)")
        stmt = m.Stmt.decode_fields(ask(prepare, record="prepare", title="PREPARE"), 0, 0)[0].id
        ask(m.Exec(0, stmt, (4, "four")), record="exec", title="EXEC")
        ask(m.Finalize(0, stmt), record="finalize", title="FINALIZE")
        ask(m.Finalize(0, stmt), record="finalize-again", title="FINALIZE of a statement that there is not")
        stmt = m.Stmt.decode_fields(ask(m.Prepare(0, "SELECT i, t FROM k WHERE i > ? ORDER BY i")), 0, 0)[0].id
        ask(m.Query(0, stmt, (1,)), record="query", title="QUERY")
        ask(m.Prepare(0, "SELECT 1"), 1, record="prepare-schema-1", title="PREPARE in schema 1")
        ask(m.Prepare(0, ""), record="prepare-empty", title="PREPARE of an empty statement")

        ask(m.ExecSql(0, "SELEC"), record="failure-syntax", title="A syntax error")
        ask(m.ExecSql(0, "CREATE TABLE u(a UNIQUE)"))
        ask(m.ExecSql(0, "INSERT INTO u VALUES (1)"))
        twice = m.ExecSql(0, "INSERT INTO u VALUES (1)")
        ask(twice, record="failure-constraint", title="A constraint that fails")
        ask(
            m.QuerySql(0, "INSERT INTO u VALUES (2)"), record="failure-query-of-a-write", title="QUERY_SQL of an INSERT"
        )
        garbled = m.QuerySql(0, "SELECT abs(-9223372036854775808) AS colname")
        ask(garbled, record="failure-garbled", title="A failure on the first row, behind the column")
        for name, column in (("integers", "x"), ("texts", "'text ' || x, x"), ("nulls", "NULL, x'00', x * 0.5")):
            late = f"{NUMBERS.format(9)} SELECT {column}, abs(-9223372036854775800 - x) AS oops FROM n"
            ask(m.QuerySql(0, late), record=f"failure-garbled-{name}", title="A failure behind eight rows")
        late = f"{NUMBERS.format(200)} SELECT x, 'name', abs(-9223372036854775608 - x) FROM n"
        ask(m.QuerySql(0, late), record="failure-garbled-late", title="A failure in the third response")
        ask(m.Interrupt(0), record="interrupt", title="INTERRUPT when nothing is under way")
        ask(m.Dump("missing"), record="dump-missing", title="DUMP of a database that does not exist")
    with closing(Recorder()) as ask:
        ask(m.Open("small"))
        ask(m.ExecSql(0, "CREATE TABLE s(a)"))
        ask(m.ExecSql(0, "INSERT INTO s VALUES ('dumped')"))
        ask(m.Dump("small"), record="dump", title="DUMP of a database with the table s(a) and the row ('dumped')")
    with closing(Recorder(LEGACY_HANDSHAKE)) as ask:
        ask(m.Leader(), record="leader-legacy", title="LEADER after the legacy handshake")


@contextmanager
def node() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen([sys.executable, "-m", "tests.wire.record", directory])
        try:
            for _ in range(100):
                try:
                    Recorder().close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait()


def serve(directory: str) -> None:
    """Be a node that is the only one of its cluster, until SIGTERM."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # the node's threads inherit it
    dqlite = ctypes.CDLL("libdqlite.so.0")
    handle = ctypes.c_void_p()
    create = dqlite.dqlite_node_create
    create.argtypes = [ctypes.c_ulonglong, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)]
    dqlite.dqlite_node_set_bind_address.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    for name in ("start", "stop", "destroy"):
        getattr(dqlite, f"dqlite_node_{name}").argtypes = [ctypes.c_void_p]
    failed = (
        create(1, ADDRESS.encode(), directory.encode(), ctypes.byref(handle))
        or dqlite.dqlite_node_set_bind_address(handle, ADDRESS.encode())
        or dqlite.dqlite_node_start(handle)
    )
    if failed:
        sys.exit(f"the node does not start ({failed})")
    signal.sigwait([signal.SIGTERM])
    dqlite.dqlite_node_stop(handle)
    dqlite.dqlite_node_destroy(handle)


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(sys.argv[1])
    else:
        with node():
            record()
