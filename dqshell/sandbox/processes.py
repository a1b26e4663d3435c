"""The processes of a sandbox: started, told from all others, signalled, and ended.

A process is one of ours when it runs node.py in the sandbox's directory, and for no other reason.
No pid is ever written down, so a pid that was reused is nobody's concern: what is asked is always
what runs now. A signal goes through a pidfd, which names one process for ever, and not whoever has
its number by then.

Run as a script, with the standard library alone, it is the janitor of a private sandbox:

    python processes.py DIRECTORY < PIPE
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SCRIPT = "node.py"


def spawn(words: Iterable[str], output: str, stdin: int | None = None) -> int:
    """Start a process in a session of its own, where no Ctrl-C and no end of a terminal reaches it.

    What it says on stdout and stderr is appended to the file `output`. Returns its pid; raises
    OSError when the program cannot be run.
    """
    command = list(words)
    read = os.O_RDONLY
    return os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, read, 0) if stdin is None else (os.POSIX_SPAWN_DUP2, stdin, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE],
    )


def exit_code(pid: int) -> int | None:
    """Collect a child of ours that has ended: its exit code, or minus the signal that ended it.

    None while it runs, and for a process that is no child of ours.
    """
    try:
        reaped, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if reaped else None


def home_of(pid: int) -> str | None:
    """The data directory of the node that `pid` runs.

    None when it runs no node, or is no more: gone, or a zombie.
    """
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = os.fsdecode(file.read()).split("\0")
        for position, word in enumerate(words[:-3]):
            # Inside a container the same path means another directory.
            if os.path.basename(word) == SCRIPT and os.path.samefile(f"/proc/{pid}/root", "/"):
                return words[position + 3]
    except OSError:
        pass
    return None


def find(directory: str) -> dict[str, int]:
    """The nodes that run in a sandbox's directory: each one's data directory, and its pid."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            home = home_of(int(entry))
            if home is not None and os.path.dirname(home) == directory:
                found[home] = int(entry)
    return found


def is_paused(pid: int) -> bool:
    """Whether the process is stopped by a signal (the state T of proc(5))."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            # The name before it is in parentheses, and may hold some itself.
            return file.read().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def send(pid: int, home: str, *signals: signal.Signals, wait: float = 0.0) -> bool:
    """Signal the node in `home`, which `find` said is `pid`; wait up to `wait` s for its end.

    True when it is gone, be it that it was gone before: nothing is sent to another process that
    has the pid now.
    """
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        if home_of(pid) != home:
            return True
        for number in signals:
            signal.pidfd_send_signal(handle, number)
        # Readable when the whole process has ended: its threads, and its sockets with them.
        end = select.poll()
        end.register(handle, select.POLLIN)
        ended = bool(end.poll(wait * 1000))
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)
    if ended:
        exit_code(pid)
    return ended


def kill_all(directory: str, wait: float = 10.0) -> bool:
    """Kill all nodes of a sandbox, the paused ones too; False if one is not gone in `wait` s."""
    nodes = find(directory)
    for home, pid in nodes.items():
        send(pid, home, signal.SIGKILL)
    deadline = time.monotonic() + wait
    return all(
        send(pid, home, signal.SIGKILL, wait=max(0.0, deadline - time.monotonic())) for home, pid in nodes.items()
    )


def destroy(directory: str) -> bool:
    """End a sandbox: no process and no directory. False if something of it is left."""
    ended = kill_all(directory)
    shutil.rmtree(directory, ignore_errors=True)
    # One that was being started meanwhile. Without the directory, none can start any more.
    return kill_all(directory) and ended and not os.path.exists(directory)


class Janitor:
    """A process that destroys a sandbox when this process ends, whatever ends it.

    It holds one end of a pipe, and we the other. SIGKILL cannot be caught, but it closes pipes.
    """

    def __init__(self, directory: str) -> None:
        theirs, self._ours = os.pipe()
        try:
            words = [sys.executable, "-IS", __file__, directory]
            self._pid = spawn(words, os.devnull, stdin=theirs)
        finally:
            os.close(theirs)

    def dismiss(self) -> None:
        """Let it do its work now, and wait for its end."""
        os.close(self._ours)
        os.waitpid(self._pid, 0)


def guard(directory: str) -> None:
    """What the janitor does: wait until stdin ends, then destroy the sandbox."""
    os.chdir("/")
    while os.read(0, 1024):
        pass
    destroy(directory)


if __name__ == "__main__":
    guard(sys.argv[1])
