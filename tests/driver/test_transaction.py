"""The machine that follows a transaction, with SQLite itself as the judge."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dqshell.driver.statement import Statement
from dqshell.driver.transaction import State, Transaction

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.sampled_from(["a", "A", '"a"', "[A]", "b", "'b'", "`B`", "\u00e9", "\u00c9", "savepoint", '"a""b"'])
CONTROLS = st.one_of(
    st.sampled_from(
        [
            *("BEGIN", "begin immediate", "BEGIN DEFERRED TRANSACTION x", "/* SELECT */ BEGIN EXCLUSIVE;"),
            *("COMMIT", "end", "END TRANSACTION", "COMMIT TRANSACTION x"),
            *("ROLLBACK", "rollback transaction", 'ROLLBACK TRANSACTION "to"', "EXPLAIN COMMIT", "EXPLAIN BEGIN"),
        ]
    ),
    st.builds("SAVEPOINT {}".format, NAMES),
    st.builds("{} {}".format, st.sampled_from(["RELEASE", "release savepoint"]), NAMES),
    st.builds(
        "{} {}".format,
        st.sampled_from(
            ["ROLLBACK TO", "rollback to savepoint", "ROLLBACK TRANSACTION x TO", "ROLLBACK TRANSACTION TO"]
        ),
        NAMES,
    ),
)
WORK = st.sampled_from(
    [
        "INSERT INTO t DEFAULT VALUES",
        "INSERT INTO t VALUES (1)",  # fails the second time
        "INSERT OR ROLLBACK INTO t VALUES (1)",  # and takes the transaction along
        "INSERT OR FAIL INTO t SELECT 2 UNION ALL SELECT 1",  # fails half-way and keeps the first half
        "DELETE FROM t WHERE a > 1",
        "CREATE TABLE IF NOT EXISTS u (a)",
        "PRAGMA user_version = 7",
        "SELECT * FROM t",
        "SELEC",
    ]
)
DISTINCT = count()


class Judge:
    """SQLite on a file, once as the one who writes and once as somebody who sees only what is permanent."""

    def __init__(self, path: Path) -> None:
        self._writer = sqlite3.connect(path, isolation_level=None)
        self._reader = sqlite3.connect(path, isolation_level=None)
        self._writer.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (a INTEGER PRIMARY KEY);"
        )

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._writer.close()

    def run(self, sql: str) -> bool:
        """Whether it succeeded."""
        try:
            self._writer.execute(sql).fetchall()
        except sqlite3.Error:
            return False
        return True

    @property
    def is_open(self) -> bool:
        return self._writer.in_transaction

    def permanent(self) -> object:
        return _content(self._reader)

    def own_view(self) -> object:
        return _content(self._writer)


def _content(connection: sqlite3.Connection) -> object:
    with closing(connection.cursor()) as cursor:
        return [
            cursor.execute(sql).fetchall()
            for sql in ("SELECT * FROM t", "SELECT name FROM sqlite_master", "PRAGMA user_version")
        ]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("transactions")


@given(script=st.lists(st.one_of(CONTROLS, WORK), max_size=20))
@example(script=["SAVEPOINT a", "SAVEPOINT b", "INSERT INTO t VALUES (1)", "SAVEPOINT a", "ROLLBACK TO b", "RELEASE a"])
@example(script=["SAVEPOINT a", "SAVEPOINT A", "INSERT INTO t VALUES (1)", "RELEASE 'a'", "RELEASE [a]"])
@example(script=["BEGIN", "SAVEPOINT a", "INSERT INTO t VALUES (1)", "RELEASE a", "COMMIT"])
@example(script=["BEGIN", "SAVEPOINT a", "INSERT INTO t VALUES (1)", "ROLLBACK TRANSACTION x TO a", "COMMIT"])
@example(script=["SAVEPOINT \u00e9", "SAVEPOINT \u00c9", "INSERT INTO t VALUES (1)", "RELEASE \u00e9"])
@example(
    script=["INSERT INTO t VALUES (1)", "BEGIN", "INSERT OR ROLLBACK INTO t VALUES (1)", "INSERT INTO t VALUES (2)"]
)
def test_the_machine_follows_sqlite(directory: Path, script: list[str]) -> None:
    transaction = Transaction()
    transaction.connected()
    with Judge(directory / f"{next(DISTINCT)}.db") as sqlite:
        for sql in script:
            statement = Statement(sql)
            commits = transaction.would_commit(statement)
            before = sqlite.permanent()
            succeeded = sqlite.run(sql)
            after = sqlite.permanent()
            if after != before:
                assert commits, sql
            if succeeded:
                if commits:
                    assert after == sqlite.own_view(), sql
                transaction.succeeded(statement)
            elif transaction.is_open and not sqlite.is_open:
                transaction.ended()  # what a session finds out after every error
            assert transaction.is_open == sqlite.is_open, sql
            assert transaction.state is (State.OPEN if sqlite.is_open else State.IDLE)


# What a connection that comes and goes does to it.


def state(transaction: Transaction) -> State:
    return transaction.state


def opened(*script: str) -> Transaction:
    transaction = Transaction()
    transaction.connected()
    for sql in script:
        transaction.succeeded(Statement(sql))
    return transaction


def test_there_is_no_transaction_before_there_is_a_connection() -> None:
    transaction = Transaction()
    assert state(transaction) is State.DISCONNECTED
    transaction.connected()
    assert state(transaction) is State.IDLE
    transaction.disconnected()
    assert state(transaction) is State.DISCONNECTED


@pytest.mark.parametrize("script", [["BEGIN"], ["SAVEPOINT a"], ["BEGIN", "SAVEPOINT a", "RELEASE a"]])
def test_an_open_transaction_is_lost_with_its_connection_until_somebody_takes_note(script: list[str]) -> None:
    transaction = opened(*script)
    transaction.disconnected()
    assert state(transaction) is State.LOST
    transaction.connected()
    assert state(transaction) is State.LOST
    transaction.disconnected()
    assert state(transaction) is State.LOST
    transaction.ended()
    assert state(transaction) is State.IDLE


def test_a_lost_transaction_that_is_given_up_without_a_connection_leaves_none() -> None:
    transaction = opened("BEGIN")
    transaction.disconnected()
    transaction.ended(connected=False)
    assert state(transaction) is State.DISCONNECTED
    transaction.connected()
    assert state(transaction) is State.IDLE


def test_the_savepoints_of_a_lost_transaction_are_forgotten() -> None:
    transaction = opened("SAVEPOINT a", "SAVEPOINT b")
    transaction.disconnected()
    transaction.ended()
    transaction.succeeded(Statement("SAVEPOINT b"))
    assert transaction.would_commit(Statement("RELEASE b"))


def test_without_a_transaction_whatever_is_no_read_may_commit() -> None:
    transaction = opened()
    for sql in ("INSERT INTO t VALUES (1)", "CREATE TABLE x (a)", "PRAGMA user_version = 1", "VACUUM", "SELEC 1"):
        assert transaction.would_commit(Statement(sql))
    for sql in ("SELECT 1", "PRAGMA table_info(t)", "BEGIN", "ROLLBACK", "SAVEPOINT a", "EXPLAIN DELETE FROM t", ""):
        assert not transaction.would_commit(Statement(sql))
