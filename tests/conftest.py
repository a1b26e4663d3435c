"""Settings and fixtures for the whole suite.

DQSHELL_TEST_LAUNCHER runs the nodes on another libdqlite: it is put before their interpreter, as in
"/other/ld-linux-x86-64.so.2 --library-path /other:/usr/lib/x86_64-linux-gnu".
"""

from __future__ import annotations

import os
import shlex
import socket
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dqshell.sandbox.local import Sandbox

# A busy machine is not a failure: pytest's own timeout bounds each test.
settings.register_profile("dqshell", deadline=None)
settings.load_profile("dqshell")

# Elections after 0.3 s instead of 3. Lower still, and a busy machine loses leaders for no reason.
LATENCY_MS = 20
# Nothing dies in the cluster that all tests share, so that a quick election is worth nothing there.
STEADY_LATENCY_MS = 100

# Below the ports that the kernel gives to clients, so that no connection takes one meanwhile.
PORTS = range(20000, 32000, 10)


@contextmanager
def reserved_ports() -> Iterator[int]:
    """The first of ten ports that no other test process uses, and that are free.

    The reservation is an abstract unix socket: it lives in the same network namespace as the
    ports, and ends with the process.
    """
    for first in PORTS:
        with socket.socket(socket.AF_UNIX) as reservation:
            try:
                reservation.bind(f"\0dqshell-test-ports-{first}")
                for port in range(first, first + PORTS.step):
                    with socket.socket() as probe:
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                        probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            yield first
            return
    raise RuntimeError("no ports are free")


@pytest.fixture
def free_port() -> Iterator[int]:
    """The first of ten consecutive ports that are this test's alone."""
    with reserved_ports() as port:
        yield port


@pytest.fixture(scope="session")
def launcher() -> list[str]:
    """What is put before the interpreter of every node."""
    return shlex.split(os.environ.get("DQSHELL_TEST_LAUNCHER", ""))


@contextmanager
def running_sandbox(nodes: int, latency_ms: int, launcher: list[str]) -> Iterator[Sandbox]:
    # Imported late: most tests need no cluster.
    from dqshell.sandbox.local import Sandbox

    with (
        reserved_ports() as port,
        Sandbox.private(nodes, port=port, latency_ms=latency_ms, launcher=launcher) as sandbox,
    ):
        yield sandbox


@pytest.fixture(scope="session")
def cluster(launcher: list[str]) -> Iterator[Sandbox]:
    """Three voters for all tests that leave them as they were; leadership may move."""
    with running_sandbox(3, STEADY_LATENCY_MS, launcher) as sandbox:
        yield sandbox


class ClusterFactory(Protocol):
    """Makes clusters for one test, which may do to them what it likes."""

    def __call__(self, nodes: int = 3, latency_ms: int = LATENCY_MS) -> Sandbox: ...


@pytest.fixture
def fresh_cluster(launcher: list[str]) -> Iterator[ClusterFactory]:
    with ExitStack() as stack:

        def make(nodes: int = 3, latency_ms: int = LATENCY_MS) -> Sandbox:
            return stack.enter_context(running_sandbox(nodes, latency_ms, launcher))

        yield make


_numbers = count(1)


@pytest.fixture
def database() -> str:
    """The name of a database that no other test of this run uses."""
    return f"test{next(_numbers)}"
