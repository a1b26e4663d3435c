"""Data never steers the terminal."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqshell.render.modes import MODES, open_renderer
from dqshell.render.settings import Settings
from dqshell.render.terminal import sanitize

DANGEROUS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 e\u0301 👩\u200d👧", "plain é 日本 e\u0301 👩\u200d👧"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("a\r\nb\tc\x00", "a\\x0d\\x0ab\\x09c\\x00"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("abc\u202edef\u2066", "abc\\u202edef\\u2066"),
        ("\udcff\ud800", "\\xff\\ud800"),
        ("a\u00a0b", "a\u00a0b"),
    ],
)
def test_what_could_steer_the_terminal_is_shown(text: str, shown: str) -> None:
    assert sanitize(text) == shown


def test_line_breaks_and_tabs_can_be_kept() -> None:
    assert sanitize("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\x1b"


@pytest.mark.parametrize("mode", sorted(set(MODES) - {"ascii"}))
@given(text=st.text(st.characters(max_codepoint=0x20FF) | st.sampled_from("\x1b\x9b\u202e\udcff\n\r")))
def test_no_mode_lets_it_through(mode: str, text: str) -> None:
    settings = Settings(mode)
    settings.headers = True
    settings.row_separator = "\n"
    settings.for_terminal = True
    written: list[str] = []
    renderer = open_renderer(settings, written.append)
    renderer.columns([text, "b"])
    renderer.rows([(text, text.encode("utf-8", "surrogatepass"))])
    renderer.finish()
    assert not DANGEROUS.search("".join(written))


def render(mode: str, value: str | bytes) -> str:
    settings = Settings(mode)
    settings.for_terminal = True
    written: list[str] = []
    renderer = open_renderer(settings, written.append)
    renderer.columns(["a"])
    renderer.rows([(value,)])
    renderer.finish()
    return "".join(written)


def test_json_still_means_the_same() -> None:
    text = "\x1b[31m\x9b\u202e\x7f\n日本"
    assert json.loads(render("json", text)) == [{"a": text}]


def test_blobs_are_short_and_hex_where_the_mode_has_no_form_for_them() -> None:
    assert render("list", b"\x1b[2J") == "x'1b5b324a'\n"
    assert render("list", b"\0" * 100) == f"x'{'00' * 32}…' (100 bytes)\n"
    assert render("quote", b"\0" * 100) == f"X'{'00' * 100}'\n"


def test_line_breaks_of_windows_are_ordinary_ones() -> None:
    assert render("list", "a\r\nb\rc") == "a\nb\\x0dc\n"
