"""The cluster commands as a user sees them. The command line and the dot-commands both call these."""

from __future__ import annotations

from ..cluster import transfer as moving
from ..cluster.probe import Node, View, look
from ..driver import Search
from ..errors import NoLeader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .console import Cell, Console

NODE_COLUMNS = (
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
)
_FITTING = ("id", "address", "role", "leader", "latency_ms", "error")  # on a terminal of 80 columns


def nodes(console: Console, addresses: Sequence[str], timeout: float) -> None:
    """One row for every node, dead ones included. Raises NoLeader after showing them, if nobody leads."""
    view = look(addresses, timeout)
    if console.is_for_a_person:
        console.show(_FITTING, [_fitting_row(node) for node in view.nodes])
    else:
        console.show(NODE_COLUMNS, [_row(node) for node in view.nodes])
    if view.leader is None:
        raise NoLeader(_nobody_leads(view))


def cluster(console: Console, addresses: Sequence[str], timeout: float) -> None:
    """The members as the stock shell prints them, which other programs parse; on a terminal, all there is to see."""
    if console.is_for_a_person:
        nodes(console, addresses, timeout)
        return
    members = [node for node in look(addresses, timeout).nodes if node.role is not None]
    if not members:
        raise NoLeader("no node answers")
    if console.settings.mode == "json":
        import json

        objects = [{"ID": node.id, "Address": node.address, "Role": node.role} for node in members]
        console.line(json.dumps(objects, indent="\t"))
    else:
        for node in members:
            console.line(f"{node.id:x}|{node.address}|{node.role_name}")


def leader(console: Console, addresses: Sequence[str], timeout: float, wait: float) -> None:
    """The address of the leader, and nothing else. Raises NoLeader."""
    with Search(addresses, timeout=timeout).run(wait) as connection:
        console.line(connection.address)


def transfer(console: Console, addresses: Sequence[str], timeout: float, wait: float, target: str | None) -> bool:
    """Move the leadership, after a confirmation, and report how long nobody led. Whether it had to be moved."""
    plan = moving.plan(addresses, target, timeout)
    if plan.is_done:
        console.line(f"{plan.target.address} leads already")
        return False
    console.confirm(str(plan))
    done = moving.carry_out(plan, timeout, wait)
    console.line(f"{plan.leader.address} -> {plan.target.address}, no leader for {done.gap:.0f} ms")
    return True


def _row(node: Node) -> list[Cell]:
    return [
        None if node.id is None else str(node.id),
        node.address,
        node.role_name,
        node.is_leader,
        node.is_online,
        None if node.latency is None else round(node.latency, 2),
        node.failure_domain,
        node.weight,
        node.named_leader,
        None if node.error is None else str(node.error),
    ]


def _fitting_row(node: Node) -> list[Cell]:
    row = dict(zip(NODE_COLUMNS, _row(node), strict=True))
    if node.id is not None:
        row["id"] = f"{node.id:x}"
    return [row[column] for column in _FITTING]


def _nobody_leads(view: View) -> str:
    online = [node for node in view.nodes if node.is_online]
    if not online:
        return "no node answers"
    voting = sum(node.is_online for node in view.voters)
    missing = len(view.voters) - voting
    if voting < view.quorum:
        return f"no leader: {missing} of {len(view.voters)} voters unreachable, no majority"
    return "no leader: an election may be under way"
