"""From an address to a connected byte stream.

An address is `host:port`, `[ipv6]:port` or `unix:/path`. A new transport is one more function here that ends in a
`Stream`; everything above it only knows `dial`.
"""

from __future__ import annotations

import socket
import threading
from time import monotonic

from ..errors import ConfigurationError, NodeUnreachable
from .stream import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[ipv6]:port`. Raises ConfigurationError."""
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ConfigurationError(f"{address!r}: write an IPv6 address in brackets, like [::1]:9001")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ConfigurationError(f"{address!r} is not an address: expected host:port, [ipv6]:port or unix:/path")
    return host, int(port)


def check_address(address: str) -> None:
    """Raise ConfigurationError where `dial` could never use this address."""
    if address.startswith("@"):
        raise ConfigurationError(
            f"{address!r} is an abstract unix socket, which serves only the process that owns it: "
            "use the address at which that program listens for its clients"
        )
    if not address.startswith("unix:"):
        split_address(address)
    elif not address[5:]:
        raise ConfigurationError(f"{address!r} names no path: expected unix:/path")


def dial(address: str, deadline: float) -> Stream:
    """Connect to `address` before `deadline` (a value of `time.monotonic`).

    Raises NodeUnreachable (which names the step that failed) or ConfigurationError.
    """
    check_address(address)
    if address.startswith("unix:"):
        return _connect(address, [(socket.AF_UNIX, address[5:])], deadline)
    host, port = split_address(address)
    return _connect(address, _resolve(address, host, port, deadline), deadline)


def _resolve(address: str, host: str, port: int, deadline: float) -> list[tuple[int, Any]]:
    """The resolver has no time limit, so a name is looked up in a thread that can be left behind."""
    found: list[tuple[int, Any]] = []
    reason: object = "timed out"

    name = host.encode() if host.isascii() else host  # bytes spare the import of Python's IDNA codec

    def resolve(flags: int = 0) -> None:
        nonlocal reason
        try:
            answers = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=flags)
            found.extend((family, sockaddr) for family, _, _, _, sockaddr in answers)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error

    resolve(socket.AI_NUMERICHOST)
    if not found:
        reason = "timed out"
        thread = threading.Thread(target=resolve, daemon=True)
        thread.start()
        thread.join(max(deadline - monotonic(), 0.0))
    if not found:
        raise NodeUnreachable(f"cannot resolve the host name {host!r}: {reason}", node=address)
    return found


def _connect(address: str, candidates: list[tuple[int, Any]], deadline: float) -> Stream:
    """The first candidate that answers; one that is silent leaves the others their share of the time."""
    reason = "no address"
    for left, (family, sockaddr) in zip(range(len(candidates), 0, -1), candidates, strict=True):
        try:
            return _connected(family, sockaddr, max((deadline - monotonic()) / left, 0.001))
        except TimeoutError:
            reason = "timed out"
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
    raise NodeUnreachable(f"cannot connect: {reason}", node=address)


def _connected(family: int, sockaddr: Any, timeout: float) -> Stream:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        sock.connect(sockaddr)
        return Stream(sock)
    except BaseException:
        sock.close()
        raise
