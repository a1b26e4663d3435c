"""An interpreter on the real cluster, whose input and output are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dqshell.driver import Session
from dqshell.shell.interpreter import Interpreter
from tests.shell.memory import Shell, console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dqshell.sandbox.local import Sandbox


@pytest.fixture
def shell(cluster: Sandbox, database: str) -> Iterator[Shell]:
    output = console()
    with Session(cluster.addresses, database, listener=output) as session:
        yield Shell(Interpreter(session, output))
