"""The interactive prompt: reads a statement, however many lines it has, and gives it to the interpreter."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.output.defaults import create_output

from ..driver.transaction import State
from ..errors import Error, ExitCode, Interrupted
from ..shell.command import Quit
from ..shell.script import is_complete

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.output import Output

    from ..driver import Session
    from ..shell.interpreter import Interpreter

_MARKS = {State.OPEN: "*", State.LOST: "!"}


def run(interpreter: Interpreter, input: Input | None = None, output: Output | None = None) -> None:
    """Read and run until the user leaves. `input` and `output` are the terminal unless given."""
    prompt: PromptSession[str] = PromptSession(
        multiline=True,
        key_bindings=_keys(),
        history=_history(interpreter),
        auto_suggest=AutoSuggestFromHistory(),
        prompt_continuation=lambda width, line, wrapped: "...> ".rjust(width),
        enable_history_search=True,
        input=input,
        # Results alone go to stdout: the prompt prefers whichever stream is a terminal.
        output=output or create_output(always_prefer_tty=True),
    )
    _connect(interpreter)
    while True:
        try:
            text = prompt.prompt(lambda: prompt_text(interpreter.session))
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        try:
            interpreter.run(text)
        except Quit:
            return
        finally:  # what somebody types at a prompt does not decide how the program ends
            code, interpreter.exit_code = interpreter.exit_code, ExitCode.OK
        # Where the search for a leader has just failed, another one would only keep the user waiting again.
        if interpreter.session.was_cut_off and code is not ExitCode.NO_LEADER:
            _connect(interpreter)


def prompt_text(session: Session) -> str:
    """The database, the leader, and `*` for an open transaction or `!` for a lost one."""
    return f"{session.database}@{session.node or '(no leader)'}{_MARKS.get(session.transaction.state, '')}> "


def _connect(interpreter: Interpreter) -> None:
    """Have a connection before the user needs it; without one there is still a prompt."""
    try:
        interpreter.session.connect()
    except Error as error:
        interpreter.console.error(error)
    except KeyboardInterrupt:
        interpreter.console.error(Interrupted("interrupted while looking for the leader"))


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.newline()

    return keys


def _history(interpreter: Interpreter) -> History:
    """A file that only the user can read, in the state directory; in memory where there can be none."""
    from platformdirs import user_state_path

    path = user_state_path("dqshell") / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        interpreter.console.notice(f"no history is kept: {path}: {error.strerror}")
        return InMemoryHistory()
    return FileHistory(path)
