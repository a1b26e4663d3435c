"""Results go to stdout, everything else to stderr; and a person can be asked."""

from __future__ import annotations

import json
from io import BytesIO, StringIO

import pytest

from dqshell.environment import Environment
from dqshell.errors import (
    Busy,
    ConnectionLost,
    Error,
    ExitCode,
    InterfaceError,
    NoLeader,
    NotLeader,
    ProgrammingError,
    Refused,
    TransactionLost,
)
from dqshell.render.settings import Settings
from dqshell.shell.console import Console, explain, shortened
from tests.shell.memory import console, said

COLUMNS = ("name", "alive", "count", "error")
ROWS = [("a", True, 1, None), ("b", False, 0, "it's gone")]


def test_results_and_messages_do_not_mix() -> None:
    out = console()
    out.line("a result")
    out.notice("a notice")
    out.error(Error("an error"))
    out.write("more")
    out.flush()
    assert said(out.environment.stdout) == "a result\nmore"
    assert said(out.environment.stderr) == "notice: a notice\nerror: an error\n"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("list", "a|yes|1|\nb|no|0|it's gone\n"),
        ("csv", 'a,yes,1,""\r\nb,no,0,"it\'s gone"\r\n'),
        ("json", None),
        ("jsonl", None),
    ],
)
def test_a_table_of_our_own_says_yes_and_no_and_json_keeps_its_types(mode: str, expected: str | None) -> None:
    out = console(mode=mode)
    out.show(COLUMNS, ROWS)
    text = said(out.environment.stdout)
    if expected is not None:
        assert text == expected
    else:
        objects = json.loads(text) if mode == "json" else [json.loads(line) for line in text.splitlines()]
        assert [list(one.items()) for one in objects] == [list(zip(COLUMNS, row, strict=True)) for row in ROWS]


def test_nothing_that_is_quoted_can_steer_a_terminal() -> None:
    evil = "\x1b]0;title\x07\x9b31m\u202e"
    out = console(on_terminal=True)
    out.line(f"name {evil}")
    out.notice(f"notice {evil}")
    out.error(Error(f"error {evil}", advice=evil))
    out.waiting(f"waiting {evil}")
    out.done()
    for stream in (out.environment.stdout, out.environment.stderr):
        text = said(stream).replace("\r\x1b[K", "")  # what erases the line is our own
        assert r"\x1b]0;title\x07" in text
        assert not any(char in text for char in evil if not char.isprintable())


def test_what_goes_to_a_file_is_left_as_it_is() -> None:
    out = console()
    out.line("a\x1bb")
    assert said(out.environment.stdout) == "a\x1bb\n"


def test_waiting_is_shown_to_a_person_alone_and_leaves_no_trace() -> None:
    alone = console()
    alone.waiting("for a leader")
    assert said(alone.environment.stderr) == ""
    person = console(on_terminal=True)
    person.waiting("for a leader")
    person.waiting("for a leader still")
    person.notice("found")
    assert said(person.environment.stderr) == (
        "\r\x1b[Kfor a leader (Ctrl-C gives up)\r\x1b[Kfor a leader still (Ctrl-C gives up)\r\x1b[Knotice: found\n"
    )
    person.waiting("")
    assert said(person.environment.stderr) == ""


def test_what_became_of_a_statement_is_said_even_where_nobody_reads_the_results() -> None:
    class Broken(StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    stderr = StringIO()
    out = Console(Environment(BytesIO(), Broken(), stderr, {}), Settings())
    with pytest.raises(BrokenPipeError):
        out.error(ConnectionLost("reset", statement="COMMIT"))
    assert stderr.getvalue().startswith("error: reset; outcome UNKNOWN\n")


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "Y\n", " YES \n", "y"])
def test_yes_is_yes(answer: str) -> None:
    out = console(answer)
    out.confirm("the sky falls")
    assert said(out.environment.stderr) == "the sky falls. Go on? [y/N] "


@pytest.mark.parametrize("answer", ["\n", "n\n", "no\n", "yeah\n", ""])
def test_anything_else_is_no(answer: str) -> None:
    with pytest.raises(Refused) as caught:
        console(answer).confirm("the sky falls")
    assert caught.value.exit_code is ExitCode.REFUSED


def test_where_nobody_can_be_asked_yes_must_be_said_beforehand() -> None:
    with pytest.raises(Refused) as caught:
        console().confirm("the sky falls")
    assert explain(caught.value) == [
        "error: not done without a confirmation: the sky falls",
        "hint: Say --yes.",
    ]
    out = console(assume_yes=True)
    out.confirm("the sky falls")
    assert said(out.environment.stderr) == ""


def searched(message: str, statement: str, report: list[str]) -> NoLeader:
    error = NoLeader(message, report)
    error.statement = statement
    return error


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (InterfaceError("bad"), ["error: bad"]),
        (
            ProgrammingError("no such table: t", code=1, node="10.0.0.1:1", statement="SELECT * FROM t"),
            ["error: no such table: t (code 1); not applied"],
        ),
        (
            Busy("database is locked", code=5, statement="INSERT"),
            ["error: database is locked (code 5); not applied", f"hint: {Busy.advice}"],
        ),
        (
            NotLeader("gone", code=10250, node="10.0.0.1:1", statement="INSERT\n  INTO t VALUES (1)"),
            [
                "error: gone (code 10250, node 10.0.0.1:1); not applied",
                "  INSERT INTO t VALUES (1)",
                "hint: It is safe to run it again.",
            ],
        ),
        (
            ConnectionLost("reset", node="10.0.0.1:1", statement="COMMIT"),
            ["error: reset (node 10.0.0.1:1); outcome UNKNOWN", "  COMMIT", f"hint: {ConnectionLost.advice}"],
        ),
        (
            TransactionLost("lost", statement="COMMIT", advice="Begin again."),
            ["error: lost; not applied", "  COMMIT", "hint: Begin again."],
        ),
        (
            searched("nobody", "SELECT 1", ["10.0.0.1:1: refused", "10.0.0.2:1: silent"]),
            ["error: nobody; not applied", "  10.0.0.1:1: refused", "  10.0.0.2:1: silent"],
        ),
    ],
)
def test_an_error_says_what_happened_where_what_became_of_it_and_what_to_do(error: Error, lines: list[str]) -> None:
    assert explain(error) == lines
    assert explain(error, "line 3: ")[0] == lines[0].replace("error: ", "error: line 3: ")


def test_a_long_statement_is_shortened_to_one_line() -> None:
    assert shortened("SELECT\n\t1") == "SELECT 1"
    assert len(shortened("x" * 5000)) == 100
    assert shortened("x" * 5000).endswith("...")
