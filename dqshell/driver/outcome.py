"""What an error means for the statement that met it: pure rules, no connection in sight.

The connection knows only what happened to a request. Whether anything may have been changed by it depends on the
statement and on the transaction around it.
"""

from __future__ import annotations

from ..errors import (
    ConnectionLost,
    DatabaseError,
    LeadershipLost,
    NoAnswer,
    NotApplied,
    OperationalError,
    OutcomeUnknown,
    ProgrammingError,
    ReadCutOff,
    RowsYielded,
    ServerFailed,
    TimedOut,
    TransactionLost,
)
from .statement import ROLLBACK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .statement import Statement
    from .transaction import Transaction

RUN_AGAIN = "It is safe to run the whole transaction again."


def judge(error: DatabaseError, statement: Statement, transaction: Transaction) -> DatabaseError:
    """The error to report for `statement`, whose `outcome` is what became of it.

    `transaction` is its state as the statement was sent.
    """
    if isinstance(error, RowsYielded) and statement.reads:
        return ProgrammingError(error.message, code=error.code, node=error.node)
    if error.survives and not isinstance(error, TimedOut):
        return error
    commits = transaction.would_commit(statement)
    unknown = isinstance(error, (OutcomeUnknown, TimedOut))
    if transaction.is_open and not commits:
        return _like(TransactionLost, error, "; the transaction is lost, and nothing of it was applied")
    if transaction.is_open and not unknown:
        return _like(TransactionLost, error, "; the transaction was not applied", advice=RUN_AGAIN)
    if commits and unknown:
        what = f"; whether {statement.verb} took effect is unknown" if transaction.is_open else ""
        return _like(NoAnswer if isinstance(error, TimedOut) else type(error), error, what)
    if isinstance(error, OutcomeUnknown):
        return _like(OperationalError if isinstance(error, ServerFailed) else ReadCutOff, error)
    return error


def may_run_again(error: DatabaseError, statement: Statement, transaction: Transaction) -> bool:
    """Whether running it on the leader that is found next is certain to repeat nothing, and to crash nobody.

    A read whose node died is left to the user: it may be the statement that killed the node.
    """
    if transaction.is_open:
        return False
    if isinstance(error, NotApplied):
        return True
    if not isinstance(error, OutcomeUnknown) or transaction.would_commit(statement):
        return False
    if isinstance(error, ConnectionLost):
        return bool(statement.control)
    return isinstance(error, (LeadershipLost, NoAnswer))


def is_moot(statement: Statement, verdict: DatabaseError) -> bool:
    """A ROLLBACK that met the end of its transaction has got what it wanted."""
    return statement.control == ROLLBACK and isinstance(verdict, TransactionLost)


def _like(kind: type[DatabaseError], error: DatabaseError, more: str = "", advice: str | None = None) -> DatabaseError:
    return kind(error.message + more, code=error.code, node=error.node, advice=advice)
