"""The house rules: arrows between rooms point down, rooms keep their privacy, modules stay small.

A room is a package or a module directly under dqshell/. The rules are checked by parsing the
imports, those inside functions and those only for the type checker included.
"""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = "dqshell"

# Every room, from the top down, and the rooms that it may import. The package itself
# (dqshell/__init__.py) is open to all.
MAY_IMPORT = {
    "__main__": {"cli"},
    "cli": {
        *("repl", "shell", "render", "cluster", "sandbox", "driver", "wire"),
        *("errors", "environment", "config"),
    },
    "repl": {"shell", "render", "cluster", "driver", "errors", "environment", "config"},
    "shell": {"render", "cluster", "sandbox", "driver", "errors", "environment", "config"},
    "render": {"errors"},
    "sandbox": {"cluster", "driver", "errors"},
    "cluster": {"driver", "errors"},
    "driver": {"wire", "errors"},
    "wire": {"errors"},
    "config": {"errors"},
    "environment": {"errors"},
    "errors": set[str](),
    "__init__": set[str](),
}

# Third-party and standard modules that some rooms must do without.
EVERY_ROOM = MAY_IMPORT.keys()
KEPT_OUT_OF = {
    "prompt_toolkit": EVERY_ROOM - {"repl"},
    "pygments": EVERY_ROOM - {"repl"},
    # wire turns bytes into messages and back: no socket, no clock, no logging
    "asyncio": {"wire"},
    "logging": {"wire"},
    "os": {"wire"},
    "select": {"wire"},
    "socket": {"wire"},
    "ssl": {"wire"},
    "time": {"wire"},
}

MOST_LINES = 500

SAYS_NOTHING = {"common", "helpers", "misc", "util", "utils"}  # as a module's name

NOT_IN_THE_TEXT = {
    "a path of somebody's machine": re.compile(r"/(?:work|root)/"),
    "a note to oneself": re.compile(r"\bT(?:ODO|BD)\b|\bFIX(?:ME)\b"),
    "a merge conflict": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}
TEXT = [PACKAGE, "tests", "completions", "man", "dev", "README.md", "CHANGELOG.md"]


class Import(NamedTuple):
    """One imported thing: `importer` and `module` are dotted names, `module` in full.

    `name` is what was taken out of the module, or None where the module itself was imported.
    """

    importer: str
    line: int
    module: str
    name: str | None

    def __str__(self) -> str:
        what = self.module if self.name is None else f"{self.name} from {self.module}"
        return f"{self.importer}:{self.line} imports {what}"


def room_of(module: str) -> str:
    """The room that a module of ours belongs to: "driver" for "dqshell.driver.dial"."""
    return module.split(".")[1] if "." in module else "__init__"


def python_files(root: Path) -> dict[str, Path]:
    """The modules under root/dqshell by their dotted name (a package by its own)."""
    files = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def imports(root: Path) -> Iterator[Import]:
    """Everything that the modules under root/dqshell import, relative imports resolved."""
    files = python_files(root)
    ours = {*files, *(module.rpartition(".")[0] for module in files)}
    for importer, path in files.items():
        package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(importer, node.lineno, alias.name, None)
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                if node.level:
                    ancestors = package.split(".")
                    base = ancestors[: len(ancestors) - node.level + 1]
                    module = ".".join([*base, module] if module else base)
                for alias in node.names:
                    submodule = f"{module}.{alias.name}"
                    if submodule in ours:
                        yield Import(importer, node.lineno, submodule, None)
                    else:
                        yield Import(importer, node.lineno, module, alias.name)


def is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def strangers(root: Path) -> list[str]:
    """Modules that belong to no room that the table knows."""
    return [module for module in python_files(root) if room_of(module) not in MAY_IMPORT]


def wrong_arrows(root: Path) -> list[Import]:
    """Imports of a room that the importer's room may not import."""
    wrong = []
    for found in imports(root):
        here, there = room_of(found.importer), room_of(found.module)
        if is_ours(found.module) and there not in {here, "__init__"} | MAY_IMPORT.get(here, set()):
            wrong.append(found)
    return wrong


def private_imports(root: Path) -> list[Import]:
    """Imports of a private module, or of a private name, out of another room."""
    return [
        found
        for found in imports(root)
        if is_ours(found.module)
        and room_of(found.importer) != room_of(found.module)
        and any(is_private(part) for part in [*found.module.split("."), found.name or ""])
    ]


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def circle(root: Path) -> list[str]:
    """Modules that import each other in a circle, or nothing."""
    graph: dict[str, set[str]] = {module: set() for module in python_files(root)}
    for found in imports(root):
        if found.module in graph and found.module != found.importer:
            graph[found.importer].add(found.module)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        modules: list[str] = error.args[1]
        return modules
    return []


def kept_out(root: Path) -> list[Import]:
    """Imports of modules that the importer's room must do without."""
    return [
        found
        for found in imports(root)
        if room_of(found.importer) in KEPT_OUT_OF.get(found.module.split(".")[0], set())
    ]


def demand_none(found: Iterable[object]) -> None:
    if text := "\n".join(str(one) for one in found):
        pytest.fail(text, pytrace=False)


def test_every_module_is_in_a_room() -> None:
    demand_none(strangers(ROOT))


def test_arrows_between_rooms_only_point_down() -> None:
    demand_none(wrong_arrows(ROOT))


def test_the_table_of_rooms_has_no_arrow_up() -> None:
    rooms = list(MAY_IMPORT)
    upwards = [
        f"{room} -> {below}"
        for room, allowed in MAY_IMPORT.items()
        for below in allowed
        if rooms.index(below) <= rooms.index(room)
    ]
    demand_none(upwards)


def test_no_room_takes_private_names_of_another() -> None:
    demand_none(private_imports(ROOT))


def test_modules_import_each_other_in_no_circle() -> None:
    demand_none(circle(ROOT))


def test_the_terminal_stays_in_the_repl_and_the_world_out_of_wire() -> None:
    demand_none(kept_out(ROOT))


def test_no_module_is_too_long() -> None:
    long = [
        f"{module}: {count} lines"
        for module, path in python_files(ROOT).items()
        if (count := path.read_text("utf-8").count("\n")) > MOST_LINES
    ]
    demand_none(long)


def test_modules_are_named_for_what_they_hold() -> None:
    modules = [*python_files(ROOT).values(), *(ROOT / "tests").rglob("*.py")]
    demand_none(path.relative_to(ROOT) for path in modules if path.stem in SAYS_NOTHING)


def text_files(root: Path) -> Iterator[tuple[Path, str]]:
    """The files that people read, with their text; what is no UTF-8 is left out."""
    for name in TEXT:
        for path in [root / name, *(root / name).rglob("*")]:
            if path.is_file() and "__pycache__" not in path.parts:
                try:
                    yield path.relative_to(root), path.read_text("utf-8")
                except UnicodeDecodeError:
                    continue


def test_the_text_speaks_of_the_project_alone() -> None:
    found = [
        f"{path}: {what} ({match.group()!r})"
        for path, text in text_files(ROOT)
        for what, pattern in NOT_IN_THE_TEXT.items()
        if (match := pattern.search(text))
    ]
    demand_none(found)


def test_documents_that_are_mentioned_exist() -> None:
    found = [
        f"{path}: {name}"
        for path, text in text_files(ROOT)
        for name in re.findall(r"\b[A-Z]{2,}\.md\b", text)
        if not (ROOT / name).exists() and name not in TEXT
    ]
    demand_none(found)


# The checks are checked on a small house where everything is wrong.


def build(root: Path, **modules: str) -> Path:
    """A package in `root`; "driver__dial" names the module driver/dial.py."""
    for name, source in modules.items():
        path = root / PACKAGE / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    return root


def test_an_arrow_that_points_up_is_seen_however_it_is_written(tmp_path: Path) -> None:
    build(
        tmp_path,
        shell__splitter="",
        wire__rows="def late():\n    import dqshell.driver.dial\n",
        driver__dial="from ..shell import splitter\n",
        driver__leader="if TYPE_CHECKING:\n    from dqshell.cluster import Node\n",
        cluster__probe="from dqshell import shell, __version__\nfrom dqshell.driver import dial\n",
        render__table="from dqshell.errors import Error\nfrom . import modes\nimport json\n",
    )
    assert [str(found) for found in wrong_arrows(tmp_path)] == [
        "dqshell.cluster.probe:1 imports dqshell.shell",
        "dqshell.driver.dial:1 imports dqshell.shell.splitter",
        "dqshell.driver.leader:2 imports Node from dqshell.cluster",
        "dqshell.wire.rows:2 imports dqshell.driver.dial",
    ]


def test_private_names_are_seen_across_rooms_but_not_within_one(tmp_path: Path) -> None:
    build(
        tmp_path,
        driver__dial="from dqshell.wire.rows import _fast, decode\n",
        driver__leader="from dqshell.driver.dial import _open\n",
        cluster__probe="from dqshell.driver._poll import ask\n",
    )
    assert [str(found) for found in private_imports(tmp_path)] == [
        "dqshell.cluster.probe:1 imports ask from dqshell.driver._poll",
        "dqshell.driver.dial:1 imports _fast from dqshell.wire.rows",
    ]


def test_a_circle_is_seen(tmp_path: Path) -> None:
    build(
        tmp_path,
        driver__dial="from dqshell.driver import leader\n",
        driver__leader="from .session import Session\n",
        driver__session="def later():\n    from . import dial\n",
    )
    assert set(circle(tmp_path)) == {
        "dqshell.driver.dial",
        "dqshell.driver.leader",
        "dqshell.driver.session",
    }


def test_strangers_and_what_is_kept_out_are_seen(tmp_path: Path) -> None:
    build(
        tmp_path,
        gossip="",
        shell__colour="from pygments.lexers import sql\n",
        repl__lexer="from pygments.lexers import sql\n",
        wire__framing="import socket\n",
    )
    assert strangers(tmp_path) == ["dqshell.gossip"]
    assert [str(found) for found in kept_out(tmp_path)] == [
        "dqshell.shell.colour:1 imports sql from pygments.lexers",
        "dqshell.wire.framing:1 imports socket",
    ]
