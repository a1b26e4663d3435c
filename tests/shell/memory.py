"""Consoles and interpreters whose input and output are in memory."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from dqshell.environment import Environment
from dqshell.render.settings import Settings
from dqshell.shell.console import Console

if TYPE_CHECKING:
    from dqshell.shell.interpreter import Interpreter


class Terminal(StringIO):
    """An output that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


class Answers(BytesIO):
    """The keyboard of somebody who has typed ahead."""

    def isatty(self) -> bool:
        return True


def console(
    answers: str | None = None, *, on_terminal: bool = False, mode: str = "list", assume_yes: bool = False
) -> Console:
    """A console in memory. With `answers` there is a person to ask."""
    person = answers is not None or on_terminal
    environment = Environment(
        Answers((answers or "").encode()) if answers is not None else BytesIO(),
        Terminal() if on_terminal else StringIO(),
        Terminal() if person else StringIO(),
        {},
    )
    return Console(environment, Settings(mode), assume_yes)


def said(stream: object) -> str:
    """What was written to one of the streams in memory since the last time."""
    assert isinstance(stream, StringIO)
    text = stream.getvalue()
    stream.seek(0)
    stream.truncate()
    return text


class Shell:
    """An interpreter, and what came out of it."""

    def __init__(self, interpreter: Interpreter) -> None:
        self.interpreter = interpreter

    def run(self, text: str | bytes) -> str:
        """Run a script; what it wrote to stdout."""
        lines = (text.encode() if isinstance(text, str) else text).splitlines(keepends=True)
        self.went_on = self.interpreter.run_lines(lines)
        return said(self.interpreter.console.environment.stdout)

    @property
    def errors(self) -> str:
        """What was written to stderr since the last time."""
        return said(self.interpreter.console.environment.stderr)
