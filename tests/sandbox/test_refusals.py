"""A sandbox that cannot be made says why, and leaves nothing behind."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from dqshell.errors import SandboxError
from dqshell.sandbox import local, node
from dqshell.sandbox.local import Sandbox
from tests.sandbox.conftest import processes_about

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "sandbox"


def assert_nothing_is_left(directory: Path) -> None:
    assert not directory.exists()
    assert not processes_about(str(directory))


@pytest.mark.parametrize("taken", [0, 2])
def test_a_port_that_is_taken_is_named(directory: Path, free_port: int, taken: int) -> None:
    port = free_port + taken
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(SandboxError, match=rf"port {port} .* is taken") as refused,
    ):
        Sandbox.create(directory, port=free_port)
    assert "--port" in refused.value.advice
    assert_nothing_is_left(directory)


def test_a_port_that_is_taken_at_the_last_moment_is_named(
    directory: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_check_ports", lambda ports: None)
    with (
        socket.create_server(("127.0.0.1", free_port + 1)),
        pytest.raises(SandboxError, match=rf"port {free_port + 1} .* is taken"),
    ):
        Sandbox.create(directory, port=free_port)
    assert_nothing_is_left(directory)


def test_a_node_whose_port_was_taken_meanwhile_does_not_start_again(single: Sandbox) -> None:
    single.stop(1)
    port = int(single.addresses[0].rpartition(":")[2])
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(SandboxError, match=rf"port {port} .* is taken"),
    ):
        single.start(1)
    single.start(1)
    assert [status.state for status in single.status()] == ["running"]


@pytest.mark.parametrize("port", [0, -1, 65534, 70000])
def test_ports_that_do_not_exist_are_refused(directory: Path, port: int) -> None:
    with pytest.raises(SandboxError, match="does not do for 3 nodes"):
        Sandbox.create(directory, port=port)
    assert_nothing_is_left(directory)


def test_a_cluster_has_at_least_one_node(directory: Path) -> None:
    with pytest.raises(SandboxError, match="at least one node"):
        Sandbox.create(directory, 0)


def test_a_missing_libdqlite_is_named_with_its_package(
    directory: Path, free_port: int, launcher: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(node.LIBRARY_VARIABLE, "/nonexistent")
    with pytest.raises(SandboxError, match=r"libdqlite cannot be loaded from /nonexistent"):
        Sandbox.create(directory, port=free_port, launcher=launcher)
    assert_nothing_is_left(directory)
    monkeypatch.setattr(node, "LIBRARY_VARIABLE", "UNSET")
    with pytest.raises(SandboxError, match="libdqlite is not installed") as refused:
        Sandbox.create(directory, port=free_port, launcher=launcher)
    assert "apt-get install libdqlite0" in refused.value.advice
    assert_nothing_is_left(directory)


def test_a_launcher_that_does_not_exist_is_named(directory: Path, free_port: int) -> None:
    with pytest.raises(SandboxError, match="no sandbox can be made"):
        Sandbox.create(directory, port=free_port, launcher=["/nonexistent"])
    assert_nothing_is_left(directory)


def test_a_launcher_that_fails_is_quoted(directory: Path, free_port: int) -> None:
    launcher = ["sh", "-c", "echo no such thing; exit 9"]
    with pytest.raises(SandboxError, match="node 1 did not start: no such thing"):
        Sandbox.create(directory, 1, port=free_port, launcher=launcher)
    assert_nothing_is_left(directory)


def test_a_second_sandbox_in_the_same_directory_is_refused(single: Sandbox) -> None:
    with pytest.raises(SandboxError, match=r"there is a sandbox in .* already") as refused:
        Sandbox.create(single.directory)
    assert f"dqshell sandbox status --dir {single.directory}" in refused.value.advice
    assert f"dqshell sandbox down --dir {single.directory}" in refused.value.advice
    assert [status.state for status in single.status()] == ["running"]


def test_the_default_directory_needs_no_option(
    tmp_path: Path, free_port: int, launcher: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    directory = local.default_directory()
    assert directory == tmp_path / "dqshell" / "sandbox"
    with (
        Sandbox.create(directory, 1, port=free_port, launcher=launcher),
        pytest.raises(SandboxError) as refused,
    ):
        Sandbox.create(directory)
    assert "`dqshell sandbox down`" in refused.value.advice


def test_a_directory_that_holds_other_things_is_left_alone(directory: Path) -> None:
    directory.mkdir()
    letters = directory / "letters"
    letters.write_text("dear friend")
    with pytest.raises(SandboxError, match="not empty"):
        Sandbox.create(directory)
    assert letters.read_text() == "dear friend"


def test_a_file_is_no_directory(directory: Path) -> None:
    directory.write_text("")
    with pytest.raises(SandboxError, match="is not a directory"):
        Sandbox.create(directory)
    with pytest.raises(SandboxError, match="no sandbox can be made"):
        Sandbox.create(directory / "deeper")
    with pytest.raises(SandboxError, match="there is no sandbox"):
        Sandbox.open(directory)


def test_a_damaged_state_file_is_named(directory: Path) -> None:
    directory.mkdir()
    state = directory / local.STATE_FILE
    for text in ("", "[]", "{}", '{"nodes": [{}]}', '{"nodes": [], "latency_ms": 0}'):
        state.write_text(text)
        with pytest.raises(SandboxError, match=r"sandbox\.json cannot be read"):
            Sandbox.open(directory)


def test_an_empty_directory_will_do(directory: Path, free_port: int, launcher: list[str]) -> None:
    directory.mkdir()
    with Sandbox.create(directory, 1, port=free_port, launcher=launcher) as sandbox:
        assert os.path.samefile(sandbox.directory, directory)


def test_a_directory_is_the_same_by_any_name(tmp_path: Path, directory: Path, single: Sandbox) -> None:
    link = tmp_path / "link"
    link.symlink_to(directory)
    assert [status.state for status in Sandbox.open(link).status()] == ["running"]
