"""nodes, leader and transfer, from a script's point of view."""

from __future__ import annotations

import json
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import dqshell, within
from tests.driver.nodes import leader_of

if TYPE_CHECKING:
    from dqshell.sandbox.local import Sandbox
    from tests.conftest import ClusterFactory

KEYS = [
    "id",
    "address",
    "role",
    "leader",
    "online",
    "latency_ms",
    "failure_domain",
    "weight",
    "says_leader",
    "error",
]


def test_nodes_in_json_has_a_fixed_set_of_keys_for_every_node(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    leader = leader_of(cluster)
    dead, frozen = (number for number in (1, 2, 3) if number != leader)
    cluster.kill(dead)
    cluster.pause(frozen)
    begun = monotonic()
    done = dqshell("-s", cluster.addresses[leader - 1], "--timeout", "0.4", "nodes", "-f", "json")
    assert monotonic() - begun < 3
    rows = json.loads(done.stdout)
    assert [list(row) for row in rows] == [KEYS] * 3
    assert [row["id"] for row in rows] == [str(node.id) for node in cluster.nodes], "ids are texts: jq rounds numbers"
    assert [row["address"] for row in rows] == cluster.addresses
    assert [row["role"] for row in rows] == ["voter"] * 3
    assert [row["leader"] for row in rows] == [node.number == leader for node in cluster.nodes]
    assert [row["online"] for row in rows] == [node.number == leader for node in cluster.nodes]
    assert rows[dead - 1]["error"] == "cannot connect: connection refused"
    assert rows[frozen - 1]["error"] == "no answer within 0.4 s"
    assert rows[leader - 1]["error"] is None
    assert isinstance(rows[leader - 1]["latency_ms"], float)
    assert rows[dead - 1]["latency_ms"] is None


def test_nodes_in_other_formats_shows_the_same(cluster: Sandbox) -> None:
    leader = leader_of(cluster)
    as_list = within("-s", cluster.addresses[0], "nodes").stdout.splitlines()
    assert len(as_list) == 3
    for node, line in zip(cluster.nodes, as_list, strict=True):
        cells = line.split("|")
        assert cells[:5] == [str(node.id), node.address, "voter", "yes" if node.number == leader else "no", "yes"]
        assert len(cells) == len(KEYS)
    csv = within("-s", cluster.addresses[0], "nodes", "-f", "csv", "-H").stdout.splitlines()
    assert csv[0] == ",".join(KEYS)
    assert len(csv) == 4
    table = within("-s", cluster.addresses[0], "-f", "table", "nodes").stdout.splitlines()
    assert [cell.strip() for cell in table[1].split("|")[1:-1]] == KEYS


def test_leader_prints_its_address_and_nothing_else(cluster: Sandbox) -> None:
    leader = cluster.addresses[leader_of(cluster) - 1]
    for arguments in (["-s", cluster.addresses[0], "leader"], ["leader", "-s", ",".join(cluster.addresses)]):
        done = dqshell(*arguments)
        assert (done.stdout, done.stderr, done.code) == (f"{leader}\n", "", 0)


def test_leader_follows_from_whichever_node_is_asked(cluster: Sandbox) -> None:
    leader = leader_of(cluster)
    port = cluster.addresses[leader % 3].rpartition(":")[2]
    assert dqshell("-s", f"localhost:{port}", "leader").stdout == f"{cluster.addresses[leader - 1]}\n"


def test_transfer_moves_it_once_and_says_how_long_nobody_led(cluster: Sandbox) -> None:
    old = leader_of(cluster)
    target = cluster.addresses[old % 3]
    done = dqshell("-s", ",".join(cluster.addresses), "transfer", "--yes", target)
    assert done.code == 0
    assert done.stderr == ""
    before, _, gap = done.stdout.partition(", no leader for ")
    assert before == f"{cluster.addresses[old - 1]} -> {target}"
    assert 0 <= int(gap.removesuffix(" ms\n")) < 5000
    assert dqshell("-s", cluster.addresses[0], "leader").stdout == f"{target}\n"
    again = dqshell("-s", ",".join(cluster.addresses), "transfer", target)
    assert (again.code, again.stdout) == (0, f"{target} leads already\n"), "nothing to confirm where nothing is done"


def test_transfer_to_a_dead_node_is_refused(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    leader = leader_of(cluster)
    dead = leader % 3 + 1
    cluster.kill(dead)
    done = dqshell("-s", ",".join(cluster.addresses), "transfer", "--yes", cluster.addresses[dead - 1])
    assert done.code == 7
    assert done.first == (
        f"error: {cluster.addresses[dead - 1]} does not answer (cannot connect: connection refused), so it cannot lead"
    )
    assert dqshell("-s", ",".join(cluster.addresses), "transfer", "--yes").code == 0, "somebody else can"


def test_transfer_to_a_stranger_is_bad_usage(cluster: Sandbox) -> None:
    done = within("-s", cluster.addresses[0], "transfer", "--yes", "10.9.8.7:1")
    assert done.code == 2
    assert done.first.startswith("error: '10.9.8.7:1' is no node of this cluster: ")


def test_the_dot_commands_do_the_same_as_the_commands(cluster: Sandbox, database: str) -> None:
    servers = ",".join(cluster.addresses)
    leader = leader_of(cluster)
    target = cluster.addresses[leader % 3]
    done = dqshell(
        *("-s", servers, "--yes", database),
        *("SELECT 'here'", ".leader", f".transfer {target}", ".leader", f".transfer {target}", "SELECT 'still here'"),
        *(".mode json", ".nodes"),
    )
    assert done.code == 0, done
    lines = done.stdout.splitlines()
    assert lines[:2] == ["here", cluster.addresses[leader - 1]]
    assert lines[2].startswith(f"{cluster.addresses[leader - 1]} -> {target}, no leader for ")
    assert lines[3:6] == [target, f"{target} leads already", "still here"]
    assert [list(row) for row in json.loads("\n".join(lines[6:]))] == [KEYS] * 3
    assert done.stderr.startswith(f"notice: leadership was transferred; {target} leads now")


def test_a_piped_transfer_needs_yes(cluster: Sandbox, database: str) -> None:
    leader = leader_of(cluster)
    done = dqshell("-s", cluster.addresses[0], database, stdin=".transfer\nSELECT 1;\n")
    assert (done.code, done.stdout) == (7, "")
    assert done.first.startswith("error: line 1: not done without a confirmation: ")
    assert leader_of(cluster) == leader


def test_cluster_prints_what_programs_parse(cluster: Sandbox, database: str) -> None:
    done = within("-s", cluster.addresses[0], database, ".cluster")
    assert done.stdout == "".join(f"{node.id:x}|{node.address}|voter\n" for node in cluster.nodes)
    done = within("-s", cluster.addresses[0], database, "-f", "json", ".cluster")
    assert json.loads(done.stdout) == [{"ID": node.id, "Address": node.address, "Role": 0} for node in cluster.nodes]


@pytest.mark.parametrize("command", ["nodes", "leader", "transfer"])
def test_options_stand_before_or_behind_the_command(command: str, cluster: Sandbox) -> None:
    options = ["-s", ",".join(cluster.addresses), "--timeout", "4", "--wait=5"]
    words = [command] + (["--yes"] if command == "transfer" else [])
    for arguments in ([*options, *words], [*words, *options], [*options[:2], *words, *options[2:]]):
        assert within(*arguments).code == 0
