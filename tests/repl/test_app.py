"""The prompt's logic, with keys from a pipe and no terminal at all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from dqshell.driver import Limits, Session
from dqshell.driver.transaction import State
from dqshell.errors import ExitCode
from dqshell.repl import app
from dqshell.shell.interpreter import Interpreter
from tests.shell.memory import console, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dqshell.sandbox.local import Sandbox

CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


@contextmanager
def interpreting(cluster: Sandbox, database: str) -> Iterator[Interpreter]:
    output = console()
    with Session(cluster.addresses, database, limits=Limits(wait=2.0), listener=output) as session:
        yield Interpreter(session, output)


def type_keys(interpreter: Interpreter, keys: str) -> str:
    """Have these keys typed at the prompt, then Ctrl-D; what was written to stdout."""
    with create_pipe_input() as pipe:
        pipe.send_text(keys + CTRL_D)
        app.run(interpreter, pipe, DummyOutput())
    return said(interpreter.console.environment.stdout)


@pytest.fixture
def shell(cluster: Sandbox, database: str) -> Iterator[Interpreter]:
    with interpreting(cluster, database) as interpreter:
        yield interpreter


def test_enter_runs_what_is_complete(shell: Interpreter) -> None:
    assert type_keys(shell, "SELECT 1;\rSELECT 2; SELECT 3;\r.print four\r\r  \r") == "1\n2\n3\nfour\n"


@pytest.mark.parametrize(
    ("keys", "rows"),
    [
        ("SELECT 1\r+\r2;\r", "3\n"),
        ("SELECT 'a;\rb';\r", "a;\nb\n"),
        ("SELECT 'a\r.help\r';\r", "a\n.help\n\n"),
        ("/* a comment;\r*/ SELECT 1;\r", "1\n"),
        ("SELECT 1; SELECT\r2;\r", "1\n2\n"),
        ("CREATE TRIGGER x INSERT ON t BEGIN\rSELECT 1;\rEND;\r", ""),
    ],
)
def test_enter_goes_on_while_a_statement_is_open(keys: str, rows: str, shell: Interpreter) -> None:
    assert type_keys(shell, "CREATE TABLE t (a);\r" + keys) == rows
    assert said(shell.console.environment.stderr) == ""


def test_ctrl_c_abandons_what_was_typed(shell: Interpreter) -> None:
    assert type_keys(shell, f"SELECT 'aban\rdoned{CTRL_C}SELECT 'kept';\r") == "kept\n"


def test_ctrl_d_leaves_only_where_nothing_is_typed(shell: Interpreter) -> None:
    assert type_keys(shell, f"SELECT 1{CTRL_D};\r") == "1\n"


def test_quit_leaves_and_runs_nothing_more(shell: Interpreter) -> None:
    assert type_keys(shell, "SELECT 1; \r.quit\rSELECT 2;\r") == "1\n"


def test_an_error_ends_its_line_and_no_more(shell: Interpreter) -> None:
    assert type_keys(shell, "SELECT 1; SELEC; SELECT 2;\rSELECT 3;\r.nope\rSELECT 4;\r") == "1\n3\n4\n"
    errors = said(shell.console.environment.stderr)
    assert errors.startswith('error: near "SELEC": syntax error (code 1); not applied\nerror: .nope is no command\n')
    assert shell.exit_code is ExitCode.OK, "what went wrong at a prompt is no failure of the program"


def test_without_a_place_for_the_history_there_is_still_a_prompt(shell: Interpreter, state: Path) -> None:
    (state / "dqshell").write_text("a file where the directory should be")
    assert type_keys(shell, "SELECT 1;\r") == "1\n"
    assert said(shell.console.environment.stderr).startswith("notice: no history is kept: ")


def test_the_prompt_shows_the_database_the_leader_and_the_transaction(shell: Interpreter, cluster: Sandbox) -> None:
    session = shell.session
    assert app.prompt_text(session) == f"{session.database}@(no leader)> "
    type_keys(shell, "SELECT 1;\r")
    assert session.node in cluster.addresses
    connected = f"{session.database}@{session.node}"
    assert app.prompt_text(session) == f"{connected}> "
    type_keys(shell, "BEGIN;\r")
    assert app.prompt_text(session) == f"{connected}*> "
    session.reconnect("for this test")
    assert session.transaction.state is State.LOST
    assert app.prompt_text(session) == f"{connected}!> "
    type_keys(shell, "ROLLBACK;\r")
    assert app.prompt_text(session) == f"{connected}> "


def test_there_is_a_connection_before_anything_is_typed(shell: Interpreter) -> None:
    type_keys(shell, "")
    assert shell.session.node is not None


def test_nobody_there_is_said_and_there_is_still_a_prompt() -> None:
    output = console()
    with Session(["127.0.0.1:1"], "db", listener=output) as session:
        assert type_keys(Interpreter(session, output), ".print still here\r") == "still here\n"
    errors = said(output.environment.stderr)
    assert "127.0.0.1:1: cannot connect: connection refused" in errors
    assert errors.count("error: ") == 1
