"""The tree of errors: what servers answer, which class it becomes, and what that class says of the statement."""

from __future__ import annotations

import inspect
import re
from typing import NamedTuple

import pytest

from dqshell import errors
from dqshell.errors import EXIT_CODE_MEANINGS, DatabaseError, Error, ExitCode, Outcome, from_failure

APPLIED, NOT_APPLIED, UNKNOWN = Outcome.APPLIED, Outcome.NOT_APPLIED, Outcome.UNKNOWN


class Row(NamedTuple):
    """A failure that a server sends: to which request, and what it has to become."""

    code: int
    message: str
    request: str
    kind: str
    outcome: Outcome = NOT_APPLIED
    survives: bool = True
    exit_code: int = 1


# Measured on libdqlite 1.11.1, 1.18.1 and its development branch; the rest read in their sources.
FAILURES = [
    # The leadership is gone, and nothing ran.
    Row(10250, "not leader", "exec", "NotLeader", NOT_APPLIED, False, 4),
    Row(10250, "not leader", "query", "NotLeader", NOT_APPLIED, False, 4),
    Row(10250, "not leader", "open", "NotLeader", NOT_APPLIED, False, 4),
    Row(10250, "not leader", "prepare", "NotLeader", NOT_APPLIED, False, 4),
    Row(10250, "not leader", "membership", "NotLeader", NOT_APPLIED, False, 4),
    Row(10250, "not an error", "exec", "NotLeader", NOT_APPLIED, False, 4),
    Row(8202, "not leader", "exec", "NotLeader", NOT_APPLIED, False, 4),
    Row(8202, "not leader", "membership", "NotLeader", NOT_APPLIED, False, 4),
    Row(12, "no database opened", "exec", "DatabaseClosed", NOT_APPLIED, False, 4),
    Row(12, "no database opened", "query", "DatabaseClosed", NOT_APPLIED, False, 4),
    Row(12, "no database opened", "prepare", "DatabaseClosed", NOT_APPLIED, False, 4),
    Row(7, "no more rows available", "exec", "LeadershipMoving", NOT_APPLIED, False, 4),
    Row(7, "not an error", "exec", "LeadershipMoving", NOT_APPLIED, False, 4),
    # The entry was written, and then the leadership was lost.
    Row(10506, "disk I/O error", "exec", "LeadershipLost", UNKNOWN, False, 5),
    Row(10506, "leadership lost", "exec", "LeadershipLost", UNKNOWN, False, 5),
    Row(10506, "leadership lost", "query", "LeadershipLost", UNKNOWN, False, 5),
    Row(10506, "barrier error", "query", "LeadershipLost", UNKNOWN, False, 5),
    Row(10506, "server has lost leadership", "membership", "LeadershipLost", UNKNOWN, False, 5),
    Row(8458, "leadership lost", "exec", "LeadershipLost", UNKNOWN, False, 5),
    Row(8458, "leadership lost", "membership", "LeadershipLost", UNKNOWN, False, 5),
    # Raft's own codes, leaked with a text of SQLite's that does not fit.
    *[
        Row(code, message, "exec", "ServerFailed", UNKNOWN, False, 5)
        for code in (1, 5, 8, 9, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23)
        for message in ("no more rows available", "not an error", "another row available")
    ],
    # A disk or a process that gives up.
    Row(778, "disk I/O error", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(10, "disk I/O error", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(10, "leader exec failed", "query", "ServerFailed", UNKNOWN, False, 5),
    Row(10, "only WAL mode is supported", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(266, "disk I/O error", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(4, "abort", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(7, "out of memory", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(11, "database disk image is malformed", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(13, "database or disk is full", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(99, "a code that nobody knows", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row(1005 + (1 << 16), "no code of SQLite's", "exec", "ServerFailed", UNKNOWN, False, 5),
    Row((1 << 64) - 251, "a negative code", "exec", "ServerFailed", UNKNOWN, False, 5),
    # Somebody else is writing.
    Row(5, "database is locked", "exec", "Busy"),
    Row(5, "database is locked", "query", "Busy"),
    Row(5, "checkpoint in progress", "exec", "Busy"),
    Row(6, "database table is locked", "exec", "Busy"),
    Row(261, "database is locked", "exec", "Busy"),
    Row(517, "database is locked", "exec", "BusySnapshot"),
    # The statement is wrong, or its data.
    Row(1, 'near "SELEC": syntax error', "exec", "ProgrammingError"),
    Row(1, "no such table: x", "prepare", "ProgrammingError"),
    Row(1, "cannot commit - no transaction is active", "exec", "ProgrammingError"),
    Row(1, "nonempty statement tail", "query", "ProgrammingError"),
    Row(1, "integer overflow", "query", "ProgrammingError"),
    Row(1, "too many attached databases - max 0", "exec", "ProgrammingError"),
    Row(0, "empty statement", "query", "ProgrammingError"),
    Row(0, "empty statement", "prepare", "ProgrammingError"),
    Row(12, "no statement with the given id", "exec", "ProgrammingError"),
    Row(5, "a database for this connection is already open", "open", "ProgrammingError"),
    Row(21, "bad parameter or other API misuse", "exec", "ProgrammingError"),
    Row(1002, "database does not exists", "dump", "ProgrammingError"),
    Row(1, "not an error", "query", "RowsExpected"),
    Row(1555, "UNIQUE constraint failed: t.a", "exec", "IntegrityError"),
    Row(2067, "UNIQUE constraint failed: t.b", "query", "IntegrityError"),
    Row(787, "FOREIGN KEY constraint failed", "exec", "IntegrityError"),
    Row(275, "CHECK constraint failed: a", "exec", "IntegrityError"),
    Row(1043, "a function said no", "exec", "IntegrityError"),
    Row(1299, "NOT NULL constraint failed: t.a", "exec", "IntegrityError"),
    Row(19, "constraint failed", "exec", "IntegrityError"),
    Row(18, "string or blob too big", "exec", "DataError"),
    Row(20, "datatype mismatch", "exec", "DataError"),
    Row(25, "column index out of range", "exec", "DataError"),
    Row(25, "bind parameters", "exec", "DataError"),
    Row(8, "attempt to write a readonly database", "exec", "OperationalError"),
    Row(1032, "attempt to write a readonly database", "exec", "OperationalError"),
    # The server does not know it, or forbids it.
    Row(23, "not authorized", "exec", "NotSupportedError"),
    Row(23, "authorization denied", "exec", "NotSupportedError"),
    Row(1001, "protocol error", "other", "NotSupportedError"),
    Row(1005, "unrecognized request type", "other", "NotSupportedError"),
    Row(1005, "unrecognized schema version", "query", "NotSupportedError"),
    Row(1005, "unrecognized cluster format", "other", "NotSupportedError"),
    Row(1005, "unrecognized request type", "membership", "NotSupportedError"),
    Row(1005, "not an error", "exec", "NotSupportedError"),
    Row(1005, "bind parameters", "query", "NotSupportedError"),
    # Rows where none were read.
    Row(100, "another row available", "exec", "RowsYielded", UNKNOWN, True, 5),
    Row(100, "rows yielded when none expected for EXEC request", "query", "RowsYielded", UNKNOWN, True, 5),
    Row(1, "rows yielded when none expected for EXEC request", "exec", "RowsYielded", UNKNOWN, True, 5),
    # The cluster itself.
    Row(5, "a configuration change is already in progress", "membership", "MembershipChanging"),
    Row(1, "leadership transfer failed", "membership", "AdministrationFailed", UNKNOWN, True, 5),
    Row(1, "server ID is not valid", "membership", "AdministrationFailed", UNKNOWN, True, 5),
    Row(1, "no connection to remote server available", "membership", "AdministrationFailed", UNKNOWN, True, 5),
    Row(10, "disk I/O error", "membership", "AdministrationFailed", UNKNOWN, True, 5),
]

# Failures that no server sends: the driver itself finds them out.
FOUND_OUT_HERE = {
    "ConnectionLost": (UNKNOWN, False, 5),  # end of file, reset or broken pipe after the first byte was sent
    "NoAnswer": (UNKNOWN, False, 5),
    "Abandoned": (UNKNOWN, False, 5),
    "RemoteProtocolError": (UNKNOWN, False, 5),
    "NotSent": (NOT_APPLIED, False, 4),  # refused, or lost before the first byte
    "ReadCutOff": (NOT_APPLIED, False, 4),  # the end of the stream in the middle of rows
    "TransactionLost": (NOT_APPLIED, False, 4),
    "NodeUnreachable": (NOT_APPLIED, False, 3),
    "NoLeader": (NOT_APPLIED, False, 3),
    "Interrupted": (NOT_APPLIED, False, 130),
    "TimedOut": (NOT_APPLIED, True, 124),
}

# Classes that exist to be caught, never to be raised.
FAMILIES = {"DatabaseError", "Unavailable", "NotApplied", "OutcomeUnknown"}

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Error)}
DATABASE_ERRORS = {name for name, kind in CLASSES.items() if issubclass(kind, DatabaseError)}


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: f"{row.code}-{row.message[:20]}-{row.request}")
def test_every_failure_of_a_server_becomes_its_class(row: Row) -> None:
    error = from_failure(row.code, row.message, request=row.request, node="n:1", statement="SELECT 1")
    kind = type(error)
    assert (kind.__name__, kind.outcome, kind.survives, kind.exit_code) == row[3:]
    assert (error.code, error.node, error.statement) == (row.code, "n:1", "SELECT 1")
    assert str(error) == (kind.meaning or row.message)


def test_every_class_of_a_failure_has_a_row() -> None:
    raised = {row.kind for row in FAILURES}
    assert not raised & FOUND_OUT_HERE.keys()
    assert not (raised | FOUND_OUT_HERE.keys()) & FAMILIES
    assert raised | FOUND_OUT_HERE.keys() | FAMILIES == DATABASE_ERRORS


@pytest.mark.parametrize("name", FOUND_OUT_HERE)
def test_what_the_driver_finds_out_has_its_facts(name: str) -> None:
    kind = CLASSES[name]
    assert (kind.outcome, kind.survives, kind.exit_code) == FOUND_OUT_HERE[name]


def test_no_code_whatever_makes_a_certain_failure_of_one_that_nobody_knows() -> None:
    known = {row.code & 0xFF for row in FAILURES if row.outcome is NOT_APPLIED}
    for code in {*range(1 << 14), *(1 << shift for shift in range(14, 64)), (1 << 64) - 1}:
        outcome = errors.failure_class(code, "words", "exec").outcome
        assert outcome is UNKNOWN or (code & 0xFF in known and code < 1 << 16), code


@pytest.mark.parametrize(
    ("code", "primary"),
    [
        (None, None),
        (0, 0),
        (5, 5),
        (517, 5),
        (1043, 19),
        (1032, 8),
        (10250, 10),
        (1001, 1001),
        (1002, 1002),
        (1005, 1005),
    ],
)
def test_the_primary_code_is_that_of_sqlite_or_all_of_dqlites_own(code: int | None, primary: int | None) -> None:
    assert Error("words", code=code).primary_code == primary


# The tree.


def drawn_tree() -> list[tuple[str, str | None, str]]:
    """Name, parent and sentence of each line of the drawing in the module's docstring."""
    drawn: list[tuple[str, str | None, str]] = []
    ancestors: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.fullmatch(r"    ((?: *\|?)* *\+- )?([A-Z]\w+)(?: +(\S.*))?", line)
        if found is None:
            continue
        depth = len(found[1] or "")
        while ancestors and ancestors[-1][0] >= depth:
            ancestors.pop()
        drawn.append((found[2], ancestors[-1][1] if ancestors else None, found[3] or ""))
        ancestors.append((depth, found[2]))
    return drawn


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    real = {name: kind.__bases__[0].__name__ if kind is not Error else None for name, kind in CLASSES.items()}
    assert {name: parent for name, parent, _ in drawn_tree()} == real
    assert [name for name, _, _ in drawn_tree()] == list(dict.fromkeys(name for name, _, _ in drawn_tree()))


def test_every_leaf_of_the_drawing_has_a_sentence() -> None:
    parents = {parent for _, parent, _ in drawn_tree()}
    assert [name for name, _, said in drawn_tree() if not said and name not in parents] == []


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_says_what_it_is(name: str) -> None:
    assert (CLASSES[name].__doc__ or "").rstrip().endswith(".")
    assert CLASSES[name].__doc__ != CLASSES[name].__bases__[0].__doc__


def test_the_names_of_pep_249_are_there() -> None:
    for name in "InterfaceError DatabaseError DataError OperationalError IntegrityError ProgrammingError".split():
        assert CLASSES[name].__mro__[1] in (Error, DatabaseError)
    assert issubclass(errors.NotSupportedError, DatabaseError)


# Outcomes and exit codes.


@pytest.mark.parametrize("name", CLASSES)
def test_exit_code_five_is_said_of_the_unknown_and_of_nothing_else(name: str) -> None:
    kind = CLASSES[name]
    assert (kind.exit_code is ExitCode.UNKNOWN) == (kind.outcome is UNKNOWN) == issubclass(kind, errors.OutcomeUnknown)
    assert kind.outcome is not APPLIED


@pytest.mark.parametrize("name", CLASSES)
def test_exit_code_four_is_said_where_leadership_or_the_connection_was_lost(name: str) -> None:
    kind = CLASSES[name]
    assert (kind.exit_code is ExitCode.NOT_APPLIED) == issubclass(kind, errors.NotApplied)
    if issubclass(kind, errors.NotApplied):
        assert not kind.survives


@pytest.mark.parametrize("name", [name for name in CLASSES if CLASSES[name].outcome is UNKNOWN])
def test_nobody_is_advised_to_repeat_what_may_have_been_applied(name: str) -> None:
    advice = CLASSES[name].advice
    assert advice
    assert "safe to run" not in advice


def test_every_exit_code_has_a_meaning() -> None:
    assert EXIT_CODE_MEANINGS.keys() == set(ExitCode)
    assert len(set(EXIT_CODE_MEANINGS.values())) == len(ExitCode)


def test_the_exit_codes_never_change() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 6, 7, 124, 130]


def test_an_error_carries_its_facts_and_its_own_advice() -> None:
    error = errors.Busy("locked", code=5, node="a:1", statement="INSERT", advice="Wait.")
    assert (str(error), error.message, error.code, error.node, error.statement) == (
        "locked",
        "locked",
        5,
        "a:1",
        "INSERT",
    )
    assert (error.advice, errors.Busy("locked").advice) == ("Wait.", errors.Busy.advice)


def test_no_leader_has_a_line_for_every_node() -> None:
    assert errors.NoLeader("none", ["a", "b"]).report == ["a", "b"]
