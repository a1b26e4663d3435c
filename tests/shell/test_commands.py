"""The dot-commands: found by the beginning of their names, and strict about their arguments."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from dqshell.errors import ExitCode
from dqshell.shell.command import Quit, find
from dqshell.shell.commands import COMMANDS

if TYPE_CHECKING:
    from tests.shell.memory import Shell


def test_a_unique_beginning_is_enough_in_small_letters_or_capitals(shell: Shell) -> None:
    assert shell.run(".prin hello\n.PRINT hello\n.Pr hello\n") == "hello\n" * 3


def test_a_whole_name_wins_over_longer_ones() -> None:
    commands = dict.fromkeys(("read", "readonly"), COMMANDS["print"])
    find(commands, ".read x")
    with pytest.raises(Exception, match="short for more than one command"):
        find(commands, ".rea x")


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        (".nodse", ".nodse is no command", "Did you mean .nodes"),
        (".s", ".s is short for more than one command", "Did you mean .separator or .schema?"),
        (".xyzzy", ".xyzzy is no command", ".help lists all commands."),
        (".", "a dot alone is no command", ".help lists all commands."),
        (".mode 'open", ".mode: a quote is not closed", None),
        (".read", "usage: .read FILE", None),
        (".headers", "usage: .headers on|off", None),
        (".headers maybe", "'maybe': expected on or off", None),
        (".bail on off", "usage: .bail on|off", None),
        (".leader now", "usage: .leader", None),
        (".mode nonsense", "no mode is called 'nonsense'; there are: ascii box ", None),
        (".mode list --nonsense", ".mode has no option --nonsense", None),
        (".mode box --wrap wide", "'wide': expected a number", None),
    ],
)
def test_a_mistake_is_named_and_the_way_out_is_shown(line: str, error: str, hint: str | None, shell: Shell) -> None:
    shell.run(line)
    first, _, second = shell.errors.partition("\n")
    assert first.startswith(f"error: line 1: {error}")
    assert hint is None or hint in second
    assert shell.interpreter.exit_code is ExitCode.FAILED


def test_quotes_keep_words_together(shell: Shell) -> None:
    assert (
        shell.run(""".print "two words" 'and  these'  "say \\"no\\""\n.print\n""")
        == 'two words and  these say "no"\n\n'
    )


def test_arguments_are_cut_as_sqlite3_cuts_them(shell: Shell) -> None:
    line = r""".print it's 'C:\new' "a\tb" c\td a"b c"d 'e'f \101\x "\\" ''  end"""
    expected = subprocess.run(["sqlite3", ":memory:", line], capture_output=True, text=True, check=True).stdout
    assert shell.run(f"{line}\n") == expected


def test_mode_and_its_options(shell: Shell) -> None:
    query = "SELECT 'abcdef' AS a, NULL AS b;\n"
    assert shell.run(".mode\n") == "current output mode: list\n"
    assert shell.run(f".mode box --wrap 4\n{query}") == (
        "┌──────┬───┐\n│  a   │ b │\n├──────┼───┤\n│ abcd │   │\n│ ef   │   │\n└──────┴───┘\n"
    )
    assert shell.run(f".mode box --quote\n{query}") == (
        "┌──────────┬──────┐\n│    a     │  b   │\n├──────────┼──────┤\n│ 'abcdef' │ NULL │\n└──────────┴──────┘\n"
    )
    assert shell.run(f".mode insert places\n{query}") == "INSERT INTO places VALUES('abcdef',NULL);\n"
    assert shell.run(f".mode tabs\n{query}") == "abcdef\t\n"
    assert shell.run(f".mode column --wordwrap on\n{query}") == "a       b\n------  -\nabcdef   \n"
    assert shell.errors == ""


def test_settings_hold_until_they_are_changed(shell: Shell) -> None:
    query = "SELECT 1 AS one, NULL AS two;\n"
    assert shell.run(f".headers on\n.nullvalue -\n.separator ' / '\n{query}") == "one / two\n1 / -\n"
    assert shell.run(f'.separator \\t "\\n\\n"\n{query}') == "one\ttwo\n\n1\t-\n\n"
    assert shell.run(f".headers off\n.nullvalue ''\n{query}") == "1\t\n\n"


def test_help_shows_all_commands_or_those_that_begin_so(shell: Shell) -> None:
    everything = shell.run(".help\n")
    for command in COMMANDS.values():
        assert f"  .{command.name}" in everything
        assert command.help in everything
    assert max(map(len, everything.splitlines())) < 80
    assert shell.run(".help mode\n").splitlines()[1].split()[0] == ".mode"
    assert (
        shell.run(".help .read\n")
        == "Shell:\n  .read FILE                     run the statements and commands in a file\n"
    )
    shell.run(".help nope\n")
    assert shell.errors.startswith("error: line 1: .nope is no command\n")


@pytest.mark.parametrize("line", [".quit", ".exit", ".q", ".ex"])
def test_there_is_a_way_out(line: str, shell: Shell) -> None:
    with pytest.raises(Quit):
        shell.run(f"{line}\nSELECT 1;\n")


def test_commands_show_the_cluster(shell: Shell) -> None:
    leader = shell.run(".leader\n").strip()
    rows = [line.split("|") for line in shell.run(".nodes\n").splitlines()]
    assert [row[1] for row in rows if row[3] == "yes"] == [leader]
    assert [line.split("|")[1:] for line in shell.run(".cluster\n").splitlines()] == [[row[1], "voter"] for row in rows]
