"""The formats that sqlite3 does not have, what we do otherwise, and how text is handed on."""

from __future__ import annotations

import json
import subprocess
import sys
from math import inf
from typing import TYPE_CHECKING, Any

import pytest

from dqshell.render.modes import MODES, open_renderer
from dqshell.render.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dqshell.render.values import Value

ROW: tuple[Value, ...] = (1, -2.5, "a\tb\nc\\d\re", None, b"\x00\xff", "é")
NAMES = ["i", "r", "t", "n", "b", "é"]


@pytest.fixture(autouse=True)
def _no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, tables wait for their first 1,000 rows."""
    monkeypatch.setattr("dqshell.render.table.SAMPLE_SECONDS", inf)


def render(mode: str, names: Sequence[str], *pages: Sequence[tuple[Value, ...]], **options: Any) -> str:
    settings = Settings(mode)
    for option, value in options.items():
        setattr(settings, option, value)
    written: list[str] = []
    renderer = open_renderer(settings, written.append)
    renderer.columns(names)
    for page in pages:
        renderer.rows(page)
    renderer.finish()
    return "".join(written)


def test_tsv_can_be_told_apart_and_read_back() -> None:
    assert render("tsv", NAMES, [ROW], headers=True) == (
        "i\tr\tt\tn\tb\té\n1\t-2.5\ta\\tb\\nc\\\\d\\re\t\\N\t\\\\x00ff\té\n"
    )
    assert render("tsv", ["a", "b"], [("", None), ("\\N", 0.1 + 0.2)]) == "\t\\N\n\\\\N\t0.30000000000000004\n"


def test_jsonl_is_an_object_a_line() -> None:
    lines = render("jsonl", NAMES, [ROW], [ROW]).split("\n")
    assert lines.pop() == ""
    assert [json.loads(line) for line in lines] == [
        {"i": 1, "r": -2.5, "t": "a\tb\nc\\d\re", "n": None, "b": "00ff", "é": "é"}
    ] * 2


def test_jsonl_reals_are_read_back_as_they_were() -> None:
    numbers = [0.1, 1e15, 1e300, 5e-324, 123456789012345680.0, inf, -inf]
    text = render("jsonl", ["x"], [(number,) for number in numbers])
    assert [json.loads(line)["x"] for line in text.splitlines()] == numbers


@pytest.mark.parametrize("mode", ["json", "jsonl"])
def test_json_is_valid_utf_8_whatever_the_data(mode: str) -> None:
    rows: list[tuple[Value, ...]] = [(b"\xff\0", "bad \udcff byte"), (b"text", "\ud800\x00\x7f\u2028"), (b"", "")]
    data = render(mode, ["\udcfeblob", "text"], rows, rows).encode("utf-8")
    values = json.loads(data) if mode == "json" else [json.loads(line) for line in data.split(b"\n") if line]
    assert len(values) == 6
    assert values[0] == {"\ufffdblob": "ff00", "text": "bad \ufffd byte"}
    assert values[1]["\ufffdblob"] == ("text" if mode == "json" else b"text".hex())


def test_json_blobs_can_be_base64_or_hex_throughout() -> None:
    assert render("json", ["b"], [(b"text",)], blobs="base64") == '[{"b":"dGV4dA=="}]\n'
    assert render("json", ["b"], [(b"text",)], blobs="hex") == '[{"b":"74657874"}]\n'
    assert render("jsonl", ["b"], [(b"\xff",)], blobs="base64") == '{"b":"/w=="}\n'


def test_json_can_quote_the_integers_that_readers_round() -> None:
    rows = [(2**53,), (2**53 + 1,), (-(2**63),)]
    assert render("jsonl", ["i"], rows, big_integers_as_text=True) == (
        '{"i":9007199254740992}\n{"i":"9007199254740993"}\n{"i":"-9223372036854775808"}\n'
    )


def test_vertical_shows_a_block_per_row() -> None:
    text = render("vertical", ["id", "name", "%"], [(1, "a\nb", None)], [(2, "", 0.5)], nullvalue="NULL")
    assert text == (
        "************************** 1. row **************************\n"
        "  id: 1\nname: a\n      b\n   %: NULL\n"
        "************************** 2. row **************************\n"
        "  id: 2\nname: \n   %: 0.5\n"
    )


def test_list_stops_a_text_at_its_nul_as_sqlite_does() -> None:
    assert render("list", ["a", "b"], [("x\0y", b"p\0q"), ("z", 1)]) == "x|p\nz|1\n"


@pytest.mark.parametrize("mode", sorted(MODES))
def test_a_result_without_rows_writes_nothing(mode: str) -> None:
    assert render(mode, ["a"], headers=True) == ""
    assert render(mode, ["a"], [], [], headers=True) == ""


@pytest.mark.parametrize("mode", sorted(MODES))
def test_pages_do_not_show_in_the_text(mode: str) -> None:
    rows: list[tuple[Value, ...]] = [ROW, (None, 1, "", b"", 2.0, "x"), (b"a", None, 1, "a b", "%s", -1)]
    whole = render(mode, NAMES, rows, headers=True)
    assert render(mode, NAMES, *[[row] for row in rows], headers=True) == whole
    assert render(mode, NAMES, [], rows[:2], [], rows[2:], headers=True) == whole


@pytest.mark.parametrize("mode", sorted(MODES))
def test_bytes_that_are_no_utf_8_are_passed_on_or_escaped(mode: str) -> None:
    text = render(mode, ["\udcff"], [("a\udcffb",)], headers=True)
    expected = {"tcl": "a\\377b", "json": "a\ufffdb", "jsonl": "a\ufffdb"}.get(mode, "a\udcffb")
    assert expected in text


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"column", "table", "box", "markdown"}))
def test_a_page_leaves_in_one_piece_and_at_once(mode: str) -> None:
    written: list[str] = []
    renderer = open_renderer(Settings(mode), written.append)
    renderer.columns(["a", "b"])
    for number in range(1, 4):
        renderer.rows([(1, "x")] * 50)
        assert len(written) == number


def test_list_imports_no_more_than_it_needs() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "from dqshell.render.modes import open_renderer\n"
        "from dqshell.render.settings import Settings\n"
        "renderer = open_renderer(Settings(), print)\n"
        "renderer.columns(['a']); renderer.rows([(1, ), (2.5, ), ('x', ), (None, ), (b'y', )]); renderer.finish()\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = {name for name in done.stdout.splitlines()[-1].split() if not name.startswith("dqshell.render")}
    assert imported <= {"dqshell", "__future__"}
