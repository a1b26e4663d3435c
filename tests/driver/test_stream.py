"""A lost connection is a lost connection, also when TLS lies in between and has names of its own for it."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Connection
from dqshell.driver.stream import Stream
from dqshell.errors import ConnectionLost, NodeUnreachable, Outcome
from dqshell.wire import messages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# A key that protects nothing, and its certificate, made for this test.
PAIR = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOGrFLBXl6h1tqIOi
25wbItKwWrekmlCoKn91RTMRHfihRANCAAQpohG0BT1TwCVFt6ahvkJ2MrZHJMWN
lijQbN4sEzdVMO9zI5jhBi167yPKKXQmNMdTpuCRJYmWNa9xP2yc1zcz
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBhDCCASugAwIBAgIUMcT5ZkhoMeSRxtTn7uH6EtGUPskwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMZHFzaGVsbCB0ZXN0MCAXDTI2MTEyMzIxMDUwMVoYDzIxMjYx
MDMwMjEwNTAxWjAXMRUwEwYDVQQDDAxkcXNoZWxsIHRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAAQpohG0BT1TwCVFt6ahvkJ2MrZHJMWNlijQbN4sEzdVMO9z
I5jhBi167yPKKXQmNMdTpuCRJYmWNa9xP2yc1zczo1MwUTAdBgNVHQ4EFgQUWcDT
s5Wzj7RQEh3XUJiDuZtt+IowHwYDVR0jBBgwFoAUWcDTs5Wzj7RQEh3XUJiDuZtt
+IowDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBL9L2Sj1OGQcd5
YpyUSkBbnnI0wUZrecmluJwJTDeufQIgY7SLKHYeiqHpFXAUSQqjFZpYKS7j4jz8
tfak1tVK2xQ=
-----END CERTIFICATE-----
"""

ANSWER = messages.encode(messages.Result(1, 1))


def closes_politely(peer: ssl.SSLSocket) -> None:
    peer.unwrap()


def hangs_up(peer: ssl.SSLSocket) -> None:
    """The end of the TCP stream, without TLS's own goodbye."""
    socket.socket(fileno=peer.detach()).close()


def resets(peer: ssl.SSLSocket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    hangs_up(peer)


def garbles(peer: ssl.SSLSocket) -> None:
    """Bytes that are no TLS, in the middle of it."""
    with socket.socket(fileno=peer.detach()) as bare:
        bare.sendall(bytes(64))


def connected(pair: Path, answer: bytes, end: Callable[[ssl.SSLSocket], None]) -> Connection:
    """A connection through TLS to a peer that reads a request, answers it in part, and goes away."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pair)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.load_verify_locations(pair)

    def serve() -> None:
        with listener, server.wrap_socket(listener.accept()[0], server_side=True) as peer:
            peer.recv(65536)
            if answer:
                peer.sendall(answer)
            try:
                end(peer)
            except OSError:
                pass  # the other side was faster

    threading.Thread(target=serve, daemon=True).start()
    return Connection(Stream(client.wrap_socket(socket.create_connection(listener.getsockname()))), "peer", 2.0)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "pair.pem"
    path.write_text(PAIR)
    return path


@pytest.mark.parametrize("length", [0, 1, 8, len(ANSWER) - 1])
@pytest.mark.parametrize("end", [closes_politely, hangs_up, resets, garbles])
def test_an_end_within_an_answer_leaves_a_write_unknown(
    pair: Path, end: Callable[[ssl.SSLSocket], None], length: int
) -> None:
    connection = connected(pair, ANSWER[:length], end)
    with pytest.raises(ConnectionLost) as lost:
        connection.exec("INSERT INTO t VALUES (1)")
    assert lost.value.outcome is Outcome.UNKNOWN
    assert connection.closed


@pytest.mark.parametrize("end", [closes_politely, hangs_up, resets, garbles])
def test_a_question_that_is_not_answered_leaves_nothing_unknown(
    pair: Path, end: Callable[[ssl.SSLSocket], None]
) -> None:
    with pytest.raises(NodeUnreachable) as lost:
        connected(pair, b"", end).leader()
    assert lost.value.outcome is Outcome.NOT_APPLIED


def test_an_answer_that_is_complete_counts_whatever_comes_behind_it(pair: Path) -> None:
    connection = connected(pair, ANSWER, hangs_up)
    assert connection.exec("INSERT INTO t VALUES (1)").rows_affected == 1
    connection.close()
