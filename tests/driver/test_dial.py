"""From an address to a connection, with real sockets: what can be at the other end, and what is said of it."""

from __future__ import annotations

import errno
import socket
import struct
import threading
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Connection
from dqshell.driver.dial import check_address, dial, split_address
from dqshell.errors import (
    ConfigurationError,
    ConnectionLost,
    DatabaseError,
    Error,
    ExitCode,
    NoAnswer,
    NodeUnreachable,
    Outcome,
    RemoteProtocolError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIMIT = 0.2
# What a busy machine may add to a limit.
SLACK = 1.5


@contextmanager
def listener(
    behave: Callable[[socket.socket], None], family: int = socket.AF_INET, at: str = "127.0.0.1"
) -> Iterator[str]:
    """A server that does `behave` to each connection; its address."""
    with socket.socket(family) as server:
        server.bind(at if family == socket.AF_UNIX else (at, 0))
        server.listen()
        threading.Thread(target=_serve, args=(server, behave), daemon=True).start()
        name = server.getsockname()
        yield f"unix:{name}" if family == socket.AF_UNIX else f"{f'[{at}]' if ':' in at else at}:{name[1]}"
        server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, behave: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection = server.accept()[0]
        except OSError:
            return
        with connection:
            try:
                behave(connection)
            except OSError:
                pass


def answers(data: bytes) -> Callable[[socket.socket], None]:
    """Read something, answer with `data`, and wait for the end."""

    def behave(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(data)
        while connection.recv(4096):
            pass

    return behave


def hangs_up(connection: socket.socket) -> None:
    connection.recv(4096)


def hangs_up_at_once(_: socket.socket) -> None:
    pass


def resets(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stays_silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def leader_of(address: str) -> object:
    with Connection.connect(address, LIMIT) as connection:
        return connection.leader()


def failure(address: str, limit: float = LIMIT) -> Error:
    """Why a node there cannot be asked who leads, told within the time that it may take; nothing is unknown by it."""
    begun = time.monotonic()
    with pytest.raises(Error) as caught:
        leader_of(address)
    assert time.monotonic() - begun < limit + SLACK
    error = caught.value
    assert error.outcome is Outcome.NOT_APPLIED
    return error.__cause__ if isinstance(error.__cause__, Error) else error


LEADS = struct.pack("<IBBxxQ16s", 3, 1, 0, 7, b"127.0.0.1:9001\0\0")


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("family", "at"),
    [
        (socket.AF_INET, "127.0.0.1"),
        pytest.param(socket.AF_INET6, "::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")),
    ],
)
def test_a_node_is_reached_over_tcp(family: int, at: str) -> None:
    with listener(answers(LEADS), family, at) as address, Connection.connect(address, LIMIT) as connection:
        leader = connection.leader()
    assert (leader.id, leader.address) == (7, "127.0.0.1:9001")


def test_a_node_is_reached_over_a_unix_socket(tmp_path: Path) -> None:
    server = listener(answers(LEADS), socket.AF_UNIX, str(tmp_path / "socket"))
    with server as address, Connection.connect(address, LIMIT) as connection:
        assert connection.leader().id == 7


def test_a_name_is_resolved_and_all_its_addresses_are_tried() -> None:
    # localhost is ::1 as well on most machines, where nobody listens.
    with (
        listener(answers(LEADS)) as address,
        Connection.connect(f"localhost:{address.rpartition(':')[2]}", 5.0) as connection,
    ):
        assert connection.leader().id == 7


def test_a_silent_address_of_a_name_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with listener(answers(LEADS)) as address, full() as silent:
        endpoints = [(host, int(port)) for host, _, port in (silent.rpartition(":"), address.rpartition(":"))]
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", endpoint) for endpoint in endpoints]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
        with Connection.connect("two.addresses:1", LIMIT * 2) as connection:
            assert connection.leader().id == 7


@contextmanager
def full() -> Iterator[str]:
    """A listener whose backlog is full: a connection is never established, and never refused."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(server.getsockname())
            waiting.append(sock)
        yield "{}:{}".format(*server.getsockname())
        for sock in waiting:
            sock.close()


def test_an_unknown_host() -> None:
    error = failure("no-such-host.invalid:9001", 10.0)
    assert isinstance(error, NodeUnreachable)
    assert error.message.startswith("cannot resolve the host name 'no-such-host.invalid': ")
    assert error.node == "no-such-host.invalid:9001"


@pytest.mark.parametrize("host", ["a" * 70 + ".invalid", "a..b", "x" * 300, "\udcff"])
def test_a_host_name_that_cannot_be_one(host: str) -> None:
    error = failure(f"{host}:9001", 10.0)
    assert isinstance(error, NodeUnreachable)
    assert "cannot resolve" in error.message


def test_a_resolver_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: object, flags: int = 0, **__: object) -> list[object]:
        if not flags & socket.AI_NUMERICHOST:
            over.wait(10.0)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    error = failure("a.name:9001")
    over.set()
    assert isinstance(error, NodeUnreachable)
    assert error.message == "cannot resolve the host name 'a.name': timed out"


def test_a_port_where_nobody_listens() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{bound.getsockname()[1]}"
        error = failure(address)
    assert isinstance(error, NodeUnreachable)
    assert (error.message, error.node) == ("cannot connect: connection refused", address)


def test_a_network_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    error = failure("127.0.0.1:9001")
    assert isinstance(error, NodeUnreachable)
    assert error.message == "cannot connect: no route to host"


def test_a_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket

    def no_ipv6(family: int, *more: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, *more)

    monkeypatch.setattr(socket, "socket", no_ipv6)
    assert isinstance(failure("[::1]:9001"), NodeUnreachable)


def test_a_connection_that_is_never_established() -> None:
    with full() as address:
        begun = time.monotonic()
        error = failure(address)
        assert time.monotonic() - begun >= LIMIT * 0.9
    assert isinstance(error, NodeUnreachable)
    assert (error.message, error.node) == ("cannot connect: timed out", address)


def test_a_unix_socket_that_is_not_there(tmp_path: Path) -> None:
    error = failure(f"unix:{tmp_path}/none")
    assert isinstance(error, NodeUnreachable)
    assert error.message == "cannot connect: no such file or directory"


def test_a_unix_socket_whose_path_is_too_long() -> None:
    error = failure("unix:/" + "x" * 200)
    assert isinstance(error, NodeUnreachable)
    assert error.message == "cannot connect: af_unix path too long"


def test_a_file_that_is_no_socket(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no socket")
    assert failure(f"unix:{tmp_path}/file").message == "cannot connect: connection refused"


# Somebody else answers.

HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request"
TLS_ALERT = bytes.fromhex("15030300020246")


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        (HTTP, RemoteProtocolError, "the peer speaks HTTP, not dqlite"),
        (HTTP[:5], RemoteProtocolError, "the peer speaks HTTP, not dqlite"),
        (TLS_ALERT, RemoteProtocolError, "the peer speaks TLS"),
        (TLS_ALERT[:5], RemoteProtocolError, "the peer speaks TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", RemoteProtocolError, "not a dqlite response: b'SSH-2.0-'"),
        (b"\xff" * 64, RemoteProtocolError, "not a dqlite response: "),
        (b"\0" * 64, RemoteProtocolError, "a response of type 0 without a body"),
        (
            b"\xff\xff\xff\x7f\1\0\0\0",
            RemoteProtocolError,
            "a response of type 1 that claims to have 17179869176 bytes",
        ),
        (struct.pack("<IBBxxQ", 1, 8, 0, 0), RemoteProtocolError, "answered with Empty where Server was expected"),
        (struct.pack("<IBBxxQ", 1, 1, 0, 7), RemoteProtocolError, "malformed Server: "),
        (struct.pack("<IBBxxQ8s", 2, 0, 0, 1005, b"no such\0"), DatabaseError, "no such"),
        (LEADS[:-1], NoAnswer, "no answer within 0.2 s"),
        (LEADS[:3], NoAnswer, "no answer within 0.2 s"),
    ],
)
def test_a_port_where_somebody_else_answers(said: bytes, kind: type[Error], message: str) -> None:
    with listener(answers(said)) as address:
        error = failure(address)
    assert isinstance(error, kind)
    assert error.message.startswith(message)
    assert error.node == address


@pytest.mark.parametrize("behave", [hangs_up, hangs_up_at_once, resets])
def test_a_peer_that_hangs_up(behave: Callable[[socket.socket], None]) -> None:
    with listener(behave) as address:
        error = failure(address)
    assert isinstance(error, ConnectionLost)
    assert error.message in ("the node closed the connection", "the connection was lost: connection reset by peer")
    assert error.node == address


def test_a_peer_that_accepts_and_says_nothing() -> None:
    with listener(stays_silent) as address:
        begun = time.monotonic()
        error = failure(address)
        assert time.monotonic() - begun >= LIMIT * 0.9
    assert isinstance(error, NoAnswer)
    assert (error.message, error.node) == ("no answer within 0.2 s", address)


def test_a_peer_that_sends_one_byte_at_a_time_has_no_more_time_than_others() -> None:
    def trickle(connection: socket.socket) -> None:
        for byte in LEADS:
            time.sleep(LIMIT / 4)
            connection.sendall(bytes([byte]))

    with listener(trickle) as address:
        assert isinstance(failure(address), NoAnswer)


# Addresses.


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("10.0.0.1:9001", "10.0.0.1", 9001),
        ("node:1", "node", 1),
        ("[::1]:65535", "::1", 65535),
        ("[fe80::1%eth0]:9001", "fe80::1%eth0", 9001),
    ],
)
def test_an_address_has_a_host_and_a_port(address: str, host: str, port: int) -> None:
    assert split_address(address) == (host, port)
    check_address(address)


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("", "expected host:port"),
        ("node", "expected host:port"),
        (":9001", "expected host:port"),
        ("node:", "expected host:port"),
        ("node:0", "expected host:port"),
        ("node:65536", "expected host:port"),
        ("node:-1", "expected host:port"),
        ("node:9001x", "expected host:port"),
        ("node:\u0661", "expected host:port"),
        ("[]:9001", "expected host:port"),
        ("::1:9001", "in brackets"),
        ("@name", "abstract unix socket"),
        ("@", "abstract unix socket"),
        ("unix:", "names no path"),
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_is_done(address: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint) as caught:
        dial(address, time.monotonic() + LIMIT)
    assert repr(address) in caught.value.message
    assert caught.value.exit_code is ExitCode.USAGE


def test_what_could_not_be_reached_was_not_applied() -> None:
    assert NodeUnreachable.outcome is Outcome.NOT_APPLIED


def test_nothing_is_left_open_by_a_failure() -> None:
    with full() as silent, closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        for address in (silent, f"127.0.0.1:{bound.getsockname()[1]}"):
            with pytest.raises(NodeUnreachable):
                dial(address, time.monotonic() + 0.01)  # an open socket would be a ResourceWarning, and that an error
