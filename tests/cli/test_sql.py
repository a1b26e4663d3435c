"""SQL reaches the cluster from arguments, from files and from a pipe, and results alone go to stdout."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.program import COUNTING, Running, command, dqshell, surroundings, within

if TYPE_CHECKING:
    from pathlib import Path

    from dqshell.sandbox.local import Sandbox


@pytest.fixture
def servers(cluster: Sandbox) -> str:
    return ",".join(cluster.addresses)


def test_statements_come_from_arguments_from_options_and_from_files_in_this_order(
    servers: str, database: str, tmp_path: Path
) -> None:
    script = tmp_path / "script.sql"
    script.write_text("INSERT INTO t VALUES ('file');\nSELECT * FROM t")
    done = dqshell(
        *("-s", servers, "--read", str(script), "-e", "INSERT INTO t VALUES ('option')"),
        *(database, "CREATE TABLE t (a)", "INSERT INTO t VALUES ('argument'); SELECT 'one;two', 3"),
        *("-e", ".print halfway"),
    )
    assert done.stdout == "one;two|3\nhalfway\nargument\noption\nfile\n"
    assert (done.code, done.stderr) == (0, "")


def test_a_script_comes_through_a_pipe(servers: str, database: str) -> None:
    done = dqshell(
        *("-s", servers, database),
        stdin="CREATE TABLE t (a);\n"
        "BEGIN; INSERT INTO t VALUES (1),\n (2);\nCOMMIT;\n"
        ".mode csv\nSELECT a, 'x,y' FROM t;\n"
        "SELECT 'a\n.mode list\nb', x'', NULL -- the last one lacks its semicolon",
    )
    assert (done.code, done.stderr) == (0, "")
    assert done.bytes == b'1,"x,y"\r\n2,"x,y"\r\n"a\n.mode list\nb","",\r\n'


def test_nothing_at_all_is_fine(servers: str, database: str) -> None:
    for text in ("", ";;;\n", "-- only\n/* comments */ ;"):
        for done in (within("-s", servers, database, stdin=text.encode()), within("-s", servers, database, "-e", text)):
            assert (done.code, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("list", "1|it's\n|\n"),
        ("csv", '1,"it\'s"\r\n,\r\n'),
        ("table", "+---+------+\n| a |  b   |\n+---+------+\n| 1 | it's |\n|   |      |\n+---+------+\n"),
        ("json", '[{"a":1,"b":"it\'s"},\n{"a":null,"b":null}]\n'),
        ("quote", "1,'it''s'\nNULL,NULL\n"),
    ],
)
def test_the_format_is_a_matter_of_f(mode: str, expected: str, servers: str, database: str) -> None:
    done = within("-s", servers, database, "SELECT 1 AS a, 'it''s' AS b UNION ALL SELECT NULL, NULL", "-f", mode)
    assert (done.stdout, done.code) == (expected, 0)


def test_headers_are_off_unless_asked_for(servers: str, database: str) -> None:
    query = "SELECT 1 AS one, 2 AS two"
    assert within("-s", servers, database, query).stdout == "1|2\n"
    assert within("-s", servers, "-H", database, query).stdout == "one|two\n1|2\n"
    assert within("-s", servers, database, query, "--headers", "--format=csv").bytes == b"one,two\r\n1,2\r\n"


@pytest.mark.parametrize("name", ["nodes", "leader", "transfer", "sql", "sandbox"])
def test_a_database_may_be_called_like_a_command(name: str, servers: str) -> None:
    done = within("-s", servers, "sql", name, "CREATE TABLE IF NOT EXISTS t (a)", "SELECT count(*) FROM t")
    assert (done.stdout, done.stderr, done.code) == ("0\n", "", 0)
    assert within("sql", "-s", servers, name, ".tables").stdout == "t\n"


def test_a_strange_name_is_just_a_name(servers: str) -> None:
    for name in ("../up.db", "a/b", "-dash", "two words", "é", "'"):
        done = within("-s", servers, "--", name, "CREATE TABLE IF NOT EXISTS t (a)", ".tables")
        assert (done.stdout, done.stderr, done.code) == ("t\n", "", 0)


def test_servers_and_database_may_come_from_the_environment(servers: str, database: str) -> None:
    variables = {"DQSHELL_SERVERS": servers, "DQSHELL_DATABASE": database}
    assert within("-e", "SELECT 'both'", **variables).stdout == "both\n"
    assert within("another", "SELECT 'one'", **variables).stdout == "one\n"
    assert within(stdin=b"SELECT 'script'", **variables).stdout == "script\n"
    assert within("leader", **variables).stdout.strip() in servers.split(",")
    assert within("-s", "127.0.0.1:1", "-e", "SELECT 1", **variables).code == 3, "an option beats the environment"


def test_servers_may_come_from_a_cluster_yaml(cluster: Sandbox, database: str, tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text("".join(f"- ID: {node.id}\n  Address: {node.address}\n  Role: 0\n" for node in cluster.nodes))
    assert within("-s", f"file://{path}", database, "SELECT 1").stdout == "1\n"
    assert within(f"--servers=file://{path}", "leader").stdout.strip() in cluster.addresses
    path.write_text("- Adress: 10.0.0.1:9001\n")
    done = within("-s", f"file://{path}", database, "SELECT 1")
    assert (done.code, done.stderr) == (2, f"error: {path}: node 1 has no Address\n")
    done = within("-s", f"file://{tmp_path}/none.yaml", "nodes")
    assert (done.code, done.stderr) == (2, f"error: cannot read {tmp_path}/none.yaml: no such file or directory\n")


def test_neither_the_locale_nor_a_missing_buffer_makes_a_difference(servers: str, database: str) -> None:
    script = "SELECT 'Łódź', x'80ff', CAST(x'c328' AS TEXT), '\N{GRINNING FACE}';\nSELECT 'é' AS \"ü\";"
    plain = dqshell("-s", servers, "-H", database, stdin=script)
    assert plain.code == 0
    assert plain.bytes.splitlines()[1] == "Łódź|".encode() + b"\x80\xff|\xc3(|" + "\N{GRINNING FACE}".encode()
    for variables in ({"LC_ALL": "C"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"}, {"PYTHONUNBUFFERED": "1"}):
        assert dqshell("-s", servers, "-H", database, stdin=script, **variables).bytes == plain.bytes


def test_results_and_everything_else_never_mix(servers: str, database: str) -> None:
    done = dqshell("-s", servers, database, "--keep-going", stdin="SELECT 1;\nSELEC;\nSELECT 2;\n.nope\nSELECT 3;")
    assert done.stdout == "1\n2\n3\n"
    assert done.stderr.startswith('error: line 2: near "SELEC": syntax error (code 1); not applied\nerror: line 4: ')
    assert done.code == 1


def test_rows_arrive_while_the_query_goes_on(servers: str, database: str) -> None:
    with Running("-s", servers, database, COUNTING + "SELECT n FROM c") as running:
        assert running.stdout.read(4) == b"1\n2\n"


def test_a_statement_is_run_before_the_script_goes_on(servers: str, database: str) -> None:
    with Running("-s", servers, database) as running:
        for number in range(3):
            running.say(f"SELECT {number};\n")
            assert running.stdout.readline() == f"{number}\n".encode()


def test_an_output_that_nobody_reads_on_ends_it_silently(servers: str, database: str) -> None:
    words = command("-s", servers, database, COUNTING + "SELECT n, 'some more text' FROM c")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1|some more text\n"
        process.stdout.close()
        _, stderr = process.communicate(timeout=5)
        assert (process.returncode, stderr) == (-13, b"")
    for arguments in (["nodes"], ["sql", "--help"], [database, ".help"]):
        shell = subprocess.run(
            ["bash", "-c", 'set -o pipefail; "$@" | true', "bash", *command("-s", servers, *arguments)],
            capture_output=True,
            env=surroundings(),
            check=False,
        )
        assert shell.returncode in (0, 1, 141)
        assert shell.stderr == b""


def test_an_output_that_is_full_is_an_error_and_not_silence(servers: str, database: str) -> None:
    for arguments in ([database, "SELECT 1"], [database, COUNTING + "SELECT n FROM c"], ["nodes"], ["--help"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                command("-s", servers, *arguments) if arguments != ["--help"] else command("--help"),
                stdin=subprocess.DEVNULL,
                stdout=full,
                stderr=subprocess.PIPE,
                env=surroundings(),
                check=False,
                timeout=10,
            )
        assert (done.returncode, done.stderr) == (1, b"error: no space left on device\n")


def test_closed_streams_are_no_obstacle(servers: str, database: str) -> None:
    def run(redirection: str, sql: str) -> subprocess.CompletedProcess[bytes]:
        words = command("-s", servers, database, sql)
        return subprocess.run(
            ["bash", "-c", f'"$@" {redirection}', "bash", *words],
            capture_output=True,
            env=surroundings(),
            check=False,
            timeout=10,
        )

    assert run("<&-", "CREATE TABLE t (a); SELECT 1").stdout == b"1\n"
    assert run(">&-", "INSERT INTO t VALUES (1)").returncode == 0
    assert run("2>&-", "INSERT INTO t VALUES (2); SELEC").returncode == 1
    assert run("<&- >&- 2>&-", "INSERT INTO t VALUES (3)").returncode == 0
    assert run("", "SELECT * FROM t").stdout == b"1\n2\n3\n"


def test_json_of_a_result_is_json(servers: str, database: str) -> None:
    done = dqshell("-s", servers, database, "-f", "json", "SELECT 9007199254740993 AS big, 'a\"b\n' AS t, 1.5 AS r")
    assert json.loads(done.stdout) == [{"big": 9007199254740993, "t": 'a"b\n', "r": 1.5}]
