"""Whatever is wrong gets one clear message and its exit code: no traceback, no hang."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import dqshell, within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dqshell.sandbox.local import Sandbox


@contextmanager
def server(answer: bytes) -> Iterator[str]:
    """The address of something else than a node: it reads a little, answers this, and closes; b"" keeps silent."""
    done = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve(peer: socket.socket) -> None:
            with peer:
                peer.recv(8)
                if answer:
                    peer.sendall(answer)
                    peer.shutdown(socket.SHUT_WR)
                done.wait(30)

        def accept() -> None:
            try:
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)


def nobody() -> str:
    """An address where nothing listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def test_an_unknown_host_is_named_with_its_cause() -> None:
    done = dqshell("-s", "no-such-host.invalid:9001", "db", "SELECT 1")
    assert done.code == 3
    assert "no-such-host.invalid:9001: cannot resolve the host name 'no-such-host.invalid'" in done.stderr


def test_a_port_where_nobody_listens_is_refused_at_once() -> None:
    address = nobody()
    begun = monotonic()
    done = dqshell("-s", address, "db", "SELECT 1")
    assert monotonic() - begun < 3
    assert done.code == 3
    assert done.first.startswith("error: no node ")
    assert f"{address}: cannot connect: connection refused" in done.stderr


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<h1>Bad Request</h1>\n",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",  # a TLS alert
        b"\xff" * 64,
        b"\0" * 64,
        b"x",
    ],
)
def test_a_port_that_speaks_something_else_is_found_out(answer: bytes) -> None:
    with server(answer) as address:
        begun = monotonic()
        done = dqshell("-s", address, "--timeout", "2", "db", "SELECT 1")
        assert monotonic() - begun < 2
    assert done.code == 3
    assert f"  {address}: " in done.stderr
    assert len(done.stderr.splitlines()) <= 4


def test_a_port_that_takes_connections_and_stays_silent_costs_one_time_limit() -> None:
    with server(b"") as address:
        begun = monotonic()
        done = dqshell("-s", address, "--timeout", "0.3", "db", "SELECT 1")
        assert monotonic() - begun < 3
    assert done.code == 3
    assert f"{address}: no answer within 0.3 s" in done.stderr


def test_strangers_among_the_addresses_do_no_harm(cluster: Sandbox, database: str) -> None:
    with server(b"") as silent, server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as http:
        addresses = [silent, http, nobody(), "no-such-host.invalid:1", cluster.addresses[2]]
        begun = monotonic()
        done = dqshell("-s", ",".join(addresses), database, "SELECT 1")
        assert monotonic() - begun < 3
    assert (done.stdout, done.stderr, done.code) == ("1\n", "", 0)


@pytest.mark.parametrize(
    "servers", ["localhost", "host:99999", "host:0", ":9001", "::1:9001", "@abstract", "http://host:9001", "unix:"]
)
def test_an_address_that_is_none_is_bad_usage(servers: str) -> None:
    for arguments in (["db", "SELECT 1"], ["nodes"], ["leader"], ["transfer", "--yes"]):
        done = within("-s", f"127.0.0.1:1,{servers}", *arguments)
        assert done.code == 2
        assert repr(servers) in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_without_servers_or_database_it_says_how_to_name_them() -> None:
    done = within("db", "SELECT 1")
    assert (done.code, done.first) == (2, "error: no servers given")
    assert "DQSHELL_SERVERS" in done.stderr
    done = within("-s", "127.0.0.1:1")
    assert (done.code, done.first) == (2, "error: no database given")
    assert "DQSHELL_DATABASE" in done.stderr


@pytest.mark.parametrize("name", ["", ":memory:", "file:x?mode=memory", "n" * 600])
def test_a_database_name_that_kills_servers_is_never_sent(name: str, cluster: Sandbox) -> None:
    before = [node.pid for node in cluster.status()]
    done = within("-s", cluster.addresses[0], name, "CREATE TABLE t (a)")
    assert done.code == 7
    assert done.first.startswith("error: database name ")
    assert [node.pid for node in cluster.status()] == before


def test_sql_where_the_database_belongs_is_no_database(cluster: Sandbox) -> None:
    done = within("-s", cluster.addresses[0], "SELECT 1")
    assert (done.code, done.first) == (2, "error: 'SELECT 1' stands where the database's name is expected")


def test_invalid_utf_8_ends_a_script_and_is_shown_where(cluster: Sandbox, database: str) -> None:
    done = dqshell("-s", cluster.addresses[0], database, stdin=b"SELECT 1;\nSELECT 'caf\xe9';\nSELECT 3;\n")
    assert done.stdout == "1\n"
    assert done.code != 0
    assert done.first == "error: line 2: not valid UTF-8 (byte 0xe9 at column 12)"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SELECT 1;\n\nSELECT 'open\n\n", "line 3: the input ends inside a string, which begins in line 3"),
        ('SELECT 1;\nSELECT "open', "line 2: the input ends inside a quoted name, which begins in line 2"),
        ("SELECT 1;\nSELECT 2 /* open", "line 2: the input ends inside a comment, which begins in line 2"),
        ("SELECT 1;\nCREATE TRIGGER x INSERT ON t BEGIN SELECT 1;", "line 2: the input ends inside the body of a trig"),
        ("SELECT 1;\nSELECT (2", "line 2: incomplete input (code 1); not applied"),
    ],
)
def test_an_unterminated_statement_is_refused(script: str, message: str, cluster: Sandbox, database: str) -> None:
    done = within("-s", cluster.addresses[0], database, stdin=script.encode())
    assert (done.stdout, done.code) == ("1\n", 1)
    assert done.first.startswith(f"error: {message}")


def test_a_nul_in_a_script_is_refused_where_it_stands(cluster: Sandbox, database: str) -> None:
    done = dqshell("-s", cluster.addresses[0], database, stdin=b"SELECT 1;\nSELECT 'a\0b';\n")
    assert done.stdout == "1\n"
    assert done.first.startswith("error: line 2: ")
    assert done.code != 0


def test_a_script_that_ends_inside_a_transaction_has_not_applied_it(cluster: Sandbox, database: str) -> None:
    done = dqshell("-s", cluster.addresses[0], database, stdin="CREATE TABLE t (a);\nBEGIN;\nINSERT INTO t VALUES (1);")
    assert done.code == 1
    assert done.first == "error: the input ended inside a transaction, which is rolled back: not applied"
    assert dqshell("-s", cluster.addresses[0], database, "SELECT count(*) FROM t").stdout == "0\n"


def test_files_that_cannot_be_read_are_named(cluster: Sandbox, database: str, tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.sql", "no such file or directory"), (tmp_path, "is a directory")):
        done = within("-s", cluster.addresses[0], database, "--read", str(path))
        assert (done.code, done.stderr) == (2, f"error: cannot read {path}: {reason}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--nonsense"],
        ["--timeout", "soon"],
        ["--timeout", "-1"],
        ["--wait", "nan"],
        ["--busy-timeout", "inf"],
        ["--timeout"],
        ["-f", "nonsense"],
        ["--keep-going=yes"],
    ],
)
def test_a_mistake_in_the_options_is_bad_usage_and_nothing_is_run(
    arguments: list[str], cluster: Sandbox, database: str
) -> None:
    done = within("-s", cluster.addresses[0], database, "SELECT 1", *arguments)
    assert (done.code, done.stdout) == (2, "")
    assert "rror: " in done.stderr


def test_a_very_long_line_and_a_very_long_error_are_no_problem(cluster: Sandbox, database: str) -> None:
    done = dqshell("-s", cluster.addresses[0], database, stdin=f"SELECT length('{'x' * 5_000_000}') AS long;\n")
    assert done.stdout == "5000000\n"
    done = dqshell("-s", cluster.addresses[0], database, stdin=f"SELECT {'x' * 5000};\n")
    assert (done.code, done.stdout) == (1, "")
