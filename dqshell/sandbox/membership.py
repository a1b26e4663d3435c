"""Make one cluster of nodes that have just been started, and ask it who is what.

Members are given as their ids and addresses.
"""

from __future__ import annotations

import time

from ..driver.connection import Connection
from ..errors import Error, SandboxError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

VOTER = 0

# Seconds: what one node may take for one answer, and all of them to become a cluster. Limits for
# a machine in trouble; with libdqlite's own timing, each voter takes about one.
_ANSWER_LIMIT = 10.0
_FORM_LIMIT = 30.0
_POLL = 0.003


def form(members: Mapping[int, str]) -> None:
    """Make all members voters, and wait until each of them knows that, and a leader.

    One of them has made a cluster of itself. On a busy machine it may lose its leadership
    meanwhile: then look again at what is left to do. Raises SandboxError.
    """
    deadline = time.monotonic() + _FORM_LIMIT
    while True:
        try:
            _admit(members)
            if all(_is_settled(address, len(members)) for address in members.values()):
                return
            problem = "they do not agree on a leader"
        except Error as error:
            problem = error.message
        if time.monotonic() > deadline:
            raise SandboxError(f"the nodes did not become a cluster within {_FORM_LIMIT:g} s: {problem}")
        time.sleep(_POLL)


def ask(members: Mapping[int, str], timeout: float) -> tuple[int | None, dict[int, int]]:
    """The id of the member that takes itself for the leader, and the roles by id.

    The roles are as the leader knows them; without one, as any member does. Each has `timeout`
    seconds to answer.
    """
    roles: dict[int, int] = {}
    for member, address in members.items():
        try:
            with Connection.connect(address, timeout) as connection:
                leads = connection.leader().id == member
                if leads or not roles:
                    roles = {server.id: server.role for server in connection.cluster()}
                if leads:
                    return member, roles
        except Error:
            continue
    return None, roles


def _admit(members: Mapping[int, str]) -> None:
    """Have the leader, if there is one, make voters of all that are none."""
    leader, roles = ask(members, _ANSWER_LIMIT)
    outside = [member for member in members if roles.get(member) != VOTER]
    if leader is None or not outside:
        return
    with Connection.connect(members[leader], _ANSWER_LIMIT) as connection:
        for member in outside:
            if member not in roles:
                connection.add(member, members[member])
            connection.assign(member, VOTER)


def _is_settled(address: str, count: int) -> bool:
    """Whether a node knows a leader, and that there are `count` voters."""
    with Connection.connect(address, _ANSWER_LIMIT) as connection:
        voters = [server for server in connection.cluster() if server.role == VOTER]
        return bool(connection.leader().id) and len(voters) == count
