"""Every command explains itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest

from dqshell import __version__
from dqshell.cli.commands import main
from tests.cli.program import dqshell

if TYPE_CHECKING:
    from collections.abc import Iterator


def all_commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from all_commands(command, (*path, name))


COMMANDS = dict(all_commands(main))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_a_help_of_its_own(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    assert command.short_help, "the list of commands would cut the long one"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{parameter.name} has no help"
    context = click.Context(command, info_name=" ".join(path))
    assert command.help.split()[0] in command.get_help(context)


@pytest.mark.parametrize("path", [("nodes",), ("sql",), ("sandbox", "up")], ids=" ".join)
def test_help_goes_to_stdout_and_succeeds(path: tuple[str, ...]) -> None:
    done = dqshell(*path, "--help")
    assert done.stdout.startswith(f"Usage: dqshell {' '.join(path)} [OPTIONS]")
    assert (done.code, done.stderr) == (0, "")


def test_the_help_of_all_names_every_command() -> None:
    for flag in ("--help", "-h"):
        done = dqshell(flag)
        assert (done.code, done.stderr) == (0, "")
        for name in main.commands:
            assert f"\n  {name} " in done.stdout


def test_the_version_is_that_of_the_package() -> None:
    done = dqshell("--version")
    assert (done.stdout, done.code) == (f"dqshell, version {__version__}\n", 0)


def test_the_help_fits_a_terminal_of_a_hundred_columns() -> None:
    for path, command in COMMANDS.items():
        context = click.Context(command, info_name=" ".join(path), terminal_width=100)
        assert max(map(len, command.get_help(context).splitlines())) <= 100, path
