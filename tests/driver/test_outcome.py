"""The rules, over every error, every kind of statement and every state of a transaction."""

from __future__ import annotations

from itertools import product

import pytest

from dqshell.driver.outcome import is_moot, judge, may_run_again
from dqshell.driver.statement import Statement
from dqshell.driver.transaction import Transaction
from dqshell.errors import (
    ConnectionLost,
    DatabaseError,
    ExitCode,
    LeadershipLost,
    NoAnswer,
    NotApplied,
    NotLeader,
    NotSent,
    OperationalError,
    Outcome,
    ProgrammingError,
    ReadCutOff,
    RemoteProtocolError,
    RowsYielded,
    ServerFailed,
    TimedOut,
    TransactionLost,
)
from tests.test_errors import CLASSES, FAILURES

# What a connection raises for a statement: the failures of servers, and what it finds out itself.
KINDS = [
    *sorted({row.kind for row in FAILURES if row.request in ("exec", "query", "prepare")}),
    *("ConnectionLost", "NoAnswer", "NotSent", "RemoteProtocolError", "TimedOut"),
]
STATEMENTS = [
    *("SELECT 1", "VALUES (1)", "EXPLAIN DELETE FROM t", "PRAGMA table_info(t)", "WITH x AS (SELECT 1) SELECT 1", ""),
    *("INSERT INTO t VALUES (1)", "UPDATE t SET a = 1", "DELETE FROM t", "INSERT INTO t VALUES (1) RETURNING a"),
    *("CREATE TABLE t (a)", "PRAGMA user_version = 1", "VACUUM", "WITH x AS (SELECT 1) DELETE FROM t", "SELEC"),
    *("BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "RELEASE b", "ROLLBACK TO a"),
]
STATES = [(), ("BEGIN",), ("SAVEPOINT a",), ("SAVEPOINT a", "SAVEPOINT b"), ("BEGIN", "SAVEPOINT a")]
ALL = list(product(KINDS, STATEMENTS, STATES))


def after(*script: str) -> Transaction:
    transaction = Transaction()
    transaction.connected()
    for sql in script:
        transaction.succeeded(Statement(sql))
    return transaction


def met(kind: str) -> DatabaseError:
    error = CLASSES[kind]("words", code=77, node="n:1")
    assert isinstance(error, DatabaseError)
    return error


def commits(sql: str, state: tuple[str, ...]) -> bool:
    """Whether the statement makes something permanent, worked out by hand."""
    if not state:
        return sql in STATEMENTS[6:15]
    return sql in ("COMMIT", "END") or (sql == "RELEASE a" and state[0] == "SAVEPOINT a")


def may_have_run(kind: str) -> bool:
    """Whether the server may have run it, for all that the connection knows."""
    return CLASSES[kind].outcome is Outcome.UNKNOWN or kind == "TimedOut"


def runs_away(kind: str, sql: str) -> bool:
    """A writing statement whose rows nobody read survives with its connection, and may be applied later."""
    return kind == "RowsYielded" and not Statement(sql).reads


def test_the_list_by_hand_is_what_the_machine_says() -> None:
    for sql, state in product(STATEMENTS, STATES):
        assert after(*state).would_commit(Statement(sql)) == commits(sql, state), (sql, state)


def test_unknown_is_said_exactly_where_something_may_have_been_made_permanent() -> None:
    for kind, sql, state in ALL:
        verdict = judge(met(kind), Statement(sql), after(*state))
        unknown = (may_have_run(kind) and commits(sql, state)) or runs_away(kind, sql)
        assert (verdict.outcome is Outcome.UNKNOWN) == unknown, (kind, sql, state)
        assert verdict.outcome is not Outcome.APPLIED
        assert (verdict.exit_code is ExitCode.UNKNOWN) == unknown


def test_what_may_have_been_applied_is_never_run_again() -> None:
    for kind, sql, state in ALL:
        if may_run_again(met(kind), Statement(sql), after(*state)):
            assert not (may_have_run(kind) and commits(sql, state)), (kind, sql, state)
            assert not runs_away(kind, sql)


def test_nothing_of_a_transaction_is_run_again() -> None:
    for kind, sql, state in ALL:
        if state:
            assert not may_run_again(met(kind), Statement(sql), after(*state))


def test_only_lost_leadership_and_lost_connections_are_a_reason_to_run_it_again() -> None:
    for kind, sql, state in ALL:
        if may_run_again(met(kind), Statement(sql), after(*state)):
            assert not met(kind).survives
            assert kind not in ("TimedOut", "ServerFailed", "RemoteProtocolError")


def test_a_read_whose_node_died_is_not_run_again() -> None:
    for sql in STATEMENTS[:5]:
        assert not may_run_again(ConnectionLost("end of file"), Statement(sql), after())
        assert not may_run_again(RemoteProtocolError("garbage"), Statement(sql), after())


def test_a_read_is_run_again_where_the_node_lives_or_never_saw_it() -> None:
    for kind in (NoAnswer, LeadershipLost, NotLeader, NotSent):
        assert may_run_again(kind("words"), Statement("SELECT 1"), after())


def test_a_write_is_run_again_where_it_certainly_was_not_applied() -> None:
    for kind in CLASSES.values():
        if issubclass(kind, NotApplied) and kind.__name__ in KINDS:
            assert may_run_again(kind("words"), Statement("DELETE FROM t"), after())


def test_an_open_transaction_is_lost_with_its_connection_unless_its_commit_is_unknown() -> None:
    for kind, sql, state in ALL:
        error = met(kind)
        if state and (not error.survives or isinstance(error, TimedOut)):
            verdict = judge(error, Statement(sql), after(*state))
            unknown = may_have_run(kind) and commits(sql, state)
            assert isinstance(verdict, TransactionLost) != unknown, (kind, sql, state)
            assert "transaction" in verdict.message or "whether" in verdict.message


def test_an_error_that_the_connection_survives_is_reported_as_it_is() -> None:
    for kind, sql, state in ALL:
        error = met(kind)
        if error.survives and not isinstance(error, (TimedOut, RowsYielded)):
            assert judge(error, Statement(sql), after(*state)) is error


def test_a_verdict_keeps_the_facts() -> None:
    for kind, sql, state in ALL:
        verdict = judge(met(kind), Statement(sql), after(*state))
        assert (verdict.code, verdict.node) == (77, "n:1")
        assert verdict.message.startswith("words")
        assert verdict.advice or verdict.exit_code in (ExitCode.FAILED, ExitCode.TIMED_OUT)


@pytest.mark.parametrize(
    ("kind", "sql", "state", "verdict"),
    [
        (ConnectionLost, "SELECT 1", (), ReadCutOff),
        (RemoteProtocolError, "SELECT 1", (), ReadCutOff),
        (ServerFailed, "SELECT 1", (), OperationalError),
        (ServerFailed, "BEGIN", (), OperationalError),
        (ServerFailed, "DELETE FROM t", (), ServerFailed),
        (RowsYielded, "SELECT 1", (), ProgrammingError),
        (RowsYielded, "DELETE FROM t RETURNING a", (), RowsYielded),
        (TimedOut, "SELECT 1", (), TimedOut),
        (TimedOut, "DELETE FROM t", (), NoAnswer),
        (TimedOut, "COMMIT", ("BEGIN",), NoAnswer),
        (TimedOut, "SELECT 1", ("BEGIN",), TransactionLost),
        (LeadershipLost, "COMMIT", ("BEGIN",), LeadershipLost),
        (LeadershipLost, "DELETE FROM t", ("BEGIN",), TransactionLost),
        (LeadershipLost, "ROLLBACK", ("BEGIN",), TransactionLost),
        (NotLeader, "COMMIT", ("BEGIN",), TransactionLost),
        (NotLeader, "DELETE FROM t", (), NotLeader),
    ],
)
def test_the_verdict_has_the_class_that_says_it(
    kind: type[DatabaseError], sql: str, state: tuple[str, ...], verdict: type[DatabaseError]
) -> None:
    assert type(judge(kind("words"), Statement(sql), after(*state))) is verdict


def test_a_rollback_of_what_is_lost_has_got_what_it_wanted() -> None:
    lost = TransactionLost("words")
    assert is_moot(Statement("ROLLBACK"), lost)
    assert not is_moot(Statement("ROLLBACK TO a"), lost)
    assert not is_moot(Statement("COMMIT"), lost)
    assert not is_moot(Statement("ROLLBACK"), ConnectionLost("words"))
