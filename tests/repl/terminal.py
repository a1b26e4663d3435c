"""The real program on a real terminal."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.cli.program import command, surroundings
from tests.screen import Screen

if TYPE_CHECKING:
    from pathlib import Path

ENTER, CTRL_C, CTRL_D, UP = "\r", "\x03", "\x04", "\x1b[A"


class Terminal(Screen):
    """dqshell with these arguments; its state (the history, for one) is in `home`."""

    def __init__(self, *arguments: str, home: Path, columns: int = 120, **variables: str) -> None:
        variables = {"XDG_STATE_HOME": str(home), "TERM": "xterm-256color", **variables}
        super().__init__(command(*arguments), surroundings(**variables), home, columns)

    def __enter__(self) -> Terminal:
        return self

    @property
    def pid(self) -> int:
        pid = self._child.pid
        assert pid is not None
        return pid

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def _at_prompt(self) -> bool:
        last = self.lines[-1]
        return last.endswith(">") and not last.endswith("...>")

    def prompt(self, limit: float = 15.0) -> str:
        """Wait until there is a prompt, and nothing behind it; the prompt."""
        self.wait_for(lambda: self._at_prompt, "a prompt", limit)
        return self.lines[-1]

    def expect(self, text: str, limit: float = 15.0) -> None:
        """Wait until a text is on the screen."""
        self.wait_for(lambda: text in self.text, repr(text), limit)

    def read_until(self, text: str) -> None:
        """Take this from the program and no more, so that it has to wait with the rest."""
        self._child.expect_exact(text, timeout=15.0)

    def run(self, line: str, limit: float = 15.0) -> list[str]:
        """Type a line, and wait for the next prompt; what stands in between."""
        self.prompt()
        before = len(self.lines)
        self.type(line + ENTER)
        self.wait_for(lambda: len(self.lines) > before and self._at_prompt, f"a prompt after {line}", limit)
        return self.lines[before:-1]

    def wait_for_end(self, limit: float = 15.0) -> int:
        """Wait until the program has ended; its exit code, negative for a signal."""
        deadline = time.monotonic() + limit
        while self._child.isalive():
            self._read(0.02)
            assert time.monotonic() < deadline, f"it did not end; on the screen is:\n{self.text}"
        while self._read(0.02):
            pass
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus or 0)
