"""Where the cluster is: from an option, from a file, or from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dqshell import config
from dqshell.errors import ConfigurationError, ExitCode

if TYPE_CHECKING:
    from pathlib import Path

AS_GO_DQLITE_WRITES_IT = """\
- ID: 3297041220608546238
  Address: 10.0.0.3:9001
  Role: 2
- ID: 1
  Address: 10.0.0.1:9001
  Role: 0
- ID: 10394288178453416158
  Address: '[fd00::2]:9001'
  Role: 1
- ID: 4
  Address: 10.0.0.4:9001
  Role: 0
"""


def servers(option: str | None = None, **variables: str) -> list[str]:
    return config.servers(option, variables)


def failure(option: str | None, **variables: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        config.servers(option, variables)
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value


def test_a_list_is_cut_at_its_commas() -> None:
    assert servers("a:1") == ["a:1"]
    assert servers(" a:1 , b:2,,[::1]:3, ") == ["a:1", "b:2", "[::1]:3"]


def test_an_address_that_is_named_twice_is_asked_once() -> None:
    assert servers("a:1,b:1,a:1") == ["a:1", "b:1"]


def test_an_option_beats_the_environment() -> None:
    assert servers(DQSHELL_SERVERS="a:1,b:2") == ["a:1", "b:2"]
    assert servers("c:3", DQSHELL_SERVERS="a:1") == ["c:3"]
    assert config.database(None, {"DQSHELL_DATABASE": "db"}) == "db"
    assert config.database("other", {"DQSHELL_DATABASE": "db"}) == "other"
    assert config.database("", {"DQSHELL_DATABASE": "db"}) == ""
    assert config.database(None, {}) is None


@pytest.mark.parametrize("nothing", [None, "", " , "])
def test_without_any_server_it_says_how_to_name_one(nothing: str | None) -> None:
    error = failure(nothing)
    assert error.message == "no servers given"
    assert "DQSHELL_SERVERS" in error.advice
    assert "dqshell sandbox" in error.advice


def test_a_file_of_go_dqlite_gives_its_addresses_voters_first(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(AS_GO_DQLITE_WRITES_IT)
    assert servers(f"file://{path}") == ["10.0.0.1:9001", "10.0.0.4:9001", "10.0.0.3:9001", "[fd00::2]:9001"]
    assert servers(DQSHELL_SERVERS=f"file://{path}")[0] == "10.0.0.1:9001"


def test_a_file_needs_nothing_but_addresses(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text('[{"Address": "a:1"}, {"Address": "b:2", "Role": 0, "Unknown": {}}]')
    assert servers(f"file://{path}") == ["b:2", "a:1"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", ": expected a list of nodes with ID, Address and Role"),
        (b"just text", ": expected a list of nodes with ID, Address and Role"),
        (b"Address: a:1\n", ": expected a list of nodes with ID, Address and Role"),
        (b"- a:1\n- b:2\n", ": expected a list of nodes with ID, Address and Role"),
        (b"[]", ": no nodes in it"),
        (b"- ID: 1\n  Address: a:1\n- ID: 2\n", ": node 2 has no Address"),
        (b"- Address: 17\n", ": node 1 has no Address"),
        (b"- Address: ''\n", ": node 1 has no Address"),
        (b"- ID: 1\n  Address: a:1\n Role: 0\n", ", line 3: not YAML: "),
        (b"- {\n", ", line 2: not YAML: "),
        (b"\xff\xfe\xff", ": not YAML: "),
        (b"- Address: \x00\n", ": not YAML: "),
        (b"!!python/object/apply:os.system ['true']", ", line 1: not YAML: "),
        (b"[" * 600, ": not YAML: "),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_file_that_is_something_else_is_refused_in_one_line(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_bytes(content)
    error = failure(f"file://{path}")
    assert error.message.startswith(f"{path}{problem}")
    assert "\n" not in error.message
    assert len(error.message) < 400


def test_a_file_that_cannot_be_read_is_named_with_its_reason(tmp_path: Path) -> None:
    assert failure(f"file://{tmp_path}/none").message == f"cannot read {tmp_path}/none: no such file or directory"
    assert failure(f"file://{tmp_path}").message == f"cannot read {tmp_path}: is a directory"
    assert failure("file://").message.startswith("cannot read ")
