"""A person at the prompt, on a real terminal."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from tests.driver.nodes import leader_of
from tests.repl.terminal import CTRL_C, CTRL_D, ENTER, UP, Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from dqshell.sandbox.local import Sandbox
    from tests.conftest import ClusterFactory


def servers(cluster: Sandbox) -> str:
    return ",".join(cluster.addresses)


def test_a_session_from_the_first_statement_to_the_last(cluster: Sandbox, database: str, tmp_path: Path) -> None:
    with Terminal("-s", servers(cluster), database, home=tmp_path) as terminal:
        leader = cluster.addresses[leader_of(cluster) - 1]
        assert terminal.prompt() == f"{database}@{leader}>"
        assert terminal.run("CREATE TABLE t (a, b);") == []
        assert terminal.run("INSERT INTO t VALUES (1, NULL), (2, 'a' || char(27) || '[31m');") == []
        assert terminal.run("SELECT * FROM t;") == [
            "+---+-----------+",
            "| a |     b     |",
            "+---+-----------+",
            "| 1 | NULL      |",
            r"| 2 | a\x1b[31m |",
            "+---+-----------+",
        ]
        assert terminal.run("SELEC;") == ['error: near "SELEC": syntax error (code 1); not applied']
        assert terminal.run(".leader") == [leader]
        assert terminal.run(".mode csv") == []
        assert terminal.run("SELECT a FROM t;") == ["1", "2"]
        assert any(line.split()[:1] == [".help"] for line in terminal.run(".help"))
        terminal.type(CTRL_D)
        assert terminal.wait_for_end() == 0, "what went wrong at a prompt is no failure of the program"


def test_a_statement_may_have_many_lines(cluster: Sandbox, database: str, tmp_path: Path) -> None:
    with Terminal("-s", servers(cluster), database, home=tmp_path) as terminal:
        prompt = terminal.prompt()
        terminal.type(f"SELECT 'a;{ENTER}")
        terminal.expect("...>")
        terminal.type(f".help', ({ENTER}1{ENTER}){ENTER}")
        terminal.type(f"AS x;{ENTER}")
        terminal.expect("| .help")
        assert terminal.prompt() == prompt
        assert terminal.lines[0] == f"{prompt} SELECT 'a;"
        assert terminal.lines[1].strip() == "...> .help', ("


def test_what_was_typed_is_kept_in_a_file_for_the_user_alone(cluster: Sandbox, database: str, tmp_path: Path) -> None:
    with Terminal("-s", servers(cluster), database, "-f", "list", home=tmp_path) as terminal:
        terminal.run("SELECT 'remember me';")
        terminal.type(f".quit{ENTER}")
        assert terminal.wait_for_end() == 0
    history = tmp_path / "dqshell" / "history"
    assert "SELECT 'remember me';" in history.read_text()
    assert history.stat().st_mode & 0o777 == 0o600
    with Terminal("-s", servers(cluster), database, "-f", "list", home=tmp_path) as terminal:
        terminal.prompt()
        terminal.type(UP + UP + ENTER)
        terminal.expect("\nremember me\n")


def test_the_leader_dies_while_nobody_types(fresh_cluster: ClusterFactory, tmp_path: Path) -> None:
    cluster = fresh_cluster()
    with Terminal("-s", servers(cluster), "db", "-f", "list", home=tmp_path) as terminal:
        terminal.run("CREATE TABLE t (a);")
        old = leader_of(cluster)
        cluster.kill(old)
        lines = terminal.run("INSERT INTO t VALUES (1);")
        assert len(lines) == 1
        assert lines[0].startswith("notice: ")
        new = cluster.addresses[leader_of(cluster, [number for number in (1, 2, 3) if number != old]) - 1]
        assert f"{new} leads now" in lines[0]
        assert terminal.prompt() == f"db@{new}>"
        assert terminal.run("SELECT count(*) FROM t;") == ["1"]


def test_the_leader_dies_inside_a_transaction(fresh_cluster: ClusterFactory, tmp_path: Path) -> None:
    cluster = fresh_cluster()
    with Terminal("-s", servers(cluster), "db", "-f", "list", home=tmp_path) as terminal:
        terminal.run("CREATE TABLE t (a);")
        terminal.run("BEGIN; INSERT INTO t VALUES (1);")
        cluster.kill(leader_of(cluster))
        text = "".join(terminal.run("INSERT INTO t VALUES (2);"))
        assert "transaction was lost" in text
        assert "hint: Say ROLLBACK" in text
        assert terminal.prompt().endswith("!>")
        assert "not applied" in "\n".join(terminal.run("INSERT INTO t VALUES (3);"))
        terminal.run("ROLLBACK;")
        assert not terminal.prompt().endswith(("!>", "*>"))
        assert terminal.run("SELECT count(*) FROM t;") == ["0"]


def test_no_leader_is_waited_for_once_and_then_there_is_a_prompt(fresh_cluster: ClusterFactory, tmp_path: Path) -> None:
    cluster = fresh_cluster()
    with Terminal("-s", servers(cluster), "--wait", "1.5", "db", "-f", "list", home=tmp_path) as terminal:
        terminal.run("CREATE TABLE t (a);")
        for number in (1, 2):
            cluster.kill(number)
        lines = terminal.run("SELECT 1;")
        if lines == ["1"]:  # the third node led, and goes on for a moment
            lines = terminal.run("INSERT INTO t VALUES (1);")
        text = "\n".join(lines)
        assert text.count("2 of 3 voters unreachable") == 1, "it searched twice"
        assert terminal.prompt() == "db@(no leader)>"
        cluster.start(1)
        terminal.run("SELECT 1;")
        assert terminal.prompt() != "db@(no leader)>"


def test_no_node_at_all_still_gives_a_prompt(tmp_path: Path) -> None:
    with Terminal("-s", "127.0.0.1:1", "db", home=tmp_path) as terminal:
        assert terminal.prompt() == "db@(no leader)>"
        assert "127.0.0.1:1: cannot connect: connection refused" in terminal.text
        assert terminal.run(".print still here") == ["still here"]


def test_transfer_asks_and_moves(cluster: Sandbox, database: str, tmp_path: Path) -> None:
    with Terminal("-s", servers(cluster), database, home=tmp_path) as terminal:
        terminal.prompt()
        old = leader_of(cluster)
        target = cluster.addresses[old % 3]
        for answer, moved in (("n", False), ("y", True)):
            terminal.type(f".transfer {target}{ENTER}")
            terminal.wait_for(lambda: terminal.lines[-1].endswith("Go on? [y/N]"), "the question")
            assert f"leadership moves from {cluster.addresses[old - 1]} to {target}" in terminal.text
            terminal.type(f"{answer}{ENTER}")
            terminal.expect(f"{database}@{target}>" if moved else "error: not done")
            terminal.prompt()
        assert leader_of(cluster) == old % 3 + 1


def test_ctrl_c_stops_waiting_for_an_answer(fresh_cluster: ClusterFactory, tmp_path: Path) -> None:
    cluster = fresh_cluster(1)
    with Terminal("-s", servers(cluster), "--timeout", "0.5", "db", "-f", "list", home=tmp_path) as terminal:
        terminal.run("CREATE TABLE t (a);")
        cluster.pause(1)
        terminal.type(f"INSERT INTO t VALUES (1);{ENTER}")
        terminal.expect(f"waiting for the answer of {cluster.addresses[0]}")
        terminal.type(CTRL_C)
        terminal.expect("outcome UNKNOWN")
        cluster.resume(1)
        assert terminal.run("SELECT 'again';", 20)[-1] == "again"


def test_ctrl_c_stops_rows_that_stream(cluster: Sandbox, database: str, tmp_path: Path) -> None:
    counting = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c;"
    with Terminal("-s", servers(cluster), database, "-f", "list", home=tmp_path) as terminal:
        terminal.prompt()
        terminal.type(counting + ENTER)
        terminal.read_until("\n9\r\n")
        terminal.type(CTRL_C)
        terminal.expect("interrupted; the result is incomplete")
        terminal.prompt()
        terminal.type(f"SELECT 'usable';{ENTER}")
        terminal.expect("\nusable\n")


def test_a_hangup_ends_it(cluster: Sandbox, database: str, tmp_path: Path) -> None:
    with Terminal("-s", servers(cluster), database, home=tmp_path) as terminal:
        terminal.prompt()
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait_for_end() == -signal.SIGTERM


def test_the_nodes_fit_a_terminal_of_eighty_columns(fresh_cluster: ClusterFactory, tmp_path: Path) -> None:
    cluster = fresh_cluster()
    leader = leader_of(cluster)
    with Terminal("-s", servers(cluster), "db", home=tmp_path, columns=80) as terminal:
        lines = terminal.run(".nodes")
        assert len(lines) == 7
        cells = [cell.strip() for cell in lines[2 + leader].split("|")[1:-1]]
        node = cluster.nodes[leader - 1]
        assert cells[:4] == [f"{node.id:x}", node.address, "voter", "yes"]
        cluster.kill(leader % 3 + 1)
        assert "cannot connect: connection refused" in "".join(terminal.run(".nodes"))
