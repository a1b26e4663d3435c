"""The world around a run: its streams, and what they are."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import closing
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

import pytest

from dqshell.environment import Environment
from tests.cli.program import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    master, slave = pty.openpty()
    with open(slave, "w", encoding="utf-8") as stream:
        yield stream
    os.close(master)


def test_everything_can_be_replaced() -> None:
    environment = Environment(BytesIO(b"in"), StringIO(), StringIO(), {"TERM": "xterm"})
    assert environment.stdin.read() == b"in"
    assert not environment.stdin_is_terminal
    assert not environment.stdout_is_terminal
    assert not environment.interactive
    assert environment.width == 80


def test_a_terminal_has_a_width(terminal: TextIO) -> None:
    environment = Environment(BytesIO(), terminal, StringIO(), {})
    assert environment.stdout_is_terminal
    os.system(f"stty columns 123 </proc/{os.getpid()}/fd/{terminal.fileno()}")
    assert environment.width == 123


ECHO = """
from dqshell.environment import Environment
environment = Environment()
environment.stdout.write(environment.stdin.read().decode("utf-8", "surrogateescape") + "\\n\\r\\n")
environment.stdout.flush()
"""


@pytest.mark.parametrize("variables", [{}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONUNBUFFERED": "1"}])
def test_bytes_come_out_as_they_went_in(variables: dict[str, str]) -> None:
    data = "é\N{GRINNING FACE}".encode() + b"\xff\xc3(\r\n\n\x00\x1a"
    done = subprocess.run(
        [sys.executable, "-c", ECHO], input=data, capture_output=True, env=surroundings(**variables), check=True
    )
    assert done.stdout == data + b"\n\r\n"


def test_a_stream_that_is_closed_is_empty_and_swallows() -> None:
    words = [sys.executable, "-c", ECHO]
    for redirection in ("<&-", ">&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'"$@" {redirection}', "sh", *words],
            input=b"x",
            capture_output=True,
            env=surroundings(),
            check=True,
        )
        assert done.stdout == (b"\n\r\n" if redirection == "<&-" else b"")


def test_output_that_no_file_descriptor_stands_behind_has_a_width_too() -> None:
    with closing(StringIO()) as stream:
        assert Environment(BytesIO(), stream, stream, {}).width == 80
