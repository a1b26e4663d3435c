"""Finding the leader, on real nodes that are well, dead, frozen, or no nodes at all."""

from __future__ import annotations

import socket
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Connection, Limits, Search, Session
from dqshell.errors import ExitCode, NoLeader
from dqshell.wire.messages import SPARE, STANDBY, VOTER
from tests.conftest import LATENCY_MS, running_sandbox

from .nodes import leader_of, leads, mend, transfer, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dqshell.sandbox.local import Sandbox

AT_ONCE = 0.4  # seconds: far less than the time limit of a step, and enough on a busy machine
FAILOVERS = 5


@pytest.fixture(scope="module")
def nodes(launcher: list[str]) -> Iterator[Sandbox]:
    with running_sandbox(3, LATENCY_MS, launcher) as cluster:
        yield cluster


@pytest.fixture
def three_nodes(nodes: Sandbox) -> Sandbox:
    """Three nodes that are well, of which the first one leads."""
    mend(nodes)
    leader = leader_of(nodes)
    if leader != 1:
        transfer(nodes, leader, 1)
        leader_of(nodes)
    return nodes


def find(addresses: list[str], timeout: float = 5.0, wait: float = 10.0) -> str:
    """The address of the leader that a search finds."""
    with Search(addresses, timeout=timeout).run(wait) as connection:
        assert connection.server is not None
        assert connection.server.address == connection.address
        return connection.address


@contextmanager
def listener(answer: bytes | None) -> Iterator[str]:
    """A port that answers whatever it is sent, and hangs up; with None, it never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve() -> None:
            taken = []
            while not over.is_set():
                try:
                    peer, _ = server.accept()
                except OSError:
                    break
                taken.append(peer)
                if answer is not None:
                    peer.recv(4096)
                    peer.sendall(answer)
                    peer.close()
            for peer in taken:
                peer.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def closed_port(free_port: int) -> str:
    return f"127.0.0.1:{free_port}"


def test_any_node_leads_to_the_leader(three_nodes: Sandbox) -> None:
    for address in three_nodes.addresses:
        assert find([address]) == three_nodes.addresses[0]


@pytest.mark.parametrize("role", [STANDBY, SPARE])
def test_a_node_that_knows_no_leader_leads_to_the_members_which_do(three_nodes: Sandbox, role: int) -> None:
    leader, other = three_nodes.nodes[:2]
    with Connection.connect(leader.address) as connection:
        connection.assign(other.id, role, 10.0)
        try:
            assert find([other.address]) == leader.address
        finally:
            connection.assign(other.id, VOTER, 10.0)


def test_a_host_name_finds_the_leader_under_its_own_address(three_nodes: Sandbox) -> None:
    port = three_nodes.addresses[0].rpartition(":")[2]
    assert find([f"localhost:{port}"]) == three_nodes.addresses[0]


def test_a_dead_and_a_frozen_node_cost_nothing(three_nodes: Sandbox) -> None:
    three_nodes.kill(2)
    begun = time.monotonic()
    assert find(three_nodes.addresses[::-1]) == three_nodes.addresses[0]
    assert time.monotonic() - begun < AT_ONCE

    three_nodes.start(2)
    leader_of(three_nodes)
    three_nodes.pause(3)
    begun = time.monotonic()
    assert find(three_nodes.addresses[::-1]) == three_nodes.addresses[0]
    assert time.monotonic() - begun < AT_ONCE


def test_strangers_among_the_addresses_cost_nothing(three_nodes: Sandbox, closed_port: str) -> None:
    with listener(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web, listener(None) as silent:
        begun = time.monotonic()
        assert find([silent, web, closed_port, three_nodes.addresses[1]]) == three_nodes.addresses[0]
        assert time.monotonic() - begun < AT_ONCE


def test_when_nobody_answers_each_address_has_its_own_cause(closed_port: str) -> None:
    with listener(b"HTTP/1.1 400 Bad Request\r\n\r\n") as web, listener(None) as silent, listener(b"") as mute:
        addresses = [silent, web, mute, closed_port, "no-such-host.invalid:9001"]
        begun = time.monotonic()
        with pytest.raises(NoLeader) as caught:
            find(addresses, timeout=1.0)
        assert time.monotonic() - begun < 1.0 + AT_ONCE
    report = dict(line.split(": ", 1) for line in caught.value.report)
    assert list(report) == addresses
    assert "no answer within 1 s" in report[silent]
    assert "dqlite" in report[web]
    assert "closed the connection" in report[mute]
    assert "connection refused" in report[closed_port]
    assert "cannot resolve" in report["no-such-host.invalid:9001"]
    assert "0 of 5" in caught.value.message
    assert caught.value.exit_code == ExitCode.NO_LEADER


def test_when_all_nodes_are_dead_that_is_said_at_once(three_nodes: Sandbox) -> None:
    for number in (1, 2, 3):
        three_nodes.kill(number)
    begun = time.monotonic()
    with Session(three_nodes.addresses, "a") as session, pytest.raises(NoLeader) as caught:
        session.run("SELECT 1")
    assert time.monotonic() - begun < AT_ONCE
    assert [line.split(": ")[0] for line in caught.value.report] == three_nodes.addresses
    assert all("connection refused" in line for line in caught.value.report)


def test_a_lost_majority_is_counted(three_nodes: Sandbox) -> None:
    three_nodes.kill(2)
    three_nodes.kill(3)
    survivor = three_nodes.addresses[0]
    wait_until(lambda: not leads(survivor), "a leader without a majority steps down")
    with pytest.raises(NoLeader) as caught:
        find([survivor], wait=1.0)
    assert "no leader within 1 s" in caught.value.message
    assert "2 of 3 voters unreachable: no majority" in caught.value.message
    report = dict(line.split(": ", 1) for line in caught.value.report)
    assert report.keys() == set(three_nodes.addresses)
    assert "knows no leader" in report[survivor]
    assert "connection refused" in report[three_nodes.addresses[1]]


def test_a_session_waits_for_the_majority_to_come_back(three_nodes: Sandbox, database: str) -> None:
    with Session(three_nodes.addresses, database, limits=Limits(wait=20.0)) as session:
        session.run("CREATE TABLE t (n)")
        for number in (1, 2, 3):
            three_nodes.kill(number)
        back = threading.Timer(0.7, mend, [three_nodes])
        back.start()
        try:
            session.run("INSERT INTO t VALUES (1)")
            assert [row for page in session.run("SELECT n FROM t").pages for row in page] == [(1,)]
        finally:
            back.join()


def first_claim(addresses: list[str]) -> float:
    """Ask these nodes every millisecond; the time at which one first says that it leads."""
    connections = {address: Connection.connect(address) for address in addresses}
    try:
        while True:
            for address, connection in connections.items():
                if connection.leader().address == address:
                    return time.monotonic()
            time.sleep(0.001)
    finally:
        for connection in connections.values():
            connection.close()


def test_failover_adds_less_than_100_ms_to_the_election(three_nodes: Sandbox, database: str) -> None:
    added = []
    with Session(three_nodes.addresses, database) as session:
        session.run("CREATE TABLE t (n)")
        for number in range(FAILOVERS):
            leader = leader_of(three_nodes)
            session.run(f"INSERT INTO t VALUES ({number})")
            others = [node.address for node in three_nodes.nodes if node.number != leader]
            with ThreadPoolExecutor() as pool:
                claimed = pool.submit(first_claim, others)
                three_nodes.kill(leader)
                session.run(f"INSERT INTO t VALUES ({number})")
                added.append(time.monotonic() - claimed.result())
            mend(three_nodes)
    print("failover added, ms:", [round(seconds * 1000) for seconds in added])
    assert statistics.median(added) < 0.1
