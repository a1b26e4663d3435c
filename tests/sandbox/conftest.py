"""What the sandbox's tests share: waiting, and looking at processes from outside."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dqshell.sandbox.local import Sandbox
from tests.conftest import LATENCY_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def eventually(condition: Callable[[], bool], limit: float = 5.0) -> bool:
    """Whether the condition becomes true within `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def processes_about(directory: str) -> list[str]:
    """The command lines of all live processes that name a directory, or something in it."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            words = Path("/proc", entry, "cmdline").read_text("utf-8", "replace").split("\0")
        except OSError:
            continue
        if any(word == directory or word.startswith(f"{directory}/") for word in words):
            found.append(" ".join(words))
    return found


def leader_of(sandbox: Sandbox) -> int:
    """The number of the node that leads, as soon as one does."""
    found: list[int] = []

    def search() -> bool:
        found[:] = [node.number for node in sandbox.status() if node.is_leader]
        return bool(found)

    assert eventually(search, 10.0)
    return found[0]


@pytest.fixture
def single(tmp_path: Path, free_port: int, launcher: list[str]) -> Iterator[Sandbox]:
    """A detached cluster of one node, which starts fastest."""
    directory = tmp_path / "sandbox"
    with Sandbox.create(directory, 1, port=free_port, latency_ms=LATENCY_MS, launcher=launcher) as sandbox:
        yield sandbox
