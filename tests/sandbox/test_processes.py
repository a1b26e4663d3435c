"""A process that is none of ours is never taken for a node."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dqshell.sandbox import processes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dqshell.sandbox.local import Sandbox

WAIT = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
def stranger(single: Sandbox) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has much to do with the sandbox, but runs no node."""
    words = [sys.executable, "-c", WAIT, "vim", single.nodes[0].home, str(single.nodes[0].log)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process


def test_a_pid_that_was_reused_is_not_signalled(single: Sandbox, stranger: subprocess.Popen[bytes]) -> None:
    home = single.nodes[0].home
    assert processes.send(stranger.pid, home, signal.SIGKILL, wait=1.0)
    single.kill(1)
    assert processes.find(single.directory) == {}
    single.down()
    assert stranger.poll() is None


def test_a_node_of_another_sandbox_is_not_signalled(single: Sandbox) -> None:
    pid = processes.find(single.directory)[single.nodes[0].home]
    assert processes.send(pid, f"{single.directory}-other/node1", signal.SIGKILL)
    processes.kill_all(os.path.dirname(single.directory))
    processes.kill_all(f"{single.directory}/node1")
    assert processes.home_of(pid) == single.nodes[0].home


def test_a_process_that_is_gone_counts_as_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert processes.send(process.pid, "/nowhere", signal.SIGKILL)
    assert processes.home_of(process.pid) is None
    assert not processes.is_paused(process.pid)
    assert processes.exit_code(process.pid) is None


def test_a_zombie_is_no_node(tmp_path: Path) -> None:
    words = [sys.executable, "-c", WAIT, "node.py", "1", "address", str(tmp_path / "node1")]
    pid = processes.spawn(words, os.devnull)
    assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT) is not None
    assert processes.find(str(tmp_path)) == {}
    assert processes.exit_code(pid) == 0


def test_a_name_with_parentheses_does_not_hide_the_state(tmp_path: Path) -> None:
    odd = tmp_path / "a) T (b"
    odd.symlink_to("/bin/sleep")
    process = subprocess.Popen([str(odd), "60"])
    try:
        assert not processes.is_paused(process.pid)
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        assert processes.is_paused(process.pid)
    finally:
        process.kill()
        process.wait()
