"""Breaking clusters of the sandbox, and mending them: what the driver's tests share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dqshell.driver import Connection, Listener, Session
from dqshell.errors import Error

if TYPE_CHECKING:
    from collections.abc import Callable

    from dqshell.sandbox.local import Sandbox

_POLL = 0.003


def wait_until(condition: Callable[[], bool], what: str, limit: float = 20.0) -> None:
    """Wait until the condition is true. Raises AssertionError after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"after {limit:g} s: {what}"
        time.sleep(_POLL)


def named_leader(address: str, timeout: float = 1.0) -> str:
    """The leader's address according to the node at `address`; "" if it knows none or does not answer."""
    try:
        with Connection.connect(address, timeout) as connection:
            return connection.leader().address
    except Error:
        return ""


def leads(address: str) -> bool:
    """Whether the node says of itself that it leads."""
    return named_leader(address) == address


def leader_of(cluster: Sandbox, among: list[int] | None = None) -> int:
    """The number of the leader on which all nodes (or those `among` them) agree, as soon as they do."""
    numbers = among or [node.number for node in cluster.nodes]
    addresses = {number: cluster.addresses[number - 1] for number in numbers}
    found: set[str] = set()

    def agree() -> bool:
        found.clear()
        found.update(named_leader(address) for address in addresses.values())
        return len(found) == 1 and found <= set(addresses.values())

    wait_until(agree, f"the nodes {numbers} do not agree on a leader: {found}")
    return next(number for number, address in addresses.items() if address in found)


def transfer(cluster: Sandbox, source: int, target: int) -> None:
    """Move the leadership; returns when the target says that it leads, or is dead."""
    node = cluster.nodes[target - 1]

    def is_done() -> bool:
        return leads(node.address) or cluster.status()[target - 1].pid is None

    def is_ordered() -> bool:
        leader = source if leads(cluster.addresses[source - 1]) else leader_of(cluster)
        try:
            with Connection.connect(cluster.addresses[leader - 1], 5.0) as connection:
                connection.transfer(node.id)
        except Error:
            pass  # refused; or the old leader died of it, and the leadership moved all the same
        try:
            wait_until(is_done, "not yet", limit=1.0)
        except AssertionError:
            return False
        return True

    wait_until(is_ordered, f"node {target} did not take the leadership")


def mend(cluster: Sandbox) -> list[int]:
    """Let all paused nodes go on, start all dead ones, wait for a leader. Returns the numbers of the dead."""
    dead = []
    for node in cluster.status():
        if node.state == "paused":
            cluster.resume(node.number)
        elif node.state in ("killed", "stopped"):
            cluster.start(node.number)
            dead.append(node.number)
    leader_of(cluster)
    return dead


def rows_by_number(cluster: Sandbox, database: str) -> dict[int, int]:
    """How many rows the table t has for each of its numbers n, as a fresh session finds it.

    It writes something first: then the leader has applied all that its log holds.
    """
    with Session(cluster.addresses, database) as session:
        session.run("CREATE TABLE IF NOT EXISTS marker (at)")
        session.run("INSERT INTO marker VALUES (1)")
        pages = session.run("SELECT n, count(*) FROM t GROUP BY n").pages
        return {row[0]: row[1] for page in pages for row in page}  # type: ignore[misc]


class Notices(Listener):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def notice(self, message: str) -> None:
        self.heard.append(message)
