"""The world around a run: its streams, whether they are terminals, and their width; replaceable in a test."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO, TextIO


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
        self.stdin = stdin or _open(0, "rb")
        self.stdout = stdout or _open(1, "w")
        self.stderr = stderr or _open(2, "w")
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


def _open(descriptor: int, mode: str) -> Any:
    """A standard stream with a buffer of our own, whatever Python was told to do with its; empty if it is closed."""
    try:
        os.fstat(descriptor)
        target: int | str = descriptor
    except OSError:
        target = os.devnull
    if "b" in mode:
        return open(target, mode, closefd=target is os.devnull)
    return open(target, mode, 1 << 16, "utf-8", "surrogateescape", "\n", closefd=target is os.devnull)
