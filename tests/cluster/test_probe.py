"""All nodes are asked at once, and every one of them is a row, whatever has become of it."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from dqshell.cluster.probe import Node, View, look
from dqshell.driver import Connection
from dqshell.errors import InterfaceError, NodeUnreachable
from dqshell.wire.messages import SPARE, STANDBY, VOTER
from tests.driver.nodes import leader_of, mend, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dqshell.sandbox.local import Sandbox
    from tests.conftest import ClusterFactory

SOON = 0.3  # seconds: long for a node on this machine that is alive


@contextmanager
def talker(greeting: bytes) -> Iterator[str]:
    """The address of something that takes connections, says this, and is silent from then on."""
    peers = []
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def serve() -> None:
            try:
                while True:
                    peer, _ = server.accept()
                    peers.append(peer)
                    peer.sendall(greeting)
            except OSError:
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    for peer in peers:
        peer.close()


def nobody() -> str:
    """An address where nothing listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_one_address_is_enough_to_see_the_whole_cluster(cluster: Sandbox) -> None:
    leader = leader_of(cluster)
    view = look(cluster.addresses[:1])
    assert [(node.id, node.address, node.role_name) for node in view.nodes] == [
        (node.id, node.address, "voter") for node in cluster.nodes
    ]
    assert view.leader is not None
    assert view.leader.address == cluster.addresses[leader - 1]
    assert [node.is_leader for node in view.nodes] == [node.number == leader for node in cluster.nodes]
    assert {node.named_leader for node in view.nodes} == {view.leader.address}
    assert all(node.is_online and node.latency is not None and 0 < node.latency < 1000 for node in view.nodes)
    assert all(node.failure_domain is not None and node.weight is not None for node in view.nodes)
    assert view.quorum == 2


def test_a_dead_node_is_a_row_with_its_error_and_keeps_its_id_and_role(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    follower = leader_of(cluster) % 3 + 1
    cluster.kill(follower)
    view = look(cluster.addresses)
    dead = view.find(cluster.addresses[follower - 1])
    assert isinstance(dead.error, NodeUnreachable)
    assert str(dead.error) == "cannot connect: connection refused"
    assert (dead.id, dead.role, dead.is_online) == (cluster.nodes[follower - 1].id, VOTER, False)
    assert (dead.latency, dead.named_leader, dead.failure_domain, dead.weight) == (None, None, None, None)
    assert view.leader is not None
    assert sum(node.is_online for node in view.voters) == 2


def test_paused_nodes_cost_one_time_limit_together_and_the_others_still_answer(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(5)
    leader = leader_of(cluster)
    frozen = [number for number in range(1, 6) if number != leader][:2]
    for number in frozen:
        cluster.pause(number)
    begun = monotonic()
    view = look(cluster.addresses, SOON)
    assert monotonic() - begun < 2 * SOON
    for node in view.nodes:
        if cluster.addresses.index(node.address) + 1 in frozen:
            assert str(node.error) == f"no answer within {SOON:g} s"
        else:
            assert node.is_online
    assert view.leader is not None


def test_a_cluster_without_a_majority_has_no_leader_but_its_last_node_still_names_the_members(
    fresh_cluster: ClusterFactory,
) -> None:
    cluster = fresh_cluster()
    leader = leader_of(cluster)
    for number in {1, 2, 3} - {leader}:
        cluster.kill(number)
    survivor = cluster.addresses[leader - 1]
    wait_until(lambda: look([survivor]).leader is None, "a leader without a majority does not step down")
    view = look([survivor])
    assert [node.address for node in view.nodes] == cluster.addresses
    assert [node.is_online for node in view.nodes] == [number == leader for number in (1, 2, 3)]
    assert view.find(survivor).named_leader == ""


def test_where_nobody_answers_every_address_keeps_its_own_cause(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(1)
    cluster.pause(1)
    refused = nobody()
    with talker(b"SSH-2.0-OpenSSH_9.2p1\r\n") as ssh, talker(b"") as silent:
        view = look([cluster.addresses[0], refused, ssh, silent, "no-such-host.invalid:9001", "nonsense"], SOON)
    errors = {node.address: str(node.error) for node in view.nodes}
    assert list(errors) == [cluster.addresses[0], refused, ssh, silent, "no-such-host.invalid:9001", "nonsense"]
    assert errors[cluster.addresses[0]] == errors[silent] == f"no answer within {SOON:g} s"
    assert errors[refused] == "cannot connect: connection refused"
    assert "not a dqlite" in errors[ssh]
    assert errors["no-such-host.invalid:9001"].startswith("cannot resolve the host name 'no-such-host.invalid'")
    assert "is not an address" in errors["nonsense"]
    assert view.leader is None
    assert view.voters == []


def test_a_member_that_is_given_by_another_name_is_no_second_row(cluster: Sandbox) -> None:
    port = cluster.addresses[1].rpartition(":")[2]
    view = look([f"localhost:{port}"])
    assert [node.address for node in view.nodes] == cluster.addresses


def test_a_stranger_among_the_addresses_comes_behind_the_members(cluster: Sandbox) -> None:
    stranger = nobody()
    view = look([stranger, *cluster.addresses])
    assert [node.address for node in view.nodes] == [*cluster.addresses, stranger]
    assert (view.nodes[-1].id, view.nodes[-1].role_name) == (None, None)


def test_standbys_and_spares_are_no_voters(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(5)
    leader = leader_of(cluster)
    others = [node for node in cluster.nodes if node.number != leader]
    with Connection.connect(cluster.addresses[leader - 1]) as connection:
        connection.assign(others[0].id, STANDBY)
        connection.assign(others[1].id, SPARE)
    view = look(cluster.addresses)
    assert view.find(others[0].address).role_name == "stand-by"
    assert view.find(others[1].address).role_name == "spare"
    assert len(view.voters) == 3
    assert view.quorum == 2


def test_of_two_that_claim_to_lead_the_one_that_others_name_is_believed(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    old = leader_of(cluster)
    cluster.pause(old)
    new = leader_of(cluster, [number for number in (1, 2, 3) if number != old])
    cluster.resume(old)  # it may claim the leadership for a moment
    view = look(cluster.addresses)
    assert view.leader is not None
    assert view.leader.address == cluster.addresses[new - 1]
    mend(cluster)


def three_nodes() -> View:
    nodes = [Node("10.0.0.1:9001"), Node("10.0.0.2:9001"), Node("10.0.0.21:9001"), Node("elsewhere:1")]
    for node, identity in zip(nodes, (1, 0x2DC171858C3155BE, 17), strict=False):
        node.id = identity
    return View(nodes)


@pytest.mark.parametrize(
    ("wanted", "address"),
    [
        ("10.0.0.2:9001", "10.0.0.2:9001"),
        ("10.0.0.21", "10.0.0.21:9001"),
        ("1", "10.0.0.1:9001"),
        ("17", "10.0.0.21:9001"),
        ("0x11", "10.0.0.21:9001"),
        ("11", "10.0.0.21:9001"),
        ("2dc171858c3155be", "10.0.0.2:9001"),
        ("0x2DC1", "10.0.0.2:9001"),
        (str(0x2DC171858C3155BE), "10.0.0.2:9001"),
        ("elsew", "elsewhere:1"),
    ],
)
def test_a_node_is_found_by_address_by_id_or_by_the_beginning_of_either(wanted: str, address: str) -> None:
    assert three_nodes().find(wanted).address == address


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("10.0.0.2", "fits more than one node: 10.0.0.2:9001"),
        ("10.0.0.3:9001", "is no node of this cluster: 10.0.0.1:9001 (id 1), "),
        ("", "fits more than one node"),
    ],
)
def test_a_name_that_fits_no_node_or_several_is_refused(wanted: str, message: str) -> None:
    with pytest.raises(InterfaceError) as caught:
        three_nodes().find(wanted)
    assert message in caught.value.message
