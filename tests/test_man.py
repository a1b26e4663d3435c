"""The manual page says all that there is, and every place that lists the commands lists all of them."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import pytest

from dqshell.cli.commands import main
from dqshell.cli.main import run
from dqshell.cli.options import COMMANDS as COMMAND_WORDS
from dqshell.cli.options import SQL
from dqshell.environment import Environment
from dqshell.errors import EXIT_CODE_MEANINGS, ExitCode
from dqshell.shell.commands import COMMANDS
from dqshell.shell.playground import playground

if TYPE_CHECKING:
    from dqshell.sandbox.local import Sandbox

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "man" / "dqshell.1"
README = ROOT / "README.md"
LINTERS = {"mandoc": ["mandoc", "-T", "lint", "-W", "warning"], "groff": ["groff", "-ww", "-man", "-z"]}

DOT_COMMANDS = [*COMMANDS, *playground(cast("Sandbox", None))]


ALL_COMMANDS: dict[str, click.Command] = {}
for word, top in main.commands.items():
    ALL_COMMANDS[word] = top
    if isinstance(top, click.Group):
        ALL_COMMANDS.update((f"{word} {inner}", command) for inner, command in top.commands.items())


@pytest.fixture(scope="module")
def page() -> str:
    """The page as its reader sees it, but without fonts and line ends."""
    text = PAGE.read_text("utf-8")
    text = re.sub(r"^\.B[A-Z]? (.*)$", lambda match: match[1].replace('"', ""), text, flags=re.MULTILINE)
    text = re.sub(r"\\f[BIPR]|\\&", "", text).replace(r"\-", "-")
    return " ".join(text.split())


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "man" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert PAGE.read_text("utf-8") == generate.page(), "out of date: run ./dev man"


@pytest.mark.parametrize("linter", LINTERS)
def test_the_page_is_clean(linter: str) -> None:
    if shutil.which(linter) is None:
        pytest.skip(f"{linter} is not installed")
    done = subprocess.run([*LINTERS[linter], PAGE], capture_output=True, text=True, check=False)
    complaints = (done.stdout + done.stderr).splitlines()
    # Before the first release the page has no date.
    released = re.search(r"^## \[\d", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert [line for line in complaints if released or "missing date" not in line] == []


@pytest.mark.parametrize(("name", "command"), ALL_COMMANDS.items())
def test_a_command_is_in_the_page_with_all_its_options(name: str, command: click.Command, page: str) -> None:
    assert f".TP {name} " in page
    for param in command.params:
        if isinstance(param, click.Option):
            assert f".TP {', '.join(param.opts)} " in page


def test_all_options_are_in_the_page(page: str) -> None:
    for option in SQL:
        assert f".TP {', '.join(option.flags)} " in page
    assert ".TP -h, --help" in page
    assert ".TP --version" in page


@pytest.mark.parametrize("name", DOT_COMMANDS)
def test_a_dot_command_is_in_the_page(name: str, page: str) -> None:
    assert f".TP .{name} " in page


def test_every_exit_code_has_a_meaning_that_is_in_the_page(page: str) -> None:
    assert EXIT_CODE_MEANINGS.keys() == set(ExitCode)
    for code, meaning in EXIT_CODE_MEANINGS.items():
        assert f".TP {int(code)} {meaning[0].upper()}{meaning[1:]}." in page


def test_every_environment_variable_is_in_the_page(page: str) -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "dqshell").rglob("*.py"))
    variables = set(re.findall(r'"(_?DQSHELL_[A-Z_]+)"', sources))
    assert variables >= {"DQSHELL_SERVERS", "DQSHELL_DATABASE"}
    assert [name for name in sorted(variables) if f".TP {name} " not in page] == []


def test_what_is_a_command_word_is_a_command() -> None:
    assert set(COMMAND_WORDS) == set(main.commands)


def test_help_and_readme_name_every_command() -> None:
    readme = README.read_text("utf-8")
    stdout = help_text("--help")
    for name in main.commands:
        assert f"\n  {name} " in stdout
        assert re.search(rf"dqshell\b.* {name}\b", readme), f"the README does not show {name}"


def help_text(*arguments: str) -> str:
    stdout = io.StringIO()
    assert run(list(arguments), Environment(io.BytesIO(), stdout, io.StringIO(), {})) == 0
    return stdout.getvalue()


@pytest.mark.parametrize(("name", "command"), ALL_COMMANDS.items())
def test_help_of_a_command_is_about_that_command(name: str, command: click.Command) -> None:
    text = help_text(*name.split(), "--help")
    assert text.startswith(f"Usage: dqshell {name} ")
    for param in command.params:
        assert not isinstance(param, click.Option) or f"{', '.join(param.opts)}" in text
