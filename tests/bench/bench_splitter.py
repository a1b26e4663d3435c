"""How fast a dump is split into statements:  python -m tests.bench.bench_splitter [MEGABYTES]"""

from __future__ import annotations

import sys
from time import perf_counter

from dqshell.shell.splitter import Splitter


def main() -> None:
    size = float(sys.argv[1] if len(sys.argv) > 1 else 20) * 1e6
    line = "INSERT INTO items VALUES({},'name of item {}','2024-01-01 10:00:00',{}.25,X'0011223344556677',NULL);\n"
    rows = [line.format(number, number, number) for number in range(int(size / 95))]
    values = [f"  ({number}, 'name of item {number}', {number}.25, NULL),\n" for number in range(int(size / 50))]
    trigger = "CREATE TRIGGER t{0} AFTER INSERT ON a BEGIN\n  UPDATE b SET c = {0};\n  DELETE FROM d;\nEND;\n"
    dump = "".join(rows)
    texts = {
        "INSERTs, line by line": rows,
        "INSERTs, in 64 KiB": [dump[start : start + 65536] for start in range(0, len(dump), 65536)],
        "one statement of many lines": ["INSERT INTO items VALUES\n", *values, "  (0, '', 0, NULL);\n"],
        "one statement on one line": ["INSERT INTO items VALUES " + "".join(values).replace("\n", "") + "(0);"],
        "one string, line by line": ["SELECT '", *["lorem ipsum dolor sit amet, consetetur\n"] * int(size / 40), "';"],
        "triggers, line by line": "".join(map(trigger.format, range(int(size / 90)))).splitlines(keepends=True),
    }
    for name, pieces in texts.items():
        splitter = Splitter()
        count = 0
        began = perf_counter()
        for piece in pieces:
            count += len(splitter.feed(piece))
        seconds = perf_counter() - began
        total = sum(map(len, pieces))
        print(f"{name:30} {total / seconds / 1e6:>7.0f} MB/s {count:>9,} statements in {seconds:.2f} s")


if __name__ == "__main__":
    main()
