"""A shell on a cluster of its own: break it, watch, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.repl.terminal import CTRL_D, ENTER, Terminal


def node_processes(port: int) -> list[int]:
    """The processes of nodes at this port and the next nine."""
    addresses = {f"127.0.0.1:{number}" for number in range(port, port + 10)}
    found = []
    for entry in os.listdir("/proc"):
        try:
            words = Path("/proc", entry, "cmdline").read_text("utf-8", "replace").split("\0")
        except OSError:
            continue
        if addresses & set(words) and any(word.endswith("sandbox/node.py") for word in words):
            found.append(int(entry))
    return found


def wait_until_gone(port: int, home: Path) -> None:
    deadline = time.monotonic() + 5.0
    while left := [*node_processes(port), *home.glob("dqshell-sandbox-*")]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def test_a_newcomer_kills_the_leader_and_watches(free_port: int, tmp_path: Path) -> None:
    with Terminal("sandbox", "--port", str(free_port), home=tmp_path, TMPDIR=str(tmp_path)) as terminal:
        assert terminal.prompt(30) == f"demo@127.0.0.1:{free_port}>"
        assert len(list(tmp_path.glob("dqshell-sandbox-*"))) == 1
        assert len(node_processes(free_port)) == 3
        terminal.run("CREATE TABLE t (a); INSERT INTO t VALUES ('before');")
        status = terminal.run(".status")
        assert [line.split("|")[5].strip() for line in status[3:6]] == ["running"] * 3
        assert terminal.run(".kill 1") == []
        assert len(node_processes(free_port)) == 2
        assert "leads now" in "".join(terminal.run("INSERT INTO t VALUES ('after');", 30))
        assert "connection refused" in "".join(terminal.run(".nodes"))
        assert terminal.run(".start 1") == []
        leader = terminal.run(".leader")[0]
        follower = 2 if leader.endswith(str(free_port + 2)) else 3
        terminal.run(f".pause {follower}")
        assert "paused" in "".join(terminal.run(".status"))
        terminal.run(f".resume {follower}")
        assert "running" in terminal.run(".status")[2 + follower]
        assert terminal.run(".kill 9")[0] == "error: there is no node 9"
        assert terminal.run(".kill one")[0].startswith("error: 'one' is no node's number")
        assert [line.split()[0] for line in terminal.run(".help") if line.split()[0] in (".kill", ".pause")] == [
            ".kill",
            ".pause",
        ]
        assert [line.split()[1] for line in terminal.run("SELECT * FROM t;")[3:5]] == ["before", "after"]
        terminal.type(CTRL_D)
        assert terminal.wait_for_end() == 0
    wait_until_gone(free_port, tmp_path)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGHUP], ids=lambda end: end.name)
def test_nothing_survives_the_shell(end: signal.Signals, free_port: int, tmp_path: Path) -> None:
    with Terminal("sandbox", "--nodes", "2", "--port", str(free_port), home=tmp_path, TMPDIR=str(tmp_path)) as terminal:
        terminal.prompt(30)
        assert len(node_processes(free_port)) == 2
        terminal.run(".pause 2")
        os.kill(terminal.pid, end)
        terminal.wait_for_end()
    wait_until_gone(free_port, tmp_path)


def test_a_taken_port_is_said_in_one_line(free_port: int, tmp_path: Path) -> None:
    with Terminal("sandbox", "--nodes", "1", "--port", str(free_port), home=tmp_path, TMPDIR=str(tmp_path)) as first:
        first.prompt(30)
        with Terminal(
            "sandbox", "--nodes", "1", "--port", str(free_port), home=tmp_path, TMPDIR=str(tmp_path)
        ) as second:
            assert second.wait_for_end() == 1
            assert f"error: port {free_port} of 127.0.0.1 is taken by another program" in second.text
            assert len(second.lines) <= 4
        first.type(f".quit{ENTER}")
        assert first.wait_for_end() == 0
