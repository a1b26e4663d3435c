"""The program as a user has it: a command on the PATH."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tests.cli.program import command, surroundings

if TYPE_CHECKING:
    from pathlib import Path


def with_dqshell(directory: Path, before: str = "", **variables: str) -> dict[str, str]:
    """Environment variables for programs that run `dqshell`. HOME is `directory`, so that nothing is kept.

    `before`: what a POSIX shell does to the arguments first.
    """
    programs = directory / "bin"
    programs.mkdir()
    program = programs / "dqshell"
    program.write_text(f'#!/bin/sh\n{before}\nexec {shlex.join(command())} "$@"\n')
    program.chmod(0o755)
    environment = surroundings(HOME=str(directory), TERM="xterm-256color", **variables)
    for name in [name for name in environment if name.startswith("XDG_")]:
        del environment[name]
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    return environment
