"""What Tab offers: asked of the program itself, and typed in real shells."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dqshell.cli.main import run
from dqshell.cli.options import COMMANDS
from dqshell.environment import Environment
from dqshell.render.settings import MODE_NAMES
from tests.on_path import with_dqshell
from tests.screen import Screen

if TYPE_CHECKING:
    from dqshell.sandbox.local import Sandbox
    from tests.conftest import ClusterFactory

ROOT = Path(__file__).parent.parent
FILES = {"bash": "dqshell.bash", "zsh": "_dqshell", "fish": "dqshell.fish"}


def answer(instruction: str, line: str, **variables: str) -> str:
    stdout = io.StringIO()
    variables = {"_DQSHELL_COMPLETE": instruction, "COMP_LINE": line, **variables}
    assert run([], Environment(io.BytesIO(), stdout, io.StringIO(), variables)) == 0
    return stdout.getvalue()


def complete(line: str, **variables: str) -> list[str]:
    """The words that could stand where the line ends, or the kind of what could."""
    answers = [text.split("\t") for text in answer("bash_complete", line, **variables).splitlines()]
    return [word or kind for kind, word, _ in answers]


@pytest.mark.parametrize(("shell", "name"), FILES.items())
def test_the_files_are_what_the_program_prints(shell: str, name: str) -> None:
    printed = answer(f"{shell}_source", "")
    assert (ROOT / "completions" / name).read_text("utf-8") == printed, "out of date: run ./dev completions"


def test_an_unknown_shell_is_an_error() -> None:
    environment = Environment(io.BytesIO(), io.StringIO(), io.StringIO(), {"_DQSHELL_COMPLETE": "cmd_source"})
    assert run([], environment) == 1


def test_the_first_word_can_be_any_command() -> None:
    assert complete("dqshell ") == sorted(COMMANDS)
    assert complete("dqshell tra") == ["transfer"]
    assert complete("dqshell -s 127.0.0.1:9001 --timeout 3 tra") == ["transfer"]


def test_behind_a_database_there_is_no_command() -> None:
    assert complete("dqshell library ") == []
    assert complete("dqshell library tra") == []
    assert complete("dqshell library 'SELECT * FROM tra") == []


@pytest.mark.parametrize("line", ["dqshell --ser", "dqshell nodes --ser", "dqshell -f json transfer --ser"])
def test_options_may_stand_before_and_behind_the_command(line: str) -> None:
    assert complete(line) == ["--servers"]


def test_each_command_has_its_own_options() -> None:
    assert "--unsafe" in complete("dqshell --")
    assert "--unsafe" in complete("dqshell library --")
    assert "--unsafe" not in complete("dqshell nodes --")
    assert "--nodes" in complete("dqshell sandbox up --")


@pytest.mark.parametrize("line", ["dqshell -f ", "dqshell nodes --format ", "dqshell sandbox status -f "])
def test_a_format_is_one_that_there_is(line: str) -> None:
    assert complete(line) == sorted(MODE_NAMES)


def test_a_value_behind_an_equals_sign_is_completed_with_its_option() -> None:
    assert complete("dqshell --format=js") == ["--format=json", "--format=jsonl"]


def test_the_sandbox_has_commands_of_its_own() -> None:
    assert complete("dqshell sandbox ") == ["down", "kill", "pause", "resume", "start", "status", "stop", "up"]


def test_files_and_directories_are_left_to_the_shell() -> None:
    assert complete("dqshell --read ") == ["file"]
    assert complete("dqshell sandbox up --dir ") == ["dir"]


def test_leadership_can_go_to_every_voter(cluster: Sandbox) -> None:
    first, *_ = cluster.addresses
    assert complete("dqshell transfer ", DQSHELL_SERVERS=first) == cluster.addresses
    assert complete(f"dqshell -s {first} transfer ") == cluster.addresses
    assert complete(f"dqshell transfer --servers={first} {first}") == [first]
    assert complete(f"dqshell transfer -s {first} 10.") == []
    assert complete(f"dqshell transfer -s {first} {first} ") == []


def test_a_node_that_is_gone_is_not_waited_for(cluster: Sandbox, free_port: int) -> None:
    servers = f"127.0.0.1:{free_port},{cluster.addresses[1]}"
    assert complete("dqshell transfer ", DQSHELL_SERVERS=servers) == cluster.addresses


@pytest.mark.parametrize("servers", ["", "no address", "file:///nowhere/cluster.yaml", "127.0.0.1:1"])
def test_without_a_cluster_no_node_is_offered(servers: str) -> None:
    assert complete("dqshell transfer ", DQSHELL_SERVERS=servers) == []


def test_silent_nodes_cost_little_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        servers = f"127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        assert complete("dqshell transfer ", DQSHELL_SERVERS=servers) == []
        assert time.monotonic() - begun < 1


def test_tab_costs_little_more_than_to_start_click(cluster: Sandbox, tmp_path: Path) -> None:
    variables = with_dqshell(tmp_path, DQSHELL_SERVERS=",".join(cluster.addresses))
    variables |= {"_DQSHELL_COMPLETE": "bash_complete", "COMP_LINE": "dqshell transfer "}

    def seconds(*command: str) -> float:
        begun = time.monotonic()
        subprocess.run(command, env=variables, capture_output=True, check=True)
        return time.monotonic() - begun

    pairs = [(seconds(sys.executable, "-c", "import click"), seconds("dqshell")) for _ in range(5)]
    # 0.06 s and 0.10 s on a machine that has nothing else to do
    assert min(tab for _, tab in pairs) < 3 * min(click_alone for click_alone, _ in pairs)


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@needs("bash")
def test_bash_replaces_only_what_stands_behind_the_last_colon(cluster: Sandbox, tmp_path: Path) -> None:
    line = f"dqshell -s {cluster.addresses[0]} transfer {cluster.addresses[2]}"
    script = f"""
        source {ROOT}/completions/dqshell.bash
        COMP_LINE='{line}' COMP_POINT={len(line)} COMP_WORDBREAKS=$' \\t\\n:='
        _dqshell dqshell
        echo "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=with_dqshell(tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stdout == cluster.addresses[2].partition(":")[2] + "\n"


@needs("fish")
def test_fish_shows_words_with_their_meaning(cluster: Sandbox, tmp_path: Path) -> None:
    def ask(line: str) -> list[str]:
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"source {ROOT}/completions/dqshell.fish; complete -C '{line}'"],
            env=variables,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()

    variables = with_dqshell(tmp_path, DQSHELL_SERVERS=cluster.addresses[0])
    assert ask("dqshell tra") == ["transfer\tMove leadership to another voter."]
    assert ask("dqshell transfer ")[0] == f"{cluster.addresses[0]}\tvoter, id 1"
    assert ask("dqshell --format=mark") == ["--format=markdown"]


TYPED = [  # keys, and what then stands on the line
    ("dqshell tra\t", "dqshell transfer "),
    ("dqshell transfer 127\t", "dqshell transfer {address} "),
    ("dqshell -s {address} transfer {address}\t", "dqshell -s {address} transfer {address} "),
    ("dqshell --format=mark\t", "dqshell --format=markdown "),
    ("dqshell --read /etc/hostn\t", "dqshell --read /etc/hostname "),
]
STARTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
PREPARE = {
    "bash": "source {root}/completions/dqshell.bash; PS1='REA''DY '",
    "zsh": "fpath=({root}/completions $fpath); autoload -Uz compinit; compinit -u -D; PS1='REA''DY '",
    "fish": "source {root}/completions/dqshell.fish; function fish_prompt; echo -n 'REA''DY '; end",
}


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=needs(shell)) for shell in FILES])
def test_tab_completes_in_a_real_shell(shell: str, fresh_cluster: ClusterFactory, tmp_path: Path) -> None:
    (address,) = fresh_cluster(nodes=1).addresses
    variables = with_dqshell(tmp_path, DQSHELL_SERVERS=address)
    with Screen(STARTS[shell], variables, tmp_path) as screen:

        def wait_for(line: str) -> None:
            screen.wait_for(lambda: screen.before_cursor == line, line)

        screen.type(PREPARE[shell].format(root=ROOT) + "\r")
        for keys, line in TYPED:
            wait_for("READY ")
            screen.type(keys.format(address=address))
            wait_for("READY " + line.format(address=address))
            screen.type("\x03")
