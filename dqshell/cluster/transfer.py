"""Moving leadership to another voter, and knowing that it got there."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from time import monotonic, sleep

from ..driver import Connection
from ..errors import AdministrationFailed, Error, NoLeader, OutcomeUnknown, Refused, TimedOut
from .probe import Node, View, look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_POLL = 0.002  # seconds between two questions to the same node


class Plan:
    """A transfer that can be done: from `leader` to `target`, with the voters who are going to confirm it."""

    __slots__ = ("leader", "target", "view")

    def __init__(self, view: View, leader: Node, target: Node) -> None:
        self.view = view
        self.leader = leader
        self.target = target

    @property
    def is_done(self) -> bool:
        """Nothing to do: the target leads already."""
        return self.leader is self.target

    def __str__(self) -> str:
        return (
            f"leadership moves from {self.leader.address} to {self.target.address}; "
            f"transactions that are open on {self.leader.address} are rolled back"
        )


class Done:
    """A transfer that has happened. `gap`: milliseconds from giving the order until the target said that it leads,
    during which the cluster had no leader for its clients."""

    __slots__ = ("gap", "plan")

    def __init__(self, plan: Plan, gap: float) -> None:
        self.plan = plan
        self.gap = gap


def plan(addresses: Iterable[str], target: str | None, timeout: float = 5.0) -> Plan:
    """Look at the cluster and choose: `target` (address, id, or a unique prefix), or the best voter that answers.

    Raises NoLeader, Refused (the target cannot lead), InterfaceError (no such node).
    """
    view = look(addresses, timeout)
    leader = view.leader
    if leader is None:
        raise NoLeader(
            "no node leads the cluster, so nothing can be transferred",
            [f"{node.address}: {node.error or 'knows no leader'}" for node in view.nodes],
        )
    if target is None:
        return Plan(view, leader, _best(view, leader))
    chosen = view.find(target)
    if chosen not in view.voters:
        raise Refused(
            f"{chosen.address} is {_article(chosen.role_name)}: only a voter can lead",
            advice="Make it a voter first.",
        )
    if not chosen.is_online:
        raise Refused(f"{chosen.address} does not answer ({chosen.error}), so it cannot lead")
    return Plan(view, leader, chosen)


def carry_out(plan: Plan, timeout: float = 5.0, wait: float = 15.0) -> Done:
    """Give the order, then wait until the target itself and a majority of the voters say that it leads.

    Reaching the leader may take `timeout` seconds for each step, and all the rest `wait` seconds.

    Raises TimedOut, AdministrationFailed, or what the connection to the leader raises before the order is given.
    """
    begun = monotonic()
    if plan.is_done:
        return Done(plan, 0.0)
    assert plan.target.id is not None  # a voter has an id
    refusal: Error | None = None
    with Connection.connect(plan.leader.address, timeout) as connection:
        connection.ping()
        begun = monotonic()
        try:
            connection.transfer(plan.target.id, wait)
        except OutcomeUnknown as error:  # old servers may even die of it, and the leadership move all the same
            refusal = error
    gap = _wait_until_followed(plan, begun, wait if refusal is None else min(wait, 3.0), refusal)
    return Done(plan, gap)


def _wait_until_followed(plan: Plan, begun: float, wait: float, refusal: Error | None) -> float:
    reports: SimpleQueue[tuple[str, float]] = SimpleQueue()
    over = threading.Event()
    for voter in plan.view.voters:
        if voter.is_online:
            threading.Thread(
                target=_watch, args=(voter.address, plan.target.address, over, reports), daemon=True
            ).start()
    followers: dict[str, float] = {}
    try:
        while plan.target.address not in followers or len(followers) < plan.view.quorum:
            left = begun + wait - monotonic()
            address, when = reports.get(timeout=max(left, 0.001))
            followers[address] = when
    except Empty:
        if refusal is not None:
            raise AdministrationFailed(
                f"{plan.leader.address} did not transfer the leadership: {refusal.message}", node=plan.leader.address
            ) from None
        silent = [node.address for node in plan.view.voters if node.address not in followers]
        raise TimedOut(
            f"after {wait:g} s these do not say that {plan.target.address} leads: {', '.join(silent)}",
            advice="The order was given. Look at the nodes to see who leads.",
        ) from None
    finally:
        over.set()
    return (followers[plan.target.address] - begun) * 1000


def _watch(address: str, target: str, over: threading.Event, reports: SimpleQueue[tuple[str, float]]) -> None:
    """Ask one node again and again until it names the target."""
    while not over.is_set():
        try:
            with Connection.connect(address, 1.0) as connection:
                while not over.is_set():
                    if connection.leader().address == target:
                        reports.put((address, monotonic()))
                        return
                    sleep(_POLL)
        except Error:
            sleep(0.05)


def _best(view: View, leader: Node) -> Node:
    """The voter that answers fastest, one of another failure domain than the leader's before the others."""
    others = [node for node in view.voters if node.is_online and node is not leader]
    if not others:
        raise Refused("no other voter answers, so nobody can take the leadership over")
    return min(others, key=lambda node: (node.failure_domain == leader.failure_domain, node.latency or 0.0))


def _article(role: str | None) -> str:
    return f"a {role}" if role else "not a member"
