"""A private sandbox ends with its owner, whatever ends the owner; and with nothing less."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from dqshell.sandbox import processes
from tests.conftest import LATENCY_MS
from tests.sandbox.conftest import eventually, processes_about

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

OWNER = """
import sys
from dqshell.sandbox.local import Sandbox

port, latency_ms, *launcher = sys.argv[1:]
sandbox = Sandbox.private(port=int(port), latency_ms=int(latency_ms), launcher=launcher)
sandbox.pause(2)
print(f"<{sandbox.directory}>", flush=True)
while True:
    try:
        sys.stdin.readline()
        break
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


class Owner:
    """A program on a terminal of its own, which has a private sandbox with one paused node."""

    def __init__(self, port: int, launcher: list[str]) -> None:
        words = ["-c", OWNER, str(port), str(LATENCY_MS), *launcher]
        self.terminal = pexpect.spawn(sys.executable, words, cwd=str(ROOT), encoding="utf-8", timeout=15)
        self.terminal.expect("<(.*)>")
        assert isinstance(self.terminal.match, re.Match)
        self.directory: str = self.terminal.match.group(1)

    def nodes(self) -> list[int]:
        return sorted(processes.find(self.directory).values())

    def assert_nothing_is_left(self) -> None:
        assert eventually(lambda: not processes_about(self.directory), 2.0)
        assert not os.path.exists(self.directory)


@pytest.fixture
def owner(free_port: int, launcher: list[str]) -> Iterator[Owner]:
    owner = Owner(free_port, launcher)
    yield owner
    owner.terminal.close(force=True)


def test_an_owner_that_is_killed_leaves_no_process_and_no_directory(owner: Owner) -> None:
    assert len(owner.nodes()) == 3
    owner.terminal.kill(signal.SIGKILL)
    owner.assert_nothing_is_left()


def test_an_owner_that_just_ends_leaves_no_process_and_no_directory(owner: Owner) -> None:
    owner.terminal.sendline("")
    owner.assert_nothing_is_left()


def test_an_owner_whose_terminal_is_closed_leaves_nothing(owner: Owner) -> None:
    owner.terminal.close(force=False)
    owner.assert_nothing_is_left()


def test_ctrl_c_on_the_terminal_reaches_the_owner_alone(owner: Owner) -> None:
    nodes = owner.nodes()
    owner.terminal.sendintr()
    owner.terminal.expect("interrupted")
    owner.terminal.sendintr()
    owner.terminal.expect("interrupted")
    assert owner.nodes() == nodes
    assert len(processes_about(owner.directory)) == 4  # the janitor too
