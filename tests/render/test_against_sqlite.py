"""Every mode that sqlite3 has, byte for byte against the sqlite3 program."""

from __future__ import annotations

import struct
from itertools import product
from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dqshell.render import table
from tests.render.oracle import Case, available, theirs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dqshell.render.settings import Settings
    from dqshell.render.values import Value

    Row = tuple[Value, ...]

pytestmark = pytest.mark.skipif(not available(), reason="needs the sqlite3 program, version 3.40")

TABLES = ("column", "table", "box", "markdown", "qbox")
MODES = ("list", "csv", "json", "line", "quote", "insert", "tabs", "html", "ascii", "tcl", *TABLES)

VALUES: tuple[Value, ...] = (
    *(None, 0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1),
    *(0.1, 1e300, -0.0, 3.0, 1e15, 1e14, 123456789012345680.0, inf, -inf, 5e-324, 123.0, 1.23, 999999999999999.9),
    *(2.0**63, -(2.0**63), 1e-5, 1e-4, 4.35, -2.5e-200),
    *(b"", b"\0", b"ab\0cd", b"\xff\xfe", b"text", "é".encode(), b"a\nb", b"\x1b[31m"),
    *("", " ", "it's", 'say "hi"', "a,b", "a|b", "a\tb", "\ta", "a b", "-5", "NULL", "\\", "a\\b", "%s %d %%"),
    *("a\nb", "a\r\nb\r\n", "\r", "\n", "x\n\ny", "\\n \\r \\012 \\015\n\r", "(\\n0)\\n\\012\n"),
    *("\x01\x1b[31m", "\x7f", "\x1f\x1e", "nul\0after", "<b>&amp;</b>", "word wrap, here and there: does-it not?"),
    *(
        "é",
        "日本語",
        "e\u0301",
        "👩\u200d👩\u200d👧",
        "日本語の長い文章はどこで折り返されるか",
        "\u202eabc",
        "\udcff\udc80x",
        "\udc80\udc80",
    ),
    *("y" * 60, "y" * 61, "y" * 200, "tab\tin\tthe middle\tof it all", " " * 70, "é" * 60, "five5", "five5 "),
)


def has_json_of_its_own(value: Value) -> bool:
    """Whether sqlite3 would write what is no UTF-8, and we do not."""
    if isinstance(value, str):
        return not value.isprintable() and value.encode("utf-8", "replace") != value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").encode() != value
    return False


def case(
    names: Sequence[str],
    rows: Sequence[Row],
    mode: str,
    *,
    headers: bool | None = None,
    nullvalue: str = "",
    separators: tuple[str, str] | None = None,
    widths: Sequence[int] = (),
    wrap: int | None = None,
    word_wrap: bool = False,
    quote: bool = False,
    table: str | None = None,
) -> Case:
    """A case for both programs."""
    commands = []
    if headers is not None:
        commands.append(f".headers {'on' if headers else 'off'}")
    options = [] if wrap is None else [f"--wrap {wrap}"]
    options += ["--ww"] * word_wrap + ["--quote"] * quote + ([] if table is None else [f'"{table}"'])
    commands.append(" ".join([".mode", mode, *options]))
    commands.append(f'.nullvalue "{nullvalue}"')
    if separators is not None:
        commands.append(".separator " + " ".join('"' + text.replace("\n", "\\n") + '"' for text in separators))
    if widths:
        commands.append(".width " + " ".join(map(str, widths)))

    def apply(settings: Settings) -> None:
        # The oracle runs all cases in one process, where the headers were set before.
        settings.headers = bool(headers)
        settings.set_mode(mode, table=table, wrap=wrap, word_wrap=word_wrap or None, quote=quote or None)
        settings.nullvalue = nullvalue
        settings.widths = list(widths)
        if separators is not None:
            settings.separator, settings.row_separator = separators

    if mode == "json":
        rows = [row for row in rows if not any(map(has_json_of_its_own, row))]
    return Case(names, rows, commands, apply)


@pytest.fixture(autouse=True, scope="module")
def _no_hurry() -> Iterator[None]:
    """However slow the machine is, tables wait for their first 1,000 rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "SAMPLE_SECONDS", inf)
        yield


def compare(cases: Sequence[Case], directory: Path) -> None:
    for number, (one, output) in enumerate(zip(cases, theirs(cases, directory), strict=True)):
        ours = one.ours(page_size=(0, 1, 7)[number % 3])
        assert ours == output, (one.commands, one.names, one.rows if len(one.rows) < 10 else "")


def test_every_awkward_value_in_every_mode(tmp_path: Path) -> None:
    every: list[Row] = [(value,) for value in VALUES]
    numbered: list[Row] = [(number, value, "z") for number, value in enumerate(VALUES)]
    mixed = [tuple(VALUES[start : start + 4]) for start in range(0, len(VALUES) - 3, 2)]
    tables: list[tuple[list[str], list[Row]]] = [
        (["id", 'the "value"', ""], numbered),
        (["v"], every),
        (["a", "a", "order", "%s"], mixed),
        (["none"], []),
    ]
    cases = [
        case(names, rows, mode, headers=headers, nullvalue="<n'l>")
        for mode in MODES
        for names, rows in tables
        for headers in (None, True)
    ]
    cases += [
        case(names, rows, mode, headers=True, widths=widths, wrap=wrap, word_wrap=word_wrap, quote=quote)
        for mode, (names, rows), widths, (wrap, word_wrap), quote in product(
            TABLES,
            tables,
            ((), (5, -4), (-30, 30, 1)),
            ((None, False), (0, False), (5, False), (9, True), (61, True)),
            (False, True),
        )
    ]
    compare(cases, tmp_path)


def test_awkward_column_names(tmp_path: Path) -> None:
    names = [
        *("a", "", "a", "select", "Select", "a b", "é", "日本", '"', "'", "a,b", "_x", "1a", "x$", "%s", "<a>"),
        *("\\", "tab\tbed", "two\nlines", "\x01", "\udcff", "y" * 70),
    ]
    cases = [
        case(names, [tuple(range(len(names)))], mode, headers=headers, widths=widths)
        for mode in MODES
        for headers in (True, False)
        for widths in (((), (3, -3, 2, 2, 2, 2)) if mode in TABLES else ((),))
        if mode != "json"
    ]
    cases.append(case([name for name in names if name != "\udcff"], [tuple(range(len(names) - 1))], "json"))
    compare(cases, tmp_path)


def test_separators_of_any_kind(tmp_path: Path) -> None:
    rows = [(1, "a-b", 0.5, None, b"x"), (-10, "", 1e300, "1", b"")]
    cases = [
        case(["a", "b-c", "d", "e", "f"], rows, mode, headers=True, separators=separators, nullvalue="-")
        for mode in ("list", "csv", "tabs", "quote", "line", "ascii", "tcl", "html", "insert", "json", "box")
        for separators in ((";", "\n"), ("-", "\n\n"), ("1", "|"), ("%s", "%"), ("ab", "é"), ("", "\n"), (".", ""))
    ]
    compare(cases, tmp_path)


@pytest.mark.parametrize("name", ["t", "order", "a b", 'a"b', "é", "9", "main.t"])
def test_names_of_the_table_in_insert_mode(tmp_path: Path, name: str) -> None:
    written = name.replace('"', '\\"')
    one = case(["a"], [(1,)], "insert", table=name)
    one.commands = [f'.mode insert "{written}"']
    compare([one], tmp_path)


doubles = st.one_of(
    st.floats(allow_nan=False),
    st.binary(min_size=8, max_size=8).map(lambda data: float(struct.unpack("d", data)[0])).filter(lambda x: x == x),
    st.integers(-(10**17), 10**17).map(float),
    st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
)
texts = st.one_of(
    st.text("ab 01,|;'\"\\\t\n\r\x01\x1b\x7f<>&%()-é日\u0301\u202e\udc80\udcff\0", max_size=30),
    st.text(max_size=12).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)),
    st.sampled_from(["a" * 59, "a b " * 20, "word-wrap, please. " * 5]),
)
values = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), doubles, texts, st.binary(max_size=12))
names = st.text("ab \"',%é<&_1\t", max_size=8)


@st.composite
def tables_of_rows(draw: st.DrawFn) -> tuple[list[str], list[Row]]:
    width = draw(st.integers(1, 4))
    columns = [
        draw(st.sampled_from([values, values, doubles, texts, st.none(), st.integers(-9, 9)])) for _ in range(width)
    ]
    return draw(st.lists(names, min_size=width, max_size=width)), draw(st.lists(st.tuples(*columns), max_size=8))


@st.composite
def cases(draw: st.DrawFn) -> list[Case]:
    made = []
    for column_names, rows in draw(st.lists(tables_of_rows(), min_size=1, max_size=3)):
        options: dict[str, Any] = {
            "headers": draw(st.sampled_from([None, True, False])),
            "nullvalue": draw(st.sampled_from(["", "NULL", "a,b", "é", "<>"])),
        }
        layout: dict[str, Any] = {
            "widths": draw(st.lists(st.integers(-9, 12), max_size=4)),
            "wrap": draw(st.sampled_from([None, 0, 1, 3, 8, 20])),
            "word_wrap": draw(st.booleans()),
            "quote": draw(st.booleans()),
        }
        made += [case(column_names, rows, mode, **options, **(layout if mode in TABLES else {})) for mode in MODES]
    return made


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(cases())
def test_tables_of_any_values(tmp_path_factory: pytest.TempPathFactory, cases: list[Case]) -> None:
    compare(cases, tmp_path_factory.mktemp("cases"))
