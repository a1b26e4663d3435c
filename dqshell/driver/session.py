"""A session: statements on a cluster, whoever leads it.

Every statement gets exactly one outcome. What may have been applied is never sent again; what certainly was not, and
only for a cause that lies with the cluster, is run on the new leader.
"""

from __future__ import annotations

from functools import partial
from time import monotonic, sleep

from ..errors import (
    Abandoned,
    Busy,
    BusySnapshot,
    DatabaseError,
    Error,
    Interrupted,
    NoAnswer,
    NotSent,
    OperationalError,
    ProgrammingError,
    ReadCutOff,
    RowsExpected,
    TimedOut,
    TransactionLost,
)
from . import guard
from .link import Limits, Link, Listener
from .outcome import RUN_AGAIN, is_moot, judge, may_run_again
from .statement import BEGIN, COMMIT, ROLLBACK, SAVEPOINT, Statement
from .transaction import Transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..wire.messages import ServerInfo
    from ..wire.values import Value
    from .connection import Connection, Rows

_LOOK_AGAIN = 1.0  # seconds between two looks at the other nodes while a statement is silent
_OPENERS = (BEGIN, SAVEPOINT)
_GIVEN_UP = "the rest of a result was given up"


class Result:
    """What a statement that was applied brought back.

    `columns` is None where the statement has no rows. `rows_affected` and `last_insert_id` are None unless it
    changes rows. `pages` can be iterated once; the result is complete when that ends without an exception.
    """

    __slots__ = ("_close", "columns", "last_insert_id", "node", "pages", "rows_affected")

    def __init__(self, node: str | None) -> None:
        self.node = node
        self.columns: list[str] | None = None
        self.pages: Iterator[list[tuple[Value, ...]]] = iter(())
        self.rows_affected: int | None = None
        self.last_insert_id: int | None = None
        self._close: Callable[[], None] | None = None

    def close(self) -> None:
        """Give up the rows that have not been read; the server stops sending, and the connection is replaced."""
        if self._close is not None:
            self._close()


class Session:
    """Statements on one database of one cluster. Not for several threads at once.

    `servers`: addresses to begin with. `same_cluster_only`: refuse, rather than warn, when the leader that is found
    after a reconnect belongs to another cluster. `unsafe`: send what is known to crash servers.
    """

    def __init__(
        self,
        servers: Sequence[str],
        database: str,
        *,
        limits: Limits | None = None,
        listener: Listener | None = None,
        same_cluster_only: bool = False,
        unsafe: bool = False,
    ) -> None:
        if not unsafe:
            guard.check_database(database)
        self.database = database
        self.limits = limits or Limits()
        self.transaction = Transaction()
        self.in_flight = False
        self._listener = listener or Listener()
        self._link = Link(servers, database, self.limits, self._listener, same_cluster_only)
        self.unsafe = unsafe
        self._generation: guard.Generation | None = None
        self._local: list[str] = []
        self._rows: Rows | None = None  # of the last query
        self._unbegun = ""  # why there is no transaction, though one was to begin
        self._commits = False  # whether the statement in flight would make changes permanent
        self._was_at_leisure = False  # the node, when we waited for its rows

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def node(self) -> str | None:
        """The address of the leader that the session is connected to."""
        return self._link.connection.address if self._link.connection else None

    @property
    def was_cut_off(self) -> bool:
        """Whether there was a connection, and is none now."""
        return self._link.connection is None and bool(self._link.members)

    @property
    def members(self) -> list[ServerInfo]:
        """The cluster's members as the last leader knew them."""
        return self._link.members

    @property
    def addresses(self) -> list[str]:
        """All nodes ever heard of."""
        return self._link.addresses

    def close(self) -> None:
        """Close the connection; the server rolls an open transaction back."""
        self._drop("the session was closed", quietly=True)
        self.transaction = Transaction()
        self._unbegun = ""

    def connect(self) -> None:
        """Make sure that there is a connection to the leader. Raises NoLeader, Refused, TransactionLost."""
        self._check()
        self._ready()

    def reconnect(self, reason: str) -> None:
        """Leave the connection, and an open transaction with it, and look for the leader. Raises as `connect`."""
        self._drop(reason)
        self._ready()

    def run(self, sql: str | Statement, params: Sequence[Value] = ()) -> Result:
        """Run one statement. Returns when it was applied, or when its first rows are there.

        Raises an Error whose `outcome` is what became of the statement.
        """
        statement = sql if isinstance(sql, Statement) else Statement(sql)
        try:
            self._check()
            if self._unbegun and statement.control in _OPENERS:
                self.transaction.ended(connected=self._link.is_open)
                self._unbegun = ""
            if self.transaction.is_lost:
                return self._run_in_lost_transaction(statement)
            return self._run(statement, params)
        except Error as error:
            error.statement = statement.sql
            if statement.control in _OPENERS and isinstance(error, OperationalError):
                self._did_not_begin(statement, error)
            raise
        except KeyboardInterrupt:
            raise self._interrupted(statement, self.in_flight and self._sending_began, self._commits) from None
        finally:
            self.in_flight = False
            self._listener.waiting("")

    def _run(self, statement: Statement, params: Sequence[Value]) -> Result:
        begun = monotonic()
        pause = 0.005
        asked_another = False
        then = ""
        while True:
            connection = self._ready(then)
            try:
                if not self.unsafe:
                    self._make_safe(connection, statement, len(params))
                return self._send(connection, statement, params)
            except DatabaseError as error:
                self.in_flight = False
                if isinstance(error, Busy):
                    again = not isinstance(error, BusySnapshot) and monotonic() - begun + pause < self.limits.busy
                    self._listener.waiting(f"{error.message}: waiting for the other writer")
                else:
                    again = may_run_again(error, statement, self.transaction) and not (
                        asked_another and isinstance(error, NoAnswer)
                    )
                    again = again and monotonic() - begun < self.limits.wait
                    asked_another = asked_another or isinstance(error, NoAnswer)
                if again:
                    self._bury(error)
                    then = "; the statement had not been applied, and is run there"
                else:
                    verdict = self._settle(error, statement)
                    if is_moot(statement, verdict):
                        return self._run_in_lost_transaction(statement)
                    raise verdict from None
            sleep(pause)
            pause = min(pause * 2, 0.1)

    def _send(self, connection: Connection, statement: Statement, params: Sequence[Value]) -> Result:
        begun = monotonic()
        connection.patience = partial(self._patience, connection, begun)
        connection.sending_began = False
        result = Result(connection.address)
        self._commits = self.transaction.would_commit(statement)
        self.in_flight = True
        if statement.yields_rows:
            try:
                self._rows = rows = connection.query(statement.sql, params)
            except RowsExpected:  # a PRAGMA that this server does not know, or that has nothing to say
                connection.exec(statement.sql, params)
            else:
                connection.patience = partial(self._patience, connection, begun, streaming=True)
                result.columns = rows.columns
                result.pages = self._pages(rows, statement, self._commits)
                result._close = lambda: self._give_up(rows)
        else:
            answer = connection.exec(statement.sql, params)
            self.transaction.succeeded(statement)
            if statement.changes_rows:
                result.rows_affected, result.last_insert_id = answer.rows_affected, answer.last_insert_id
        if statement.is_local:
            self._local.append(statement.sql)
        return result

    def _pages(self, rows: Rows, statement: Statement, commits: bool) -> Iterator[list[tuple[Value, ...]]]:
        try:
            yield from rows
        except DatabaseError as error:
            if rows is not self._rows:  # another statement was run meanwhile, which gave these up
                raise ReadCutOff(_GIVEN_UP, node=error.node, statement=statement.sql) from None
            verdict = self._settle(error, statement)
            verdict.statement = statement.sql
            verdict.message += "; the result is incomplete"
            raise verdict from None
        except KeyboardInterrupt:
            raise self._interrupted(statement, True, commits) from None
        finally:
            self._listener.waiting("")

    def _give_up(self, rows: Rows) -> None:
        """Stop the server from sending the rest. A later result, or another connection, is not touched."""
        if rows is self._rows and not rows.complete and self._link.is_open:
            self._drop(_GIVEN_UP, quietly=True)

    # What became of it.

    def _settle(self, error: DatabaseError, statement: Statement) -> DatabaseError:
        """The verdict on a statement that failed for good; the session's state follows."""
        verdict = judge(error, statement, self.transaction)
        commits = self.transaction.would_commit(statement)
        was_open = self.transaction.is_open
        self._bury(error)
        if was_open and self._link.connection is not None:
            self._find_out_whether_open(self._link.connection)
        elif was_open and commits:
            self.transaction.ended(connected=False)
        return verdict

    def _bury(self, error: DatabaseError) -> None:
        """Drop the connection if the error took it along."""
        if self._link.connection is not None and not self._link.is_open:
            self._drop(f"{error.node}: {error.message}")

    def _find_out_whether_open(self, connection: Connection) -> None:
        """An error may have ended the transaction (OR ROLLBACK, a full disk): a second BEGIN tells.

        It fails inside a transaction without touching it; where it succeeds there was none, and ROLLBACK undoes it.
        """
        connection.patience = None
        began = False
        try:
            connection.exec(BEGIN)
            began = True
            connection.exec(ROLLBACK)
        except DatabaseError as error:
            if began or not isinstance(error, ProgrammingError):
                self._drop(f"{connection.address}: {error.message}")
        else:
            self.transaction.ended()
            self._listener.notice("the error ended the transaction; all of it was rolled back")

    def _did_not_begin(self, statement: Statement, error: Error) -> None:
        """What was meant for a transaction must not run by itself: it is as if it had begun, and was lost at once."""
        if not self.transaction.is_open and not self.transaction.is_lost:
            self.transaction.succeeded(statement)
            self.transaction.disconnected()
            self._unbegun = error.message

    def _run_in_lost_transaction(self, statement: Statement) -> Result:
        what = f"was lost ({self._link.lost})"
        advice = None
        if self._unbegun:
            what = f"did not begin ({self._unbegun})"
            advice = "Say BEGIN again, or ROLLBACK to go on without a transaction."
        if statement.control not in (ROLLBACK, COMMIT):
            raise TransactionLost(
                f"the transaction {what}; nothing of it was applied, and this statement was not run", advice=advice
            )
        self.transaction.ended(connected=self._link.is_open)
        self._unbegun = ""
        if statement.control == COMMIT:
            raise TransactionLost(f"the transaction {what}; nothing of it was applied", advice=RUN_AGAIN)
        return Result(self.node)

    def _interrupted(self, statement: Statement, sent: bool, commits: bool) -> Error:
        """What Ctrl-C has done to a statement of which, if `sent`, the server has something in hand."""
        node = self.node
        if sent or not self._link.is_open:
            self._drop("interrupted", quietly=True)
        if sent and commits:
            if self.transaction.is_lost:
                self.transaction.ended(connected=False)
            return Abandoned("interrupted while waiting for the answer", node=node, statement=statement.sql)
        lost = self.transaction.is_lost
        return Interrupted(
            "interrupted" + ("; the transaction is lost, and nothing of it was applied" if lost else ""),
            node=node,
            statement=statement.sql,
            advice=TransactionLost.advice if lost else None,
        )

    def _patience(self, connection: Connection, begun: float, silent: float, streaming: bool = False) -> float:
        """How long to go on waiting for an answer: until another node leads, or the hard limit is reached.

        `streaming`: for more rows of a result, which servers before 1.18.2 forget when leadership goes and returns.
        """
        wait = self.limits.step
        if silent >= self.limits.step:
            if other := self._link.other_leader():
                raise NoAnswer(
                    f"no answer for {silent:.1f} s, and {other} took over meanwhile", node=connection.address
                )
            at_leisure = streaming and self._link.is_at_leisure()
            if at_leisure and self._was_at_leisure:
                raise NoAnswer(
                    f"no rows for {silent:.1f} s, though the node has nothing else to do: it has forgotten the rest",
                    node=connection.address,
                )
            self._was_at_leisure = at_leisure
            self._listener.waiting(f"waiting for the answer of {connection.address} ({silent:.0f} s)")
            wait = min(wait, _LOOK_AGAIN)
        else:
            self._was_at_leisure = False
        if self.limits.statement is None:
            return wait
        left = begun + self.limits.statement - monotonic()
        if left <= 0:
            raise TimedOut(f"no answer within {self.limits.statement:g} s", node=connection.address)
        return max(min(wait, left), 0.001)

    # The connection.

    def _check(self) -> None:
        """Look at the connection before it is used; a transaction dies with it."""
        if self._rows is not None:
            self._give_up(self._rows)
            self._rows = None
        if self._link.connection is not None and not self._link.is_usable():
            self._generation = None
            self.transaction.disconnected()

    def _ready(self, then: str = "") -> Connection:
        """The connection, a new one if need be; `then` ends the notice about that."""
        if self._link.connection is not None:
            return self._link.connection
        connection = self._link.get(then)
        self.transaction.connected()
        if self._local:
            self._listener.notice(f"not set any more on the new connection: {'; '.join(self._local)}")
            self._local.clear()
        return connection

    @property
    def _sending_began(self) -> bool:
        return self._link.connection is not None and self._link.connection.sending_began

    def _drop(self, reason: str, quietly: bool = False) -> None:
        self._link.drop(reason, quietly)
        self._generation = None
        self.transaction.disconnected()

    def _make_safe(self, connection: Connection, statement: Statement, parameters: int) -> None:
        """Refuse what the server does not survive, or see to it that it does. Raises EndangersServer, NotSent."""

        def server() -> guard.Generation:
            if self._generation is None:
                self._generation = guard.generation(connection)
            return self._generation

        connection.patience = None
        try:
            guard.check_statement(statement, parameters, server)
            if guard.spills(statement, server):
                connection.exec("PRAGMA temp_store=MEMORY")
        except ProgrammingError:
            raise
        except DatabaseError as error:  # the statement itself has not been sent
            connection.close()
            raise NotSent(error.message, node=error.node) from None
