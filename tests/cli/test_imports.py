"""A script that runs a statement pays for nothing that it does not use."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import command, surroundings

if TYPE_CHECKING:
    from dqshell.sandbox.local import Sandbox

# Third-party packages, and the costly modules of the standard library.
NEVER_IN_A_SCRIPT = frozenset(
    "argparse asyncio click csv dataclasses importlib.metadata inspect json logging pathlib platformdirs "
    "prompt_toolkit pygments shlex sqlite3 ssl subprocess tabulate tempfile typing unittest yaml".split()
)
NEVER_IN_A_CLUSTER_COMMAND = frozenset("asyncio prompt_toolkit pygments tabulate yaml".split())


def imported(*arguments: str) -> set[str]:
    """All modules that a run imports, by their full names. Those of Python's own start are left out."""

    def lines(words: list[str]) -> list[str]:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", env=surroundings(), check=True, timeout=30
        )
        found = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
        assert len(found) > 10
        return [line.rpartition("|")[2].strip() for line in found]

    run = command(*arguments, options=["-X", "importtime"])
    return set(lines(run)) - set(lines([run[0], "-X", "importtime", "-c", ""]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["SELECT 1, 2.5, 'text', x'ff', NULL"],
        ["-e", "CREATE TABLE IF NOT EXISTS t (a); INSERT INTO t VALUES (1)", "--timeout=3", "-y"],
        ["BEGIN; SELECT 1; COMMIT"],
        ["-f", "csv", "-H", "SELECT 1 AS a, 'x,y' AS b"],
        [".mode insert", "SELECT 1"],
        [".headers on", "SELECT 1 AS a"],
    ],
)
def test_running_sql_imports_little(arguments: list[str], cluster: Sandbox, database: str) -> None:
    modules = imported("-s", ",".join(cluster.addresses), database, *arguments)
    assert not modules & NEVER_IN_A_SCRIPT
    assert not any(name.startswith(("dqshell.repl", "dqshell.sandbox")) for name in modules)


def test_few_modules_are_imported_at_all(cluster: Sandbox, database: str) -> None:
    modules = imported("-s", cluster.addresses[0], database, "SELECT 1")
    assert 20 < len(modules) < 110, sorted(modules)


@pytest.mark.parametrize("words", [["nodes"], ["leader"], ["transfer", "--yes"]])
def test_cluster_commands_do_without_the_prompt(words: list[str], cluster: Sandbox) -> None:
    assert not imported("-s", ",".join(cluster.addresses), *words) & NEVER_IN_A_CLUSTER_COMMAND
