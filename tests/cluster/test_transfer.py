"""Leadership moves where it is told to, or nothing is done and the reason is said."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from dqshell.cluster.probe import look
from dqshell.cluster.transfer import Plan, carry_out, plan
from dqshell.driver import Connection, Session
from dqshell.errors import (
    AdministrationFailed,
    Error,
    ExitCode,
    InterfaceError,
    NodeUnreachable,
    NoLeader,
    Outcome,
    Refused,
    TimedOut,
)
from dqshell.wire.messages import SPARE, STANDBY
from tests.driver.nodes import leader_of, named_leader, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from dqshell.sandbox.local import Sandbox
    from tests.conftest import ClusterFactory


def another(cluster: Sandbox, number: int) -> int:
    """The number of the node that follows this one."""
    return number % len(cluster.nodes) + 1


def transfer(cluster: Sandbox, target: str | None) -> Plan:
    """Plan it and do it; the plan."""
    planned = plan(cluster.addresses, target)
    done = carry_out(planned)
    assert 0 < done.gap < 5000
    return planned


def hexadecimal(cluster: Sandbox, number: int) -> str:
    return f"{cluster.nodes[number - 1].id:x}"


NAMES: dict[str, Callable[[Sandbox, int], str]] = {
    "its address": lambda cluster, number: cluster.addresses[number - 1],
    "its id": lambda cluster, number: str(cluster.nodes[number - 1].id),
    "its id in hex": hexadecimal,
    "the beginning of its id in hex": lambda cluster, number: hexadecimal(cluster, number)[:9],
}


@pytest.mark.parametrize("kind", NAMES)
def test_leadership_moves_to_the_node_that_is_named_by(kind: str, cluster: Sandbox) -> None:
    old = leader_of(cluster)
    new = another(cluster, old)
    planned = plan(cluster.addresses, NAMES[kind](cluster, new))
    assert (planned.leader.address, planned.target.address) == (cluster.addresses[old - 1], cluster.addresses[new - 1])
    assert str(planned) == (
        f"leadership moves from {cluster.addresses[old - 1]} to {cluster.addresses[new - 1]}; "
        f"transactions that are open on {cluster.addresses[old - 1]} are rolled back"
    )
    done = carry_out(planned)
    # The target itself says so, and so does a majority, as soon as it is over.
    says = [named_leader(address) for address in cluster.addresses]
    assert says[new - 1] == cluster.addresses[new - 1]
    assert says.count(cluster.addresses[new - 1]) >= 2
    assert 0 < done.gap < 5000


def test_without_a_name_it_moves_to_a_voter_that_answers(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    old = leader_of(cluster)
    dead = another(cluster, old)
    cluster.kill(dead)
    planned = transfer(cluster, None)
    assert planned.target.address == cluster.addresses[6 - old - dead - 1]
    assert leader_of(cluster, [old, 6 - old - dead]) == 6 - old - dead


def test_a_node_that_leads_already_is_left_alone(cluster: Sandbox) -> None:
    leader = leader_of(cluster)
    planned = plan(cluster.addresses, cluster.addresses[leader - 1])
    assert planned.is_done
    assert carry_out(planned).gap == 0
    assert leader_of(cluster) == leader


def test_one_node_of_the_cluster_is_enough_to_ask(cluster: Sandbox) -> None:
    old = leader_of(cluster)
    new = another(cluster, old)
    carry_out(plan(cluster.addresses[another(cluster, new) - 1 :][:1], cluster.addresses[new - 1]))
    assert leader_of(cluster) == new


@pytest.mark.parametrize("state", ["killed", "paused"])
def test_a_target_that_does_not_answer_is_refused(state: str, fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    leader = leader_of(cluster)
    target = another(cluster, leader)
    cluster.kill(target) if state == "killed" else cluster.pause(target)
    with pytest.raises(Refused) as caught:
        plan(cluster.addresses, cluster.addresses[target - 1], 0.3)
    reason = "cannot connect: connection refused" if state == "killed" else "no answer within 0.3 s"
    assert caught.value.message == f"{cluster.addresses[target - 1]} does not answer ({reason}), so it cannot lead"
    assert caught.value.exit_code is ExitCode.REFUSED


def test_only_a_voter_can_be_the_target(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    leader = leader_of(cluster)
    standby, spare = (node for node in cluster.nodes if node.number != leader)
    with Connection.connect(cluster.addresses[leader - 1]) as connection:
        connection.assign(standby.id, STANDBY)
        connection.assign(spare.id, SPARE)
    for node, role in ((standby, "a stand-by"), (spare, "a spare")):
        with pytest.raises(Refused) as caught:
            plan(cluster.addresses, node.address)
        assert caught.value.message == f"{node.address} is {role}: only a voter can lead"
    with pytest.raises(Refused) as caught:
        plan(cluster.addresses, None)
    assert caught.value.message == "no other voter answers, so nobody can take the leadership over"


def test_a_node_that_is_no_member_is_refused(cluster: Sandbox) -> None:
    with pytest.raises(InterfaceError) as caught:
        plan(cluster.addresses, "10.9.8.7:9001")
    assert caught.value.message.startswith("'10.9.8.7:9001' is no node of this cluster: ")
    with pytest.raises(Refused) as refused:
        plan([*cluster.addresses, "127.0.0.1:1"], "127.0.0.1:1")
    assert refused.value.message == "127.0.0.1:1 is not a member: only a voter can lead"


def test_where_nobody_leads_nothing_can_be_transferred(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    leader = leader_of(cluster)
    for number in {1, 2, 3} - {leader}:
        cluster.kill(number)
    survivor = cluster.addresses[leader - 1]
    wait_until(lambda: look([survivor]).leader is None, "a leader without a majority does not step down")
    with pytest.raises(NoLeader) as caught:
        plan(cluster.addresses, survivor)
    assert caught.value.report == [
        f"{node.address}: " + ("knows no leader" if node.number == leader else "cannot connect: connection refused")
        for node in cluster.nodes
    ]


def test_of_two_transfers_at_the_same_time_both_end_and_one_leader_is_left(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    old = leader_of(cluster)
    plans = [
        plan(cluster.addresses, cluster.addresses[another(cluster, old) - 1]),
        plan(cluster.addresses, cluster.addresses[another(cluster, another(cluster, old)) - 1]),
    ]
    ends: list[str] = []

    def run(planned: Plan) -> None:
        try:
            carry_out(planned, wait=3.0)
            ends.append(planned.target.address)
        except Error as error:
            ends.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(planned,)) for planned in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10.0)
    assert len(ends) == 2, "a transfer hangs"
    leader = cluster.addresses[leader_of(cluster) - 1]
    assert {leader, *ends} <= {leader, "NotLeader", "AdministrationFailed", "TimedOut"} | {
        planned.target.address for planned in plans
    }
    assert leader in {planned.target.address for planned in plans}


def test_the_old_leader_gone_before_the_order_means_that_nothing_was_done(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    old = leader_of(cluster)
    planned = plan(cluster.addresses, None)
    cluster.kill(old)
    with pytest.raises(NodeUnreachable) as caught:
        carry_out(planned)
    assert caught.value.outcome is Outcome.NOT_APPLIED


def test_an_order_to_a_node_that_does_not_lead_any_more_is_not_carried_out(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    old = leader_of(cluster)
    first, second = (number for number in (1, 2, 3) if number != old)
    late = plan(cluster.addresses, cluster.addresses[second - 1])
    transfer(cluster, cluster.addresses[first - 1])
    with pytest.raises(Error) as caught:
        carry_out(late)
    assert caught.value.exit_code is ExitCode.NOT_APPLIED
    assert leader_of(cluster) == first


def test_a_target_that_freezes_at_the_last_moment_may_still_take_over_when_it_wakes(
    fresh_cluster: ClusterFactory,
) -> None:
    cluster = fresh_cluster()
    target = another(cluster, leader_of(cluster))
    planned = plan(cluster.addresses, cluster.addresses[target - 1])
    cluster.pause(target)
    begun = monotonic()
    with pytest.raises(AdministrationFailed) as caught:
        carry_out(planned, wait=0.7)
    assert monotonic() - begun < 3.0
    assert caught.value.message.startswith(f"{planned.leader.address} did not transfer the leadership: ")
    assert caught.value.outcome is Outcome.UNKNOWN


def test_leadership_that_goes_elsewhere_ends_the_wait_with_a_time_out(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    planned = plan(cluster.addresses, None)
    expected = next(node for node in planned.view.nodes if node not in (planned.leader, planned.target))
    expected.id = planned.target.id  # so the order names one node, and the wait is for another
    begun = monotonic()
    with pytest.raises(TimedOut) as caught:
        carry_out(Plan(planned.view, planned.leader, expected), wait=0.5)
    assert 0.5 <= monotonic() - begun < 2.0
    assert caught.value.exit_code is ExitCode.TIMED_OUT
    assert caught.value.message.startswith(f"after 0.5 s these do not say that {expected.address} leads: ")
    assert set(caught.value.message.rpartition("leads: ")[2].split(", ")) == set(cluster.addresses)


def test_an_open_transaction_on_the_old_leader_is_lost_and_says_so(cluster: Sandbox, database: str) -> None:
    with Session(cluster.addresses, database) as session:
        session.run("CREATE TABLE t (a)")
        session.run("BEGIN")
        session.run("INSERT INTO t VALUES (1)")
        carry_out(plan(cluster.addresses, None))
        with pytest.raises(Error) as caught:
            session.run("COMMIT")
        assert caught.value.outcome is Outcome.NOT_APPLIED
        assert [row for page in session.run("SELECT * FROM t").pages for row in page] == []
