"""What the driver's tests share: connections to the leader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from dqshell.driver import Connection, Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dqshell.sandbox.local import Sandbox


class Connector(Protocol):
    """Makes connections to the leader, with a database open on them."""

    def __call__(self, database: str) -> Connection: ...


@pytest.fixture
def connect(cluster: Sandbox) -> Iterator[Connector]:
    connections = []

    def to_leader(database: str) -> Connection:
        connection = Search(cluster.addresses).run(10.0)
        connections.append(connection)
        connection.open(database)
        return connection

    yield to_leader
    for connection in connections:
        connection.close()


@pytest.fixture
def connection(connect: Connector, database: str) -> Connection:
    """A connection to the leader with a database of its own, in which there is a table t (a, b)."""
    connection = connect(database)
    connection.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
    return connection
