"""A wire that can be cut: TCP proxies in front of nodes, which count bytes and break off where they are told to.

Nodes tell their clients their own addresses, so a client would soon go past a proxy. `through` therefore replaces
the driver's way of dialling: it still thinks that it talks to the node's address.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from dqshell.driver import connection as connection_module
from dqshell.driver.dial import dial, split_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dqshell.driver.stream import Stream

Way = Literal["fin", "rst", "silence"]
Side = Literal["client", "server"]


class Cut(NamedTuple):
    """Break off when `after` bytes from one side have been passed on.

    With 0, as soon as something comes from that side. "silence" passes nothing on any more, in neither direction.
    """

    side: Side
    after: int
    way: Way


class Wire:
    """One connection through a proxy.

    `passed` counts the bytes from each side since `arm` was called last. `is_closed` is set when both ends are.
    """

    def __init__(self, client: socket.socket, server: socket.socket, client_port: int) -> None:
        self.passed: dict[Side, int] = {"client": 0, "server": 0}
        self.client_port = client_port
        self.is_over = False
        self.is_closed = threading.Event()
        self._sockets: dict[Side, socket.socket] = {"client": client, "server": server}
        self._alarm, self._alarmed = socket.socketpair()
        self._cut: Cut | None = None
        self._is_silent = False
        self._lock = threading.Lock()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def arm(self, cut: Cut | None = None) -> None:
        """Count from now on, and cut there. Nothing may be on its way."""
        with self._lock:
            self.passed = {"client": 0, "server": 0}
            self._cut = cut

    def cut(self, way: Way) -> None:
        """Cut it now, whatever is on its way."""
        with self._lock:
            if not self.is_over:
                self._end(way)
                self._alarm.send(b"!")

    def _run(self) -> None:
        while not self.is_over:
            watched = [self._sockets["client"]] if self._is_silent else list(self._sockets.values())
            ready = select.select([*watched, self._alarmed], [], [])[0]
            with self._lock:
                for side, sock in self._sockets.items():
                    if sock in ready and not self.is_over:
                        self._pass_on(side)
        for sock in (*self._sockets.values(), self._alarm, self._alarmed):
            sock.close()
        self.is_closed.set()

    def _pass_on(self, side: Side) -> None:
        try:
            # Servers wait for it before they send the end of a result.
            self._sockets[side].setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            data = self._sockets[side].recv(1 << 16)
            if not data:
                self._end("fin")
            elif not self._is_silent:
                self._pass(data, side)
        except OSError:
            self._end("rst")

    def _pass(self, data: bytes, side: Side) -> None:
        cut = self._cut if self._cut and self._cut.side == side else None
        if cut:
            data = data[: cut.after - self.passed[side]]
        self.passed[side] += len(data)
        self._sockets["server" if side == "client" else "client"].sendall(data)
        if cut and self.passed[side] == cut.after:
            self._end(cut.way)

    def _end(self, way: Way) -> None:
        if way == "silence":
            self._is_silent = True
            return
        for sock in self._sockets.values():
            if way == "rst":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the other side was faster
        self.is_over = True


class Proxy:
    """Stands in front of one node. `wires`: the connections through it."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.wires: list[Wire] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self._listener.getsockname())
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self) -> None:
        while True:
            try:
                client, (_, port) = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(split_address(self.node))
            except OSError:
                client.close()
                continue
            for sock in (client, server):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = Wire(client, server, port)
            self.wires = [wire, *(wire for wire in self.wires if not wire.is_closed.is_set())]
            wire.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        for wire in self.wires:
            wire.cut("fin")
        for wire in self.wires:
            wire.is_closed.wait(5.0)


@contextmanager
def through(nodes: Iterable[str]) -> Iterator[dict[str, Proxy]]:
    """Have the driver reach these nodes through proxies; those, by the nodes' addresses."""
    proxies = {node: Proxy(node) for node in nodes}

    def dial_proxy(address: str, deadline: float) -> Stream:
        return dial(proxies[address].address if address in proxies else address, deadline)

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection_module, "dial", dial_proxy)
            yield proxies
    finally:
        for proxy in proxies.values():
            proxy.close()
