"""The real program on a real terminal: keys go in, and what stands on the screen is looked at."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pexpect
import pyte

from tests.cli.program import LIMIT, command, surroundings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

COLUMNS, LINES = 100, 40

ENTER, CTRL_C, CTRL_D, UP = "\r", "\x03", "\x04", "\x1b[A"


class Terminal:
    """dqshell on a terminal of its own. As a context manager it is killed at the end."""

    def __init__(self, *arguments: str, state: Path, **variables: str) -> None:
        self._screen = pyte.HistoryScreen(COLUMNS, LINES, history=5000)
        self._stream = pyte.ByteStream(self._screen)
        first, *rest = command(*arguments)
        self.child = pexpect.spawn(
            first,
            rest,
            env=surroundings(**{"XDG_STATE_HOME": str(state), "TERM": "xterm-256color", **variables}),  # type: ignore[arg-type]
            dimensions=(LINES, COLUMNS),
            echo=True,
            timeout=LIMIT,
        )
        self.child.delaybeforesend = None
        self.output = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.text, file=sys.stderr)
        self.child.close(force=True)

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def lines(self) -> list[str]:
        """What is on the screen and what has scrolled off it, without the empty lines at the end."""
        gone = ["".join(line[column].data for column in range(COLUMNS)) for line in self._screen.history.top]
        lines = [line.rstrip() for line in [*gone, *self._screen.display]]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def last(self) -> str:
        """The last line that is not empty: the prompt, when there is one."""
        return self.lines[-1] if self.lines else ""

    def type(self, keys: str) -> None:
        self.child.send(keys)

    def run(self, line: str) -> list[str]:
        """Type a line, wait for the next prompt; the lines in between."""
        before = len(self.lines)
        self.type(line + ENTER)
        self.wait_for(lambda: len(self.lines) > before and self.at_prompt, f"no prompt after {line!r}")
        return self.lines[before:-1]

    @property
    def at_prompt(self) -> bool:
        return self.last.endswith(">")

    def prompt(self) -> str:
        """Wait until there is a prompt, and nothing behind it; the prompt."""
        self.wait_for(lambda: self.at_prompt, "no prompt")
        return self.last

    def expect(self, text: str, limit: float = 10.0) -> None:
        """Wait until a text is on the screen."""
        self.wait_for(lambda: text in self.text, f"{text!r} did not appear", limit)

    def wait_for(self, condition: Callable[[], bool], problem: str, limit: float = 10.0) -> None:
        deadline = time.monotonic() + limit
        while True:
            self._read()
            if condition():
                return
            assert time.monotonic() < deadline, f"{problem}; on the screen is:\n{self.text}"
            assert self.child.isalive() or condition(), f"it ended; on the screen is:\n{self.text}"

    def wait_for_end(self, limit: float = 10.0) -> int:
        """Wait until the program has ended; its exit code, negative for a signal."""
        deadline = time.monotonic() + limit
        while self.child.isalive():
            self._read()
            assert time.monotonic() < deadline, f"it did not end; on the screen is:\n{self.text}"
        self._read()
        if self.child.signalstatus is not None:
            return -int(self.child.signalstatus)
        return int(self.child.exitstatus or 0)

    def _read(self) -> None:
        """Take what is there, waiting for a moment; answer the question where the cursor is."""
        try:
            data = self.child.read_nonblocking(1 << 16, timeout=0.05)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.output += data
        if b"\x1b[6n" in data:
            self.child.send(f"\x1b[{self._screen.cursor.y + 1};{self._screen.cursor.x + 1}R")
        self._stream.feed(data)
