"""The real program, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from dqshell.cli.main import run
from dqshell.environment import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import IO

ROOT = Path(__file__).parent.parent.parent
LIMIT = 30.0  # seconds that no run may take

# Endless, but for what the server does against it.
COUNTING = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) "


def surroundings(**variables: str) -> dict[str, str]:
    """Environment variables for a run: none of the user's own that mean something to dqshell."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DQSHELL_", "LC_", "PYTHON"))}
    for name in ("LANG", "NO_COLOR", "PAGER"):
        kept.pop(name, None)
    return {**kept, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT), **variables}


def command(*arguments: str, options: Iterable[str] = ()) -> list[str]:
    """The words that run dqshell; `options` go to the interpreter."""
    return [sys.executable, *options, "-m", "dqshell", *arguments]


class Finished:
    """A run that is over: what it wrote, and its exit code (negative for a signal)."""

    def __init__(self, stdout: bytes, stderr: bytes, code: int) -> None:
        self.bytes = stdout
        self.stdout = stdout.decode("utf-8", "surrogateescape")
        self.stderr = stderr.decode("utf-8", "surrogateescape")
        self.code = code
        assert "Traceback" not in self.stderr, self.stderr

    @property
    def first(self) -> str:
        """The first line of stderr."""
        return self.stderr.partition("\n")[0]

    def __repr__(self) -> str:
        return f"exit code {self.code}\n--- stdout:\n{self.stdout[:2000]}\n--- stderr:\n{self.stderr[:4000]}"


def dqshell(*arguments: str, stdin: bytes | str = b"", **variables: str) -> Finished:
    """Run it to its end."""
    done = subprocess.run(
        command(*arguments),
        input=_bytes(stdin),
        capture_output=True,
        env=surroundings(**variables),
        timeout=LIMIT,
        check=False,
    )
    return Finished(done.stdout, done.stderr, done.returncode)


def within(*arguments: str, stdin: bytes | str = b"", **variables: str) -> Finished:
    """Run it to its end inside this process, which is faster."""
    stdout, stderr = StringIO(), StringIO()
    code = run(arguments, Environment(BytesIO(_bytes(stdin)), stdout, stderr, variables))
    return Finished(_bytes(stdout.getvalue()), _bytes(stderr.getvalue()), int(code))


def _bytes(text: bytes | str) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


class Running:
    """A run that goes on, with pipes on all three streams. As a context manager it is killed at the end."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=surroundings(**variables),
            bufsize=0,
        )

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def say(self, text: str) -> None:
        self.stdin.write(text.encode())

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def finish(self, limit: float = LIMIT) -> Finished:
        """Close its stdin, and wait for the end."""
        stdout, stderr = self.process.communicate(timeout=limit)
        return Finished(stdout, stderr, self.process.returncode)

    def seconds_to_finish(self) -> tuple[float, Finished]:
        begun = time.monotonic()
        finished = self.finish()
        return time.monotonic() - begun, finished
