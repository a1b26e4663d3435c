"""A connected socket with time limits, and nothing of the protocol."""

from __future__ import annotations

import select
import socket

# Servers leave Nagle's algorithm on and answer a result that fills more than one frame with a small last one; the
# kernel's delayed acknowledgement then costs 40 ms. The option does not stick: it is set again before each receive.
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)

# A machine that loses its power says nothing. After 10 s of silence the kernel asks whether it is there, three times.
_KEEPALIVE = [
    (getattr(socket, name), value)
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3))
    if hasattr(socket, name)
]


class Stream:
    """Bytes to and from one peer.

    Raises OSError as the kernel reports it, and TimeoutError (with an errno only if the kernel gave up the peer); a
    return of 0 from `receive_into` is the end of the stream.
    """

    __slots__ = ("_quickack", "_socket", "_timeout")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._timeout: float | None = -1.0
        self._quickack = False
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for option, value in _KEEPALIVE:
                sock.setsockopt(socket.IPPROTO_TCP, option, value)
            self._quickack = _QUICKACK is not None

    def send(self, data: memoryview, timeout: float) -> int:
        """Send some of `data` within `timeout` seconds; the number of bytes that the kernel took."""
        self._limit(timeout)
        return self._socket.send(data)

    def receive_into(self, buffer: memoryview, timeout: float) -> int:
        """Receive into `buffer` within `timeout` seconds; the number of bytes, 0 at the end of the stream."""
        self._limit(timeout)
        if self._quickack:
            self._socket.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)  # type: ignore[arg-type]
        return self._socket.recv_into(buffer)

    def is_quiet(self) -> bool:
        """Whether there is nothing to read: neither bytes nor an end or an error. Costs one poll."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self._socket.close()

    def _limit(self, timeout: float) -> None:
        if timeout != self._timeout:
            self._timeout = timeout
            self._socket.settimeout(timeout)
