"""What `.mode` changes, compared with sqlite3's `.show`."""

from __future__ import annotations

import random
import subprocess

import pytest

from dqshell.errors import InterfaceError
from dqshell.render.modes import MODES, open_renderer
from dqshell.render.renderer import Renderer
from dqshell.render.settings import MODE_NAMES, Settings, mode_named
from tests.render.oracle import available

SQLITE_MODES = MODE_NAMES[: MODE_NAMES.index("json") + 1]


def shown(settings: Settings) -> list[str]:
    """The settings as sqlite3 shows them."""
    mode = settings.mode
    if mode in ("column", "table", "box", "markdown"):
        mode += f" --wrap {settings.wrap} --wordwrap {'on' if settings.word_wrap else 'off'}"
        mode += f" --{'' if settings.quote else 'no'}quote"
    codes = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\x1f": r"\037", "\x1e": r"\036"}
    separators = [
        "".join(codes.get(char, char) for char in text) for text in (settings.separator, settings.row_separator)
    ]
    return [
        f"headers: {'on' if settings.headers else 'off'}",
        f"mode: {mode}",
        f'colseparator: "{separators[0]}"',
        f'rowseparator: "{separators[1]}"',
    ]


@pytest.mark.skipif(not available(), reason="needs the sqlite3 program, version 3.40")
def test_a_series_of_modes_leaves_the_same_settings_as_in_sqlite() -> None:
    chance = random.Random(7)
    for round_ in range(20):
        settings = Settings()
        script, ours = [], []
        for _ in range(40):
            if round_ and not chance.randrange(12):
                settings.headers = chance.random() < 0.5
                script.append(f".headers {'on' if settings.headers else 'off'}")
            name = chance.choice(SQLITE_MODES)
            wrap = chance.choice([None, None, 0, 7])
            word_wrap = chance.choice([None, True, False])
            quote = chance.choice([None, True, False])
            words = [".mode", name]
            words += [] if wrap is None else ["--wrap", str(wrap)]
            words += [] if word_wrap is None else ["--wordwrap", "on" if word_wrap else "off"]
            words += [] if quote is None else ["--quote" if quote else "--noquote"]
            settings.set_mode(name, wrap=wrap, word_wrap=word_wrap, quote=quote)
            script += [" ".join(words), ".show"]
            ours += shown(settings)
        done = subprocess.run(
            ["sqlite3", "-batch"], input="\n".join(script), capture_output=True, text=True, check=True
        ).stdout
        kept = ("headers:", "mode:", "colseparator:", "rowseparator:")
        assert [line.strip() for line in done.splitlines() if line.strip().startswith(kept)] == ours


@pytest.mark.skipif(not available(), reason="needs the sqlite3 program, version 3.40")
def test_abbreviations_mean_the_same_as_in_sqlite() -> None:
    words = sorted({name[:size] for name in SQLITE_MODES for size in range(1, len(name) + 1)} | {"lines", "columns"})
    script = "".join(f".mode {word}\n.mode\n.print --\n" for word in words)
    done = subprocess.run(["sqlite3"], input=script, capture_output=True, text=True, check=False)
    answers = [answer.replace("current output mode: ", "").split()[0] for answer in done.stdout.split("--\n")[:-1]]
    for word, answer in zip(words, answers, strict=True):
        if word in ("qb", "qbo"):  # sqlite3 knows no such mode, and keeps the one it has
            with pytest.raises(InterfaceError):
                Settings(word)
        else:
            assert Settings(word).mode == answer, word


def test_a_mode_that_does_not_exist_is_refused_with_the_ones_that_do() -> None:
    with pytest.raises(InterfaceError, match=r"'xml'.*jsonl.*vertical"):
        Settings("xml")
    with pytest.raises(InterfaceError):
        mode_named("")


def test_abbreviations_of_our_own_modes() -> None:
    assert [mode_named(word) for word in ("j", "jsonl", "ts", "v", "t")] == ["json", "jsonl", "tsv", "vertical", "tcl"]


def test_column_mode_turns_headers_on_unless_somebody_chose() -> None:
    settings = Settings()
    settings.set_mode("column")
    assert settings.headers
    settings = Settings()
    settings.headers = False
    settings.set_mode("column")
    assert not settings.headers


def test_every_mode_has_a_renderer() -> None:
    for name in MODE_NAMES:
        assert isinstance(open_renderer(Settings(name), print), Renderer)
    assert set(MODES) == set(MODE_NAMES) - {"tabs", "qbox"}
