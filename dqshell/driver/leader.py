"""Finding the leader: all known nodes are asked at once, and each gets a verdict.

A node that claims to lead may be wrong for some seconds after it was cut off, and one that names another leader may
name a dead one. So the search ends only at a connection to a node that says of itself that it leads.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from time import monotonic

from ..errors import Error, NoLeader
from ..wire.messages import VOTER
from .connection import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..wire.messages import Server, ServerInfo

    Progress = Callable[[float, Sequence["Verdict"]], object]

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.05  # a failover must not cost noticeably more than the election


class Verdict:
    """What came of asking one node: `said` in words, `milliseconds` that it took, `error` or the leader it named."""

    __slots__ = ("address", "error", "leader", "milliseconds", "said")

    def __init__(self, address: str, milliseconds: float, leader: Server | None, error: Error | None) -> None:
        self.address = address
        self.milliseconds = milliseconds
        self.leader = leader
        self.error = error
        if error is not None:
            self.said = error.message
        elif leader is None or not leader.address:
            self.said = "knows no leader"
        elif leader.address == address:
            self.said = "leads"
        else:
            self.said = f"says that {leader.address} leads"

    @property
    def answered(self) -> bool:
        return self.error is None

    def __str__(self) -> str:
        return f"{self.address}: {self.said} ({self.milliseconds:.0f} ms)"


class _Candidate:
    """One node of the search: when it may be asked again, and what it said last."""

    __slots__ = ("address", "asking", "due", "pause", "verdict")

    def __init__(self, address: str) -> None:
        self.address = address
        self.asking = False
        self.due = 0.0
        self.pause = _FIRST_PAUSE
        self.verdict: Verdict | None = None

    def postpone(self) -> None:
        """Capped exponential back-off with jitter, so that many clients do not ask in step."""
        self.due = monotonic() + self.pause * (1.0 - monotonic() * 1e6 % 0.5)
        self.pause = min(self.pause * 2, _LONGEST_PAUSE)


class Search:
    """One search for the leader among `addresses`, widened by whatever the nodes name.

    `members`: the last known members, for their roles (voters are asked first, and counted in the report).
    `progress` is called now and then with the seconds gone by and the verdicts so far.
    """

    def __init__(
        self,
        addresses: Iterable[str],
        *,
        timeout: float = 5.0,
        members: Sequence[ServerInfo] = (),
        progress: Progress | None = None,
    ) -> None:
        self._timeout = timeout
        self._members = list(members)
        self._progress = progress
        self._answers: SimpleQueue[tuple[Verdict, Connection | None, list[ServerInfo]]] = SimpleQueue()
        self._over = False
        voters = {member.address for member in members if member.role == VOTER}
        self._candidates = {
            address: _Candidate(address) for address in sorted(dict.fromkeys(addresses), key=lambda a: a not in voters)
        }

    @property
    def verdicts(self) -> list[Verdict]:
        """The last word of every node that has been asked, in the order in which they were asked first."""
        return [candidate.verdict for candidate in self._candidates.values() if candidate.verdict]

    def run(self, wait: float, patient: bool = False, spent: float = 0.0) -> Connection:
        """A connection to the leader, whose `server` is set.

        Looks for `wait` seconds at the most, of which `spent` are gone already. When every node has been asked and
        none could be reached, it ends at once, unless `patient`. Raises NoLeader.
        """
        begun = monotonic() - spent
        try:
            while True:
                now = monotonic()
                if now - begun >= wait:
                    raise self._no_leader(f"no leader within {wait:g} s")
                self._ask_all_due(now)
                try:
                    verdict, connection, members = self._answers.get(timeout=self._next_wakeup(now, begun + wait))
                except Empty:
                    pass
                else:
                    self._take_note(verdict, members)
                    if connection is not None:
                        return connection
                if not patient and self._nobody_there():
                    raise self._no_leader("no node answers")
                if self._progress is not None:
                    self._progress(monotonic() - begun, self.verdicts)
        finally:
            self._over = True
            self._close_unwanted()

    def _ask_all_due(self, now: float) -> None:
        for candidate in list(self._candidates.values()):
            if not candidate.asking and candidate.due <= now:
                candidate.asking = True
                threading.Thread(target=self._ask, args=(candidate.address,), daemon=True).start()

    def _next_wakeup(self, now: float, deadline: float) -> float:
        due = [candidate.due for candidate in self._candidates.values() if not candidate.asking]
        return max(min([deadline, now + 0.5, *due]) - now, 0.0)

    def _take_note(self, verdict: Verdict, members: list[ServerInfo]) -> None:
        candidate = self._candidates[verdict.address]
        candidate.asking = False
        candidate.verdict = verdict
        if verdict.leader is None or verdict.leader.address != verdict.address:
            candidate.postpone()
        if members:
            self._members = members
        named = [verdict.leader.address] if verdict.leader and verdict.leader.address else []
        for address in named + [member.address for member in members]:
            if address not in self._candidates:
                self._candidates[address] = _Candidate(address)
        if named and not self._candidates[named[0]].asking and named[0] != verdict.address:
            self._candidates[named[0]].due = min(self._candidates[named[0]].due, monotonic() + _FIRST_PAUSE)

    def _nobody_there(self) -> bool:
        return all(c.verdict is not None and not c.verdict.answered for c in self._candidates.values())

    def _ask(self, address: str) -> None:
        """Runs in a thread of its own, so that a node that hangs delays nobody."""
        begun = monotonic()
        connection = server = None
        error: Error | None = None
        members: list[ServerInfo] = []
        try:
            connection = Connection.connect(address, self._timeout)
            server = connection.leader()
            if server.address != address:
                members = connection.cluster()
        except Error as caught:
            error = caught
        verdict = Verdict(address, (monotonic() - begun) * 1000, server, error)
        leads = error is None and server is not None and server.address == address
        if connection is not None:
            connection.server = server
            if not leads:
                connection.close()
        self._answers.put((verdict, connection if leads else None, members))
        if self._over:
            self._close_unwanted()

    def _close_unwanted(self) -> None:
        """Close the connections to further nodes that said they lead; done by whoever comes last."""
        while True:
            try:
                _, connection, _ = self._answers.get_nowait()
            except Empty:
                return
            if connection is not None:
                connection.close()

    def _no_leader(self, what: str) -> NoLeader:
        report = [str(c.verdict or f"{c.address}: has not answered so far") for c in self._candidates.values()]
        return NoLeader(f"{what}: {self._arithmetic()}", report)

    def _arithmetic(self) -> str:
        verdicts = {verdict.address: verdict for verdict in self.verdicts}
        voters = [member.address for member in self._members if member.role == VOTER]
        if not voters:
            answered = sum(verdict.answered for verdict in verdicts.values())
            return f"{answered} of {len(self._candidates)} known nodes answered"
        online = sum(address in verdicts and verdicts[address].answered for address in voters)
        missing = len(voters) - online
        if online <= len(voters) // 2:
            return f"{missing} of {len(voters)} voters unreachable: no majority"
        return f"{online} of {len(voters)} voters answered: a majority, which has not elected a leader yet"
