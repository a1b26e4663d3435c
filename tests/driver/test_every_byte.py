"""The wire is cut behind every byte of a request and of its answer: is what is said about the statement true?

What the database holds is read at the end, directly from the leader, when nothing can be on its way any more.
"""

from __future__ import annotations

import random
import threading
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import pytest

from dqshell.driver import Connection, Limits, Search, Session
from dqshell.errors import Error, Outcome, OutcomeUnknown, ReadCutOff, TimedOut, TransactionLost

from .proxy import Cut, Side, Way, through

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dqshell.sandbox.local import Sandbox
    from dqshell.wire.values import Value

    from .proxy import Proxy, Wire

SIDES: tuple[Side, Side] = ("client", "server")
WAYS: tuple[Way, Way] = ("fin", "rst")
KEYS = count(1)  # a statement's own number; seven digits, so that all requests have the same length


class Bench:
    """A cluster behind proxies, and a session that goes through them."""

    def __init__(self, proxies: dict[str, Proxy]) -> None:
        self._proxies = proxies
        self.session = self.new_session()

    def new_session(self, limits: Limits | None = None) -> Session:
        return Session(self.addresses, "every_byte", limits=limits)

    @property
    def addresses(self) -> list[str]:
        return list(self._proxies)

    def wire(self, session: Session) -> Wire:
        """The one over which the session's next statement goes."""
        session.connect()
        assert session._link.connection is not None
        return self.wire_of(session._link.connection)

    def wire_of(self, connection: Connection) -> Wire:
        port = connection._stream._socket.getsockname()[1]
        return next(wire for wire in self._proxies[connection.address].wires if wire.client_port == port)

    def all_wires(self) -> list[Wire]:
        return [wire for proxy in self._proxies.values() for wire in proxy.wires]

    def fetch(self, sql: str) -> list[tuple[Value, ...]]:
        """The rows, from the leader, after it has applied all that it has in its log."""
        with self.new_session() as session:
            session.run(f"CREATE TABLE marker{next(KEYS)} (a)")
            return [row for page in session.run(sql).pages for row in page]


@pytest.fixture(scope="module")
def bench(cluster: Sandbox) -> Iterator[Bench]:
    with through(cluster.addresses) as proxies:
        bench = Bench(proxies)
        yield bench
        bench.session.close()


class Kind(NamedTuple):
    """Statements that take effect together, where `{}` is the number of the attempt.

    `truth` selects each number and how often its effect is there. `cut_from`: the first step in which the wire is cut.
    """

    setup: str
    steps: list[str]
    truth: str
    cut_from: int = 0


ROWS = "SELECT n, count(*) FROM {table} GROUP BY n"
KINDS = {
    "insert": Kind("CREATE TABLE {table} (n)", ["INSERT INTO {table} VALUES ({n})"], ROWS),
    "update": Kind(
        "CREATE TABLE {table} AS WITH RECURSIVE i(n) AS (SELECT 1000000 UNION ALL SELECT n + 1 FROM i LIMIT 9000) "
        "SELECT n, 0 AS times FROM i",
        ["UPDATE {table} SET times = times + 1 WHERE rowid = {n} - 999999"],
        "SELECT n, times FROM {table} WHERE times > 0",
    ),
    "create": Kind(
        "CREATE TABLE {table} (n)",
        ["CREATE TABLE {table}{n} (a)"],
        "SELECT CAST(substr(name, -7) AS INTEGER), 1 FROM sqlite_schema WHERE name GLOB '{table}[0-9]*'",
    ),
    "transaction": Kind("CREATE TABLE {table} (n)", ["BEGIN", "INSERT INTO {table} VALUES ({n})", "COMMIT"], ROWS),
    "savepoint": Kind(
        "CREATE TABLE {table} (n)", ["SAVEPOINT a", "INSERT INTO {table} VALUES ({n})", "RELEASE a"], ROWS, 2
    ),
}


class Said(NamedTuple):
    """What was said about an attempt, and at which of its steps."""

    number: int
    outcome: Outcome
    step: int
    error: Error | None


class Trial:
    """Attempts of one kind, each with its cut; what was said of each."""

    def __init__(self, bench: Bench, name: str) -> None:
        self._bench = bench
        self._kind = KINDS[name]
        self.table = f"{name}{next(KEYS)}"
        self.said: dict[int, Said] = {}
        self.reached: dict[int, bool] = {}  # whether the server got all of it, which only the proxy knows
        bench.session.run(self._kind.setup.format(table=self.table))

    def lengths(self) -> list[dict[Side, int]]:
        """The bytes of the request and of the answer of each step."""
        lengths = []
        wire = self._bench.wire(self._bench.session)
        number = self._number()
        for step in self._kind.steps:
            wire.arm()
            self._bench.session.run(step.format(table=self.table, n=number))
            lengths.append(dict(wire.passed))
        self.said[number] = Said(number, Outcome.APPLIED, len(lengths), None)
        return lengths

    def attempt(self, at: int, cut: Cut, session: Session | None = None) -> Said:
        """Run the steps with the wire cut during the one with the number `at`."""
        session = session or self._bench.session
        number = self._number()
        said = Said(number, Outcome.APPLIED, len(self._kind.steps), None)
        for index, step in enumerate(self._kind.steps):
            if index == at:
                self._bench.wire(session).arm(cut)
            try:
                session.run(step.format(table=self.table, n=number))
            except Error as error:
                said = Said(number, error.outcome, index, error)
                break
        if session.transaction.is_lost or session.transaction.is_open:
            session.run("ROLLBACK")
        self.said[number] = said
        return said

    def lies(self) -> list[str]:
        """Every attempt of which something untrue was said."""
        held = {}
        for number, times in self._bench.fetch(self._kind.truth.format(table=self.table)):
            assert isinstance(number, int)
            assert isinstance(times, int)
            held[number] = times
        assert held.keys() <= self.said.keys()
        assert {number: number in held for number in self.reached} == self.reached
        allowed = {Outcome.APPLIED: {1}, Outcome.NOT_APPLIED: {0}, Outcome.UNKNOWN: {0, 1}}
        return [
            f"{said}, and it is there {held.get(said.number, 0)} times"
            for said in self.said.values()
            if held.get(said.number, 0) not in allowed[said.outcome]
        ]

    @staticmethod
    def _number() -> int:
        return 1_000_000 + next(KEYS)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_of_a_write_is_true_wherever_the_wire_is_cut(bench: Bench, name: str) -> None:
    trial = Trial(bench, name)
    last = len(KINDS[name].steps) - 1
    for at, lengths in list(enumerate(trial.lengths()))[KINDS[name].cut_from :]:
        for side in SIDES:
            for after in range(lengths[side] + 1):
                for way in WAYS:
                    said = trial.attempt(at, Cut(side, after, way))
                    whole = side == "server" and after == lengths[side]
                    where = (at, side, after, way, said)
                    if whole:
                        # The end of the wire is met by the next step, before or after something was sent.
                        assert said.outcome is not Outcome.UNKNOWN or said.step == last, where
                        assert said.outcome is Outcome.APPLIED or at < last, where
                    elif at == last:
                        assert said.outcome is Outcome.UNKNOWN, where
                        assert isinstance(said.error, OutcomeUnknown), where
                        if side == "server" or after < lengths[side]:
                            trial.reached[said.number] = side == "server"
                    elif at == 0:
                        assert said.outcome is Outcome.APPLIED, where  # begun again on a new connection
                    else:
                        assert said.outcome is Outcome.NOT_APPLIED, where
                        assert isinstance(said.error, TransactionLost), where
    assert trial.lies() == []


@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_of_a_write_is_true_when_the_wire_falls_silent(bench: Bench, name: str) -> None:
    trial = Trial(bench, name)
    last = len(KINDS[name].steps) - 1
    with bench.new_session(Limits(statement=0.05)) as session:
        for at, lengths in list(enumerate(trial.lengths()))[KINDS[name].cut_from :]:
            for side in SIDES:
                for after in (0, 9, lengths[side] - 1):
                    said = trial.attempt(at, Cut(side, after, "silence"), session)
                    where = (at, side, after, said)
                    if at == last:
                        assert said.outcome is Outcome.UNKNOWN, where
                    elif at > 0:
                        assert isinstance(said.error, TransactionLost), where
                    else:
                        assert isinstance(said.error, TimedOut), where
    assert trial.lies() == []


@pytest.mark.parametrize("way", WAYS)
def test_what_is_said_of_a_request_that_does_not_fit_into_any_buffer_is_true(bench: Bench, way: Way) -> None:
    table = f"large{next(KEYS)}"
    bench.session.run(f"CREATE TABLE {table} (n, b)")
    cuts = [Cut("client", after, way) for after in (0, 1, 1 << 10, 1 << 16, 1 << 20, 15 << 20)] + [
        Cut("server", 0, way)
    ]
    for number, cut in enumerate(cuts):
        bench.wire(bench.session).arm(cut)
        with pytest.raises(OutcomeUnknown):
            bench.session.run(f"INSERT INTO {table} VALUES (?, ?)", [number, bytes(16 << 20)])
    assert bench.fetch(f"SELECT n, count(*) FROM {table}") == [(len(cuts) - 1, 1)]


@pytest.mark.parametrize("way", WAYS)
def test_a_wire_that_was_cut_before_the_statement_costs_nobody_a_statement(bench: Bench, way: Way) -> None:
    trial = Trial(bench, "insert")
    for _ in range(20):
        wire = bench.wire(bench.session)
        wire.cut(way)
        assert wire.is_closed.wait(5.0)
        said = trial.attempt(1, Cut("client", 0, "fin"))  # there is no step 1: nothing more is cut
        assert said.outcome is Outcome.APPLIED
    assert trial.lies() == []


@pytest.mark.parametrize("name", ["insert", "transaction"])
def test_what_is_said_is_true_when_the_wire_is_cut_at_any_moment(bench: Bench, name: str) -> None:
    trial = Trial(bench, name)
    chance = random.Random(name)
    over = threading.Event()

    def cut_now_and_then() -> None:
        while not over.wait(chance.uniform(0.0, 0.02)):
            for wire in bench.all_wires():
                wire.cut(chance.choice(WAYS))

    cutter = threading.Thread(target=cut_now_and_then)
    cutter.start()
    try:
        for _ in range(100):
            trial.attempt(-1, Cut("client", 0, "fin"))
    finally:
        over.set()
        cutter.join()
    assert {said.outcome for said in trial.said.values()} >= {Outcome.APPLIED}
    assert trial.lies() == []


# Reads.


class Query(NamedTuple):
    sql: str
    rows: list[tuple[Value, ...]]
    step: int  # how far apart the cuts in the answer are


NUMBERS = "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i LIMIT {}) SELECT n FROM i"
QUERIES = {
    "one frame": Query("SELECT 1 AS a, 'two' UNION ALL SELECT 3, NULL", [(1, "two"), (3, None)], 1),
    "several frames": Query(NUMBERS.format(600), [(n,) for n in range(1, 601)], 131),
    "pragma": Query("PRAGMA user_version", [(0,)], 1),
}


@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("way", WAYS)
def test_a_result_that_was_cut_off_is_called_incomplete(bench: Bench, name: str, way: Way) -> None:
    session, query = bench.session, QUERIES[name]
    wire = bench.wire(session)
    wire.arm()
    assert rows_of(session, query.sql) == (query.rows, None)
    lengths = dict(wire.passed)
    cuts = [Cut("client", after, way) for after in range(lengths["client"] + 1)]
    ends = range(max(lengths["server"] - 24, 0), lengths["server"])
    cuts += [Cut("server", after, way) for after in sorted({*range(0, lengths["server"], query.step), *ends})]
    for cut in cuts:
        bench.wire(session).arm(cut)
        rows, error = rows_of(session, query.sql)
        assert isinstance(error, ReadCutOff), cut
        assert error.outcome is Outcome.NOT_APPLIED
        assert rows == query.rows[: len(rows)], cut
    # The end of the result set is not the end of the wire, and the other way round.
    wire = bench.wire(session)
    wire.arm(Cut("server", lengths["server"], way))
    assert rows_of(session, query.sql) == (query.rows, None)
    assert wire.is_closed.wait(5.0)
    assert rows_of(session, query.sql) == (query.rows, None)


def rows_of(session: Session, sql: str) -> tuple[list[tuple[Value, ...]], Error | None]:
    """All rows that were shown, and the error that ended them."""
    rows: list[tuple[Value, ...]] = []
    try:
        for page in session.run(sql).pages:
            rows += page
    except Error as error:
        return rows, error
    return rows, None


def test_a_silent_result_ends_with_the_limit_of_the_statement(bench: Bench) -> None:
    query = QUERIES["several frames"]
    with bench.new_session(Limits(statement=0.1)) as session:
        for after in (0, 5, 100, 4000, 5000):
            bench.wire(session).arm(Cut("server", after, "silence"))
            rows, error = rows_of(session, query.sql)
            assert isinstance(error, TimedOut)
            assert rows == query.rows[: len(rows)]
        assert rows_of(session, query.sql) == (query.rows, None)


# A connection by itself, with a prepared statement.


@pytest.mark.parametrize("way", WAYS)
def test_what_is_said_of_a_prepared_statement_is_true(bench: Bench, way: Way) -> None:
    table = f"prepared{next(KEYS)}"
    bench.session.run(f"CREATE TABLE {table} (n)")

    def attempt(cut: Cut | None, number: int) -> tuple[Outcome, dict[Side, int]]:
        with Search(bench.addresses).run(10.0) as connection:
            connection.open("every_byte")
            prepared = connection.prepare(f"INSERT INTO {table} VALUES (?)")
            wire = bench.wire_of(connection)
            wire.arm(cut)
            try:
                connection.exec_prepared(prepared, [number])
            except Error as error:
                assert connection.closed
                return error.outcome, {}
            return Outcome.APPLIED, dict(wire.passed)

    said = {}
    said[0], lengths = attempt(None, 0)
    cuts = [Cut(side, after, way) for side in SIDES for after in range(lengths[side])]
    for number, cut in enumerate(cuts, 1):
        said[number] = attempt(cut, number)[0]
        assert said[number] is Outcome.UNKNOWN
    assert said[0] is Outcome.APPLIED
    held = bench.fetch(f"SELECT n, count(*) FROM {table} GROUP BY n ORDER BY n")
    sent_whole = [number for number, cut in enumerate(cuts, 1) if cut.side == "server"]
    assert held == [(number, 1) for number in [0, *sent_whole]]
