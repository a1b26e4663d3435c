"""Each exit code, provoked on real nodes; scripts depend on them."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Session
from dqshell.errors import EXIT_CODE_MEANINGS, ExitCode
from tests.cli.program import Running, dqshell
from tests.driver.nodes import leader_of, mend

if TYPE_CHECKING:
    from dqshell.sandbox.local import Sandbox
    from tests.conftest import ClusterFactory


def servers(cluster: Sandbox) -> str:
    return ",".join(cluster.addresses)


def rows(cluster: Sandbox, query: str) -> list[tuple[object, ...]]:
    """What the cluster holds in the database "db", when it is whole again."""
    mend(cluster)
    with Session(cluster.addresses, "db") as session:
        return [row for page in session.run(query).pages for row in page]


def test_they_never_change() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "NO_LEADER": 3,
        "NOT_APPLIED": 4,
        "UNKNOWN": 5,
        "NOT_HEALTHY": 6,
        "REFUSED": 7,
        "TIMED_OUT": 124,
        "INTERRUPTED": 130,
    }
    assert EXIT_CODE_MEANINGS.keys() == set(ExitCode)


def test_0_all_applied(cluster: Sandbox, database: str) -> None:
    assert dqshell("-s", servers(cluster), database, "CREATE TABLE t (a); INSERT INTO t VALUES (1)").code == 0


def test_1_a_statement_failed_and_nothing_behind_it_was_run(cluster: Sandbox, database: str) -> None:
    script = (
        "CREATE TABLE t (a UNIQUE);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);"
    )
    done = dqshell("-s", servers(cluster), database, stdin=script)
    assert done.code == 1
    assert done.first == "error: line 3: UNIQUE constraint failed: t.a (code 2067); not applied"
    assert dqshell("-s", servers(cluster), database, "SELECT * FROM t").stdout == "1\n"


def test_with_keep_going_the_exit_code_is_that_of_the_first_failure(cluster: Sandbox, database: str) -> None:
    script = "SELECT 1;\nSELEC;\nPRAGMA journal_mode = DELETE;\nSELECT 2;"
    done = dqshell("-s", servers(cluster), "--keep-going", database, stdin=script)
    assert (done.stdout, done.code) == ("1\n2\n", 1)
    done = dqshell("-s", servers(cluster), "--keep-going", database, "PRAGMA journal_mode = DELETE; SELEC")
    assert done.code == 7


def test_2_bad_usage(cluster: Sandbox, database: str) -> None:
    assert dqshell("-s", servers(cluster), database, "--no-such-option").code == 2


def test_3_all_nodes_are_gone_and_each_is_named_with_its_cause(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    cluster.kill(1)
    cluster.kill(2)
    cluster.pause(3)
    causes = ["connection refused", "connection refused", "no answer within 0.3 s"]
    for command in (["db", "INSERT INTO t VALUES (1)"], ["nodes"], ["leader"], ["transfer", "--yes"]):
        done = dqshell("-s", servers(cluster), "--timeout", "0.3", *command)
        assert done.code == 3
        lines = (done.stdout + done.stderr).splitlines()
        for address, cause in zip(cluster.addresses, causes, strict=True):
            assert any(address in line and cause in line for line in lines), done


def test_3_there_is_no_majority(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    cluster.kill(1)
    cluster.kill(2)
    done = dqshell("-s", servers(cluster), "--wait", "1.5", "db", "INSERT INTO t VALUES (1)")
    assert done.code == 3
    assert "2 of 3 voters unreachable: no majority" in done.first
    assert done.first.endswith("; not applied")
    assert f"{cluster.addresses[2]}: knows no leader" in done.stderr


def test_4_the_leader_died_inside_a_transaction_and_none_of_it_was_applied(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    with Running("-s", servers(cluster), "db") as running:
        running.say("CREATE TABLE t (a);\nBEGIN;\nINSERT INTO t VALUES (1);\nSELECT 'inserted';\n")
        assert running.stdout.readline() == b"inserted\n"
        cluster.kill(leader_of(cluster))
        running.say("INSERT INTO t VALUES (2);\nCOMMIT;\n")
        done = running.finish()
    assert done.code == 4
    assert done.first.startswith("error: line 5: ")
    assert done.first.endswith("; not applied")
    assert "transaction" in done.first
    assert rows(cluster, "SELECT * FROM t") == []


def test_0_the_leader_died_between_two_statements_and_nobody_need_know(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    with Running("-s", servers(cluster), "db") as running:
        running.say("CREATE TABLE t (a);\nINSERT INTO t VALUES (1);\nSELECT 'inserted';\n")
        assert running.stdout.readline() == b"inserted\n"
        cluster.kill(leader_of(cluster))
        running.say("INSERT INTO t VALUES (2);\nSELECT count(*) FROM t;\n")
        done = running.finish()
    assert (done.code, done.stdout) == (0, "2\n")
    assert done.first.startswith("notice: ")
    assert len(done.stderr.splitlines()) == 1


def test_5_the_followers_froze_and_nobody_knows_whether_the_write_survives(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster()
    with Running("-s", servers(cluster), "db") as running:
        running.say("CREATE TABLE t (a);\nSELECT 'created';\n")
        assert running.stdout.readline() == b"created\n"
        leader = leader_of(cluster)
        for number in {1, 2, 3} - {leader}:
            cluster.pause(number)
        running.say("INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n")
        done = running.finish()
    assert done.code == 5
    assert done.first.startswith("error: line 3: ")
    assert done.first.endswith("; outcome UNKNOWN")
    assert cluster.addresses[leader - 1] in done.first
    assert "INSERT INTO t VALUES (1)" in done.stderr
    assert rows(cluster, "SELECT count(*) FROM t WHERE a = 1")[0][0] in (0, 1)
    assert rows(cluster, "SELECT count(*) FROM t WHERE a = 2") == [(0,)], "it went on after an unknown outcome"


def test_7_refused_because_it_would_crash_the_server(cluster: Sandbox, database: str) -> None:
    done = dqshell("-s", servers(cluster), database, "PRAGMA journal_mode = DELETE")
    assert done.code == 7
    assert done.first.startswith("error: PRAGMA journal_mode is refused")


def test_7_refused_because_nobody_confirmed_it(cluster: Sandbox) -> None:
    leader = leader_of(cluster)
    done = dqshell("-s", servers(cluster), "transfer", stdin="y\n")
    assert done.code == 7
    assert done.first.startswith(
        f"error: not done without a confirmation: leadership moves from {cluster.addresses[leader - 1]} to "
    )
    assert leader_of(cluster) == leader


@pytest.mark.parametrize(("statement", "code"), [("SELECT 2", 124), ("INSERT INTO t VALUES (1)", 5)])
def test_124_a_frozen_leader_with_a_limit_for_statements(
    statement: str, code: int, fresh_cluster: ClusterFactory
) -> None:
    cluster = fresh_cluster(1)
    with Running("-s", servers(cluster), "--statement-timeout", "0.5", "db") as running:
        running.say("CREATE TABLE t (a);\nSELECT 1;\n")
        assert running.stdout.readline() == b"1\n"
        cluster.pause(1)
        running.say(f"{statement};\n")
        seconds, done = running.seconds_to_finish()
    assert done.code == code
    assert "no answer within 0.5 s" in done.first
    assert seconds < 3


def test_130_interrupted_while_a_statement_reads(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(1)
    with Running("-s", servers(cluster), "db") as running:
        running.say("SELECT 1;\n")
        assert running.stdout.readline() == b"1\n"
        cluster.pause(1)
        running.say("SELECT 2;\n")
        sleep(0.2)
        running.interrupt()
        seconds, done = running.seconds_to_finish()
    assert (done.code, done.stdout) == (130, "")
    assert seconds < 0.5
    assert done.first.startswith("error: line 2: interrupted")
    assert done.first.endswith("; not applied")


def test_the_help_lists_them_all() -> None:
    text = dqshell("--help").stdout
    for code, meaning in EXIT_CODE_MEANINGS.items():
        assert f"{code.value}  {meaning}" in text
