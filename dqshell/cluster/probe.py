"""Ask all nodes of a cluster at the same time what they know, and put the answers side by side."""

from __future__ import annotations

import socket
import threading
from queue import SimpleQueue
from time import monotonic

from ..driver import ROLE_NAMES, VOTER, Connection
from ..driver.dial import split_address
from ..errors import Error, InterfaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..driver import Metadata, Server, ServerInfo


class Node:
    """One node: what the cluster says of it, and what it says itself.

    `id` and `role` (0 voter, 1 stand-by, 2 spare) are None where no member list has it. `latency` is the time of one
    round trip in milliseconds; `error` why there is none. `named_leader` is the address that it takes for the
    leader's, "" when it knows none; `members` its own member list.
    """

    __slots__ = (
        "address",
        "error",
        "failure_domain",
        "id",
        "is_leader",
        "latency",
        "members",
        "named_leader",
        "role",
        "weight",
    )

    def __init__(self, address: str) -> None:
        self.address = address
        self.id: int | None = None
        self.role: int | None = None
        self.is_leader = False
        self.latency: float | None = None
        self.failure_domain: int | None = None
        self.weight: int | None = None
        self.named_leader: str | None = None
        self.members: list[ServerInfo] = []
        self.error: Error | None = None

    @property
    def is_online(self) -> bool:
        return self.error is None

    @property
    def role_name(self) -> str | None:
        return None if self.role is None else ROLE_NAMES[self.role]


class View:
    """The cluster as its nodes describe it at one moment: members first, in the order of the leader's list."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = list(nodes)

    @property
    def leader(self) -> Node | None:
        return next((node for node in self.nodes if node.is_leader), None)

    @property
    def voters(self) -> list[Node]:
        return [node for node in self.nodes if node.role == VOTER]

    @property
    def quorum(self) -> int:
        """How many voters make a majority."""
        return len(self.voters) // 2 + 1

    def find(self, wanted: str) -> Node:
        """The node with this address or id (decimal or hex), or the only one for which it is a prefix of either.

        Raises InterfaceError.
        """
        wanted = wanted.lower().removeprefix("0x")
        exact = [node for node in self.nodes if wanted in _names(node)]
        found = exact or [node for node in self.nodes if any(name.startswith(wanted) for name in _names(node))]
        if len(found) == 1:
            return found[0]
        known = ", ".join(f"{node.address} (id {node.id})" for node in found or self.nodes)
        what = "fits more than one node" if found else "is no node of this cluster"
        raise InterfaceError(f"{wanted!r} {what}: {known}")


def _names(node: Node) -> list[str]:
    return [node.address.lower()] + ([] if node.id is None else [str(node.id), f"{node.id:x}"])


def look(addresses: Iterable[str], timeout: float = 5.0) -> View:
    """Probe `addresses` and every member that they name, all at once; each step may take `timeout` seconds.

    Never fails: a node that does not answer is a node with an error.
    """
    nodes: dict[str, Node] = {}
    done: SimpleQueue[Node] = SimpleQueue()

    def start(address: str) -> None:
        nodes[address] = Node(address)
        threading.Thread(target=_probe, args=(nodes[address], timeout, done), daemon=True).start()

    for address in addresses:
        if address not in nodes:
            start(address)
    finished = 0
    while finished < len(nodes):
        node = done.get()
        finished += 1
        for member in node.members:
            if member.address not in nodes:
                start(member.address)
    return View(_merged(list(nodes.values())))


def _probe(node: Node, timeout: float, done: SimpleQueue[Node]) -> None:
    try:
        with Connection.connect(node.address, timeout) as connection:
            named: Server = connection.leader()
            begun = monotonic()
            node.members = connection.cluster()
            node.latency = (monotonic() - begun) * 1000
            metadata: Metadata = connection.describe()
            node.named_leader = named.address
            node.failure_domain, node.weight = metadata.failure_domain, metadata.weight
    except Error as error:
        node.error = error
    finally:
        done.put(node)


def _merged(nodes: list[Node]) -> list[Node]:
    leader = _leader_of(nodes)
    authority = leader or next((node for node in nodes if node.members), None)
    members = authority.members if authority else []
    by_address = {node.address: node for node in nodes}
    merged = []
    for member in members:
        node = by_address.pop(member.address)
        node.id, node.role = member.id, member.role
        node.is_leader = node is leader
        merged.append(node)
    return merged + [node for node in by_address.values() if not _is_alias(node, merged)]


def _leader_of(nodes: list[Node]) -> Node | None:
    """The node that says it leads; of several (one is cut off, and does not know it yet) the one named most often."""
    claims = [node for node in nodes if node.named_leader == node.address]
    named = [node.named_leader for node in nodes]
    return max(claims, key=lambda node: named.count(node.address), default=None)


def _is_alias(node: Node, members: list[Node]) -> bool:
    """Whether this is a member under another name, like localhost:9001 for 127.0.0.1:9001."""
    if node.error is not None and isinstance(node.error, InterfaceError):
        return False
    own = _endpoints(node.address)
    return any(own & _endpoints(member.address) for member in members)


def _endpoints(address: str) -> set[object]:
    try:
        host, port = split_address(address)
        return {entry[4][:2] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError, InterfaceError):
        return set()
