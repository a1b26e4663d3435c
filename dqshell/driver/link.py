"""The link to whoever leads the cluster: found, checked before use, dropped when it is bad, found again."""

from __future__ import annotations

from time import monotonic, sleep

from ..errors import DatabaseError, NoLeader, NotSupportedError, OperationalError, ProgrammingError, Refused
from . import guard
from .connection import Connection
from .leader import Search

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..wire.messages import ServerInfo

_IDLE = 1.0  # seconds after which a connection is not trusted without asking
_LOOK = 1.0  # seconds for a look at who leads while a statement is under way


class Limits:
    """Time limits in seconds. `step`: every step with one node, and the silence of a statement after which the other
    nodes are asked who leads. `wait`: the search for a leader. `busy`: retries while another writer holds the
    database. `statement`: a hard limit for a statement, None for none."""

    __slots__ = ("busy", "statement", "step", "wait")

    def __init__(
        self, step: float = 5.0, wait: float = 15.0, busy: float = 5.0, statement: float | None = None
    ) -> None:
        self.step = step
        self.wait = wait
        self.busy = busy
        self.statement = statement


class Listener:
    """Hears what there is to say beside results. This one does not listen."""

    def notice(self, message: str) -> None:
        """Something that the user should know: one line."""

    def waiting(self, message: str) -> None:
        """What is being waited for, said again and again; "" when the wait is over."""


class Link:
    """A connection to the leader with `database` open on it (none when it is None), for as long as there is one.

    `members` is the cluster as the last leader knew it, `lost` why the last connection is no more.
    `same_cluster_only`: refuse, rather than warn, when a leader that is found later belongs to another cluster.
    """

    def __init__(
        self,
        servers: Sequence[str],
        database: str | None,
        limits: Limits,
        listener: Listener,
        same_cluster_only: bool = False,
    ) -> None:
        self.members: list[ServerInfo] = []
        self.connection: Connection | None = None
        self._servers = list(servers)
        self._database = database
        self._limits = limits
        self._listener = listener
        self._same_cluster_only = same_cluster_only
        self.lost = ""
        self._before = ""  # the last leader's address
        self._quiet = False

    @property
    def addresses(self) -> list[str]:
        """All nodes ever heard of: the members last known, and those given in the beginning."""
        return list(dict.fromkeys([member.address for member in self.members] + self._servers))

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that nobody has closed."""
        return self.connection is not None and not self.connection.closed

    def is_usable(self) -> bool:
        """Whether the connection stands up to a look; otherwise it is dropped.

        An end or a reset shows itself for nothing; after a pause the node is asked whether it still leads.
        """
        connection = self.connection
        if connection is None:
            return False
        reason = "the connection was lost while it was idle"
        if connection.is_valid():
            if monotonic() - connection.last_used < _IDLE:
                return True
            try:
                connection.reset_session()
                return True
            except DatabaseError as error:
                reason = error.message
        self.drop(f"{connection.address}: {reason}")
        return False

    def drop(self, reason: str, quietly: bool = False) -> None:
        """Never use this connection again. `quietly`: it was our own will; news is only if another node leads then."""
        if self.connection is None:
            return
        self.connection.close()
        self._before = self.connection.address
        self.connection = None
        self.lost = reason
        self._quiet = quietly

    def get(self, then: str = "") -> Connection:
        """The connection; if there is none, the leader is looked for. Raises NoLeader, Refused.

        What was lost, and who leads now, is told in one notice, which ends with `then`.
        """
        if self.connection is None:
            begun = monotonic()
            self.connection = self._find(begun)
            address = self.connection.address
            if self.lost and not (self._quiet and address == self._before):
                who = "it leads again" if address == self._before else f"{address} leads now"
                self._listener.notice(f"{self.lost}; {who} (after {monotonic() - begun:.2f} s){then}")
        return self.connection

    def other_leader(self) -> str | None:
        """The address of a node that says it leads and is not the one we are connected to. Takes a second at most."""
        search = Search(self.addresses, timeout=self._limits.step, members=self.members)
        try:
            with search.run(_LOOK) as found:
                return None if self.connection and found.address == self.connection.address else found.address
        except NoLeader:
            return None

    def is_at_leisure(self) -> bool:
        """Whether the node we are connected to is known to run no SQL now. Takes two seconds at most.

        Servers before 1.18.2 run it in the thread that answers: so if they answer others, they do nothing for us.
        """
        assert self.connection is not None
        try:
            with Connection.connect(self.connection.address, _LOOK) as another:
                return guard.generation(another) < guard.Generation.LATER
        except DatabaseError:
            return False

    def _find(self, begun: float) -> Connection:
        """A connection to the leader, ready for statements, within `wait` seconds from `begun` on."""
        while True:
            connection = self._search(monotonic() - begun)
            try:
                members = connection.cluster()
                if self._database is not None:
                    connection.open(self._database)
                    _keep_pages_in_cache(connection)
                self._compare(members)
            except OperationalError as error:  # it lost the leadership, or died, just now
                connection.close()
                if monotonic() - begun >= self._limits.wait:
                    raise NoLeader(f"{connection.address} leads, but cannot be used: {error.message}") from None
                sleep(0.02)
            except BaseException:
                connection.close()
                raise
            else:
                self.members = members
                return connection

    def _search(self, spent: float) -> Connection:
        search = Search(self.addresses, timeout=self._limits.step, members=self.members, progress=self._search_goes_on)
        try:
            return search.run(self._limits.wait, patient=bool(self.members), spent=spent)
        finally:
            self._listener.waiting("")

    def _search_goes_on(self, seconds: float, verdicts: Sequence[object]) -> None:
        if seconds >= 0.5:
            self._listener.waiting(
                f"no leader for {seconds:.1f} s of at most {self._limits.wait:g} s: " + "; ".join(map(str, verdicts))
            )

    def _compare(self, members: Sequence[ServerInfo]) -> None:
        """A leader whose cluster has less than half of the members that were known is another cluster's."""
        before = {(member.id, member.address) for member in self.members}
        shared = before & {(member.id, member.address) for member in members}
        if len(shared) * 2 >= len(before):
            return
        message = (
            f"the leader that answers now belongs to ANOTHER cluster: the members were {_listed(self.members)}, "
            f"and are {_listed(members)}"
        )
        if self._same_cluster_only:
            raise Refused(message, advice="Start again if this is the cluster that you mean.")
        self._listener.notice(message)


def _keep_pages_in_cache(connection: Connection) -> None:
    """In a new database, servers cannot read back what the first transaction spilled from its 2 MB of cache.

    Found on 1.11: 522, "disk I/O error", at the CREATE INDEX behind the 30,000 INSERTs of a dump.
    """
    try:
        connection.exec("PRAGMA cache_spill=OFF")
    except (ProgrammingError, NotSupportedError):  # a server that does not allow it
        pass


def _listed(members: Sequence[ServerInfo]) -> str:
    return ", ".join(f"{member.id:x} at {member.address}" for member in members)
