"""Everything that can go wrong, and what it means for the statement that was under way.

Each class owns four facts: its *outcome* (what became of the statement), whether the connection *survives* it, the
*advice* for the user, and the *exit code* of a program that ends with it. The names of PEP 249 are at the top.

    Error
     +- InterfaceError                  asked for in a way that cannot work; nothing was sent
     |   +- ConfigurationError          an address, a file or an option that is unusable
     |   +- LocalProtocolError          a message that the protocol cannot express
     |   +- Refused                     a safety check, or the user, said no
     |   |   +- EndangersServer         what was asked is known to crash the server that runs it
     |   +- SandboxError                the throw-away cluster on this machine cannot do that
     +- DatabaseError
         +- ProgrammingError            the SQL is wrong
         |   +- RowsExpected            a statement without rows was sent as a query
         +- IntegrityError              a constraint was violated
         +- DataError                   a value is too large, of the wrong type, or one too many
         +- NotSupportedError           the server does not know or does not allow it
         +- OperationalError            not the statement's fault
             +- Busy                    another writer holds the database
             |   +- BusySnapshot        this transaction read before another one wrote
             |   +- MembershipChanging  another change of the membership is under way
             +- Interrupted             stopped by the user; nothing was changed
             +- TimedOut                a wait reached its limit; nothing is unknown
             +- Unavailable             nobody could be asked
             |   +- NodeUnreachable     one node could not be reached, or does not speak dqlite
             |   +- NoLeader            no node that could be reached leads the cluster
             +- NotApplied              leadership or the connection was lost; safe to run again
             |   +- NotLeader           the node does not lead the cluster
             |   +- LeadershipMoving    leadership was being transferred when the write arrived
             |   +- DatabaseClosed      the node lost and regained leadership, and closed our database
             |   +- NotSent             the connection was found dead before anything was sent
             |   +- ReadCutOff          a read was under way when the connection was lost
             |   +- TransactionLost     the open transaction died with its connection
             +- OutcomeUnknown          sent, and no answer can tell whether it was applied
                 +- LeadershipLost      the leader wrote it to its log, then lost the leadership
                 +- ConnectionLost      the connection ended before the answer came
                 +- NoAnswer            the node fell silent, and another one leads now, or time ran out
                 +- Abandoned           the user stopped waiting for the answer
                 +- ServerFailed        the server failed in a way that does not tell
                 +- RowsYielded         a writing statement with rows was executed without reading them
                 +- AdministrationFailed  a change of the cluster failed; the members tell how far it went
                 +- RemoteProtocolError   what came back is not dqlite's protocol

Codes and their meaning are those of dqlite's src/gateway.c, src/leader.c and src/translate.c, and of SQLite.
"""

from __future__ import annotations

from enum import Enum, IntEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Outcome(Enum):
    """What became of a statement that was to be run."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    UNKNOWN = "unknown"


class ExitCode(IntEnum):
    """The exit codes of the program. Scripts depend on them: they never change."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NO_LEADER = 3
    NOT_APPLIED = 4
    UNKNOWN = 5
    NOT_HEALTHY = 6
    REFUSED = 7
    TIMED_OUT = 124
    INTERRUPTED = 130


EXIT_CODE_MEANINGS = {
    ExitCode.OK: "all applied",
    ExitCode.FAILED: "a statement or command failed",
    ExitCode.USAGE: "bad usage",
    ExitCode.NO_LEADER: "no node can be reached, or the cluster has no leader",
    ExitCode.NOT_APPLIED: "leadership or the connection was lost; the statement (or the whole "
    "transaction) was not applied, and running it again is safe",
    ExitCode.UNKNOWN: "the outcome is unknown: it may or may not have been applied",
    ExitCode.NOT_HEALTHY: "a health check is not green",
    ExitCode.REFUSED: "refused by a safety check or by the user",
    ExitCode.TIMED_OUT: "a wait timed out",
    ExitCode.INTERRUPTED: "interrupted, and nothing is unknown",
}


class Error(Exception):
    """Whatever dqshell reports.

    `message` says what happened; `code` is the (extended) SQLite or dqlite code where a server sent one; `node` the
    address of the node; `statement` the SQL. A class whose `meaning` is set says that instead of the server's text,
    which may be as misleading as "disk I/O error".
    """

    outcome = Outcome.NOT_APPLIED
    exit_code = ExitCode.FAILED
    survives = True
    advice = ""
    meaning = ""

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        node: str | None = None,
        statement: str | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.node = node
        self.statement = statement
        if advice is not None:
            self.advice = advice

    def __str__(self) -> str:
        return self.message

    @property
    def primary_code(self) -> int | None:
        """The low byte of an extended SQLite code; dqlite's own codes (1001 and up) as they are."""
        if self.code is None or 1000 < self.code < 1024:
            return self.code
        return self.code & 0xFF


class InterfaceError(Error):
    """What was asked for cannot work; nothing was sent."""

    exit_code = ExitCode.USAGE


class ConfigurationError(InterfaceError):
    """An address, a file or an option is unusable."""


class LocalProtocolError(InterfaceError):
    """The protocol has no way to say this: text with a NUL inside, too many parameters, an integer over 64 bits."""


class Refused(InterfaceError):
    """A safety check, or the user, said no."""

    exit_code = ExitCode.REFUSED


class EndangersServer(Refused):
    """What was asked is known to crash or to wedge the server that runs it."""

    advice = "--unsafe sends it all the same."


class SandboxError(InterfaceError):
    """The throw-away cluster on this machine cannot do that."""

    exit_code = ExitCode.FAILED


class DatabaseError(Error):
    """A server, or the way to it, failed."""


class ProgrammingError(DatabaseError):
    """The SQL is wrong: syntax, unknown names, misuse."""


class RowsExpected(ProgrammingError):
    """A statement that returns no rows was sent as a query; servers before 1.18 do not run it."""

    meaning = "the server says that it returns no rows, but it was sent as a query"


class IntegrityError(DatabaseError):
    """A constraint was violated."""


class DataError(DatabaseError):
    """A value is too large or of the wrong type, or there are more parameters than places for them."""


class NotSupportedError(DatabaseError):
    """The server does not know the request, or does not allow it."""


class OperationalError(DatabaseError):
    """Something failed that is not the statement's fault."""


class Busy(OperationalError):
    """Another writer holds the database. Servers do not wait."""

    advice = "Another connection has an open transaction; it must end first (see --busy-timeout)."


class BusySnapshot(Busy):
    """This transaction has read, then another connection wrote: it can never be upgraded to write."""

    advice = "ROLLBACK and begin again, with BEGIN IMMEDIATE if the transaction is going to write."


class MembershipChanging(Busy):
    """The cluster changes its membership one step at a time, and another step is under way."""

    advice = "Wait until the other change is done, then try again."


class Interrupted(OperationalError):
    """Stopped by the user; nothing was changed."""

    exit_code = ExitCode.INTERRUPTED
    survives = False


class TimedOut(OperationalError):
    """A wait reached its limit; nothing is unknown."""

    exit_code = ExitCode.TIMED_OUT


class Unavailable(OperationalError):
    """Nobody could be asked."""

    exit_code = ExitCode.NO_LEADER
    survives = False


class NodeUnreachable(Unavailable):
    """One node could not be reached, or does not speak dqlite."""


class NoLeader(Unavailable):
    """No node that could be reached leads the cluster. `report` has a line for every node that was asked."""

    def __init__(self, message: str, report: Sequence[str] = (), advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.report = list(report)


class NotApplied(OperationalError):
    """Leadership or the connection was lost, and the statement is certain not to have been applied."""

    exit_code = ExitCode.NOT_APPLIED
    survives = False
    advice = "It is safe to run it again."


class NotLeader(NotApplied):
    """The node does not lead the cluster (code 10250, 8202 from servers before 1.0): checked before anything ran."""

    meaning = "the node does not lead the cluster any more"


class LeadershipMoving(NotApplied):
    """Leadership was being transferred when the write arrived; servers before 1.19 leak Raft's code 7."""

    meaning = "the node was handing its leadership over"


class DatabaseClosed(NotApplied):
    """The node lost leadership, regained it, and closed our database meanwhile (code 12)."""

    meaning = "the node lost the leadership for a while, and closed the database"


class NotSent(NotApplied):
    """The connection was found dead before the first byte of the statement was sent."""


class ReadCutOff(NotApplied):
    """A read was under way when the connection was lost: nothing was changed, and the result is incomplete."""

    advice = (
        "Nothing was changed. It was not run again by itself, because some statements crash the server that runs "
        "them; run it again if it is not such a one."
    )


class TransactionLost(NotApplied):
    """The open transaction died with its connection: none of its statements was applied."""

    advice = "Say ROLLBACK, then begin the transaction again."


class OutcomeUnknown(OperationalError):
    """It was sent, and nothing that came back can tell whether it was applied. It must never be repeated blindly."""

    outcome = Outcome.UNKNOWN
    exit_code = ExitCode.UNKNOWN
    survives = False
    advice = (
        "It may or may not have been applied, and was not repeated. Before you run it again, look for its effect with "
        "a SELECT, once another write has succeeded: until then a new leader may not show it yet."
    )


class LeadershipLost(OutcomeUnknown):
    """The leader wrote it to its log and then lost the leadership (code 10506; 8458 from servers before 1.0).

    The next leader may have the entry or not; the answer is the same in both cases.
    """

    meaning = "the node lost the leadership before a majority had confirmed the change"


class ConnectionLost(OutcomeUnknown):
    """The connection ended (end of file, reset, broken pipe) after sending had begun, before the answer was in."""


class NoAnswer(OutcomeUnknown):
    """The node fell silent with the statement in hand; closing the connection does not stop it."""


class Abandoned(OutcomeUnknown):
    """The user stopped waiting for the answer; the server does not stop what it has begun."""


class ServerFailed(OutcomeUnknown):
    """The server failed in a way that does not tell whether the change survives."""


class RowsYielded(OutcomeUnknown):
    """A statement that returns rows was executed without reading them (code 100; from 1.19 on code 1).

    Harmless for a SELECT. A writing statement with RETURNING may be applied later, and the next write may crash the
    leader (gateway.c, handle_exec).
    """

    meaning = "a statement that returns rows was run without reading them"

    survives = True


class AdministrationFailed(OutcomeUnknown):
    """A change of the cluster failed; only the list of its members tells how far it went."""

    survives = True
    advice = "Look at the cluster's nodes before you try again."


class RemoteProtocolError(OutcomeUnknown):
    """What came back is not dqlite's protocol."""


# SQLite's texts for codes that are no errors. A server that sends one of them with an error code has leaked a code of
# Raft's, whose numbers mean something else (leader.c, leaderApplyFrames).
_TEXTS_OF_SUCCESS = {"not an error", "no more rows available", "another row available"}

# The whole (extended) code decides first, its low byte second. What neither table holds is unknown.
_BY_CODE: dict[int, type[DatabaseError]] = {
    0: ProgrammingError,
    100: RowsYielded,
    517: BusySnapshot,
    1001: NotSupportedError,
    1002: ProgrammingError,
    1005: NotSupportedError,
    8202: NotLeader,
    8458: LeadershipLost,
    10250: NotLeader,
    10506: LeadershipLost,
}
_BY_PRIMARY_CODE: dict[int, type[DatabaseError]] = {
    1: ProgrammingError,
    5: Busy,
    6: Busy,
    8: OperationalError,
    12: DatabaseClosed,
    18: DataError,
    19: IntegrityError,
    20: DataError,
    21: ProgrammingError,
    23: NotSupportedError,
    25: DataError,
}


def failure_class(code: int, message: str, request: str) -> type[DatabaseError]:
    """The class for a FAILURE response to `request` ("exec", "query", "prepare", "membership", ...).

    Texts are looked at only where a code has two meanings: Raft's leaked codes, a statement's id that the server
    does not know, a second database on one connection, and the generic code 1.
    """
    if request == "membership":
        return MembershipChanging if code == 5 else _BY_CODE.get(code, AdministrationFailed)
    if code == 1 and message == "not an error" and request == "query":
        return RowsExpected
    if code == 1 and message.startswith("rows yielded"):
        return RowsYielded
    if 0 < code < 100 and message in _TEXTS_OF_SUCCESS:
        return LeadershipMoving if code == 7 else ServerFailed
    if (code == 12 and "no statement" in message) or (code == 5 and "already open" in message):
        return ProgrammingError
    if code in _BY_CODE:
        return _BY_CODE[code]
    return _BY_PRIMARY_CODE.get(code & 0xFF, ServerFailed) if code < 1 << 16 else ServerFailed


def from_failure(code: int, message: str, *, request: str, node: str, statement: str | None = None) -> DatabaseError:
    """The exception for a FAILURE response of `node`; see `failure_class`."""
    kind = failure_class(code, message, request)
    return kind(kind.meaning or message, code=code, node=node, statement=statement)
