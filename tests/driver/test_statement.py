"""What the text of a statement tells, with SQLite itself as the judge."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dqshell.driver.statement import BEGIN, COMMIT, RELEASE, ROLLBACK, ROLLBACK_TO, SAVEPOINT, Statement
from dqshell.errors import Outcome, ProgrammingError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = """
CREATE TABLE t (a INTEGER PRIMARY KEY, b, c DEFAULT 'x');
CREATE TABLE "select" (a); CREATE TABLE replace (a);
CREATE INDEX i ON t (b);
CREATE VIEW v AS SELECT a, b FROM t;
CREATE TRIGGER r INSTEAD OF INSERT ON v BEGIN INSERT INTO t (b) VALUES (new.b); END;
CREATE VIRTUAL TABLE words USING fts4(text);
INSERT INTO t (b) VALUES (1), (2), ('three');
INSERT INTO words VALUES ('hello');
INSERT INTO words VALUES ('world');
DELETE FROM t WHERE a = 2;
PRAGMA user_version = 3;
"""

# Every PRAGMA of this SQLite. Heap limits hold for the whole process, this one too, so they are only parsed here.
ALL_PRAGMAS = sorted({name for (name,) in sqlite3.connect(":memory:").execute("PRAGMA pragma_list")})
PRAGMAS = [name for name in ALL_PRAGMAS if "heap_limit" not in name]
PRAGMA_FORMS = (
    "PRAGMA {}",
    "PRAGMA main.{}",
    'pragma "main" . "{}"',
    "PRAGMA/**/{} ;",
    "PRAGMA {} = 1",
    "PRAGMA {}(1)",
    "PRAGMA main.{} = -1",
    "PRAGMA {} = +2",
    "PRAGMA '{}' = 'off'",
    "PRAGMA [{}](t)",
    "PRAGMA {} = delete",
    "EXPLAIN PRAGMA {}",
    "EXPLAIN PRAGMA {} = 1",
    "EXPLAIN QUERY PLAN PRAGMA {}",
)

STATEMENTS = [
    "SELECT 1",
    "select * from t",
    "SeLeCt a fRoM t",
    "VALUES (1), (2)",
    "VALUES (1) UNION SELECT 2",
    "SELECT 1 UNION ALL VALUES (2)",
    "SELECT 'INSERT INTO t VALUES (9)'",
    "SELECT \"returning\" FROM (SELECT 1 AS 'returning')",
    "SELECT a AS [delete] FROM t",
    "/* DELETE */ SELECT /* INSERT */ 1 -- UPDATE",
    "-- DELETE FROM t\nSELECT 1",
    "/* outer /* inner */ SELECT 1",
    "/*/ still a comment */ SELECT 1",
    "/**/SELECT/**/1/* open",
    ";SELECT 1",
    " ; ;; /* ; */ SELECT 1 ;",
    "\ufeffSELECT 1",
    "\n\x0b\f SELECT 1",
    "SELECT 1;",
    "SELECT ';'",
    "SELECT ';' ; -- ;",
    "SELECT count(*) FROM words WHERE words MATCH 'hello'",
    "SELECT * FROM pragma_table_info('t')",
    "SELECT * FROM pragma_user_version",
    "SELECT optimize(words) FROM words LIMIT 1",
    'SELECT "optimize"(words) FROM words LIMIT 1',
    "VALUES ((SELECT Optimize(words) FROM words LIMIT 1))",
    "WITH x AS (SELECT 1) SELECT optimize(words) FROM words LIMIT 1",
    "SELECT * FROM pragma_optimize",
    "SELECT * FROM PRAGMA_OPTIMIZE(0xfffe)",
    "INSERT INTO t (b) VALUES (1)",
    "insert or ignore into t (b) values (1)",
    "INSERT INTO t DEFAULT VALUES",
    "INSERT INTO t (b) SELECT b FROM t",
    "INSERT INTO t (b) WITH x AS (SELECT 1) SELECT * FROM x",
    "INSERT INTO v (b) VALUES (7)",
    "INSERT INTO t (b) VALUES (1) RETURNING a",
    "INSERT INTO t (b) VALUES (1) returning *",
    "INSERT INTO t (b) VALUES ('RETURNING')",
    'INSERT INTO t (b) SELECT a AS "returning" FROM t',
    "INSERT INTO t (b) VALUES (1) -- RETURNING a",
    "INSERT INTO t (b) VALUES (1) /* RETURNING a */",
    "INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = 3",
    "INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO NOTHING RETURNING(a)",
    "REPLACE INTO t (a, b) VALUES (1, 2)",
    "REPLACE INTO t (a, b) VALUES (1, 2) RETURNING a, b",
    "REPLACE INTO replace VALUES (1)",
    "UPDATE t SET b = 5",
    "UPDATE t SET b = (SELECT a FROM t) RETURNING b",
    "UPDATE t SET b = 5 FROM (SELECT 1 AS returned)",
    "UPDATE t SET b = :returning",
    "UPDATE t SET b = @returning",
    "UPDATE t SET b = $returning",
    "UPDATE t SET b = x'00'",
    "UPDATE t SET b = 'it''s RETURNING'",
    "DELETE FROM t",
    "DELETE FROM t RETURNING*",
    'DELETE FROM "select"',
    "DELETE FROM t WHERE b IN (SELECT 1)",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "WITH x(y) AS (SELECT 1) SELECT * FROM x",
    "WITH x AS (SELECT 1), y AS (SELECT 2) SELECT * FROM x, y",
    "WITH RECURSIVE x(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM x LIMIT 3) SELECT n FROM x",
    "WITH RECURSIVE recursive AS (SELECT 1) SELECT * FROM recursive",
    "WITH x AS MATERIALIZED (SELECT 1) SELECT * FROM x",
    "WITH x AS NOT MATERIALIZED (SELECT 1) DELETE FROM t",
    "WITH x AS (SELECT 1) VALUES (1)",
    "WITH x AS (SELECT 1) INSERT INTO t (b) SELECT * FROM x",
    "WITH x AS (SELECT 1) INSERT INTO t (b) SELECT * FROM x RETURNING a",
    "WITH x AS (SELECT 1) REPLACE INTO t (b) SELECT * FROM x",
    "WITH x AS (SELECT 1) UPDATE t SET b = (SELECT * FROM x)",
    "WITH x AS (SELECT 1) DELETE FROM t",
    "WITH x AS (SELECT ')') DELETE FROM t",
    "WITH replace AS (SELECT 1) SELECT * FROM replace",
    "WITH replace AS (SELECT 1) DELETE FROM t",
    'WITH "select" AS (SELECT 1) DELETE FROM t',
    "WITH [select] AS (SELECT 1) DELETE FROM t",
    "WITH `values`(x) AS (SELECT 1) DELETE FROM t",
    "WITH 'delete' AS (SELECT 1) SELECT 1",
    "WITH \u017felect AS (SELECT 1) DELETE FROM t",
    "WITH \U0001f600select AS (SELECT 1) DELETE FROM t",
    "WITH a\u00a0select AS (SELECT 1) DELETE FROM t",
    "WITH \u0131nsert AS (SELECT 1) SELECT 1",
    "WITH a$select AS (SELECT 1) DELETE FROM t",
    "WITH x AS (SELECT 1) /* ) SELECT */ DELETE FROM t",
    "CREATE TABLE n (a)",
    "CREATE TABLE n AS SELECT 1",
    "CREATE TABLE trigger (a)",
    "CREATE TEMP TABLE n (a)",
    "CREATE TEMPORARY VIEW n AS SELECT 1",
    "CREATE UNIQUE INDEX n ON t (b)",
    "CREATE TRIGGER n AFTER DELETE ON t BEGIN SELECT 1; DELETE FROM t; END",
    "CREATE TRIGGER n AFTER DELETE ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; END;",
    "CREATE VIRTUAL TABLE n USING fts4(x)",
    "DROP TABLE t",
    "ALTER TABLE t RENAME TO u",
    "ALTER TABLE t RENAME COLUMN c TO d",
    "ALTER TABLE t ADD COLUMN d",
    "ALTER TABLE t DROP COLUMN c",
    "ANALYZE",
    "ANALYZE t",
    "REINDEX",
    "VACUUM",
    "ATTACH ':memory:' AS other",
    "BEGIN",
    "BEGIN IMMEDIATE TRANSACTION x",
    "SAVEPOINT a",
    "EXPLAIN SELECT 1",
    "EXPLAIN QUERY PLAN SELECT * FROM t",
    "EXPLAIN INSERT INTO t (b) VALUES (1)",
    "EXPLAIN DELETE FROM t RETURNING a",
    "EXPLAIN WITH x AS (SELECT 1) DELETE FROM t",
    "EXPLAIN CREATE TABLE n (a)",
    "EXPLAIN CREATE TRIGGER n AFTER DELETE ON t BEGIN SELECT 1; END;",
    "EXPLAIN DROP TABLE t",
    "EXPLAIN BEGIN",
    "EXPLAIN COMMIT",
    "EXPLAIN SAVEPOINT a",
    "EXPLAIN VACUUM",
    "EXPLAIN ANALYZE",
    "EXPLAIN REINDEX",
    "EXPLAIN ALTER TABLE t RENAME TO u",
    "EXPLAIN ATTACH ':memory:' AS other",
    "/* a */ EXPLAIN /* b */ QUERY -- c\n PLAN SELECT 1",
    "PRAGMA table_info(t)",
    "PRAGMA user_version = 00012",
    "PRAGMA nonsense = 1",
]


class Judge:
    """SQLite, on a database of its own in a file, which remembers what it was like."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._before = self._state()

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def has_columns(self, sql: str) -> bool | None:
        """Run it to its end. None if SQLite does not accept it."""
        names = ("returning",) if sql.rstrip().endswith(("@returning", ":returning", "$returning")) else ()
        with closing(self._connection.cursor()) as cursor:
            try:
                cursor.execute(sql, dict.fromkeys(names, 1))
            except sqlite3.Error:
                return None
            has_columns = cursor.description is not None
            cursor.fetchall()
        return has_columns

    def has_changed(self) -> bool:
        """Whether anything is different now: the file's bytes, or what the connection says of itself."""
        return self._state() != self._before

    def _state(self) -> tuple[object, ...]:
        connection = self._connection
        values = {name: connection.execute(f"PRAGMA {name}").fetchall() for name in _KEPT}
        # SQLite opens the temporary database when it likes.
        attached = [name for _, name, _ in connection.execute("PRAGMA database_list") if name != "temp"]
        return attached, self._path.read_bytes(), connection.total_changes, connection.in_transaction, values


# The PRAGMAs that hold a value which can be read without doing anything.
_KEPT = [
    name
    for name in PRAGMAS
    if name not in "incremental_vacuum optimize shrink_memory wal_checkpoint case_sensitive_like".split()
    and not name.endswith(("_check", "_info", "_xinfo", "_list"))
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("statements") / "template.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(SCHEMA)
    return path


def judge(template: Path) -> Judge:
    path = template.with_name("judged.db")
    for leftover in template.parent.glob("judged.db*"):
        leftover.unlink()
    shutil.copyfile(template, path)
    return Judge(path)


def check(template: Path, sql: str) -> bool:
    """Compare what we say with what SQLite does; False if SQLite does not accept it."""
    statement = Statement(sql)
    with judge(template) as sqlite:
        has_columns = sqlite.has_columns(sql)
        if has_columns is not None:
            assert statement.yields_rows == has_columns, sql
        if statement.reads:
            assert not sqlite.has_changed(), sql
    return has_columns is not None


@pytest.mark.parametrize("sql", STATEMENTS)
def test_rows_and_reads_are_what_sqlite_says(template: Path, sql: str) -> None:
    assert check(template, sql)


def test_rows_and_reads_of_every_pragma_are_what_sqlite_says(template: Path) -> None:
    accepted = [check(template, form.format(name)) for name in PRAGMAS for form in PRAGMA_FORMS]
    assert sum(accepted) > len(accepted) * 0.9


@pytest.mark.parametrize("name", ALL_PRAGMAS)
def test_a_pragma_is_known_by_its_name_however_that_is_written(name: str) -> None:
    for text in (name, name.upper(), f'"{name}"', f"'{name}'", f"[{name}]", f"`{name}`", f'main . "{name.title()}"'):
        assert Statement(f"PRAGMA {text}").pragma == (name, None)
        for argument in ("= x", "=X", "('x')", '("X")', "([x])", "= `x`"):
            assert Statement(f"PRAGMA {text}{argument}").pragma == (name, "x")
        assert Statement(f"EXPLAIN PRAGMA {text} = 1").pragma == (name, "1")


@pytest.mark.parametrize(
    ("text", "argument"),
    [("= 0", "0"), ("= 00", "00"), ("= 02", "02"), ("=2.5", "2.5"), ("= 0x1F", "0x1f"), ("= -1", "-1"), ("(+2)", "+2")],
)
def test_all_of_a_number_is_the_argument_of_a_pragma(text: str, argument: str) -> None:
    assert Statement(f"PRAGMA synchronous {text}").pragma == ("synchronous", argument)


def test_most_reads_are_known_to_be_reads() -> None:
    for sql in STATEMENTS:
        if sql.lstrip("\n\x0b\f\ufeff; ").upper().startswith(("SELECT", "VALUES")) and "optimize" not in sql.lower():
            assert Statement(sql).reads, sql
    for name in ("table_info", "table_list", "user_version", "foreign_keys", "journal_mode", "integrity_check"):
        assert Statement(f"PRAGMA {name}").reads


def test_nothing_is_a_read() -> None:
    for sql in ("", " ", ";", "-- x", "/* x", ";; -- ;"):
        assert Statement(sql).reads
        assert Statement(sql).verb == ""


# Statements out of pieces, with blanks, comments and case as they may come.

BLANKS = st.sampled_from([" ", "\n", "\t ", "/**/", "/* DELETE ; */", "-- ; INSERT\n", " \f\r\n"])
CASES = st.sampled_from([str.upper, str.lower, str.title])
NAMES = st.sampled_from(["x", '"select"', "[delete]", "replace", "`insert`", "'with'", "\u017felect", "ex\u00a0plain"])
READING = st.sampled_from(
    ["SELECT 1", "VALUES ( 1 )", "SELECT * FROM t", "SELECT a FROM t WHERE b IN ( SELECT 1 )", "SELECT 'x;y'"]
)
CHANGING = st.sampled_from(
    [
        "INSERT INTO t ( b ) VALUES ( 1 )",
        "REPLACE INTO t ( a , b ) SELECT 1 , 2",
        "UPDATE t SET b = 'RETURNING'",
        "DELETE FROM t WHERE a IN ( SELECT 1 )",
        "INSERT INTO v ( b ) VALUES ( ';' )",
    ]
)
PRAGMA = st.builds(
    "PRAGMA {} {}".format,
    st.sampled_from(PRAGMAS),
    st.sampled_from(["", "= 1", "( 0 )", "= 'off'", "( t )", "= - 1"]),
)
OTHER = st.sampled_from(
    [
        "CREATE TABLE n ( a )",
        "DROP TABLE t",
        "ANALYZE",
        "BEGIN",
        "SAVEPOINT a",
        "CREATE TEMP VIEW n AS SELECT 1",
        "REINDEX",
    ]
)
WITH = st.builds(
    "WITH {} {} AS {} ( {} ) {}".format,
    NAMES,
    st.sampled_from(["", "( y )"]),
    st.sampled_from(["", "MATERIALIZED", "NOT MATERIALIZED"]),
    st.sampled_from(["SELECT 1", "VALUES ( 1 )", "SELECT ')'"]),
    st.one_of(READING, CHANGING),
)
RETURNING = st.builds("{} RETURNING {}".format, CHANGING, st.sampled_from(["a", "*", "a , b"]))
PLAIN = st.one_of(READING, CHANGING, PRAGMA, OTHER, WITH, RETURNING)
ANY = st.one_of(PLAIN, st.builds("{} {}".format, st.sampled_from(["EXPLAIN", "EXPLAIN QUERY PLAN"]), PLAIN))


@st.composite
def written(draw: st.DrawFn) -> str:
    words = draw(ANY).split(" ")
    case = draw(CASES)
    text = draw(st.sampled_from(["", ";", "/* ; */ ;", "\ufeff"]))
    for word in words:
        text += draw(BLANKS) + (case(word) if word.isalpha() and word.isascii() else word)
    return text + draw(st.sampled_from(["", ";", " ; ", "-- x"]))


@given(sql=written())
def test_however_it_is_written_sqlite_agrees(template: Path, sql: str) -> None:
    check(template, sql)


# Transaction control.


@pytest.mark.parametrize(
    ("sql", "control", "savepoint"),
    [
        ("BEGIN", BEGIN, ""),
        ("begin deferred transaction x", BEGIN, ""),
        ("/* x */ Begin Exclusive;", BEGIN, ""),
        ("COMMIT", COMMIT, ""),
        ("COMMIT TRANSACTION savepoint", COMMIT, ""),
        ("END", COMMIT, ""),
        ("end transaction", COMMIT, ""),
        ("ROLLBACK", ROLLBACK, ""),
        ("ROLLBACK TRANSACTION", ROLLBACK, ""),
        ("ROLLBACK TRANSACTION x", ROLLBACK, ""),
        ('ROLLBACK TRANSACTION "to"', ROLLBACK, ""),
        ("ROLLBACK TO a", ROLLBACK_TO, "a"),
        ("rollback to savepoint A", ROLLBACK_TO, "a"),
        ("ROLLBACK TRANSACTION TO a", ROLLBACK_TO, "a"),
        ("ROLLBACK TRANSACTION x TO SAVEPOINT a", ROLLBACK_TO, "a"),
        ("SAVEPOINT a", SAVEPOINT, "a"),
        ("SAVEPOINT savepoint", SAVEPOINT, "savepoint"),
        ("SAVEPOINT 'A b'", SAVEPOINT, "a b"),
        ('SAVEPOINT "a""B"', SAVEPOINT, 'a"b'),
        ("SAVEPOINT [x y]", SAVEPOINT, "x y"),
        ("SAVEPOINT `x``y`", SAVEPOINT, "x`y"),
        ("SAVEPOINT \u00c9A", SAVEPOINT, "\u00c9a"),
        ("RELEASE a", RELEASE, "a"),
        ("RELEASE SAVEPOINT a", RELEASE, "a"),
        ("RELEASE SAVEPOINT SAVEPOINT", RELEASE, "savepoint"),
        ("EXPLAIN COMMIT", "", ""),
        ("SELECT 'COMMIT'", "", ""),
    ],
)
def test_transaction_control_is_recognized(sql: str, control: str, savepoint: str) -> None:
    statement = Statement(sql)
    assert (statement.control, statement.savepoint) == (control, savepoint)


# One statement at a time.

PIECES = st.sampled_from(
    [
        *("SELECT 1", "x", "END", ";", " ", "\n", "BEGIN", "TRIGGER", "CREATE TABLE trigger"),
        *("';'", '"a;b"', "[x;y]", "`;`", "-- ;\n", "/* ; */", "'", '"', "/*", "*/", "--"),
        "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END",
        "EXPLAIN create temp trigger t after insert on x begin select ';'; end",
        "EXPLAIN QUERY PLAN CREATE TEMPORARY TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END",
        "; END;",
    ]
)


def first_by_sqlite(sql: str) -> tuple[str, str]:
    """The first statement of a text and the rest, by SQLite's own rule of where one ends."""
    start = 0
    for at, character in enumerate(sql):
        if character == ";" and sqlite3.complete_statement(sql[start : at + 1]):
            if _stripped(sql[start:at]):
                return sql[:at], sql[at + 1 :]
            start = at + 1
    return sql, ""


def _stripped(sql: str) -> str:
    """Without blanks, comments and semicolons at its beginning."""
    while True:
        sql = sql.lstrip(" \t\n\f\r;")
        if sql.startswith("--"):
            sql = sql.partition("\n")[2]
        elif sql.startswith("/*"):
            sql = sql[2:].partition("*/")[2]
        else:
            return sql


@given(sql=st.lists(PIECES, max_size=12).map("".join))
@example(sql="CREATE TABLE trigger (a); DROP TABLE t")
@example(sql="EXPLAIN CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END; SELECT 2")
@example(sql="SELECT 1; /* ; */ -- ;\n ;;")
def test_a_second_statement_is_refused_where_sqlite_sees_one(sql: str) -> None:
    first, rest = first_by_sqlite(sql)
    if _stripped(rest):
        with pytest.raises(ProgrammingError) as caught:
            Statement(sql)
        assert (caught.value.outcome, caught.value.statement) == (Outcome.NOT_APPLIED, sql)
    else:
        statement = Statement(sql)
        assert first.startswith(statement.sql)
        assert not _stripped(first[len(statement.sql) :])


@pytest.mark.parametrize("sql", ["[" * 100_000 + ";x", "'" * 100_001 + ";", "/*" * 50_000 + ";x", "(" * 100_000])
@pytest.mark.timeout(2)
def test_the_time_is_linear_in_the_length(sql: str) -> None:
    for text in (sql, f"WITH x AS ({sql}", f"INSERT returning {sql}", f"PRAGMA {sql}", f"SAVEPOINT {sql}"):
        Statement(text)
