"""The world around a run: its streams, whether they are terminals, colour and width; replaceable in a test."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO, TextIO


class Environment:
    """`stdin` is bytes, because scripts may hold anything; `stdout` and `stderr` are text, UTF-8 in, UTF-8 out.

    Bytes that are no UTF-8 travel through text as lone surrogates, and come out as they went in.
    """

    def __init__(
        self,
        stdin: BinaryIO | None = None,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.stdin = stdin or sys.stdin.buffer
        self.stdout = stdout or _as_utf8(sys.stdout)
        self.stderr = stderr or _as_utf8(sys.stderr)
        self.variables = os.environ if variables is None else variables
        self.stdin_is_terminal = self.stdin.isatty()
        self.stdout_is_terminal = self.stdout.isatty()
        self.stderr_is_terminal = self.stderr.isatty()

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked something."""
        return self.stdin_is_terminal and self.stderr_is_terminal

    @property
    def width(self) -> int:
        """The terminal's width in columns."""
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns or 80
        except (OSError, ValueError):
            return 80

    @property
    def colour(self) -> bool:
        """Whether stderr may be coloured (see no-color.org)."""
        return (
            self.stderr_is_terminal
            and not self.variables.get("NO_COLOR")
            and self.variables.get("TERM", "dumb") != "dumb"
        )


def _as_utf8(stream: TextIO) -> TextIO:
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    return stream
