"""Everything that can happen to a leader, at every moment of a statement: is what the session says the truth?

Each cell of the matrix breaks a real cluster, and then compares what was said with what the cluster holds. All cells
run once, several clusters side by side; run with -s to see the matrix.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Limits, Session
from dqshell.driver.transaction import State
from dqshell.errors import Error, Outcome, OutcomeUnknown, TransactionLost
from tests.conftest import LATENCY_MS, running_sandbox

from .nodes import Notices, leader_of, mend, rows_by_number, transfer

if TYPE_CHECKING:
    from collections.abc import Callable

    from dqshell.sandbox.local import Sandbox

SIDE_BY_SIDE = 4
LIMITS = Limits(step=0.5, wait=15.0)

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {})"
SLOW = 400_000  # rows to count: takes some 100 ms
LARGE = 3_000  # rows of 3000 bytes: the COMMIT takes some 100 ms
STREAMED = 40_000  # rows of 500 bytes: more than the buffers on the way hold


class Cell:
    """One event at one moment. `said` is what the session answered, statement by statement."""

    def __init__(self, cluster: Sandbox, event: Callable[[Cell], None], database: str) -> None:
        self.cluster = cluster
        self.event = event
        self.database = database
        self.leader = leader_of(cluster)
        self.other = self.leader % len(cluster.nodes) + 1
        self.notices = Notices()
        self.session = Session(cluster.addresses, database, limits=LIMITS, listener=self.notices)
        self.said: list[str] = []
        self.lies: list[str] = []
        self.took = 0.0
        self.held = ""
        self.dead: list[int] = []
        # What each statement or transaction, by its number, was said to have come to, and how many rows it has.
        self._promises: dict[int, tuple[Outcome, int]] = {}

    # What the moments are made of.

    def strike(self) -> None:
        self.event(self)

    def striking(self, delay: float) -> threading.Thread:
        """The event, in a while."""
        thread = threading.Timer(delay, self.strike)
        thread.start()
        return thread

    def run(self, sql: str) -> Error | None:
        """Run a statement, and note what the session says of it."""
        try:
            self.session.run(sql)
        except Error as error:
            self._note(sql, error)
            return error
        self._note(sql, None)
        return None

    def run_stream(self, sql: str, strike: bool = True) -> tuple[list[int], Error | None]:
        """Run a query, strike after the first page of its rows; all rows that were shown."""
        shown: list[int] = []
        thread: threading.Thread | None = None
        try:
            for page in self.session.run(sql).pages:
                if thread is None and strike:
                    thread = self.striking(0.0)
                    thread.join(0.15)  # some events need that we read on
                shown.extend(row[0] for row in page)  # type: ignore[misc]
        except Error as error:
            self._note(sql, error)
            return shown, error
        finally:
            if thread is not None:
                thread.join()
        self._note(sql, None)
        return shown, None

    def _note(self, sql: str, error: Error | None) -> None:
        what = sql.split(maxsplit=1)[0]
        if error is None:
            self.said.append(f"{what}: applied")
        else:
            self.said.append(f"{what}: {error.outcome.value}, {type(error).__name__} ({error.node}: {error.message})")
            self.expect(bool(error.message and error.advice), f"what now? {error!r}")

    def _works(self, number: int) -> bool:
        """Whether a write is applied; the second or third will do, since a busy machine loses leaders by itself."""
        for attempt in range(number, number + 3):
            error = self.run(f"INSERT INTO t VALUES ({attempt}, 0)")
            self.promise(attempt, error)
            if error is None:
                return True
        return False

    def promise(self, number: int, error: Error | None, rows: int = 1) -> None:
        """The `rows` rows with this number are there or not, as `error` says."""
        self._promises[number] = (error.outcome if error else Outcome.APPLIED, rows)

    def expect(self, condition: bool, lie: str) -> None:
        if not condition:
            self.lies.append(lie)

    def never_unknown(self, error: Error | None) -> None:
        self.expect(not isinstance(error, OutcomeUnknown), f"unknown, though nothing could commit: {error!r}")

    # What is true in the end.

    def settle(self) -> None:
        """The session works again, without help; and when all nodes are well, the cluster holds what was said."""
        state = self.session.transaction.state
        self.expect(state in (State.IDLE, State.DISCONNECTED), f"in the end the session is {state}")
        self.expect(self._works(100), "the session does not work again")
        self.dead = mend(self.cluster)
        self.expect(self._works(200), "the session does not work when all nodes are back")
        self.session.close()
        rows = rows_by_number(self.cluster, self.database)
        for number, (outcome, expected) in self._promises.items():
            found = rows.get(number, 0)
            allowed = {Outcome.APPLIED: (expected,), Outcome.NOT_APPLIED: (0,), Outcome.UNKNOWN: (0, expected)}[outcome]
            self.expect(found in allowed, f"{number} was said to be {outcome.value}: {found} of {expected} rows")
        self.held = ", ".join(f"{rows.get(n, 0)} of {expected} ({n})" for n, (_, expected) in self._promises.items())


# The moments. Each ends in a session that has taken note of whatever was lost.


def idle(cell: Cell) -> None:
    cell.promise(2, cell.run("INSERT INTO t VALUES (2, 0)"))
    cell.strike()
    time.sleep(1.1)  # a user who thinks; a connection that was idle for so long is not trusted
    error = cell.run("INSERT INTO t VALUES (3, 0)")
    cell.promise(3, error)
    cell.expect(error is None, "a leader that went while the session was idle costs a statement")


def idle_for_a_moment(cell: Cell) -> None:
    cell.strike()
    error = cell.run("INSERT INTO t VALUES (3, 0)")
    cell.promise(3, error)


def idle_then_read(cell: Cell) -> None:
    cell.strike()
    shown, error = cell.run_stream("SELECT n FROM t", strike=False)
    cell.never_unknown(error)
    cell.expect(error is not None or shown == [1], f"rows shown: {shown}")


def in_transaction(cell: Cell) -> None:
    cell.run("BEGIN")
    cell.run("INSERT INTO t VALUES (2, 0)")
    cell.strike()
    error = cell.run("INSERT INTO t VALUES (2, 0)")
    if error is None and cell.event is freeze_for_a_moment:  # nobody has noticed
        cell.promise(2, cell.run("COMMIT"), 2)
        return
    cell.expect(isinstance(error, TransactionLost), f"a transaction is gone, and this is said: {error!r}")
    cell.promise(2, error, 2)
    cell.expect(cell.session.transaction.state is State.LOST, "the session does not know that its transaction is lost")
    refused = cell.run("SELECT 1")
    cell.expect(isinstance(refused, TransactionLost), f"a lost transaction refuses everything, but: {refused!r}")
    cell.expect(cell.run("ROLLBACK") is None, "ROLLBACK must end a lost transaction")


def in_transaction_then_commit(cell: Cell) -> None:
    cell.run("BEGIN")
    cell.run("INSERT INTO t VALUES (2, 0)")
    cell.strike()
    error = cell.run("COMMIT")
    cell.promise(2, error)
    cell.expect(error is not None or cell.event is freeze_for_a_moment, "COMMIT of a lost transaction must fail")


def in_transaction_then_rollback(cell: Cell) -> None:
    cell.run("BEGIN")
    error = cell.run("INSERT INTO t VALUES (2, 0)")
    cell.strike()
    cell.expect(cell.run("ROLLBACK") is None, "ROLLBACK gets what it wants when the transaction is lost")
    cell.promise(2, error or TransactionLost(""))


def during_write(cell: Cell) -> None:
    thread = cell.striking(0.03)
    cell.promise(2, cell.run(f"INSERT INTO t SELECT 2, count(*) FROM ({COUNT.format(SLOW)} SELECT i FROM n)"))
    thread.join()


def during_write_in_transaction(cell: Cell) -> None:
    cell.run("BEGIN")
    thread = cell.striking(0.03)
    error = cell.run(f"INSERT INTO t SELECT 2, count(*) FROM ({COUNT.format(SLOW)} SELECT i FROM n)")
    thread.join()
    cell.never_unknown(error)
    cell.promise(2, cell.run("COMMIT"))


def during_commit(cell: Cell) -> None:
    cell.run("BEGIN")
    cell.run(f"INSERT INTO t SELECT 2, zeroblob(3000) FROM ({COUNT.format(LARGE)} SELECT i FROM n)")
    thread = cell.striking(0.03)
    cell.promise(2, cell.run("COMMIT"), LARGE)
    thread.join()


def while_rows_stream(cell: Cell) -> None:
    shown, error = cell.run_stream(f"{COUNT.format(STREAMED)} SELECT i, zeroblob(500) FROM n")
    cell.never_unknown(error)
    cell.expect(shown == list(range(1, len(shown) + 1)), "rows were shown twice, or left out")
    cell.expect((error is None) == (len(shown) == STREAMED), f"{len(shown)} rows are called complete")


def while_rows_stream_in_transaction(cell: Cell) -> None:
    cell.run("BEGIN")
    inserted = cell.run("INSERT INTO t VALUES (2, 0)")
    shown, error = cell.run_stream(f"{COUNT.format(STREAMED)} SELECT i, zeroblob(500) FROM n")
    cell.never_unknown(error)
    cell.expect(shown == list(range(1, len(shown) + 1)), "rows were shown twice, or left out")
    cell.expect((error is None) == (len(shown) == STREAMED), f"{len(shown)} rows are called complete")
    cell.promise(2, cell.run("COMMIT") or inserted)


# The events.


def kill(cell: Cell) -> None:
    cell.cluster.kill(cell.leader)


def terminate(cell: Cell) -> None:
    cell.cluster.stop(cell.leader)


def freeze(cell: Cell) -> None:
    cell.cluster.pause(cell.leader)


def freeze_for_a_moment(cell: Cell) -> None:
    """As long as an election takes at least: sometimes the leader remains, sometimes it finds itself replaced."""
    cell.cluster.pause(cell.leader)
    time.sleep(0.4)
    cell.cluster.resume(cell.leader)


def transfer_away(cell: Cell) -> None:
    transfer(cell.cluster, cell.leader, cell.other)


def transfer_away_and_back(cell: Cell) -> None:
    transfer(cell.cluster, cell.leader, cell.other)
    transfer(cell.cluster, cell.other, cell.leader)


MOMENTS = [
    idle,
    idle_for_a_moment,
    idle_then_read,
    in_transaction,
    in_transaction_then_commit,
    in_transaction_then_rollback,
    during_write,
    during_write_in_transaction,
    during_commit,
    while_rows_stream,
    while_rows_stream_in_transaction,
]
EVENTS = [kill, terminate, freeze, freeze_for_a_moment, transfer_away, transfer_away_and_back]
CELLS = [(moment, event) for moment in MOMENTS for event in EVENTS]
IDS = [f"{event.__name__}-{moment.__name__}" for moment, event in CELLS]


def run_cell(cluster: Sandbox, moment: Callable[[Cell], None], event: Callable[[Cell], None], number: int) -> Cell:
    begun = time.monotonic()
    cell = Cell(cluster, event, f"cell{number}")
    try:
        cell.session.run("CREATE TABLE t (n INTEGER, x)")
        cell.promise(1, cell.run("INSERT INTO t VALUES (1, 0)"))
        cell.said.clear()
        moment(cell)
        cell.settle()
    except Exception as error:
        cell.lies.append(f"{error!r}")
        mend(cluster)
    finally:
        cell.session.close()
        cell.took = time.monotonic() - begun
    return cell


@pytest.fixture(scope="module")
def matrix(launcher: list[str]) -> dict[str, Cell]:
    """All cells, by their ids."""
    waiting: SimpleQueue[int] = SimpleQueue()
    for number in range(len(CELLS)):
        waiting.put(number)
    cells: dict[str, Cell] = {}

    def work() -> None:
        with running_sandbox(3, LATENCY_MS, launcher) as cluster:
            try:
                while True:
                    number = waiting.get_nowait()
                    cells[IDS[number]] = run_cell(cluster, *CELLS[number], number)
            except Empty:
                return

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for done in [pool.submit(work) for _ in range(SIDE_BY_SIDE)]:
            done.result()
    show(cells)
    return cells


def show(cells: dict[str, Cell]) -> None:
    """Print the matrix: what happened, what was said, what the cluster holds."""
    for name in IDS:
        cell = cells[name]
        died = f", died: {cell.dead}" if cell.dead else ""
        print(f"\n{name}  ({cell.took:.1f} s{died})")
        lines = [("said", line) for line in cell.said] + [("notice", line) for line in cell.notices.heard]
        for kind, line in [*lines, ("held", cell.held)] + [("LIE", line) for line in cell.lies]:
            print(f"  {kind:>6}: {line}")


@pytest.mark.parametrize("name", IDS)
def test_what_is_said_is_true(matrix: dict[str, Cell], name: str) -> None:
    cell = matrix[name]
    assert cell.lies == []
