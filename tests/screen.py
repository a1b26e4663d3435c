"""A terminal with a program on it: keys go in, and what stands on the screen is looked at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pexpect
import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

# So tall that nothing scrolls away.
LINES = 500


class Screen:
    """As a context manager, the program is killed at the end."""

    def __init__(self, command: Sequence[str], variables: dict[str, str], home: Path, columns: int = 120) -> None:
        self._screen = pyte.Screen(columns, LINES)
        self._stream = pyte.Stream(self._screen)
        program, *arguments = command
        self._child = pexpect.spawn(
            program,
            arguments,
            env=variables,
            cwd=str(home),
            dimensions=(LINES, columns),
            encoding="utf-8",
        )
        self._child.delaybeforesend = None
        # Programs ask the terminal things, such as where its cursor is.
        self._screen.write_process_input = self.type  # type: ignore[method-assign,assignment]

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    @property
    def row(self) -> int:
        """The line of the cursor, from 0."""
        return int(self._screen.cursor.y)

    @property
    def lines(self) -> list[str]:
        """All lines down to that of the cursor, without the spaces at their ends."""
        return [self._line(row).rstrip() for row in range(self.row + 1)]

    @property
    def before_cursor(self) -> str:
        return self._line(self.row)[: self._screen.cursor.x]

    def _line(self, row: int) -> str:
        line = self._screen.buffer[row]
        return "".join(line[column].data for column in range(self._screen.columns))

    def type(self, keys: str) -> None:
        self._child.send(keys)

    def wait_for(self, condition: Callable[[], bool], what: str, limit: float = 15.0) -> None:
        """Wait until the condition holds, and the program has nothing to add at the moment."""
        deadline = time.monotonic() + limit
        while True:
            silent = not self._read(0.02)
            if silent and condition():
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not appear; on the screen is:\n" + "\n".join(self.lines))

    def _read(self, limit: float) -> bool:
        """Whether there was something."""
        try:
            self._stream.feed(self._child.read_nonblocking(1 << 16, limit))
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        return True
