"""Statements are split by SQLite's own rule, however the text arrives."""

from __future__ import annotations

from itertools import pairwise, product
from sqlite3 import complete_statement
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqshell.shell.splitter import IncompleteStatement, Splitter, Statement

FRAGMENTS = (
    "; ;; ' ' ' \" ` [ ] ( ) - -- / /* */ * */* - / + . , \n \r\n \t \f \v x é \udcff 0 1end $ _ @ # \\ = '' \"\""
    " create temp temporary trigger end explain CREATE TeMp TRIGGER End begin select query plan table"
    " created temporaryx endx xend trigger_ end; ;end; create\ttrigger 'a;b' \"a;b\" [a;b] `a;b`"
    " --a;b\n /*a;b*/ temporarily_long_word ı ſ K"
).split(" ")

texts = st.lists(st.sampled_from([*FRAGMENTS, " "]), max_size=40).map("".join)


def pieces(text: str, cuts: list[int]) -> list[str]:
    """The text, cut at these places."""
    places = sorted({cut % (len(text) + 1) for cut in cuts} | {0, len(text)})
    return [text[start:end] for start, end in pairwise(places)]


def split(*pieces: str) -> list[str]:
    splitter = Splitter()
    return [statement.text for piece in pieces for statement in splitter.feed(piece)]


def is_complete(text: str) -> bool:
    # sqlite3 takes UTF-8 only; any other character of a word does as well.
    return complete_statement(text.replace("\udcff", "ÿ"))


def expected(text: str) -> list[str]:
    """What sqlite3_complete says: a statement ends at the first semicolon that completes it."""
    found = []
    start = 0
    for end in range(1, len(text) + 1):
        if text[end - 1] == ";" and is_complete(text[start:end]):
            found.append(text[start : end - 1])
            start = end
    return found


def code_begins(text: str) -> int:
    """Where the first token is: blanks and comments before it are skipped."""
    position = 0
    while True:
        rest = text[position:]
        stripped = rest.lstrip(" \t\r\n\f")
        position += len(rest) - len(stripped)
        if stripped.startswith("--"):
            end = stripped.find("\n")
        elif stripped.startswith("/*"):
            end = stripped.find("*/", 2)
            end += end >= 0
        else:
            return position
        if end < 0:
            return len(text)
        position += end + 1


@settings(max_examples=1000, deadline=None)
@given(texts, st.lists(st.integers(0, 500), max_size=8))
def test_statements_end_where_sqlite_says_however_the_text_is_cut(text: str, cuts: list[int]) -> None:
    statements = [statement[code_begins(statement) :] for statement in expected(text)]
    statements = [statement for statement in statements if statement]
    assert split(text) == statements
    assert split(*pieces(text, cuts)) == statements
    assert split(*text) == statements


def test_every_short_sequence_of_the_words_that_matter() -> None:
    words = ("; ", "explain ", "create ", "temp ", "trigger ", "end ", "x ")
    for sequence in product(words, repeat=5):
        text = "".join(sequence) + ";"
        assert split(text) == [statement.lstrip(" ") for statement in expected(text) if statement.strip(" ")], text


@settings(max_examples=500, deadline=None)
@given(texts, st.lists(st.integers(0, 500), max_size=8))
def test_what_is_left_at_the_end_runs_if_a_semicolon_is_all_it_lacks(text: str, cuts: list[int]) -> None:
    splitter = Splitter()
    found = [statement for piece in pieces(text, cuts) for statement in splitter.feed(piece)]
    if is_complete(text + "\n;"):
        last = splitter.finish()
        if last is not None:
            assert text.endswith(last.text)
            assert is_complete(last.text + "\n;")
    else:
        with pytest.raises(IncompleteStatement):
            splitter.finish()
    assert all(is_complete(statement.text + ";") for statement in found)
    assert (splitter.pending, splitter.open) == (False, "")


@settings(max_examples=300, deadline=None)
@given(texts, st.lists(st.integers(0, 500), max_size=8))
def test_lines_and_columns_point_at_the_first_token(text: str, cuts: list[int]) -> None:
    splitter = Splitter()
    lines = text.split("\n")
    for piece in pieces(text, cuts):
        for statement in splitter.feed(piece):
            rest = "\n".join(lines[statement.line - 1 :])[statement.column - 1 :]
            assert rest.startswith(statement.text + ";")


@settings(max_examples=300, deadline=None)
@given(texts)
def test_what_is_open_does_not_depend_on_how_the_text_is_cut(text: str) -> None:
    text += "\n"  # a prompt hands over whole lines
    whole, single = Splitter(), Splitter()
    whole.feed(text)
    for char in text:
        single.feed(char)
    assert (whole.pending, whole.open) == (single.pending, single.open)


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        ("", ""),
        ("-- only a comment\n", ""),
        ("SELECT 1;", ""),
        ("SELECT 1; -- done\n", ""),
        ("SELECT 1", "statement"),
        ("SELECT 'it''s", "string"),
        ('SELECT "a', "identifier"),
        ("SELECT `a", "identifier"),
        ("SELECT [a", "identifier"),
        ("SELECT 1 /* why", "comment"),
        ("/* why *", "comment"),
        ("SELECT (1", "parenthesis"),
        ("SELECT ('(', ", "parenthesis"),
        ("SELECT ')' -- (\n", "statement"),
        ("SELECT (1)\n", "statement"),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;", "trigger"),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT (1;", "parenthesis"),
        ("CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END", "trigger"),
        ("CREATE TABLE t (a); CREATE TABLE u (", "parenthesis"),
    ],
)
def test_the_prompt_can_show_what_is_open(text: str, open_: str) -> None:
    splitter = Splitter()
    splitter.feed(text)
    assert splitter.open == open_


def test_parentheses_are_followed_over_many_lines_and_strings() -> None:
    splitter = Splitter()
    opens = []
    for line in ("INSERT INTO t VALUES (", "'a ) b', (1", "), 'still", "open ) ')", ", (2", ")"):
        splitter.feed(line + "\n")
        opens.append(splitter.open)
    assert opens == ["parenthesis", "parenthesis", "string", "statement", "parenthesis", "statement"]


def test_an_open_parenthesis_does_not_keep_a_statement_open() -> None:
    assert split("SELECT (1; SELECT 2;") == ["SELECT (1", "SELECT 2"]


def test_the_text_is_exactly_what_was_written() -> None:
    text = "INSERT INTO t VALUES ('a\r\nb\0\udcff  é', x'00')\r\n -- why\r\n ;"
    assert split(text) == [text[:-1]]


def test_a_trigger_is_one_statement_up_to_its_end() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  INSERT INTO b VALUES (';');\n  SELECT 1;\nEND"
    assert split(f"{trigger};\nSELECT 2;") == [trigger, "SELECT 2"]


def test_a_last_statement_may_lack_its_semicolon() -> None:
    splitter = Splitter()
    splitter.feed("SELECT 1;\n  SELECT 2 -- two")
    last = splitter.finish()
    assert last is not None
    assert (last.text, last.line, last.column) == ("SELECT 2 -- two", 2, 3)
    assert splitter.finish() is None


@pytest.mark.parametrize(
    ("text", "open_", "line", "says"),
    [
        ("\nSELECT\n'a\nb", "string", 2, "a string, which begins in line 3"),
        ('SELECT "a', "identifier", 1, "a quoted name, which begins in line 1"),
        ("SELECT 1;\n\n/* and so on", "comment", 3, "a comment, which begins in line 3"),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN\nSELECT (1;\n", "trigger", 1, "ends with END;"),
    ],
)
def test_an_unfinished_end_is_refused_with_its_line(text: str, open_: str, line: int, says: str) -> None:
    splitter = Splitter()
    for char in text:
        splitter.feed(char)
    with pytest.raises(IncompleteStatement, match=says) as caught:
        splitter.finish()
    assert (caught.value.open, caught.value.line) == (open_, line)
    assert not splitter.pending


def test_clear_forgets_what_was_begun() -> None:
    splitter = Splitter()
    splitter.feed("SELECT 'a\n")
    splitter.clear()
    assert [(s.text, s.line) for s in splitter.feed("SELECT 1;")] == [("SELECT 1", 1)]


def _seconds(pieces: list[str]) -> tuple[float, list[Statement]]:
    splitter = Splitter()
    began = process_time()
    found = [statement for piece in pieces for statement in splitter.feed(piece)]
    return process_time() - began, found


@pytest.mark.parametrize(
    "build",
    [
        lambda n: ["SELECT '", *["lorem ipsum (dolor); sit amet\n"] * n, "';"],
        lambda n: ["INSERT INTO t VALUES\n", *["(1, 'two', 3.0),\n"] * n, "(0);\n"],
        lambda n: ["INSERT INTO t VALUES " + "(1, 'it''s', \"x\", 3.0), " * n + "(0);"],
        lambda n: ["EXPLAIN ", *["abcdefghij"] * n, ";"],
        lambda n: ["SELECT 1 /*", *["*"] * n, "*/;"],
        lambda n: ["SELECT 1; " * n],
        lambda n: ["CREATE TRIGGER t BEGIN ", *["SELECT 1;"] * n, "END;"],
    ],
    ids=["string", "values", "one line", "word", "comment", "short", "trigger"],
)
def test_the_time_grows_no_faster_than_the_text(build: object) -> None:
    assert callable(build)
    count = 4000
    small = min(_seconds(build(count))[0] for _ in range(3))
    seconds, found = _seconds(build(8 * count))
    assert found
    assert seconds < 8 * small * 4 + 0.05
