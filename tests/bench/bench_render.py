"""How many rows a second each format renders, beside csv.writer:  python -m tests.bench.bench_render [ROWS]"""

from __future__ import annotations

import csv
import random
import sys
from time import perf_counter
from typing import TYPE_CHECKING

from dqshell.render.modes import MODES, open_renderer
from dqshell.render.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dqshell.render.values import Value

    Row = tuple[Value, ...]

PAGE = 70  # rows in a frame of 4 KiB


class _Sink:
    """Counts characters, as a file would take them."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, text: str) -> int:
        self.size += len(text)
        return len(text)


def _tables(count: int) -> dict[str, list[Row]]:
    chance = random.Random(1)
    return {
        "integer, text, price, NULL": [
            (number, f"name-of-row-{number:09d}", chance.randrange(10**7) / 100, None) for number in range(count)
        ],
        "integer, text, 17-digit real, NULL": [
            (number, f"name-of-row-{number:09d}", chance.random() * 1000, None) for number in range(count)
        ],
        "integer, words, price, NULL/blob/integer in turn": [
            (number, f"Some words {number:09d}", number / 4, (None, b"12345678", number)[number % 3])
            for number in range(count)
        ],
    }


def _render(mode: str) -> Callable[[Sequence[Row]], int]:
    def run(rows: Sequence[Row]) -> int:
        sink = _Sink()
        renderer = open_renderer(Settings(mode), sink.write)
        renderer.columns([f"c{number}" for number in range(len(rows[0]))])
        for start in range(0, len(rows), PAGE):
            renderer.rows(rows[start : start + PAGE])
        renderer.finish()
        return sink.size

    return run


def _csv_writer(rows: Sequence[Row]) -> int:
    sink = _Sink()
    writer = csv.writer(sink)
    for start in range(0, len(rows), PAGE):
        writer.writerows(rows[start : start + PAGE])
    return sink.size


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for name, rows in _tables(count).items():
        print(f"{count:,} rows of {name}, in pages of {PAGE}")
        runs = {"csv.writer (Python's)": _csv_writer} | {mode: _render(mode) for mode in MODES}
        for label, run in runs.items():
            best = float("inf")
            for _ in range(3):
                began = perf_counter()
                size = run(rows)
                best = min(best, perf_counter() - began)
            print(f"  {label:22} {count / best:>11,.0f} rows/s {size / best / 1e6:>8.0f} MB/s")


if __name__ == "__main__":
    main()
