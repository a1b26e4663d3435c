"""A dump of sqlite3 goes in, and what comes back is what sqlite3 holds."""

from __future__ import annotations

import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import Finished, dqshell

if TYPE_CHECKING:
    from pathlib import Path

    from dqshell.sandbox.local import Sandbox

ROWS = 20_000

SCHEMA = """
CREATE TABLE people (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, height REAL, photo BLOB,
    initial TEXT GENERATED ALWAYS AS (substr(name, 1, 1)) VIRTUAL,
    double REAL GENERATED ALWAYS AS (height * 2) STORED,
    CHECK (length(name) < 5000)
);
CREATE UNIQUE INDEX by_name ON people (name, id);
CREATE INDEX tall ON people (height) WHERE height > 1.5;
CREATE TABLE log ("when; what" INTEGER PRIMARY KEY AUTOINCREMENT, 'an "odd" name' TEXT, whom REFERENCES people (id));
CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE VIEW tall_people AS SELECT name, height FROM people WHERE height > 1.9 ORDER BY id;
CREATE TRIGGER remember AFTER INSERT ON people WHEN new.id % 1000 = 0 BEGIN
    INSERT INTO log ('an "odd" name', whom) VALUES ('begin; ''end''; -- ' || new.name, new.id);
    UPDATE log SET whom = whom /* nothing; */ WHERE "when; what" = 0;
END;
CREATE TRIGGER through_the_view INSTEAD OF INSERT ON tall_people BEGIN
    INSERT INTO people (name, height) VALUES (new.name, new.height);
END;
"""

NASTY = [
    "",
    "'",
    "''; DROP TABLE people; --",
    "two\nlines",
    "carriage\r\nreturn",
    "\ttab",
    ".help",
    "line one\n.quit\nline three",
    "semi;colon",
    "-- no comment",
    "/* no comment",
    'quote"quote',
    "back\\slash",
    "Zażółć gęślą jaźń \N{GRINNING FACE}",
    "x" * 4900,
]

QUERIES = [
    "SELECT * FROM people ORDER BY id",
    "SELECT id, typeof(name), typeof(height), typeof(photo), hex(photo), initial, double FROM people ORDER BY id",
    "SELECT * FROM log ORDER BY 1",
    "SELECT * FROM pairs ORDER BY 1, 2",
    "SELECT * FROM tall_people",
    "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name",
    "SELECT * FROM sqlite_sequence",
]


def fill(path: Path) -> None:
    """Make the database that is dumped."""
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        database.executemany(
            "INSERT INTO people (id, name, height, photo) VALUES (?, ?, ?, ?)",
            (
                (
                    number,
                    f"{NASTY[number % len(NASTY)]}{number}",
                    None if number % 7 == 0 else number / 9973,
                    None if number % 3 else bytes([number % 256, 0, 255, 39, 59]) * (number % 11),
                )
                for number in range(1, ROWS + 1)
            ),
        )
        database.executemany(
            "INSERT INTO pairs VALUES (?, ?)", [(-(2**63), 2**63 - 1), ("text", 1e308), (b"\xff\0", -0.1), (0, 1e-300)]
        )
        database.execute("INSERT INTO tall_people VALUES ('through the view', 2.5)")
    database.close()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "original.db"
    fill(path)
    return path


@pytest.fixture(scope="module")
def loaded(cluster: Sandbox, original: Path) -> Finished:
    dump = subprocess.run(["sqlite3", str(original), ".dump"], capture_output=True, check=True).stdout
    assert dump.count(b"\nINSERT INTO people") == ROWS + 1
    return dqshell("-s", ",".join(cluster.addresses), "dump", stdin=dump)


def test_a_dump_loads_without_a_word(loaded: Finished) -> None:
    assert (loaded.code, loaded.stdout, loaded.stderr) == (0, "", "")


@pytest.mark.parametrize("query", QUERIES)
def test_what_comes_back_is_what_sqlite3_holds(query: str, cluster: Sandbox, original: Path, loaded: Finished) -> None:
    expected = subprocess.run(["sqlite3", "-list", str(original), query], capture_output=True, check=True).stdout
    assert loaded.code == 0
    assert dqshell("-s", cluster.addresses[0], "dump", query).bytes == expected


def test_the_triggers_that_came_with_it_fire(cluster: Sandbox, loaded: Finished) -> None:
    assert loaded.code == 0
    done = dqshell(
        "-s",
        cluster.addresses[0],
        "dump",
        "SELECT count(*) FROM log; INSERT INTO people (id, name) VALUES (1000000, 'new'); SELECT count(*) FROM log;"
        "INSERT INTO tall_people VALUES ('newer', 2.25); SELECT * FROM tall_people WHERE name = 'newer';"
        "DELETE FROM log WHERE whom = 1000000; DELETE FROM people WHERE id >= 1000000",
    )
    before, after, newer = done.stdout.splitlines()
    assert int(after) == int(before) + 1
    assert newer == "newer|2.25"
