""".tables and .schema print what sqlite3 prints for the same schema."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Session
from dqshell.shell.interpreter import Interpreter
from tests.shell.memory import Shell, console

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dqshell.sandbox.local import Sandbox

SCHEMA = """
CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, "b c" TEXT);
CREATE TABLE if not exists "quo""ted" (x);
CREATE TABLE 'single' (x); -- a comment behind
CREATE TABLE spread (
    a, -- the first
    b  /* the second */
);
CREATE VIEW v AS SELECT a, "b c" FROM t;
CREATE VIEW v2 (p, "q r", "select", _1) AS SELECT a, a + 1, 3, 4 FROM t -- unfinished
;
CREATE VIEW v3 AS SELECT 1 AS x /* unfinished */;
CREATE VIEW lost AS SELECT * FROM gone;
CREATE INDEX i ON t ("b c");
CREATE TRIGGER tr AFTER INSERT ON t BEGIN
  SELECT 1;
END;
CREATE VIRTUAL TABLE f USING fts5(body, title);
CREATE TABLE g (a, b GENERATED ALWAYS AS (a * 2) STORED, c AS (a + 1));
CREATE TABLE w (a PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE copied AS SELECT 1 AS x, 'y' AS "y z";
CREATE VIEW "odd""name" AS SELECT 1 AS x;
ANALYZE;
"""


@pytest.fixture(scope="module")
def ours(cluster: Sandbox) -> Iterator[Shell]:
    with Session(cluster.addresses, "schema") as session:
        shell = Shell(Interpreter(session, console()))
        shell.run(SCHEMA)
        assert shell.errors == ""
        yield shell


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "schema.db"
    subprocess.run(["sqlite3", path], input=SCHEMA, text=True, check=True)
    return path


@pytest.mark.parametrize(
    "command",
    [
        ".tables",
        ".tables %t%",
        ".tables F_DATA",
        ".tables nope",
        ".schema",
        ".schema t",
        ".schema T",
        ".schema v_",
        ".schema v*",
        ".schema [tw]*",
        ".schema i",
        ".schema nope",
    ],
)
def test_it_is_what_sqlite3_prints(command: str, ours: Shell, theirs: Path) -> None:
    expected = subprocess.run(["sqlite3", theirs, command], capture_output=True, text=True, check=True).stdout
    assert ours.run(f"{command}\n") == expected
    assert ours.errors == ""


def test_what_schema_prints_makes_the_schema_again(ours: Shell, tmp_path: Path) -> None:
    script = ours.run(".schema\n")
    lines = [
        statement
        for statement in script.split(";\n")
        if not statement.startswith(("CREATE TABLE sqlite_", "CREATE TABLE IF NOT EXISTS 'f_"))
    ]
    path = tmp_path / "again.db"
    subprocess.run(["sqlite3", "-bail", path], input=";\n".join(lines), text=True, check=True)
    again = subprocess.run(["sqlite3", path, ".tables"], capture_output=True, text=True, check=True).stdout
    assert again == ours.run(".tables\n")
