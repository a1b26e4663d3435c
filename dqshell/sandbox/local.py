"""A cluster of dqlite nodes on this machine, each a process of its own, all in one directory.

Two forms of life. What `Sandbox.create` makes is *detached*: it outlives the program, and
`Sandbox.open` finds it again by its directory. What `Sandbox.private` makes ends with the program,
whatever ends it.

The directory holds sandbox.json (what was asked for; never changed afterwards) and a directory for
each node, with its data and its log. What runs is read from /proc, never from a file.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import SandboxError
from . import membership, processes
from . import node as node_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

HOST = "127.0.0.1"
FIRST_PORT = 9001
STATE_FILE = "sandbox.json"
LOG_FILE = "node.log"

# A node with this id makes a cluster of itself when its directory is empty (dqlite src/server.c,
# maybeBootstrap).
BOOTSTRAP_ID = 1

# Seconds: limits for a machine in trouble. A node starts in 0.1 s, and stops as fast if idle.
START_LIMIT = 10.0
STOP_LIMIT = 30.0
_POLL = 0.003


@dataclass(frozen=True)
class Node:
    """One node as it was made. `number` counts from 1; `home` holds its data and its log."""

    number: int
    id: int
    address: str
    home: str

    @property
    def log(self) -> Path:
        return Path(self.home, LOG_FILE)


@dataclass(frozen=True)
class NodeStatus:
    """One node as it is now.

    `state` is "running", "paused", "stopped" (it ended as asked) or "killed" (it ended in any
    other way). `role` is 0 for a voter, 1 for a stand-by, 2 for a spare, None where nobody knows.
    """

    number: int
    id: int
    address: str
    pid: int | None
    state: str
    role: int | None
    is_leader: bool


class _PortTaken(SandboxError):
    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} of {HOST} is taken by another program",
            advice=f"See which with `ss -ltnp 'sport = :{port}'`; a new sandbox goes elsewhere with --port.",
        )


def default_directory() -> Path:
    """Where the user's own sandbox lives when no directory is named."""
    from platformdirs import user_state_dir

    return Path(user_state_dir("dqshell"), "sandbox")


class Sandbox:
    """A throw-away cluster. As a context manager it is taken down at the end of the block."""

    def __init__(self, directory: str, nodes: Sequence[Node], latency_ms: int, launcher: Sequence[str]) -> None:
        self.directory = directory
        self.nodes = list(nodes)
        self.latency_ms = latency_ms
        self.launcher = list(launcher)
        self._janitor: processes.Janitor | None = None

    @classmethod
    def create(
        cls,
        directory: str | Path,
        nodes: int = 3,
        *,
        port: int | None = None,
        latency_ms: int = 0,
        launcher: Sequence[str] = (),
    ) -> Sandbox:
        """Start a cluster of voters, and wait until all of them agree on a leader.

        The directory must be new or empty. The nodes have consecutive ports: from `port` on, or
        the first free ones from 9001 on. `latency_ms` is what they are to expect of the network (a
        heartbeat every 1.5 times that, an election after 15 times); 0 leaves libdqlite's own
        timing, with elections after 3 s. `launcher` are words that are put before the interpreter
        of each node, as `ld.so --library-path DIRECTORY` is to run another libdqlite.

        Raises SandboxError, and leaves nothing behind then.
        """
        home = os.path.realpath(directory)
        last = 65536 - nodes
        if nodes < 1:
            raise SandboxError(f"a cluster has at least one node, not {nodes}")
        if port is not None and not 0 < port <= last:
            raise SandboxError(f"port {port} does not do for {nodes} nodes", advice=f"Choose one from 1 to {last}.")
        for first in range(FIRST_PORT, last + 1) if port is None else [port]:
            try:
                _check_ports(range(first, first + nodes))
                return cls._create(home, first, nodes, latency_ms, launcher)
            except _PortTaken:
                if port is not None:
                    raise
        raise SandboxError(f"no {nodes} consecutive ports of {HOST} are free")

    @classmethod
    def private(
        cls,
        nodes: int = 3,
        *,
        port: int | None = None,
        latency_ms: int = 0,
        launcher: Sequence[str] = (),
    ) -> Sandbox:
        """Start a cluster in a temporary directory. Nothing of it outlives this process.

        Otherwise as `create`.
        """
        directory = os.path.realpath(tempfile.mkdtemp(prefix="dqshell-sandbox-"))
        janitor = processes.Janitor(directory)
        try:
            sandbox = cls.create(directory, nodes, port=port, latency_ms=latency_ms, launcher=launcher)
        except BaseException:
            janitor.dismiss()
            raise
        sandbox._janitor = janitor
        return sandbox

    @classmethod
    def open(cls, directory: str | Path) -> Sandbox:
        """Find the sandbox that `create` made in a directory. Raises SandboxError."""
        home = os.path.realpath(directory)
        path = Path(home, STATE_FILE)
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            nodes = [Node(**node) for node in state["nodes"]]
            return cls(home, nodes, state["latency_ms"], state["launcher"])
        except (FileNotFoundError, NotADirectoryError):
            raise SandboxError(
                f"there is no sandbox in {home}",
                advice=f"`dqshell sandbox up{_option(home)}` starts one.",
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SandboxError(f"{path} cannot be read: {error}", advice=f"Remove {home} by hand.") from error

    @classmethod
    def _create(cls, directory: str, port: int, count: int, latency_ms: int, launcher: Sequence[str]) -> Sandbox:
        nodes = [
            Node(
                number=number,
                # Real ids are 64 random bits. New ones each time tell one sandbox from the next.
                id=BOOTSTRAP_ID if number == 1 else secrets.randbelow(2**64 - 2) + 2,
                address=f"{HOST}:{port + number - 1}",
                home=os.path.join(directory, f"node{number}"),
            )
            for number in range(1, count + 1)
        ]
        sandbox = cls(directory, nodes, latency_ms, launcher)
        sandbox._claim()
        try:
            for node in nodes:
                os.mkdir(node.home)
            sandbox._start(nodes)
            membership.form({node.id: node.address for node in nodes})
        except BaseException as error:
            processes.destroy(directory)
            if isinstance(error, OSError):
                raise _no_sandbox_in(directory, error) from error
            raise
        return sandbox

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()

    @property
    def addresses(self) -> list[str]:
        """The nodes' addresses, in the order of their numbers."""
        return [node.address for node in self.nodes]

    def status(self, timeout: float = 0.5) -> list[NodeStatus]:
        """All nodes as they are now. A running one has `timeout` seconds to say what it knows."""
        pids = processes.find(self.directory)
        states = {node.number: _state(node, pids.get(node.home)) for node in self.nodes}
        running = {node.id: node.address for node in self.nodes if states[node.number] == "running"}
        leader, roles = membership.ask(running, timeout)
        return [
            NodeStatus(
                number=node.number,
                id=node.id,
                address=node.address,
                pid=pids.get(node.home),
                state=states[node.number],
                role=roles.get(node.id),
                is_leader=node.id == leader,
            )
            for node in self.nodes
        ]

    def kill(self, number: int) -> None:
        """End a node with SIGKILL, as a crash or a power cut would. A paused one too."""
        self._end(number, signal.SIGKILL)

    def stop(self, number: int) -> None:
        """Ask a node to end (SIGTERM), and wait: it finishes the statement that it runs.

        A paused one is resumed for that.
        """
        self._end(number, signal.SIGTERM, signal.SIGCONT)

    def pause(self, number: int) -> None:
        """Freeze a node (SIGSTOP): it never answers, though the kernel still takes connections."""
        node, pid = self._running(number)
        processes.send(pid, node.home, signal.SIGSTOP)
        _wait(lambda: processes.is_paused(pid), f"node {number} could not be paused")

    def resume(self, number: int) -> None:
        """Let a paused node go on (SIGCONT), as if no time had passed for it."""
        node, pid = self._running(number)
        if not processes.is_paused(pid):
            raise SandboxError(f"node {number} is not paused")
        processes.send(pid, node.home, signal.SIGCONT)
        _wait(lambda: not processes.is_paused(pid), f"node {number} could not be resumed")

    def start(self, number: int) -> None:
        """Start a node that has ended, with the data it has; wait until it takes connections."""
        node = self._node(number)
        pid = processes.find(self.directory).get(node.home)
        if pid is not None:
            paused = processes.is_paused(pid)
            raise SandboxError(
                f"node {number} is {'paused' if paused else 'running already'}",
                advice=f"`resume {number}` lets it go on." if paused else None,
            )
        try:
            self._start([node])
        except OSError as error:
            raise SandboxError(f"node {number} cannot be started: {error}") from error

    def down(self) -> None:
        """Kill all nodes, the paused ones too, and remove the directory."""
        gone = processes.destroy(self.directory)
        if self._janitor is not None:
            self._janitor.dismiss()
            self._janitor = None
        if not gone:
            raise SandboxError(
                f"something of the sandbox in {self.directory} is left",
                advice="Remove the directory by hand.",
            )

    def _claim(self) -> None:
        """Make the directory ours. Of two that try at once, one succeeds."""
        state = {
            "latency_ms": self.latency_ms,
            "launcher": self.launcher,
            "nodes": [asdict(node) for node in self.nodes],
        }
        try:
            os.makedirs(self.directory, exist_ok=True)
            there = os.listdir(self.directory)
            if there and STATE_FILE not in there:
                raise SandboxError(
                    f"{self.directory} is not empty, and no sandbox is in it",
                    advice="Name a directory that is new or empty: `down` removes all of it.",
                )
            with open(Path(self.directory, STATE_FILE), "x", encoding="utf-8") as file:
                json.dump(state, file, indent=1)
        except FileExistsError:
            if not os.path.isdir(self.directory):
                raise SandboxError(f"{self.directory} is not a directory") from None
            option = _option(self.directory)
            raise SandboxError(
                f"there is a sandbox in {self.directory} already",
                advice=f"`dqshell sandbox status{option}` shows it, `dqshell sandbox down{option}` removes it.",
            ) from None
        except OSError as error:
            raise _no_sandbox_in(self.directory, error) from error

    def _start(self, nodes: Iterable[Node]) -> None:
        """Start nodes at the same time, and wait until all take connections."""
        for node, pid, offset in [(node, *self._spawn(node)) for node in nodes]:
            deadline = time.monotonic() + START_LIMIT
            while "ready\n" not in _said(node, offset):
                code = processes.exit_code(pid)
                if code is not None:
                    raise _did_not_start(node, code, _said(node, offset))
                if time.monotonic() > deadline:
                    raise SandboxError(
                        f"node {node.number} did not start within {START_LIMIT:g} s",
                        advice=f"Its log is {node.log}.",
                    )
                time.sleep(_POLL)

    def _spawn(self, node: Node) -> tuple[int, int]:
        """Start a node's process: its pid, and where in the log its words begin."""
        offset = node.log.stat().st_size if node.log.exists() else 0
        words = [
            *self.launcher,
            sys.executable,
            "-IS",  # Nothing of the user's own Python: no environment, no site-packages.
            node_script.__file__,
            str(node.id),
            node.address,
            node.home,
            str(self.latency_ms),
            str(node.number),
        ]
        return processes.spawn(words, str(node.log)), offset

    def _node(self, number: int) -> Node:
        for node in self.nodes:
            if node.number == number:
                return node
        raise SandboxError(f"there is no node {number}", advice=f"The nodes are 1 to {len(self.nodes)}.")

    def _running(self, number: int) -> tuple[Node, int]:
        node = self._node(number)
        pid = processes.find(self.directory).get(node.home)
        if pid is None:
            raise SandboxError(f"node {number} is not running", advice=f"`start {number}` starts it.")
        return node, pid

    def _end(self, number: int, *signals: signal.Signals) -> None:
        node, pid = self._running(number)
        if not processes.send(pid, node.home, *signals, wait=STOP_LIMIT):
            raise SandboxError(
                f"node {number} did not end within {STOP_LIMIT:g} s",
                advice=f"`kill {number}` does not wait for anything.",
            )


def _wait(condition: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise SandboxError(problem)
        time.sleep(_POLL)


def _check_ports(ports: Iterable[int]) -> None:
    """Raises _PortTaken for the first port on which a node could not listen."""
    for port in ports:
        with socket.socket() as probe:
            # As the nodes do: connections that were closed a moment ago are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError:
                raise SandboxError(f"port {port} is for root alone", advice="Choose one from 1024 on.") from None
            except OSError:
                raise _PortTaken(port) from None


def _state(node: Node, pid: int | None) -> str:
    if pid is None:
        return "stopped" if _said(node).endswith("stopped\n") else "killed"
    return "paused" if processes.is_paused(pid) else "running"


def _said(node: Node, offset: int = 0) -> str:
    """What a node has written into its log, from a byte offset on."""
    try:
        with open(node.log, "rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _did_not_start(node: Node, code: int, said: str) -> SandboxError:
    """The error for a node that ended with `code` before it was ready."""
    if code == node_script.NO_LIBRARY:
        variable = node_script.LIBRARY_VARIABLE
        if named := os.environ.get(variable):
            return SandboxError(
                f"libdqlite cannot be loaded from {named}, which {variable} names",
                advice=f"Correct the variable, or unset it to use {node_script.LIBRARY}.",
            )
        return SandboxError("libdqlite is not installed", advice="Install it: apt-get install libdqlite0")
    if code == node_script.PORT_TAKEN:
        return _PortTaken(int(node.address.rpartition(":")[2]))
    lines = said.strip().splitlines()
    reason = lines[-1].removeprefix("error: ") if lines else f"it ended with code {code}"
    return SandboxError(f"node {node.number} did not start: {reason}")


def _no_sandbox_in(directory: str, error: OSError) -> SandboxError:
    return SandboxError(f"no sandbox can be made in {directory}: {error.strerror or error}")


def _option(directory: str) -> str:
    """The option that names a directory on the command line, where one is needed."""
    return "" if directory == os.path.realpath(default_directory()) else f" --dir {directory}"
