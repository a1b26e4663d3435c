"""Exchanges with a real node, as they are kept in tests/wire/frames.

A file holds the bytes in hex, line by line: what the client sent after ">", what the server sent after "<", each
continued on indented lines; "*N" is the previous line N times more.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

FRAMES = Path(__file__).parent / "frames"

_LINE = 32


def save(name: str, title: str, exchange: list[tuple[str, bytes]]) -> None:
    """Write an exchange: pairs of ">" or "<" and a whole message (the handshake counts as one)."""
    lines = [f"# {title}"]
    for direction, data in exchange:
        pieces = [data[at : at + _LINE].hex() for at in range(0, len(data), _LINE)]
        lead = direction
        for piece, same in groupby(pieces):
            repeats = len(list(same)) - 1
            lines.append(f"{lead} {piece}")
            lead = " "
            if repeats:
                lines.append(f"*{repeats}")
    (FRAMES / f"{name}.hex").write_text("\n".join(lines) + "\n", "ascii")


def load(name: str) -> list[tuple[str, bytes]]:
    """Read an exchange that `save` wrote."""
    exchange: list[tuple[str, bytes]] = []
    last = b""
    for line in (FRAMES / f"{name}.hex").read_text("ascii").splitlines():
        if line[0] in "<>":
            exchange.append((line[0], b""))
        if line[0] == "*":
            more = last * int(line[1:])
        elif line[0] == "#":
            continue
        else:
            more = last = bytes.fromhex(line[2:])
        direction, data = exchange[-1]
        exchange[-1] = direction, data + more
    return exchange


def received(name: str) -> bytes:
    """All that the server sent in an exchange."""
    return b"".join(data for direction, data in load(name) if direction == "<")


def names() -> list[str]:
    return sorted(path.stem for path in FRAMES.glob("*.hex"))
