"""From start to first result: `dqshell ... "SELECT 1"` against a bare script that opens a socket and does the same.

Run it by `./dev bench start`. Whole processes, in turn; the ratio is taken pair by pair.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from dqshell.sandbox.local import Sandbox

RUNS = 30

BARE = """
import socket, struct, sys
host, port = sys.argv[1].split(":")
peer = socket.create_connection((host, int(port)))

def text(value):
    data = value.encode() + bytes(1)
    return data + bytes(-len(data) % 8)

def ask(kind, body):
    peer.sendall(struct.pack("<IBBH", len(body) // 8, kind, 0, 0) + body)
    data = b""
    while len(data) < 8 or len(data) < 8 + struct.unpack_from("<I", data)[0] * 8:
        data += peer.recv(65536)
    return data

peer.sendall((1).to_bytes(8, "little"))
ask(3, text("demo") + bytes(8) + text(""))
print(struct.unpack_from("<q", ask(9, bytes(8) + text("SELECT 1") + bytes(8)), -16)[0])
"""


def seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    taken = time.perf_counter() - begun
    assert output == "1\n", output
    return taken


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, Sandbox.private(3, latency_ms=100) as sandbox:
        script = Path(directory, "bare.py")
        script.write_text(BARE)
        bare = [sys.executable, str(script), sandbox.addresses[0]]
        program = str(Path(sys.executable).with_name("dqshell"))
        shell = [program, "-s", ",".join(sandbox.addresses), "demo", "SELECT 1"]
        seconds(bare), seconds(shell)
        pairs = [(seconds(bare), seconds(shell)) for _ in range(RUNS)]
    for name, times in zip(("bare script", "dqshell"), zip(*pairs, strict=True), strict=True):
        print(f"{name:12} median {statistics.median(times) * 1000:6.1f} ms, min {min(times) * 1000:6.1f} ms")
    ratios = [shell_time / bare_time for bare_time, shell_time in pairs]
    print(f"ratio        median {statistics.median(ratios):6.2f}, min {min(ratios):6.2f}")


if __name__ == "__main__":
    main()
