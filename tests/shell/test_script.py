"""Input is cut into statements and dot-commands, line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqshell.errors import InterfaceError
from dqshell.shell.script import DotCommand, Script, is_complete
from dqshell.shell.splitter import IncompleteStatement


def items(text: str) -> list[tuple[int, str]]:
    """What a script consists of: the line and the text of each item; dot-commands begin with their dot."""
    script = Script()
    found = [item for line in text.splitlines(keepends=True) for item in script.feed_bytes(line.encode())]
    return [(item.line, item.text) for item in [*found, *script.finish()]]


def test_statements_and_commands_come_in_order_with_their_lines() -> None:
    assert items("SELECT 1;\n.mode csv\n\nSELECT\n2; SELECT 3;\n.quit") == [
        (1, "SELECT 1"),
        (2, ".mode csv"),
        (4, "SELECT\n2"),
        (5, "SELECT 3"),
        (6, ".quit"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'a\n.help\nb'",
        'SELECT "a\n.help\nb"',
        "SELECT [a\n.help\nb]",
        "SELECT 1 /* a\n.help\n*/",
        "SELECT 1\n.help",
        "SELECT (1\n.5)",
        "CREATE TRIGGER t AFTER INSERT ON t BEGIN\n.help\nSELECT 1; END",
    ],
)
def test_a_dot_inside_a_statement_is_text(text: str) -> None:
    assert items(text) == [(1, text)]


def test_a_dot_inside_a_comment_between_statements_is_text() -> None:
    assert items("/* a comment\n.help\n*/\n.show\n") == [(4, ".show")]


def test_a_command_may_follow_a_comment_and_may_be_indented() -> None:
    assert items("-- a comment\n.mode csv\n \t .mode list \n") == [(2, ".mode csv"), (3, ".mode list")]


def test_a_command_does_not_swallow_the_statement_behind_it() -> None:
    assert items("SELECT 1; .mode csv\n;.mode list\nSELECT 2;") == [
        (1, "SELECT 1"),
        (1, ".mode csv\n"),
        (2, ".mode list\nSELECT 2"),
    ]


def test_windows_line_ends_and_a_byte_order_mark_are_no_obstacle() -> None:
    assert items("\ufeff.mode csv\r\nSELECT 1;\r\n.quit\r\n") == [(1, ".mode csv"), (2, "SELECT 1"), (3, ".quit")]
    assert items("\ufeffSELECT 1;") == [(1, "SELECT 1")]


def test_text_that_is_no_utf_8_is_refused_where_it_stands() -> None:
    script = Script()
    list(script.feed_bytes(b"SELECT 'fine: \xc3\xa9';\n"))
    with pytest.raises(InterfaceError) as caught:
        list(script.feed_bytes(b"SELECT '\xc3(';\n"))
    assert caught.value.message == "line 2: not valid UTF-8 (byte 0xc3 at column 9)"


def test_a_last_statement_needs_no_semicolon_but_must_be_whole() -> None:
    assert items("SELECT 1;\nSELECT 2") == [(1, "SELECT 1"), (2, "SELECT 2")]
    with pytest.raises(IncompleteStatement) as caught:
        items("SELECT 1;\n\nSELECT 'open")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("", True),
        ("   \n", True),
        (".help", True),
        ("  .help", True),
        ("SELECT 1;", True),
        ("SELECT 1", False),
        ("SELECT 1; SELECT 2", False),
        ("SELECT 1; -- done", True),
        ("SELECT 'a;", False),
        ("/* comment", False),
        ("-- comment", True),
        ("CREATE TRIGGER t AFTER INSERT ON t BEGIN SELECT 1;", False),
        ("CREATE TRIGGER t AFTER INSERT ON t BEGIN SELECT 1; END;", True),
    ],
)
def test_a_prompt_knows_whether_more_must_follow(text: str, complete: bool) -> None:
    assert is_complete(text) is complete


@given(st.lists(st.sampled_from(["SELECT 1;\n", ".help\n", "SELECT '\n", "';\n", "/*\n", "*/;\n", "\n", "-- x\n"])))
def test_every_item_begins_on_the_line_that_it_names(lines: list[str]) -> None:
    script = Script()
    for line in lines:
        for item in script.feed(line):
            begins = lines[item.line - 1]
            assert item.text.splitlines()[0].strip() in begins
            if isinstance(item, DotCommand):
                assert begins.startswith(".")
