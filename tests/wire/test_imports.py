from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

DEAR = {"argparse", "asyncio", "click", "csv", "dataclasses", "inspect", "json", "logging", "re", "ssl", "typing"}


def test_wire_imports_nothing_that_is_dear() -> None:
    # -S: the site module of a virtual environment may have imported any of them
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); import dqshell.errors; before = set(sys.modules)\n"
        "import dqshell.wire.messages, dqshell.wire.files, dqshell.wire.rows\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    new = subprocess.run(
        [sys.executable, "-S", "-c", code], check=True, capture_output=True, text=True, timeout=30
    ).stdout.split()
    assert "dqshell.wire.messages" in new
    assert not DEAR.intersection(new)
    assert [name for name in new if not name.startswith("dqshell.")] == ["_struct", "struct"]
