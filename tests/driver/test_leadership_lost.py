"""LEADERSHIP_LOST is the same answer whether the change survives or not: so it is called unknown, in both cases.

Both cases can be had for certain. The leader appends the write to its log while its followers are stopped, and steps
down. Either the followers go on, and find the entry in their sockets; or they are killed, and restart without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Limits, Session
from dqshell.driver.transaction import State
from dqshell.errors import ExitCode, LeadershipLost, Outcome
from tests.conftest import LATENCY_MS, running_sandbox

from .nodes import Notices, leader_of, mend, rows_by_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dqshell.sandbox.local import Sandbox

# The ways to commit: what is run before the followers stop, and what is run while they are.
WRITES = {
    "insert": ([], "INSERT INTO t VALUES (2)"),
    "commit": (["BEGIN", "INSERT INTO t VALUES (2)"], "COMMIT"),
    "release": (["SAVEPOINT a", "SAVEPOINT b", "INSERT INTO t VALUES (2)"], "RELEASE a"),
}


@pytest.fixture(scope="module")
def three_nodes(launcher: list[str]) -> Iterator[Sandbox]:
    with running_sandbox(3, LATENCY_MS, launcher) as cluster:
        yield cluster


def survive(cluster: Sandbox, leader: int, followers: list[int]) -> None:
    for number in followers:
        cluster.resume(number)


def vanish(cluster: Sandbox, leader: int, followers: list[int]) -> None:
    cluster.pause(leader)
    for number in followers:
        cluster.kill(number)
    for number in followers:
        cluster.start(number)
    leader_of(cluster, followers)
    cluster.resume(leader)


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(("fate", "rows"), [(survive, 1), (vanish, 0)])
def test_a_lost_leadership_is_an_unknown_outcome(
    three_nodes: Sandbox,
    database: str,
    fate: Callable[[Sandbox, int, list[int]], None],
    rows: int,
    name: str,
) -> None:
    cluster = three_nodes
    mend(cluster)
    notices = Notices()
    before, sql = WRITES[name]
    with Session(cluster.addresses, database, limits=Limits(wait=20.0), listener=notices) as session:
        for statement in ["CREATE TABLE t (n INTEGER)", *before]:
            session.run(statement)
        leader = leader_of(cluster)
        followers = [node.number for node in cluster.nodes if node.number != leader]
        for number in followers:
            cluster.pause(number)

        with pytest.raises(LeadershipLost) as caught:
            session.run(sql)
        fate(cluster, leader, followers)

        assert caught.value.outcome is Outcome.UNKNOWN
        assert caught.value.exit_code == ExitCode.UNKNOWN
        assert caught.value.node == cluster.addresses[leader - 1]
        assert caught.value.statement == sql
        assert "not repeated" in caught.value.advice
        assert session.transaction.state is State.DISCONNECTED

        session.run("INSERT INTO t VALUES (3)")
        assert "leads" in notices.heard[-1]
    assert rows_by_number(cluster, database) == {3: 1} | ({2: 1} if rows else {})
