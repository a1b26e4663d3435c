"""Ctrl-C is obeyed at once, whatever goes on, and what became of the statement is said."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Session
from tests.cli.program import COUNTING, Running
from tests.driver.nodes import leader_of, leads, mend, wait_until

if TYPE_CHECKING:
    from dqshell.sandbox.local import Sandbox
    from tests.conftest import ClusterFactory

AT_ONCE = 0.5  # seconds until the process is gone; most of them go to Python's own end


def begin(running: Running, script: str) -> None:
    """Have a script run, and wait until it is done."""
    running.say(f"{script}\nSELECT 'begun';\n")
    assert running.stdout.readline() == b"begun\n"


def test_while_rows_stream(cluster: Sandbox, database: str) -> None:
    with Running("-s", cluster.addresses[0], database, COUNTING + "SELECT n FROM c") as running:
        assert running.stdout.readline() == b"1\n"
        running.interrupt()
        seconds, done = running.seconds_to_finish()
    assert done.code == 130
    assert done.first.startswith("error: interrupted; the result is incomplete")
    assert seconds < AT_ONCE
    # Whole lines only, and in order.
    lines = done.stdout.splitlines()
    assert lines == [str(number) for number in range(2, len(lines) + 2)]


def test_while_a_script_is_awaited(cluster: Sandbox, database: str) -> None:
    with Running("-s", cluster.addresses[0], database) as running:
        begin(running, "")
        running.interrupt()
        seconds, done = running.seconds_to_finish()
    assert (done.code, done.stdout) == (130, "")
    assert seconds < AT_ONCE


@pytest.mark.parametrize("statement", ["INSERT INTO t VALUES (1)", "CREATE TABLE u (a)"])
def test_during_a_write_the_outcome_is_unknown(statement: str, fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(1)
    with Running("-s", cluster.addresses[0], "db") as running:
        begin(running, "CREATE TABLE t (a);")
        cluster.pause(1)
        running.say(f"{statement};\nSELECT 'not reached';\n")
        sleep(0.2)
        running.interrupt()
        seconds, done = running.seconds_to_finish()
    assert (done.code, done.stdout) == (5, "")
    assert seconds < AT_ONCE
    assert done.first.startswith("error: line 3: interrupted while waiting for the answer")
    assert done.first.endswith("; outcome UNKNOWN")
    assert statement in done.stderr


def test_in_a_transaction_nothing_of_it_was_applied(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(1)
    with Running("-s", cluster.addresses[0], "db") as running:
        begin(running, "CREATE TABLE t (a);\nBEGIN;\nINSERT INTO t VALUES (1);")
        cluster.pause(1)
        running.say("INSERT INTO t VALUES (2);\nCOMMIT;\n")
        sleep(0.2)
        running.interrupt()
        _, done = running.seconds_to_finish()
    assert done.code == 130
    assert "nothing of it was applied" in done.first
    mend(cluster)
    with Session(cluster.addresses, "db") as session:
        assert [row for page in session.run("SELECT * FROM t").pages for row in page] == []


def test_during_a_commit_the_outcome_is_unknown(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(1)
    with Running("-s", cluster.addresses[0], "db") as running:
        begin(running, "CREATE TABLE t (a);\nBEGIN;\nINSERT INTO t VALUES (1);")
        cluster.pause(1)
        running.say("COMMIT;\n")
        sleep(0.2)
        running.interrupt()
        _, done = running.seconds_to_finish()
    assert done.code == 5
    assert done.first.endswith("; outcome UNKNOWN")


def test_while_a_leader_is_looked_for(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(2)
    survivor = leader_of(cluster)
    cluster.kill(3 - survivor)
    wait_until(lambda: not leads(cluster.addresses[survivor - 1]), "it leads without a majority")
    for arguments in (["db", "SELECT 1"], ["db"], ["leader"]):
        with Running("-s", ",".join(cluster.addresses), *arguments) as running:
            running.say("SELECT 1;\n")
            sleep(0.5)
            running.interrupt()
            seconds, done = running.seconds_to_finish()
        assert (done.code, done.stdout) == (130, "")
        assert seconds < AT_ONCE


def test_while_all_nodes_are_asked(fresh_cluster: ClusterFactory) -> None:
    cluster = fresh_cluster(1)
    cluster.pause(1)
    with Running("-s", cluster.addresses[0], "nodes") as running:
        sleep(0.7)
        running.interrupt()
        seconds, done = running.seconds_to_finish()
    assert (done.code, done.stdout) == (130, "")
    assert seconds < AT_ONCE
