"""The fast reading of a command line and click's agree, wherever the fast one dares to."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any
from unittest.mock import patch

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqshell.cli import commands, options, sql
from dqshell.environment import Environment
from dqshell.errors import ExitCode
from tests.cli.program import within

FLAGS = [flag for option in options.SQL for flag in option.flags]
VALUES = [
    "a",
    "",
    "1",
    "2.5",
    "-1",
    "nan",
    "1e3",
    "nodes",
    "sql",
    "--",
    "-",
    "x=y",
    "-x",
    "SELECT 1; SELECT 2",
    ".help",
    "é",
]

words = st.lists(
    st.one_of(
        st.sampled_from([*FLAGS, *VALUES]),
        st.sampled_from(["--nonsense", "--time", "-Hy", "-fcsv", "-z", "--keep-going=1", "--headers=", "--version"]),
        st.builds("{}={}".format, st.sampled_from(FLAGS), st.sampled_from(VALUES)),
    ),
    max_size=8,
)


def by_click(arguments: list[str]) -> tuple[dict[str, Any], list[str]] | None:
    """What click hands over for the command line; None if it explains or refuses it instead."""
    seen: list[tuple[dict[str, Any], list[str]]] = []

    def catch(environment: Environment, values: dict[str, Any], words: tuple[str, ...]) -> ExitCode:
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        seen.append((lists, list(words)))
        return ExitCode.OK

    with patch.object(sql, "run", catch):
        try:
            commands.main.main(args=arguments, prog_name="dqshell", standalone_mode=False, obj=nowhere())
        except click.ClickException:
            return None
    return seen[0] if seen else None


def nowhere() -> Environment:
    return Environment(BytesIO(), StringIO(), StringIO(), {})


@given(words)
def test_what_is_read_fast_is_read_alike(arguments: list[str]) -> None:
    command, rest = options.split_command(arguments)
    if command != "sql":
        return
    fast = options.parse(rest)
    if fast is not None:
        assert by_click(["sql", *rest]) == fast


@given(words)
def test_a_command_line_never_ends_in_a_traceback(arguments: list[str]) -> None:
    done = within(*arguments, "--nonsense")
    assert done.code in (ExitCode.OK, ExitCode.USAGE) or "--" in arguments


@pytest.mark.parametrize(
    ("arguments", "command", "rest"),
    [
        (["nodes"], "nodes", []),
        (["-s", "a:1", "nodes", "-f", "json"], "nodes", ["-s", "a:1", "-f", "json"]),
        (["--servers=a:1", "--timeout", "3", "leader"], "leader", ["--servers=a:1", "--timeout", "3"]),
        (["-s", "nodes", "db"], "sql", ["-s", "nodes", "db"]),
        (["-H", "transfer", "nodes"], "transfer", ["-H", "nodes"]),
        (["db", "nodes"], "sql", ["db", "nodes"]),
        (["sql", "nodes"], "sql", ["nodes"]),
        (["sql", "sql"], "sql", ["sql"]),
        (["-s", "a:1", "sql", "nodes", "SELECT 1"], "sql", ["-s", "a:1", "nodes", "SELECT 1"]),
        (["--", "nodes"], "sql", ["--", "nodes"]),
        (["-e", "nodes", "db"], "sql", ["-e", "nodes", "db"]),
        ([], "sql", []),
    ],
)
def test_the_first_word_is_a_command_or_a_database(arguments: list[str], command: str, rest: list[str]) -> None:
    assert options.split_command(arguments) == (command, rest)


def test_the_words_that_are_commands_are_clicks_commands() -> None:
    assert set(options.COMMANDS) == set(commands.main.commands)


def test_every_option_says_what_it_is_for() -> None:
    for option in options.SQL:
        assert option.help
        assert option.name.isidentifier()
