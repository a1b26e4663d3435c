"""A cluster, its nodes' states, and what becomes of its data."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dqshell.driver.connection import Connection
from dqshell.errors import Error, NoAnswer, NodeUnreachable, SandboxError
from dqshell.sandbox import local
from dqshell.sandbox.local import Sandbox
from tests.conftest import LATENCY_MS, reserved_ports
from tests.sandbox.conftest import eventually, leader_of, processes_about

if TYPE_CHECKING:
    from tests.conftest import ClusterFactory

ROOT = Path(__file__).parents[2]


def states(sandbox: Sandbox) -> list[str]:
    return [node.state for node in sandbox.status()]


def rows(address: str, database: str, sql: str) -> list[tuple[object, ...]]:
    with Connection.connect(address) as connection:
        connection.open(database)
        return [row for page in connection.query(sql) for row in page]


def execute(address: str, database: str, *statements: str) -> None:
    with Connection.connect(address) as connection:
        connection.open(database)
        for sql in statements:
            connection.exec(sql)


def answers(address: str, timeout: float = 0.2) -> bool:
    try:
        with Connection.connect(address, timeout) as connection:
            connection.leader()
    except (NoAnswer, NodeUnreachable):
        return False
    return True


def test_three_voters_are_ready_well_within_two_seconds(fresh_cluster: ClusterFactory) -> None:
    begun = time.monotonic()
    sandbox = fresh_cluster()
    assert time.monotonic() - begun < 1.5
    for address in sandbox.addresses:
        with Connection.connect(address) as connection:
            members = {server.address: server.role for server in connection.cluster()}
            assert members == dict.fromkeys(sandbox.addresses, 0)
            assert connection.leader().address in sandbox.addresses


def test_each_node_has_a_failure_domain_of_its_own(fresh_cluster: ClusterFactory) -> None:
    domains = []
    for address in fresh_cluster().addresses:
        with Connection.connect(address) as connection:
            domains.append(connection.describe().failure_domain)
    assert domains == [1, 2, 3]


def test_status_says_what_each_node_is(fresh_cluster: ClusterFactory) -> None:
    sandbox = fresh_cluster()
    status = sandbox.status()
    assert [node.number for node in status] == [1, 2, 3]
    assert [node.address for node in status] == sandbox.addresses
    assert [node.state for node in status] == ["running"] * 3
    assert [node.role for node in status] == [0, 0, 0]
    assert [node.is_leader for node in status].count(True) == 1
    assert len({node.id for node in status}) == 3
    assert len({node.pid for node in status}) == 3


def test_a_killed_leader_is_replaced(fresh_cluster: ClusterFactory) -> None:
    sandbox = fresh_cluster()
    leader = leader_of(sandbox)
    sandbox.kill(leader)
    assert not answers(sandbox.addresses[leader - 1])
    assert states(sandbox)[leader - 1] == "killed"
    assert leader_of(sandbox) != leader
    sandbox.start(leader)
    assert answers(sandbox.addresses[leader - 1])
    assert states(sandbox) == ["running"] * 3


def test_a_paused_leader_is_replaced_and_learns_of_it(fresh_cluster: ClusterFactory) -> None:
    sandbox = fresh_cluster()
    old = leader_of(sandbox)
    sandbox.pause(old)
    assert states(sandbox)[old - 1] == "paused"
    assert not answers(sandbox.addresses[old - 1])
    new = leader_of(sandbox)
    assert new != old
    sandbox.resume(old)
    assert states(sandbox)[old - 1] == "running"

    def follows() -> bool:
        with Connection.connect(sandbox.addresses[old - 1]) as connection:
            leader: str = connection.leader().address
            return leader == sandbox.addresses[new - 1]

    assert eventually(follows)


def test_data_survives_stopping_all_nodes_and_starting_them(fresh_cluster: ClusterFactory) -> None:
    sandbox = fresh_cluster()
    address = sandbox.addresses[leader_of(sandbox) - 1]
    execute(address, "db", "CREATE TABLE t (a)", "INSERT INTO t VALUES (42)")
    for number in (1, 2, 3):
        sandbox.stop(number)
    assert states(sandbox) == ["stopped"] * 3
    for number in (1, 2, 3):
        sandbox.start(number)
    address = sandbox.addresses[leader_of(sandbox) - 1]
    assert rows(address, "db", "SELECT a FROM t") == [(42,)]


def test_a_killed_node_has_its_data_when_it_starts_again(single: Sandbox) -> None:
    execute(single.addresses[0], "db", "CREATE TABLE t (a)", "INSERT INTO t VALUES (42)")
    for _ in range(3):
        single.kill(1)
        single.start(1)
    assert leader_of(single) == 1
    assert rows(single.addresses[0], "db", "SELECT a FROM t") == [(42,)]


def test_a_paused_node_can_be_stopped_and_killed(single: Sandbox) -> None:
    single.pause(1)
    single.stop(1)
    assert states(single) == ["stopped"]
    single.start(1)
    single.pause(1)
    single.kill(1)
    assert states(single) == ["killed"]


def test_what_cannot_be_done_to_a_node_is_refused(single: Sandbox) -> None:
    with pytest.raises(SandboxError, match="node 1 is not paused"):
        single.resume(1)
    with pytest.raises(SandboxError, match="node 1 is running already"):
        single.start(1)
    single.pause(1)
    with pytest.raises(SandboxError, match="node 1 is paused") as refused:
        single.start(1)
    assert "resume 1" in refused.value.advice
    single.kill(1)
    for action in (single.kill, single.stop, single.pause, single.resume):
        with pytest.raises(SandboxError, match="node 1 is not running") as refused:
            action(1)
        assert "start 1" in refused.value.advice
    with pytest.raises(SandboxError, match="there is no node 2"):
        single.kill(2)


def test_down_leaves_no_process_and_no_directory(fresh_cluster: ClusterFactory) -> None:
    sandbox = fresh_cluster()
    sandbox.pause(1)
    sandbox.kill(2)
    assert processes_about(sandbox.directory)
    sandbox.down()
    assert not processes_about(sandbox.directory)
    assert not os.path.exists(sandbox.directory)
    sandbox.down()


def test_a_detached_sandbox_outlives_its_maker_and_is_found_again(
    tmp_path: Path, free_port: int, launcher: list[str]
) -> None:
    directory = tmp_path / "sandbox"
    script = (
        "from dqshell.sandbox.local import Sandbox; "
        f"Sandbox.create({str(directory)!r}, 1, port={free_port}, latency_ms={LATENCY_MS}, "
        f"launcher={launcher!r})"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
    sandbox = Sandbox.open(directory)
    assert sandbox.addresses == [f"127.0.0.1:{free_port}"]
    assert leader_of(sandbox) == 1
    sandbox.kill(1)
    sandbox.start(1)
    assert states(Sandbox.open(directory)) == ["running"]
    sandbox.down()
    assert not directory.exists()
    with pytest.raises(SandboxError, match="there is no sandbox"):
        Sandbox.open(directory)


def test_nodes_keep_nothing_open_that_their_maker_had_open(tmp_path: Path, fresh_cluster: ClusterFactory) -> None:
    with open(tmp_path / "lock", "w", encoding="utf-8") as lock:
        os.set_inheritable(lock.fileno(), True)
        sandbox = fresh_cluster(1)
    (node,) = sandbox.status()
    process = Path(f"/proc/{node.pid}")
    held = []
    for entry in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            held.append(os.readlink(entry))
    assert os.readlink(process / "fd" / "1") == str(sandbox.nodes[0].log)
    assert os.readlink(process / "cwd") == sandbox.nodes[0].home
    assert str(tmp_path / "lock") not in held


def test_the_launcher_is_put_before_the_interpreter(tmp_path: Path, free_port: int) -> None:
    launcher = ["env", "MARKED=yes"]
    with Sandbox.create(tmp_path / "sandbox", 1, port=free_port, launcher=launcher):
        sandbox = Sandbox.open(tmp_path / "sandbox")
        for _ in range(2):
            (node,) = sandbox.status()
            assert b"MARKED=yes" in Path(f"/proc/{node.pid}/environ").read_bytes()
            sandbox.kill(1)
            sandbox.start(1)


def test_without_a_port_the_first_free_ones_are_taken(
    tmp_path: Path, free_port: int, launcher: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "FIRST_PORT", free_port)
    with (
        Sandbox.create(tmp_path / "a", 1, latency_ms=LATENCY_MS, launcher=launcher) as first,
        Sandbox.create(tmp_path / "b", 2, latency_ms=LATENCY_MS, launcher=launcher) as second,
    ):
        assert first.addresses == [f"127.0.0.1:{free_port}"]
        assert second.addresses == [f"127.0.0.1:{free_port + 1}", f"127.0.0.1:{free_port + 2}"]


def test_sandboxes_that_start_at_once_share_the_ports_out(tmp_path: Path, free_port: int, launcher: list[str]) -> None:
    script = (
        "import sys; from dqshell.sandbox import local; "
        f"local.FIRST_PORT = {free_port}; "
        f"local.Sandbox.create(sys.argv[1], 2, latency_ms={LATENCY_MS}, launcher={launcher!r})"
    )
    directories = [tmp_path / name for name in "abc"]
    makers = [subprocess.Popen([sys.executable, "-c", script, str(directory)], cwd=ROOT) for directory in directories]
    codes = [maker.wait() for maker in makers]
    addresses = []
    with ExitStack() as stack:
        for directory in directories:
            if directory.exists():
                sandbox = stack.enter_context(Sandbox.open(directory))
                assert states(sandbox) == ["running"] * 2
                addresses += sandbox.addresses
    assert codes == [0, 0, 0]
    assert len(set(addresses)) == 6


def test_reserved_ports_are_nobody_elses() -> None:
    with reserved_ports() as first, reserved_ports() as second:
        assert first != second
    with reserved_ports() as again:
        assert again == first


def test_the_tests_databases_are_their_own(database: str, cluster: Sandbox) -> None:
    address = cluster.addresses[leader_of(cluster) - 1]
    execute(address, database, "CREATE TABLE t (a)")
    with pytest.raises(Error, match="no such table"):
        rows(address, f"{database}-other", "SELECT a FROM t")
