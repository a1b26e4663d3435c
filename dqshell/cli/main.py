"""The entry point."""

from __future__ import annotations

import os
import signal
import sys

from ..environment import Environment
from ..errors import Error, ExitCode
from .options import COMPLETE, parse, split_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> None:
    """Run the program, and end as a program should: with an exit code, or by SIGPIPE where nobody reads on."""
    environment = Environment()
    try:
        code = run(sys.argv[1:], environment)
        environment.stdout.flush()
    except BrokenPipeError:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    except OSError as error:  # a full disk, for one
        code = ExitCode.FAILED
        _say_last(f"error: {(error.strerror or str(error)).lower()}")
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    try:
        environment.stdout.close()
    except OSError:
        pass  # said already
    sys.exit(code)


def _say_last(text: str) -> None:
    """To stderr, past all buffers: one of them may be what failed."""
    try:
        os.write(2, f"{text}\n".encode(errors="replace"))
    except OSError:
        pass


def run(arguments: Sequence[str], environment: Environment) -> int:
    """One whole run: arguments in, exit code out; everything else goes through `environment`."""
    command, rest = split_command(arguments)
    try:
        if command == "sql" and COMPLETE not in environment.variables and (parsed := parse(rest)) is not None:
            from . import sql

            return sql.run(environment, *parsed)
        from .commands import run_command

        return run_command(arguments, environment)
    except Error as error:
        from ..render.settings import Settings
        from ..shell.console import Console

        Console(environment, Settings()).error(error)
        return error.exit_code
