"""The state of a session's transaction: one small machine, driven by what the server is known to have done.

        connected             began                    lost
    DISCONNECTED ----> IDLE ----------> OPEN ------------------> LOST
         ^              |  <----------   |  committed, rolled      |
         |              |                |  back, or found closed  |  ended by the user
         +-- lost ------+                +------------------------ IDLE/DISCONNECTED

A transaction lives and dies with its connection. LOST therefore says two things: the transaction is gone, and the
user has not yet taken note; until then nothing may run, or the rest of the transaction would be applied by itself.
"""

from __future__ import annotations

from enum import Enum

from .statement import BEGIN, COMMIT, RELEASE, ROLLBACK, ROLLBACK_TO, SAVEPOINT, Statement


class State(Enum):
    DISCONNECTED = "disconnected"
    IDLE = "idle"
    OPEN = "in transaction"
    LOST = "transaction lost"


class Transaction:
    """What is known about the transaction of one session."""

    __slots__ = ("_savepoints", "state")

    def __init__(self) -> None:
        self.state = State.DISCONNECTED
        # The names of the open savepoints, folded, oldest first. None stands for BEGIN, which no RELEASE can end.
        self._savepoints: list[str | None] = []

    @property
    def is_open(self) -> bool:
        return self.state is State.OPEN

    @property
    def is_lost(self) -> bool:
        return self.state is State.LOST

    def connected(self) -> None:
        """A new connection is there; a lost transaction stays lost."""
        if self.state is State.DISCONNECTED:
            self.state = State.IDLE

    def disconnected(self) -> None:
        """The connection is gone, and with it an open transaction."""
        self._savepoints.clear()
        if self.state is State.OPEN:
            self.state = State.LOST
        elif self.state is State.IDLE:
            self.state = State.DISCONNECTED

    def ended(self, connected: bool = True) -> None:
        """The transaction is over, whichever way."""
        self._savepoints.clear()
        self.state = State.IDLE if connected else State.DISCONNECTED

    def would_commit(self, statement: Statement) -> bool:
        """Whether this statement, if it succeeds now, makes changes permanent."""
        if self.state is State.OPEN:
            return statement.control == COMMIT or self._is_outermost_release(statement)
        return not statement.reads and not statement.control

    def succeeded(self, statement: Statement) -> None:
        """The server has run this statement."""
        control = statement.control
        if control in (BEGIN, SAVEPOINT):
            self._savepoints.append(statement.savepoint if control == SAVEPOINT else None)
            self.state = State.OPEN
        elif control in (COMMIT, ROLLBACK) or self._is_outermost_release(statement):
            self.ended()
        elif control in (RELEASE, ROLLBACK_TO) and statement.savepoint in self._savepoints:
            kept = control == ROLLBACK_TO  # the savepoint itself; those that are younger are gone either way
            del self._savepoints[self._last(statement.savepoint) + kept :]

    def _last(self, name: str) -> int:
        return len(self._savepoints) - 1 - self._savepoints[::-1].index(name)

    def _is_outermost_release(self, statement: Statement) -> bool:
        name = statement.savepoint
        return statement.control == RELEASE and name in self._savepoints and self._last(name) == 0
