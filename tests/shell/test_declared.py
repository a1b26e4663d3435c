"""SELECTs of columns whose declared type the server cannot translate."""

from __future__ import annotations

import pytest

from dqshell.driver import Session
from dqshell.driver.statement import Statement
from dqshell.errors import EndangersServer
from dqshell.shell.declared import DeclaredTypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dqshell.sandbox.local import Sandbox
    from tests.conftest import ClusterFactory


@pytest.fixture(scope="module")
def session(cluster: Sandbox) -> Iterator[Session]:
    with Session(cluster.addresses, "declared.db") as session:
        session.run("CREATE TABLE d(id INTEGER, ts DATETIME, ok BOOLEAN, note TEXT)")
        session.run("CREATE TABLE clean(id INTEGER, ts TIMESTAMP)")
        session.run("CREATE VIEW v AS SELECT ts FROM d")
        session.run("INSERT INTO d VALUES (1, 1.5, 'maybe', 'a'), (2, 3, 1, 'b')")
        session.run("INSERT INTO clean VALUES (1, 3), (2, '2026-01-01'), (3, NULL)")
        yield session


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM d",
        "SELECT d.* FROM d WHERE id = 1",
        "SELECT ts FROM d",
        "select id, TS from D",
        'SELECT "ts" FROM [d]',
        "SELECT d.ts FROM d ORDER BY id",
        "SELECT DISTINCT ts FROM d",
        "SELECT (ts) FROM d",
        "SELECT note, ok FROM d",
        "SELECT ts FROM v",
        "SELECT * FROM v",
        "SELECT x FROM (SELECT ts AS x FROM d)",
        "WITH w(x) AS (SELECT ts FROM d) SELECT x FROM w",
        "SELECT (SELECT ts FROM d LIMIT 1)",
        "SELECT id FROM d UNION ALL SELECT ts FROM d",
        "SELECT/**/ts/**/FROM/**/d",
    ],
)
def test_a_select_that_would_crash_the_server_is_refused(session: Session, sql: str) -> None:
    with pytest.raises(EndangersServer) as refusal:
        DeclaredTypes(session).check(Statement(sql))
    assert "SELECT +" in refusal.value.advice


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT +ts, +ok FROM d",
        "SELECT id, note FROM d",
        "SELECT count(*) FROM d",
        "SELECT count(ts), max(id, ts) FROM d",
        "SELECT id FROM d WHERE ts > 1",
        "SELECT id FROM d ORDER BY ts",
        "SELECT CAST(ts AS TEXT) FROM d",
        "SELECT id FROM d WHERE id IN (SELECT ts FROM d)",
        "SELECT * FROM clean",
        "SELECT ts FROM clean",
        "SELECT 'ts' FROM d",
        "INSERT INTO clean SELECT id, ts FROM d WHERE id = 99",
        "EXPLAIN SELECT * FROM d",
    ],
)
def test_what_is_safe_runs(session: Session, sql: str) -> None:
    DeclaredTypes(session).check(Statement(sql))
    list(session.run(sql).pages)


def test_the_refused_statement_really_ends_the_node(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(1)
    with Session(cluster.addresses, "declared.db") as session:
        session.run("CREATE TABLE d(ts DATETIME)")
        session.run("INSERT INTO d VALUES (1.5)")
        with pytest.raises(Exception, match=r"closed|lost"):
            list(session.run("SELECT ts FROM d").pages)
    assert cluster.status()[0].state == "killed"


def test_a_table_that_is_made_later_is_known_too(cluster: Sandbox, database: str) -> None:
    with Session(cluster.addresses, database) as session:
        declared = DeclaredTypes(session)
        declared.check(Statement("SELECT 1"))
        for sql in ("CREATE TABLE late(ok BOOLEAN)", "INSERT INTO late VALUES ('no')"):
            declared.check(Statement(sql))
            session.run(sql)
        with pytest.raises(EndangersServer):
            declared.check(Statement("SELECT * FROM late"))


def test_a_view_that_is_broken_does_not_stand_in_the_way(cluster: Sandbox, database: str) -> None:
    with Session(cluster.addresses, database) as session:
        for sql in (
            "CREATE TABLE gone(a)",
            "CREATE VIEW broken AS SELECT a FROM gone",
            "DROP TABLE gone",
            "CREATE TABLE d(ts DATE)",
            "INSERT INTO d VALUES (x'00')",
        ):
            session.run(sql)
        declared = DeclaredTypes(session)
        declared.check(Statement("SELECT 1"))
        with pytest.raises(EndangersServer):
            declared.check(Statement("SELECT * FROM d"))
