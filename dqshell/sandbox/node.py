"""One dqlite node in this process, until SIGTERM or SIGINT.

    python node.py ID ADDRESS DIRECTORY LATENCY_MS FAILURE_DOMAIN

A script that stands alone: it imports the standard library only, so that any Python, under any
dynamic loader, can run it on another build of libdqlite. DQSHELL_LIBDQLITE names the library to
load instead of libdqlite.so.0.

It says "ready" in one line on stdout when the node accepts connections, and "stopped" after a
clean stop; or "error: ..." before it exits with one of the codes below.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys

LIBRARY = "libdqlite.so.0"
LIBRARY_VARIABLE = "DQSHELL_LIBDQLITE"

# Exit codes; 1 is any other failure.
USAGE = 2
NO_LIBRARY = 3
PORT_TAKEN = 4
NO_DIRECTORY = 5


class NodeError(Exception):
    """The node cannot run; `code` is the exit code of this process."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def load() -> ctypes.CDLL:
    """libdqlite, its functions declared: else ctypes cuts the 64-bit handle down to an int."""
    path = os.environ.get(LIBRARY_VARIABLE) or LIBRARY
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise NodeError(NO_LIBRARY, f"{path} cannot be loaded: {error}") from error
    node, text = ctypes.c_void_p, ctypes.c_char_p
    library.dqlite_node_create.argtypes = [ctypes.c_ulonglong, text, text, ctypes.POINTER(node)]
    library.dqlite_node_set_bind_address.argtypes = [node, text]
    library.dqlite_node_set_network_latency_ms.argtypes = [node, ctypes.c_uint]
    library.dqlite_node_set_failure_domain.argtypes = [node, ctypes.c_ulonglong]
    library.dqlite_node_start.argtypes = [node]
    library.dqlite_node_stop.argtypes = [node]
    library.dqlite_node_destroy.argtypes = [node]
    library.dqlite_node_destroy.restype = None
    library.dqlite_node_errmsg.argtypes = [node]
    library.dqlite_node_errmsg.restype = text
    return library


def take_port(address: str) -> socket.socket:
    """Raise NodeError if the address is taken. The result reserves it among sandboxes while it is open.

    dqlite itself must not be left to find out: it answers with a bare 1 and no message, and when another program
    begins to listen between its bind and its listen, it waits for ever.
    """
    host, port = address.rsplit(":", 1)
    # An abstract socket: as unique as the port, free again when the process ends, and in nobody's way.
    reservation = socket.socket(socket.AF_UNIX)
    try:
        reservation.bind(f"\0dqshell-sandbox-{port}")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(port)))
    except OSError as error:
        raise NodeError(PORT_TAKEN, f"{address} cannot be used: {error.strerror}") from error
    return reservation


def enter(directory: str) -> None:
    """Make the node's data directory the current one, so that it keeps no other in use."""
    try:
        os.chdir(directory)
    except OSError as error:
        raise NodeError(NO_DIRECTORY, f"{directory} cannot be used: {error.strerror}") from error
    if not os.access(".", os.W_OK | os.X_OK):
        raise NodeError(NO_DIRECTORY, f"{directory} is not writable")


def run(node_id: int, address: str, directory: str, latency_ms: int, failure_domain: int) -> None:
    """Run the node until SIGTERM or SIGINT.

    `latency_ms` is what the nodes are to expect of the network; 0 leaves libdqlite's default.
    Raises NodeError when it does not start or stop.
    """
    # Before the node's own threads exist: they inherit the mask, and leave the signals to this one.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    library = load()
    enter(directory)
    node = ctypes.c_void_p()

    def check(step: str, code: int) -> None:
        if code != 0:
            detail = library.dqlite_node_errmsg(node) if node.value else b""
            reason = detail.decode(errors="replace") if detail else "no reason given"
            raise NodeError(1, f"libdqlite: {step} failed with code {code} ({reason})")

    where, home = address.encode(), os.fsencode(directory)
    with take_port(address):
        check("create", library.dqlite_node_create(node_id, where, home, ctypes.byref(node)))
        check("set_bind_address", library.dqlite_node_set_bind_address(node, where))
        if latency_ms:
            check("set_latency", library.dqlite_node_set_network_latency_ms(node, latency_ms))
        check("set_failure_domain", library.dqlite_node_set_failure_domain(node, failure_domain))
        check("start", library.dqlite_node_start(node))
        print("ready", flush=True)
        signal.sigwait(signals)
        check("stop", library.dqlite_node_stop(node))
        library.dqlite_node_destroy(node)
        print("stopped", flush=True)


def main(arguments: list[str]) -> int:
    # What the shell that started us had open (locks, pipes) is not ours to keep open.
    os.closerange(3, 1024)
    if len(arguments) != 5:
        print("error: usage: node.py ID ADDRESS DIRECTORY LATENCY_MS FAILURE_DOMAIN", flush=True)
        return USAGE
    node_id, address, directory, latency_ms, failure_domain = arguments
    try:
        run(int(node_id), address, directory, int(latency_ms), int(failure_domain))
    except NodeError as error:
        print(f"error: {error}", flush=True)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
