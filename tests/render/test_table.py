"""Tables appear while their rows still arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dqshell.render.settings import Settings
from dqshell.render.table import SAMPLE_ROWS, Box, Column, Markdown, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dqshell.render.values import Value


class Screen:
    """A table under way, and a clock that stands still unless it is set."""

    def __init__(self, kind: type[Column], names: Sequence[str], **options: Any) -> None:
        self.now = 0.0
        self.written: list[str] = []
        settings = Settings()
        settings.headers = True
        for option, value in options.items():
            setattr(settings, option, value)
        self.renderer = kind(settings, self.written.append, clock=lambda: self.now)
        self.renderer.columns(names)

    def rows(self, *rows: tuple[Value, ...]) -> str:
        """What appears when these arrive."""
        self.written.clear()
        self.renderer.rows(rows)
        return "".join(self.written)

    def finish(self) -> str:
        self.written.clear()
        self.renderer.finish()
        return "".join(self.written)


def test_a_short_result_waits_for_its_end_and_fits_exactly() -> None:
    screen = Screen(Table, ["id", "name"])
    assert screen.rows((1, "a")) == ""
    assert screen.rows((20, "abc")) == ""
    assert screen.finish() == (
        "+----+------+\n| id | name |\n+----+------+\n| 1  | a    |\n| 20 | abc  |\n+----+------+\n"
    )


def test_the_first_rows_appear_after_a_tenth_of_a_second() -> None:
    screen = Screen(Column, ["a"])
    assert screen.rows((1,)) == ""
    screen.now = 0.099
    assert screen.rows((2,)) == ""
    screen.now = 0.1
    assert screen.rows() == "a\n-\n1\n2\n"
    assert screen.rows((3,)) == "3\n"
    assert screen.finish() == ""


def test_waiting_for_the_first_row_does_not_count() -> None:
    screen = Screen(Column, ["a"])
    screen.now = 60.0
    assert screen.rows() == ""
    assert screen.rows((1,)) == ""
    assert screen.finish() == "a\n-\n1\n"


def test_the_sample_is_a_thousand_rows_wherever_the_pages_end() -> None:
    rows = [("x" * (10 if number == SAMPLE_ROWS else 3),) for number in range(SAMPLE_ROWS + 1)]
    outputs = []
    for size in (1, 7, 999, 5000):
        screen = Screen(Table, ["a"])
        text = "".join(screen.rows(*rows[start : start + size]) for start in range(0, len(rows), size))
        outputs.append(text + screen.finish())
    assert len(set(outputs)) == 1
    assert outputs[0].splitlines()[-3:] == ["| xxx |", "| xxxxxxxxxx |", "+-----+"]


def test_memory_stays_flat() -> None:
    screen = Screen(Box, ["a"])
    for _ in range(SAMPLE_ROWS // 100):
        screen.rows(*[("x",)] * 100)
    text = screen.rows(*[("x",)] * 100)
    assert text == "│ x │\n" * 100


def test_a_later_cell_that_is_wider_is_not_cut() -> None:
    screen = Screen(Markdown, ["a", "b"])
    screen.rows((1, 2))
    screen.now = 1.0
    screen.rows()
    assert screen.rows(("wider", 3)) == "| wider | 3 |\n"


def test_a_later_row_of_several_lines_is_not_ruled_off() -> None:
    screen = Screen(Table, ["a"])
    screen.rows(("x",))
    screen.now = 1.0
    screen.rows()
    assert screen.rows(("1\n2",), ("3",)) == "| 1 |\n| 2 |\n| 3 |\n"


def test_rules_between_rows_of_several_lines_go_on_after_the_sample() -> None:
    screen = Screen(Table, ["a"])
    screen.rows(("1\n2",))
    screen.now = 1.0
    assert screen.rows().endswith("| 1 |\n| 2 |\n")
    assert screen.rows(("3",), ("4",)) == "+---+\n| 3 |\n+---+\n| 4 |\n"
    assert screen.finish() == "+---+\n"


def cells(text: str) -> int:
    """As a terminal counts them, roughly."""
    return sum(2 if char > "\u2e80" else 0 if "\u0300" <= char <= "\u036f" else 1 for char in text)


def test_wide_characters_line_up_when_asked_for() -> None:
    screen = Screen(Box, ["名", "n"], cell_width=cells)
    screen.rows(("日本", 1), ("ab", 2), ("e\u0301", 3))
    assert screen.finish().splitlines() == [
        "┌──────┬───┐",
        "│  名  │ n │",
        "├──────┼───┤",
        "│ 日本 │ 1 │",
        "│ ab   │ 2 │",
        "│ e\u0301    │ 3 │",
        "└──────┴───┘",
    ]


@pytest.mark.parametrize("kind", [Column, Table, Box, Markdown])
@pytest.mark.parametrize("width", [30, 60, 61, 300])
def test_a_table_is_cut_to_the_width_of_the_screen(kind: type[Column], width: int) -> None:
    screen = Screen(kind, ["id", "a very long name of a column", "text"], max_width=width, cell_width=cells)
    screen.rows((1, "x" * 100, "日本" * 30), (2, "short", None))
    text = screen.finish()
    longest = max(map(cells, text.splitlines()))
    assert longest <= width
    assert longest > width - 4 or width == 300
    assert ("…" in text) == (width < 300)
    later = screen.rows((3, "y" * 300, "z" * 300))
    assert later
    assert max(map(cells, later.splitlines())) <= width


def test_no_column_is_cut_to_nothing() -> None:
    screen = Screen(Table, ["abcdefgh"] * 10, max_width=20)
    screen.rows(("abcdefgh",) * 10)
    assert "| abc… | abc… |" in screen.finish()
