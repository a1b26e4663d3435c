"""The sqlite3 program, which says how results ought to look."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from typing import TYPE_CHECKING

from dqshell.render.modes import open_renderer
from dqshell.render.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dqshell.render.values import Value

_PROGRAM = shutil.which("sqlite3")
_END = "==8<== the next one ==8<=="


def available() -> bool:
    """Whether the program is there, in the version that we follow."""
    if _PROGRAM is None:
        return False
    version = subprocess.run([_PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return version.startswith("3.40.")


class Case:
    """A result set, the sqlite3 commands that choose its format, and the settings that are to do the same."""

    def __init__(
        self,
        names: Sequence[str],
        rows: Sequence[tuple[Value, ...]],
        commands: Sequence[str],
        apply: Callable[[Settings], None],
    ) -> None:
        self.names = names
        self.rows = rows
        self.commands = commands
        self.apply = apply

    def ours(self, page_size: int = 0) -> str:
        """What we make of it, the rows handed over in pages of that size (0: all at once)."""
        settings = Settings()
        self.apply(settings)
        written: list[str] = []
        renderer = open_renderer(settings, written.append)
        renderer.columns(self.names)
        size = page_size or max(len(self.rows), 1)
        for start in range(0, len(self.rows), size):
            renderer.rows(self.rows[start : start + size])
        renderer.finish()
        return "".join(written)


def theirs(cases: Sequence[Case], directory: Path) -> list[str]:
    """What the sqlite3 program makes of them, in one run."""
    assert _PROGRAM is not None
    path = directory / "cases.db"
    path.unlink(missing_ok=True)
    script = []
    stored: dict[int, int] = {}
    with sqlite3.connect(path, isolation_level=None) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        for case in cases:
            if id(case.rows) not in stored:
                stored[id(case.rows)] = len(stored)
                _store(database, f"t{len(stored) - 1}", case)
            table = f"t{stored[id(case.rows)]}"
            columns = ", ".join(
                f'c{number} AS "{name.replace(chr(34), chr(34) * 2)}"' for number, name in enumerate(case.names)
            )
            # sqlite3 keeps its settings: back to those it starts with
            script += [".mode list", ".headers off", '.nullvalue ""', ".width", *case.commands]
            script += [f"SELECT {columns} FROM {table} ORDER BY rowid;", f".print {_END}"]
        database.execute("COMMIT")
    database.close()
    done = subprocess.run(
        [_PROGRAM, "-batch", "-init", "/dev/null", str(path)],
        input="\n".join(script).encode("utf-8", "surrogateescape") + b"\n",
        capture_output=True,
        check=True,
    )
    assert done.stderr in (b"", b"-- Loading resources from /dev/null\n"), done.stderr
    outputs = done.stdout.decode("utf-8", "surrogateescape").split(_END + "\n")
    assert len(outputs) == len(cases) + 1
    return outputs[:-1]


def _store(database: sqlite3.Connection, table: str, case: Case) -> None:
    places = range(len(case.names))
    database.execute(f"CREATE TABLE {table} ({', '.join(f'c{place}' for place in places)})")
    for row in case.rows:
        # Text may be no UTF-8: it is stored by its bytes.
        values = [cell.encode("utf-8", "surrogateescape") if isinstance(cell, str) else cell for cell in row]
        marks = ", ".join("CAST(? AS TEXT)" if isinstance(cell, str) else "?" for cell in row)
        database.execute(f"INSERT INTO {table} VALUES ({marks})", values)
