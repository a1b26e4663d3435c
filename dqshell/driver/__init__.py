"""The driver: a connection to one node, finding the leader, and sessions that survive failover.

    from dqshell.driver import Session

    with Session(["10.0.0.1:9001", "10.0.0.2:9001"], "mydb") as session:
        for page in session.run("SELECT id, name FROM people").pages:
            for row in page:
                print(row)

Every error is a class of `dqshell.errors`, whose `outcome` says what became of the statement.
"""

from ..wire.messages import ROLE_NAMES, VOTER, Metadata, Server, ServerInfo
from .connection import Connection, Rows
from .leader import Search, Verdict
from .link import Limits, Listener
from .session import Result, Session

__all__ = [
    "ROLE_NAMES",
    "VOTER",
    "Connection",
    "Limits",
    "Listener",
    "Metadata",
    "Result",
    "Rows",
    "Search",
    "Server",
    "ServerInfo",
    "Session",
    "Verdict",
]
