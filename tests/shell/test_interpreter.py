"""A script runs statement by statement, and stops where something goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Session
from dqshell.errors import ExitCode
from dqshell.shell.command import Quit
from dqshell.shell.interpreter import Interpreter
from tests.shell.memory import Shell, console

if TYPE_CHECKING:
    from pathlib import Path

    from dqshell.sandbox.local import Sandbox


def test_a_script_runs_to_its_end(shell: Shell) -> None:
    assert (
        shell.run("CREATE TABLE t (a, b);\nINSERT INTO t VALUES (1, 'x'), (NULL, x'41');\nSELECT * FROM t")
        == "1|x\n|A\n"
    )
    assert shell.went_on
    assert shell.errors == ""
    assert shell.interpreter.exit_code is ExitCode.OK


def test_an_error_names_its_line_and_stops_the_script(shell: Shell) -> None:
    assert shell.run("SELECT 1;\n\nSELECT 2; SELECT x;\nSELECT 3;") == "1\n2\n"
    assert shell.errors == "error: line 3: no such column: x (code 1); not applied\n"
    assert not shell.went_on
    assert shell.interpreter.exit_code is ExitCode.FAILED


def test_the_line_is_that_of_the_statements_first_word(shell: Shell) -> None:
    shell.run("-- a comment\n\n/* and\nanother */ SELECT\n1,\nx;\n")
    assert shell.errors.startswith("error: line 4: no such column: x")


def test_keep_going_goes_on_and_remembers_the_first_failure(shell: Shell) -> None:
    shell.interpreter.keep_going = True
    assert shell.run("SELECT 1;\n.nope\nSELEC;\nSELECT 2;\n") == "1\n2\n"
    assert shell.went_on
    assert [line.partition(": ")[2][:6] for line in shell.errors.splitlines() if line[:5] == "error"] == [
        "line 2",
        "line 3",
    ]
    assert shell.interpreter.exit_code is ExitCode.FAILED


def test_bail_chooses_between_the_two(shell: Shell) -> None:
    assert shell.run(".bail off\nSELEC;\nSELECT 1;\n.bail on\nSELEC;\nSELECT 2;\n") == "1\n"


def test_unreadable_input_ends_a_script_even_with_keep_going(shell: Shell) -> None:
    shell.interpreter.keep_going = True
    assert shell.run(b"SELECT 1;\nSELECT '\xff';\nSELECT 2;\n") == "1\n"
    assert not shell.went_on
    assert "line 2: not valid UTF-8" in shell.errors


def test_a_statement_that_fails_after_its_first_rows_shows_them_and_says_that_they_are_not_all(shell: Shell) -> None:
    rows = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000) "
    out = shell.run(f"{rows}SELECT CASE WHEN n < 1500 THEN n ELSE abs(-9223372036854775808) END AS n FROM c;")
    assert out.startswith("1\n2\n3\n")
    assert "1499\n" not in out or out.endswith("1499\n")
    errors = shell.errors
    assert "integer overflow" in errors
    assert "the result is incomplete" in errors
    assert shell.run("SELECT 'usable';") == "usable\n"


def test_what_a_failed_statement_leaves_of_a_transaction_is_known(shell: Shell) -> None:
    shell.interpreter.keep_going = True
    out = shell.run(
        "CREATE TABLE t (a UNIQUE);\nINSERT INTO t VALUES (1);\nBEGIN;\nINSERT INTO t VALUES (2);\n"
        "INSERT INTO t VALUES (1);\nCOMMIT;\nSELECT * FROM t;\n"
        "BEGIN;\nINSERT INTO t VALUES (3);\nINSERT OR ROLLBACK INTO t VALUES (1);\nSELECT * FROM t;\nCOMMIT;\n"
    )
    assert out == "1\n2\n1\n2\n"
    assert "the error ended the transaction; all of it was rolled back" in shell.errors


def test_input_that_ends_inside_a_transaction_says_that_it_was_not_applied(shell: Shell) -> None:
    shell.run("CREATE TABLE t (a);\nBEGIN;\nINSERT INTO t VALUES (1);\n")
    assert shell.interpreter.finish() is ExitCode.FAILED
    assert shell.errors == "error: the input ended inside a transaction, which is rolled back: not applied\n"
    assert shell.run("SELECT count(*) FROM t;") == "0\n"


def test_read_runs_another_script_and_comes_back(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "inner.sql").write_text("SELECT 'inner';\n.mode csv\nSELECT 'last', 2")
    (tmp_path / "outer.sql").write_text(f"SELECT 'outer';\n.read '{tmp_path}/inner.sql'\nSELECT 'again', 3;\n")
    assert shell.run(f".read {tmp_path}/outer.sql\n.print done\n") == "outer\ninner\nlast,2\r\nagain,3\r\ndone\n"


def test_an_error_in_a_file_names_it_and_stops_the_script_that_reads_it(shell: Shell, tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner.sql", tmp_path / "outer.sql"
    inner.write_text("\nSELEC;\nSELECT 'not reached';\n")
    outer.write_text(f".read {inner}\nSELECT 'not reached';\n")
    assert shell.run(f"SELECT 1;\n.read {outer}\nSELECT 'not reached';\n") == "1\n"
    assert shell.errors == f'error: {inner}: line 2: near "SELEC": syntax error (code 1); not applied\n'
    assert shell.interpreter.exit_code is ExitCode.FAILED


def test_a_file_that_ends_inside_a_string_does_not_swallow_the_script(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "open.sql"
    file.write_text("SELECT 'open;\n")
    shell.interpreter.keep_going = True
    assert shell.run(f".read {file}\nSELECT 1;\n") == "1\n"
    assert shell.errors == f"error: {file}: line 1: the input ends inside a string, which begins in line 1\n"


@pytest.mark.parametrize("name", ["none.sql", ""])
def test_a_file_that_cannot_be_read_is_an_error_in_its_line(name: str, shell: Shell, tmp_path: Path) -> None:
    assert shell.run(f"SELECT 1;\n.read {tmp_path}/{name}\nSELECT 2;\n") == "1\n"
    assert shell.errors.startswith(f"error: line 2: cannot read {tmp_path}/{name}: ")


def test_a_file_that_reads_itself_is_an_error_and_no_crash(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "loop.sql"
    file.write_text(f".read {file}\n")
    shell.run(f".read {file}\n")
    assert not shell.went_on
    assert shell.errors == f"error: {file}: line 1: {file}: more than 25 scripts read each other\n"
    assert shell.run("SELECT 'fine';") == "fine\n"


def test_a_command_behind_a_statement_is_refused_and_not_sent(shell: Shell) -> None:
    assert shell.run("SELECT 1; .quit\n;SELECT 2;") == "1\n"
    assert shell.errors == "error: line 1: a dot-command stands on a line of its own\n"


def test_quit_ends_all_input(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "quit.sql"
    file.write_text("SELECT 1;\n.quit\nSELECT 2;\n")
    with pytest.raises(Quit):
        shell.run(f".read {file}\nSELECT 3;\n")


def test_text_given_as_a_whole_has_no_line_numbers(shell: Shell) -> None:
    assert not shell.interpreter.run("SELECT 1;\nSELEC")
    assert shell.errors == 'error: near "SELEC": syntax error (code 1); not applied\n'


def test_odd_line_separators_are_blanks_and_not_lines(shell: Shell) -> None:
    assert shell.interpreter.run("SELECT '\u2028.help', '\x0b.help',\n'\x85.help'")
    assert shell.errors == ""


def test_a_transaction_that_is_lost_says_so_until_it_is_ended(cluster: Sandbox, database: str) -> None:
    with Session(cluster.addresses, database) as session:
        shell = Shell(Interpreter(session, console(assume_yes=True), keep_going=True))
        out = shell.run(
            "CREATE TABLE t (a);\nBEGIN;\nINSERT INTO t VALUES (1);\n.transfer\nINSERT INTO t VALUES (2);\nCOMMIT;\n"
            "SELECT count(*) FROM t;\n"
        )
    assert out.splitlines()[-1] == "0"
    errors = shell.errors
    for line in (5, 6):
        assert f"error: line {line}: " in errors
    assert "error: line 7" not in errors
    assert shell.interpreter.exit_code is ExitCode.NOT_APPLIED
