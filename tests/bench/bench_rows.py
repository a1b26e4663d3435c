"""How fast rows are decoded, beside the naive decoder in the same run.

    python -m tests.bench.bench_rows [ROWS]

Frames are in memory, of 4 KiB as a server sends them. Trust the ratios more than the rates: both decoders take turns,
and the best of several turns counts.
"""

from __future__ import annotations

import random
import sys
from time import perf_counter
from typing import TYPE_CHECKING

from dqshell.wire.rows import RowDecoder
from tests.wire import naive

if TYPE_CHECKING:
    from collections.abc import Callable

    from dqshell.wire.values import Value

TURNS = 7

_random = random.Random(1)

DATA: dict[str, Callable[[int], tuple[Value, ...]]] = {
    "mixed, headers alternate": lambda i: (i, f"name-{i:016}", i * 0.37, (None, b"blob%04d" % (i % 10000), i)[i % 3]),
    "int, text, real": lambda i: (i, "x" * _random.randint(1, 22), i * 0.37),
    "3 ints": lambda i: (i, i * 7, -i),
    "int, real, NULL": lambda i: (i, i * 0.5, None),
    "10 columns, 512 headers": lambda i: tuple(
        j if j == 0 or _random.random() < 0.5 else (None if j % 2 else "text") for j in range(10)
    ),
}


def decode_fast(bodies: list[bytes]) -> None:
    decoder = RowDecoder()
    for body in bodies:
        decoder.decode(body)


def decode_naive(bodies: list[bytes]) -> None:
    for body in bodies:
        naive.decode(body)


def seconds(decode: Callable[[list[bytes]], None], bodies: list[bytes]) -> float:
    start = perf_counter()
    decode(bodies)
    return perf_counter() - start


def main(count: int) -> None:
    print(f"{count:,} rows, Python {sys.version.split()[0]}")
    print(f"{'':26} {'rows/s':>12} {'naive':>12} {'ratio':>7}")
    for name, row in DATA.items():
        rows = [row(i) for i in range(count)]
        bodies = naive.encode_pages([f"c{column}" for column in range(len(rows[0]))], rows)
        del rows
        turns = [(seconds(decode_fast, bodies), seconds(decode_naive, bodies)) for _ in range(TURNS)]
        fast, plain = (min(times) for times in zip(*turns, strict=True))
        print(f"{name:26} {count / fast:12,.0f} {count / plain:12,.0f} {plain / fast:6.1f}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100_000)
