"""The script that runs one node, and how it says that it cannot."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dqshell.sandbox import node

if TYPE_CHECKING:
    from pathlib import Path


def run(launcher: list[str], *arguments: object, **environment: str) -> tuple[int, str]:
    words = [*launcher, sys.executable, "-IS", node.__file__, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGINT])
def test_a_node_is_ready_and_stops_when_asked(
    tmp_path: Path, free_port: int, launcher: list[str], ask: signal.Signals
) -> None:
    arguments = ["1", f"127.0.0.1:{free_port}", str(tmp_path), "0", "0"]
    words = [*launcher, sys.executable, "-IS", node.__file__, *arguments]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        socket.create_connection(("127.0.0.1", free_port)).close()
        process.send_signal(ask)
        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 0


def test_a_library_that_is_missing_is_named(tmp_path: Path, free_port: int, launcher: list[str]) -> None:
    code, said = run(launcher, 1, f"127.0.0.1:{free_port}", tmp_path, 0, 0, DQSHELL_LIBDQLITE="/nonexistent")
    assert code == node.NO_LIBRARY
    assert said.startswith("error: /nonexistent cannot be loaded")


def test_a_port_that_is_taken_is_named(tmp_path: Path, free_port: int, launcher: list[str]) -> None:
    with socket.create_server(("127.0.0.1", free_port)):
        code, said = run(launcher, 1, f"127.0.0.1:{free_port}", tmp_path, 0, 0)
    assert code == node.PORT_TAKEN
    assert said == f"error: 127.0.0.1:{free_port} cannot be used: Address already in use\n"


def test_a_directory_that_is_missing_is_named(tmp_path: Path, free_port: int, launcher: list[str]) -> None:
    code, said = run(launcher, 1, f"127.0.0.1:{free_port}", tmp_path / "none", 0, 0)
    assert code == node.NO_DIRECTORY
    assert said == f"error: {tmp_path}/none cannot be used: No such file or directory\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_is_not_writable_is_named(tmp_path: Path, free_port: int, launcher: list[str]) -> None:
    tmp_path.chmod(0o500)
    code, said = run(launcher, 1, f"127.0.0.1:{free_port}", tmp_path, 0, 0)
    assert code == node.NO_DIRECTORY
    assert said == f"error: {tmp_path} is not writable\n"


def test_wrong_arguments_are_answered_with_the_usage(launcher: list[str]) -> None:
    code, said = run(launcher, 1, "127.0.0.1:1")
    assert code == node.USAGE
    assert "ID ADDRESS DIRECTORY" in said


def test_the_script_stands_alone() -> None:
    words = [sys.executable, "-IS", "-c", f"import runpy; runpy.run_path({node.__file__!r})"]
    subprocess.run(words, check=True)
