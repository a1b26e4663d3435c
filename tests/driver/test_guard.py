"""What kills servers: first that it does, on a node that is there to be killed; then that it is not sent.

Which servers die of what was found out with libdqlite 1.11.1, 1.18.1 and the development branch of 2026; the tests
show it for the one at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Connection, Limits, Session
from dqshell.driver.guard import Generation, check_database, generation
from dqshell.errors import EndangersServer, Error, ExitCode, NodeUnreachable, Outcome, SandboxError
from tests.conftest import running_sandbox

from .nodes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dqshell.sandbox.local import Sandbox

OLD, MIDDLE, NEW = Generation  # 1.11.1, 1.18.1, the development branch
ALL = (OLD, MIDDLE, NEW)

LIMITS = Limits(step=3.0, wait=3.0, busy=0.1)
ROWS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 4000)"
FILL = f"{ROWS} INSERT INTO {{}} SELECT zeroblob(1000) FROM n"
WRITE = "INSERT INTO t VALUES (1)"


class Killer:
    """Statements of which `fatal` is the one that should not be sent.

    `after`: what it takes to make the server die of it. `dies`: the servers that do. `refused`: those for which the
    guard refuses it; for the others it must be harmless, with or without an error.
    """

    def __init__(
        self,
        fatal: str,
        *,
        before: tuple[str, ...] = (),
        after: tuple[str, ...] = (WRITE, WRITE),
        dies: tuple[Generation, ...] = (OLD,),
        refused: tuple[Generation, ...] = (OLD, MIDDLE),
    ) -> None:
        self.before = before
        self.fatal = fatal
        self.after = after
        self.dies = dies
        self.refused = refused


KILLERS = [
    Killer("PRAGMA journal_mode=DELETE"),
    Killer("PRAGMA main.journal_mode = 'memory'"),
    Killer('PRAGMA "journal_mode"(off)'),
    Killer("EXPLAIN PRAGMA journal_mode=DELETE"),
    Killer("PRAGMA synchronous=FULL", dies=(OLD, MIDDLE)),
    Killer("PRAGMA synchronous=2", dies=(OLD, MIDDLE)),
    Killer("PRAGMA synchronous=EXTRA", dies=(OLD, MIDDLE)),
    Killer("EXPLAIN PRAGMA synchronous=FULL", dies=(OLD, MIDDLE)),
    Killer("PRAGMA wal_checkpoint"),
    Killer("PRAGMA wal_checkpoint(PASSIVE)"),
    Killer("PRAGMA wal_autocheckpoint=1", dies=()),
    Killer("PRAGMA page_size=1024"),
    Killer("PRAGMA count_changes=1", dies=ALL, refused=ALL),
    Killer("PRAGMA hard_heap_limit=10000", dies=ALL, refused=ALL),
    Killer(
        "PRAGMA incremental_vacuum(3)",
        before=("PRAGMA auto_vacuum=INCREMENTAL", "VACUUM", FILL.format("t"), "DELETE FROM t"),
        dies=(OLD, NEW),  # 1.18.1 has no VACUUM, with which an existing database begins to be auto-vacuumed
        refused=ALL,
    ),
    Killer(
        "PRAGMA optimize",
        before=("CREATE INDEX i ON t (n)", FILL.format("t"), "SELECT * FROM t WHERE n = 1"),
        dies=(OLD, MIDDLE),
    ),
    Killer(
        "SELECT optimize(f) FROM f LIMIT 1",
        before=("CREATE VIRTUAL TABLE f USING fts4(x)", "INSERT INTO f VALUES ('a')", "INSERT INTO f VALUES ('b')"),
        dies=(OLD, MIDDLE),
    ),
    Killer(f"{WRITE} RETURNING n", dies=(OLD, MIDDLE)),
    Killer("DELETE FROM t RETURNING n", before=(WRITE,), dies=(OLD, MIDDLE)),
    Killer("ATTACH '{database}' AS same", after=("INSERT INTO same.t VALUES (1)",)),
    Killer("VACUUM INTO 'copy'", before=(FILL.format("t"),)),
    Killer("PRAGMA temp_store=FILE", after=("CREATE TEMP TABLE u (a)", FILL.format("u")), dies=(OLD, MIDDLE)),
    Killer(
        "UPDATE sqlite_schema SET sql = 'nonsense' WHERE name = 't'",
        before=("PRAGMA writable_schema=ON",),
        dies=(OLD,),  # later ones live on, but do not start again
        refused=ALL,
    ),
    Killer(
        """insert or ignore into "main".[sqlite_master] values ('table', 'v', 'v', 0, 'nonsense')""",
        before=("PRAGMA writable_schema=ON",),
        dies=(OLD,),
        refused=ALL,
    ),
]

# Killers that the session makes harmless beforehand.
MADE_SAFE = [
    Killer("CREATE TEMP TABLE u (a)", after=(FILL.format("u"), "DROP TABLE u"), dies=(OLD, MIDDLE)),
    Killer("CREATE TABLE temp.u (a)", after=(FILL.format("u"), "DROP TABLE u"), dies=(OLD, MIDDLE)),
    Killer("VACUUM", before=(FILL.format("t"),)),
]

HARMLESS = [
    *("PRAGMA journal_mode", "PRAGMA journal_mode=WAL", "PRAGMA synchronous", "PRAGMA synchronous=OFF"),
    *("PRAGMA synchronous=NORMAL", "PRAGMA page_size", "PRAGMA page_size=4096", "PRAGMA wal_autocheckpoint"),
    *("PRAGMA locking_mode=EXCLUSIVE", "PRAGMA mmap_size=1000000", "PRAGMA cache_size=1", "PRAGMA cache_spill=ON"),
    *("PRAGMA temp_store=MEMORY", "PRAGMA count_changes=0", "PRAGMA hard_heap_limit", "PRAGMA soft_heap_limit=1"),
    *("PRAGMA auto_vacuum=FULL", "PRAGMA secure_delete=ON", "PRAGMA max_page_count=1000", "PRAGMA encoding='UTF-16'"),
    *("PRAGMA foreign_keys=OFF", "PRAGMA analysis_limit=9", "PRAGMA integrity_check", "PRAGMA recursive_triggers=ON"),
    *("PRAGMA no_such_pragma", "PRAGMA no_such_pragma=1", "EXPLAIN VACUUM", "SELECT * FROM sqlite_schema"),
    *("INSERT INTO t SELECT 1 FROM sqlite_master", "INSERT INTO t VALUES ('UPDATE sqlite_master SET sql=1')"),
    *("SELECT 'RETURNING'", "EXPLAIN INSERT INTO t VALUES (1) RETURNING n", "ATTACH ':memory:' AS m", "REINDEX"),
    *("SELECT abs(-9223372036854775808)", "SELECT zeroblob(10000000)", "SELECT 'aaaaaaaaaa' LIKE '%a%a%a%a%b'"),
    *(f"SELECT {'(' * 2000}1{')' * 2000}", f"SELECT {'+'.join('1' * 20000)}", f"SELECT {','.join('1' * 2001)}"),
    *(f"{ROWS} SELECT count(*) FROM (SELECT zeroblob(1000) AS b FROM n ORDER BY i % 7)", "SELECT load_extension('x')"),
]


class Victim:
    """A cluster of one node, made anew when it cannot be started again."""

    def __init__(self, launcher: list[str]) -> None:
        self._launcher = launcher
        self._running = running_sandbox(1, 0, launcher)
        self.cluster: Sandbox = self._running.__enter__()
        with Connection.connect(self.cluster.addresses[0]) as connection:
            self.generation = generation(connection)

    def close(self) -> None:
        self._running.__exit__(None, None, None)

    @property
    def pid(self) -> int | None:
        return self.cluster.status()[0].pid

    @property
    def is_well(self) -> bool:
        """Whether the node runs, and somebody who comes now can use it."""
        try:
            with Session(self.cluster.addresses, "other", limits=Limits(step=1.0, wait=1.0)) as session:
                session.run("CREATE TABLE IF NOT EXISTS t (n)")
                session.run(WRITE)
        except Error:
            return False
        return True

    def revive(self) -> None:
        try:
            if self.pid is not None:
                self.cluster.kill(1)
            self.cluster.start(1)
            wait_until(lambda: self.is_well, "the node is well again", limit=3.0)
        except (SandboxError, AssertionError):
            self.close()
            self.__init__(self._launcher)  # type: ignore[misc]

    def run(self, session: Session, statements: tuple[str, ...]) -> list[Error]:
        """The errors that the statements meet; it ends when the node is gone."""
        errors = []
        for sql in statements:
            try:
                for _ in session.run(sql).pages:
                    pass
            except Error as error:
                errors.append(error)
                if self.pid is None:
                    break
        return errors


@pytest.fixture(scope="module")
def shared_victim(launcher: list[str]) -> Iterator[Victim]:
    victim = Victim(launcher)
    yield victim
    victim.close()


@pytest.fixture
def victim(shared_victim: Victim) -> Victim:
    if not shared_victim.is_well:
        shared_victim.revive()
    return shared_victim


def kill(victim: Victim, killer: Killer, fatal: str, database: str) -> None:
    """Send it all the same, and see the node die.

    The database's name is not the beginning of another's: servers before 1.15.1 may take the one for the other.
    """
    with Session(victim.cluster.addresses, database, limits=LIMITS, unsafe=True) as session:
        session.run("CREATE TABLE t (n)")
        victim.run(session, (*killer.before, fatal, *killer.after))
    wait_until(lambda: not victim.is_well, f"{fatal} does not kill the server", limit=2.0)
    victim.revive()


@pytest.mark.parametrize("killer", KILLERS, ids=lambda killer: killer.fatal)
def test_what_kills_the_server_is_refused_with_a_reason(victim: Victim, killer: Killer, database: str) -> None:
    fatal = killer.fatal.format(database=database)
    if victim.generation in killer.dies:
        doomed = f"killed_{database}"
        kill(victim, killer, killer.fatal.format(database=doomed), doomed)
    pid = victim.pid
    with Session(victim.cluster.addresses, database, limits=LIMITS) as session:
        victim.run(session, ("CREATE TABLE t (n)", *killer.before))
        if victim.generation in killer.refused:
            with pytest.raises(EndangersServer, match="refused: ") as caught:
                session.run(fatal)
            assert caught.value.outcome is Outcome.NOT_APPLIED
            assert caught.value.exit_code == ExitCode.REFUSED
            assert caught.value.statement == fatal
            assert caught.value.advice.endswith("--unsafe sends it all the same.")
            assert len(caught.value.advice) > len("--unsafe sends it all the same.")
        else:
            victim.run(session, (fatal,))
        assert victim.run(session, (WRITE, WRITE)) == []
    assert victim.is_well
    assert victim.pid == pid


@pytest.mark.parametrize("killer", MADE_SAFE, ids=lambda killer: killer.fatal)
def test_what_would_spill_to_a_file_is_kept_in_memory(victim: Victim, killer: Killer, database: str) -> None:
    if victim.generation in killer.dies:
        kill(victim, killer, killer.fatal, f"killed_{database}")
    pid = victim.pid
    with Session(victim.cluster.addresses, database, limits=LIMITS) as session:
        session.run("CREATE TABLE t (n)")
        errors = victim.run(session, (*killer.before, killer.fatal, *killer.after))
    # Servers from 1.12 to 1.18.1 have no VACUUM, and say so.
    assert [error.message for error in errors if "attached databases" not in error.message] == []
    assert victim.is_well
    assert victim.pid == pid


def test_what_is_harmless_is_not_refused(victim: Victim, database: str) -> None:
    pid = victim.pid
    for number, sql in enumerate(HARMLESS):
        with Session(victim.cluster.addresses, f"{database}_{number}", limits=LIMITS) as session:
            session.run("CREATE TABLE t (n)")
            errors = victim.run(session, (sql, WRITE, WRITE))
            assert [error for error in errors if isinstance(error, EndangersServer)] == [], sql
        assert victim.pid == pid, sql
    assert victim.is_well


def test_a_virtual_table_is_restored_from_a_dump(victim: Victim, database: str) -> None:
    with Session(victim.cluster.addresses, database, limits=LIMITS) as session:
        session.run("PRAGMA writable_schema=ON")
        session.run(
            "INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)"
            "VALUES('table','f','f',0,'CREATE VIRTUAL TABLE f USING fts5(x)')"
        )
        session.run("PRAGMA writable_schema=OFF")
    assert victim.is_well


@pytest.mark.parametrize("name", ["", ":memory:", "file:x?mode=memory"])
def test_names_of_databases_that_are_no_files_are_refused(victim: Victim, name: str) -> None:
    with Session(victim.cluster.addresses, name, limits=LIMITS, unsafe=True) as session:
        victim.run(session, ("CREATE TABLE t (n)", WRITE))
    wait_until(lambda: not victim.is_well, f"a database called {name!r} does not kill the server", limit=2.0)
    victim.revive()
    with pytest.raises(EndangersServer, match="choose a plain name"):
        Session(victim.cluster.addresses, name)
    assert victim.is_well


@pytest.mark.parametrize("name", ["a-wal", "a-journal"])
def test_names_of_databases_that_mean_the_log_of_another_are_refused(victim: Victim, name: str) -> None:
    if victim.generation is MIDDLE:
        with Session(victim.cluster.addresses, name, limits=LIMITS, unsafe=True) as session:
            errors = victim.run(session, ("CREATE TABLE t (n)",))
        assert isinstance(errors[0], NodeUnreachable)
        assert "when the database" in errors[0].message
        assert victim.pid is None
        victim.revive()
    with pytest.raises(EndangersServer, match="choose another name"):
        Session(victim.cluster.addresses, name)
    assert victim.is_well


def test_names_of_databases_have_a_length_that_servers_survive(victim: Victim) -> None:
    check_database("x" * 500)
    with Session(victim.cluster.addresses, "x" * 500, limits=LIMITS) as session:
        session.run("CREATE TABLE t (n)")
    for name in ("x" * 501, "é" * 251):
        with pytest.raises(EndangersServer, match="choose a shorter one"):
            check_database(name)
    if victim.generation is MIDDLE:
        with Session(victim.cluster.addresses, "x" * 600, limits=Limits(step=1.0, wait=0.5), unsafe=True) as session:
            victim.run(session, ("SELECT 1",))
        assert victim.pid is None
        victim.revive()
    assert victim.is_well


def test_more_parameters_than_fit_into_a_byte_are_refused(victim: Victim, database: str) -> None:
    sql = f"SELECT {'+'.join('?' * 256)}"
    with Session(victim.cluster.addresses, database, limits=LIMITS) as session:
        rows = [row for page in session.run(sql[:-2], [1] * 255).pages for row in page]
        assert rows == [(255,)]
        with pytest.raises(Error, match="256 parameters") as caught:
            session.run(sql, [1] * 256)
        assert caught.value.outcome is Outcome.NOT_APPLIED
        assert list(session.run("SELECT 1").pages) == [[(1,)]]


def test_the_probe_does_no_harm_and_needs_no_database(victim: Victim, database: str) -> None:
    with Connection.connect(victim.cluster.addresses[0]) as connection:
        assert generation(connection) is victim.generation
        connection.open(database)
        connection.exec("CREATE TABLE t (n)")
        connection.exec("BEGIN")
        connection.exec(WRITE)
        assert generation(connection) is victim.generation
        connection.exec("COMMIT")
        assert [row for page in connection.query("SELECT count(*) FROM t") for row in page] == [(1,)]
