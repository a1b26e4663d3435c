"""The README tells the truth: everything in its console blocks is typed on a terminal, and must look as it says.

Lines that begin with a prompt (`$ ` of a shell, `demo@127.0.0.1:9001> ` of dqshell, `[y/N] ` of a question) are typed;
all lines are what then stands on the screen. `...` stands for anything. Ids and times may differ, and with them the
widths of tables. So may ports, and it is open which of two followers becomes the leader: any assignment of the nodes to
the ports in the text will do, as long as it is the same everywhere in a block.
"""

from __future__ import annotations

import difflib
import re
import subprocess
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dqshell.errors import EXIT_CODE_MEANINGS
from dqshell.render.settings import MODE_NAMES
from tests.on_path import with_dqshell
from tests.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

README = Path(__file__).parent.parent / "README.md"
PORTS = ("9001", "9002", "9003")
PROMPT = re.compile(r"(?P<prompt>\$ |\w+@\S+> | *\.\.\.> |.*\[y/N\] )(?P<typed>.*)")


class Block:
    """One ```console block: its lines, and where in the README it begins."""

    def __init__(self, line: int, text: str) -> None:
        self.line = line
        self.lines = text.splitlines()


def blocks(text: str) -> list[Block]:
    found = re.finditer(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(text.count("\n", 0, match.start(1)) + 1, match[1]) for match in found]


class Ports:
    """Which real port each port of the text can stand for; what is seen rules possibilities out."""

    def __init__(self, real: tuple[str, ...]) -> None:
        self._possible = [dict(zip(PORTS, order, strict=True)) for order in permutations(real)]

    def real(self, text: str) -> str:
        """A piece of the README with the ports that there are."""
        return _replace(text, self._possible[0])

    def told(self, seen: str) -> str:
        """What was seen with the ports of the README."""
        return _replace(seen, {real: told for told, real in self._possible[0].items()})

    def fits(self, expected: str, seen: str) -> bool:
        possible = [ports for ports in self._possible if _matches(_replace(expected, ports), seen)]
        self._possible = possible or self._possible
        return bool(possible)


def _replace(text: str, ports: dict[str, str]) -> str:
    return re.sub(r"(?<=:)\d+", lambda match: ports.get(match[0], match[0]), text)


def _matches(expected: str, seen: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in _levelled(expected).split("..."))
    return re.fullmatch(pattern, _levelled(seen), re.DOTALL) is not None


# What is different each time, and how wide it makes a table.
VARYING = (
    (re.compile(r"\b(?:[0-9a-f]{12,16}|\d{17,20})\b"), "ID"),
    (re.compile(r"(?<![\d.])\d+\.\d+(?![\d.])|\b\d+(?= ms\b)"), "TIME"),
    (re.compile("-{2,}"), "--"),
    (re.compile(" {2,}"), " "),
)


def _levelled(text: str) -> str:
    for pattern, same in VARYING:
        text = pattern.sub(same, text)
    return text


def play(screen: Screen, block: Block, ports: Ports) -> None:
    """Type what the block says, and fail if the screen then shows anything else."""
    first = screen.row
    as_told = True
    for line in block.lines:
        if match := PROMPT.fullmatch(line):
            as_told = ports.fits(match["prompt"].rstrip(), screen.before_cursor.rstrip())
            if not as_told:
                break
            here = screen.row
            screen.type(ports.real(match["typed"]) + "\r")
            wait_for_prompt(screen, here)
    if not as_told or not ports.fits("\n".join(block.lines), "\n".join(screen.lines[first:-1])):
        seen = ports.told("\n".join(screen.lines[first:])).splitlines()
        diff = difflib.unified_diff(block.lines, seen, "README.md", "the screen", lineterm="")
        pytest.fail(f"README.md, line {block.line}: it looks different\n" + "\n".join(diff), pytrace=False)


def wait_for_prompt(screen: Screen, below: int = -1) -> None:
    screen.wait_for(
        lambda: (
            screen.row > below and (match := PROMPT.fullmatch(screen.before_cursor)) is not None and not match["typed"]
        ),
        "a prompt",
    )


# A port of our own, so that no other cluster is in the way.
ON_PORT = """
case "$1 $2" in
    "sandbox " | "sandbox up") set -- "$@" --port {} ;;
esac
"""


@pytest.fixture
def shell(tmp_path: Path, free_port: int) -> Iterator[Screen]:
    """A shell in an empty home; what it leaves running is ended."""
    variables = with_dqshell(tmp_path, ON_PORT.format(free_port), PS1="$ ")
    try:
        with Screen(["bash", "--norc", "--noprofile", "--noediting"], variables, tmp_path, columns=240) as screen:
            wait_for_prompt(screen)
            yield screen
    finally:
        subprocess.run(["dqshell", "sandbox", "down"], env=variables, capture_output=True, check=False)


def test_every_console_block_shows_what_happens(shell: Screen, free_port: int) -> None:
    real = tuple(str(free_port + number) for number in range(len(PORTS)))
    for block in blocks(README.read_text("utf-8")):
        play(shell, block, Ports(real))
    assert shell.before_cursor == "$ ", "the last block does not end in the shell"


def test_exit_codes_and_formats_are_those_that_there_are() -> None:
    text = README.read_text("utf-8")
    for code, meaning in EXIT_CODE_MEANINGS.items():
        assert f"\n| {int(code)} | {meaning} |\n" in text
    assert f" {len(MODE_NAMES)}, among them CSV" in text


# The comparison itself.


def test_ids_times_and_what_is_left_out_may_differ() -> None:
    assert _matches("| 51a0f1d5f9da5636 | 0.31 |", "| b2d0ea8ae60942   | 10.5 |")
    assert _matches("error: ...; not applied", "error: the connection (a long\nstory) was lost; not applied")


@pytest.mark.parametrize("seen", ["error: it broke; applied", "error: it broke; not applied\nexit code 4"])
def test_another_outcome_is_not_taken_for_that_of_the_text(seen: str) -> None:
    assert not _matches("error: ...; not applied", seen)


def test_nodes_may_change_places_but_stay_who_they_are() -> None:
    ports = Ports(("20000", "20001", "20002"))
    assert ports.fits("127.0.0.1:9002 leads", "127.0.0.1:20002 leads")
    assert ports.real(".transfer 127.0.0.1:9002") == ".transfer 127.0.0.1:20002"
    assert not ports.fits("127.0.0.1:9002 leads", "127.0.0.1:20001 leads")
    assert not Ports(("20000", "20001", "20002")).fits(
        "127.0.0.1:9002, 127.0.0.1:9002", "127.0.0.1:20000, 127.0.0.1:20001"
    )
