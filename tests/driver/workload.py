"""Writers that number what they write, on a cluster that is being broken: was each told the truth in the end?

    python -m tests.driver.workload --seconds 60 --writers 6 --seed 1

Each writer is a dqshell process that reads its statements from a pipe; one more is a Session in this process. They
insert numbers, one by one and in transactions. Meanwhile leadership is transferred, and nodes are killed, frozen and
restarted at random. What a writer was told about a number is then compared with what the cluster holds.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dqshell.driver import Limits, Session
from dqshell.errors import Error, ExitCode, Outcome
from tests.conftest import LATENCY_MS, running_sandbox

from .nodes import leader_of, leads, mend, rows_by_number, transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dqshell.sandbox.local import Sandbox

# One for all. On 1.18.1, a node with several that are small cannot be started again: it has a snapshot of a database
# that was never checkpointed, and does not accept it (dqlite src/vfs.c, vfsDatabaseRestore).
DATABASE = "workload"
STEP = 0.5  # seconds of silence after which the others are asked who leads
WAIT = 30.0  # for a leader, seconds
BUSY = 10.0  # for another writer, seconds
PIPE = 4096  # bytes that a writer is ahead of its dqshell at the most

_ERROR = re.compile(r"error: line (\d+): (.*)")


class Unit:
    """What is applied as one: an INSERT by itself, or a transaction, whose `end` is COMMIT or ROLLBACK."""

    def __init__(self, numbers: list[int], end: str | None) -> None:
        self.numbers = numbers
        self.end = end
        inserts = [f"INSERT INTO t VALUES ({number})" for number in numbers]
        self.statements = inserts if end is None else ["BEGIN", *inserts, end]

    def promises(self, told: list[Outcome]) -> list[Outcome]:
        """What was said of each number, after what was said of each statement."""
        if self.end is None:
            return told
        inserts, whole = told[1:-1], told[-1]
        assert Outcome.UNKNOWN not in inserts, "a statement inside a transaction is never unknown"
        if self.end == "ROLLBACK" or told[0] is not Outcome.APPLIED:
            whole = Outcome.NOT_APPLIED
        return [whole if insert is Outcome.APPLIED else Outcome.NOT_APPLIED for insert in inserts]


def units(rng: random.Random, writer: int) -> Iterator[Unit]:
    """Without end; no two have a number in common."""
    numbers = count(writer * 1_000_000)
    while True:
        if rng.random() < 0.6:
            yield Unit([next(numbers)], None)
        else:
            end = "COMMIT" if rng.random() < 0.9 else "ROLLBACK"
            yield Unit([next(numbers) for _ in range(rng.randint(1, 4))], end)


class Writer:
    """One writer. `promises` are what it was told in the end, for each unit: its numbers and their outcomes."""

    def __init__(self, seed: int, number: int, addresses: list[str]) -> None:
        self.addresses = addresses
        self.units = units(random.Random(f"{seed} {number}"), number)
        self.promises: list[tuple[list[int], list[Outcome]]] = []
        self.problem = ""

    def start(self, stop: threading.Event) -> None:
        """Write until `stop` is set."""
        raise NotImplementedError

    def finish(self) -> None:
        """Wait for the end, when `stop` has been set."""
        raise NotImplementedError

    def abort(self) -> None:
        """Do not wait for anything."""


class SessionWriter(Writer):
    """Uses a Session. `longest_gap`: the longest time between two writes that were applied, in seconds."""

    def __init__(self, seed: int, number: int, addresses: list[str]) -> None:
        super().__init__(seed, number, addresses)
        self.longest_gap = 0.0
        self._thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        self._thread = threading.Thread(target=self._write, args=(stop,), daemon=True)
        self._thread.start()

    def _write(self, stop: threading.Event) -> None:
        limits = Limits(step=STEP, wait=WAIT, busy=BUSY)
        last = time.monotonic()
        with Session(self.addresses, DATABASE, limits=limits) as session:
            while not stop.is_set():
                unit = next(self.units)
                told = [self._run(session, statement) for statement in unit.statements]
                self.promises.append((unit.numbers, unit.promises(told)))
                if told[-1] is Outcome.APPLIED:
                    self.longest_gap = max(self.longest_gap, time.monotonic() - last)
                    last = time.monotonic()

    @staticmethod
    def _run(session: Session, statement: str) -> Outcome:
        try:
            session.run(statement)
        except Error as error:
            return error.outcome
        return Outcome.APPLIED

    def finish(self) -> None:
        assert self._thread is not None
        self._thread.join()


class ShellWriter(Writer):
    """Uses a dqshell process, and learns from its messages, kept in `home`, what became of each line."""

    def __init__(self, seed: int, number: int, addresses: list[str], home: str) -> None:
        super().__init__(seed, number, addresses)
        self._written: list[tuple[int, Unit]] = []  # with the number of the first line
        self._out = Path(home, f"{number}.out")
        self._err = Path(home, f"{number}.err")
        self._process: subprocess.Popen[str] | None = None
        self._feeder: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        servers = ",".join(self.addresses)
        limits = ["--timeout", str(STEP), "--wait", str(WAIT), "--busy-timeout", str(BUSY)]
        with self._out.open("w") as out, self._err.open("w") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dqshell", "-s", servers, *limits, "--keep-going", DATABASE],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                text=True,
                pipesize=PIPE,
            )
        self._feeder = threading.Thread(target=self._feed, args=(self._process.stdin, stop))
        self._feeder.start()

    def _feed(self, pipe: IO[str], stop: threading.Event) -> None:
        line = 1
        try:
            with pipe:
                while not stop.is_set():
                    unit = next(self.units)
                    self._written.append((line, unit))
                    pipe.write("".join(f"{statement};\n" for statement in unit.statements))
                    pipe.flush()
                    line += len(unit.statements)
                pipe.write(".print done\n")
        except BrokenPipeError:
            self.problem = "dqshell ended early"

    def finish(self) -> None:
        assert self._process is not None
        assert self._feeder is not None
        self._feeder.join()
        code = self._process.wait()
        said, complaints = self._out.read_text(), self._err.read_text()
        if said != "done\n" or "Traceback" in complaints:
            self.problem = f"dqshell ended with {code}, and said {said[-200:]!r}, {complaints[-2000:]!r}"
        errors = {int(line): text for line, text in _ERROR.findall(complaints)}
        if (code == ExitCode.OK) != (not errors):
            self.problem = self.problem or f"{len(errors)} errors, and exit code {code}"
        for first, unit in self._written:
            lines = range(first, first + len(unit.statements))
            told = [_outcome(errors[line]) if line in errors else Outcome.APPLIED for line in lines]
            self.promises.append((unit.numbers, unit.promises(told)))

    def abort(self) -> None:
        assert self._process is not None
        assert self._feeder is not None
        self._process.kill()
        self._process.wait()
        self._feeder.join()


def _outcome(text: str) -> Outcome:
    if "outcome UNKNOWN" in text:
        return Outcome.UNKNOWN
    assert "not applied" in text, text
    return Outcome.NOT_APPLIED


class Chaos:
    """Breaks the cluster and mends it, again and again."""

    def __init__(self, cluster: Sandbox, rng: random.Random) -> None:
        self.cluster = cluster
        self.events: Counter[str] = Counter()
        self.failovers = 0
        self._rng = rng
        self._numbers = [node.number for node in cluster.nodes]

    def run(self, seconds: float) -> None:
        events = [
            *(self.transfer, self.transfer, self.transfer_and_back, self.freeze_followers),
            *(self.kill_leader, self.kill_leader, self.kill_follower, self.kill_all),
            *(self.stop_leader, self.freeze_leader, self.freeze_leader),
        ]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            event: Callable[[int], None] = self._rng.choice(events)
            leader = leader_of(self.cluster)
            event(leader)
            mend(self.cluster)
            self.events[event.__name__] += 1
            self.failovers += not leads(self.cluster.addresses[leader - 1])
            time.sleep(self._rng.uniform(0.0, 0.8))

    def _others(self, leader: int) -> list[int]:
        return self._rng.sample([number for number in self._numbers if number != leader], len(self._numbers) - 1)

    def _wait(self, most: float) -> None:
        time.sleep(self._rng.uniform(0.0, most))

    def transfer(self, leader: int) -> None:
        transfer(self.cluster, leader, self._others(leader)[0])

    def transfer_and_back(self, leader: int) -> None:
        other = self._others(leader)[0]
        transfer(self.cluster, leader, other)
        transfer(self.cluster, other, leader)

    def kill_leader(self, leader: int) -> None:
        self.cluster.kill(leader)
        self._wait(1.0)

    def stop_leader(self, leader: int) -> None:
        self.cluster.stop(leader)
        self._wait(1.0)

    def kill_follower(self, leader: int) -> None:
        self.cluster.kill(self._others(leader)[0])
        self._wait(0.5)

    def kill_all(self, leader: int) -> None:
        for number in self._rng.sample(self._numbers, len(self._numbers)):
            self.cluster.kill(number)
            self._wait(0.05)

    def freeze_leader(self, leader: int) -> None:
        self.cluster.pause(leader)
        self._wait(1.5)

    def freeze_followers(self, leader: int) -> None:
        """The leader steps down with entries in its log that nobody has confirmed."""
        for number in self._others(leader):
            self.cluster.pause(number)
        self._wait(1.0)
        if self._rng.random() < 0.5:  # they lose what they have not read
            for number in self._others(leader):
                self.cluster.kill(number)


class Report:
    """What came of a run."""

    def __init__(self) -> None:
        self.told: Counter[Outcome] = Counter()
        self.unknown_but_applied = 0
        self.lies: list[str] = []
        self.events: Counter[str] = Counter()
        self.failovers = 0
        self.longest_gap = 0.0

    def __str__(self) -> str:
        told = ", ".join(f"{self.told[outcome]} {outcome.value}" for outcome in Outcome)
        events = ", ".join(f"{name} {times}" for name, times in sorted(self.events.items()))
        return (
            f"{self.told.total()} numbers: {told} ({self.unknown_but_applied} of those were applied)\n"
            f"events: {events}; {self.failovers} times another node led afterwards\n"
            f"longest time without a write: {self.longest_gap:.2f} s\n"
            f"lies: {len(self.lies)}\n" + "".join(f"  {lie}\n" for lie in self.lies)
        )

    def compare(self, writer: Writer, rows: dict[int, int]) -> None:
        """What a writer was told, with the rows that are there for each number."""
        if writer.problem:
            self.lies.append(writer.problem)
        for numbers, outcomes in writer.promises:
            found = [rows.get(number, 0) for number in numbers]
            for number, outcome, times in zip(numbers, outcomes, found, strict=True):
                self.told[outcome] += 1
                allowed = {Outcome.APPLIED: (1,), Outcome.NOT_APPLIED: (0,), Outcome.UNKNOWN: (0, 1)}[outcome]
                if times not in allowed:
                    self.lies.append(f"{number} was said to be {outcome.value}, and is there {times} times")
            unknown = [times for times, outcome in zip(found, outcomes, strict=True) if outcome is Outcome.UNKNOWN]
            self.unknown_but_applied += sum(unknown)
            if len(set(unknown)) > 1:
                self.lies.append(f"a transaction was applied in part: {numbers} are there {found} times")


def run(cluster: Sandbox, seconds: float, writers: int, seed: int) -> Report:
    """Have `writers` dqshell processes and a Session write, and break the cluster, for so many seconds."""
    with Session(cluster.addresses, DATABASE) as setup:
        setup.run("CREATE TABLE t (n INTEGER)")
    chaos = Chaos(cluster, random.Random(seed))
    stop = threading.Event()
    with tempfile.TemporaryDirectory() as home:
        session = SessionWriter(seed, writers, cluster.addresses)
        everyone = [*(ShellWriter(seed, number, cluster.addresses, home) for number in range(writers)), session]
        for writer in everyone:
            writer.start(stop)
        try:
            chaos.run(seconds)
            stop.set()
            for writer in everyone:
                writer.finish()
        except BaseException:
            stop.set()
            for writer in everyone:
                writer.abort()
            raise
    report = Report()
    report.events, report.failovers, report.longest_gap = chaos.events, chaos.failovers, session.longest_gap
    rows = rows_by_number(cluster, DATABASE)
    for writer in everyone:
        report.compare(writer, rows)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--writers", type=int, default=4, help="dqshell processes")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.writers} dqshell processes and a Session, {arguments.seconds:g} s")
    launcher = shlex.split(os.environ.get("DQSHELL_TEST_LAUNCHER", ""))
    with running_sandbox(3, LATENCY_MS, launcher) as cluster:
        report = run(cluster, arguments.seconds, arguments.writers, arguments.seed)
    print(report, end="")
    return 1 if report.lies else 0


if __name__ == "__main__":
    sys.exit(main())
