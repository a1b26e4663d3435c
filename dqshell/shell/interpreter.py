"""The interpreter: a line of input in, results and notices out. The prompt, scripts and the command line share it."""

from __future__ import annotations

from time import monotonic

from ..driver.statement import Statement
from ..errors import Error, ExitCode, InterfaceError, Interrupted
from .command import find
from .commands import COMMANDS
from .declared import DeclaredTypes
from .script import DotCommand, Script
from .splitter import IncompleteStatement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..driver import Result, Session
    from .command import Command
    from .console import Console
    from .splitter import Statement as Piece

_FLUSH = 0.05  # seconds after which rows are not held back any longer
_DEEPEST = 25  # scripts inside scripts, as in sqlite3


class Interpreter:
    """Runs statements and dot-commands, and remembers how it went.

    `exit_code` is that of the first failure. Input stops at the first error, unless `keep_going`.
    """

    def __init__(
        self,
        session: Session,
        console: Console,
        *,
        keep_going: bool = False,
        commands: Mapping[str, Command] = COMMANDS,
    ) -> None:
        self.session = session
        self.console = console
        self.commands = commands
        self.keep_going = keep_going
        self.exit_code = ExitCode.OK
        self._declared = DeclaredTypes(session)
        self._depth = 0  # of scripts that read each other

    def run(self, text: str) -> bool:
        """Run a piece of input that is whole in itself. False if it ended early, at an error. Raises Quit."""
        return self._run(Script(), [line + "\n" for line in text.split("\n")], "")

    def run_lines(self, lines: Iterable[bytes], name: str = "") -> bool:
        """Run a script, however long; `name` is put before the line numbers in messages. As `run` otherwise."""
        if self._depth == _DEEPEST:
            raise InterfaceError(f"{name}: more than {_DEEPEST} scripts read each other")
        self._depth += 1
        try:
            return self._run(Script(), lines, f"{name}: line" if name else "line")
        finally:
            self._depth -= 1

    def _run(self, script: Script, lines: Iterable[str] | Iterable[bytes], name: str) -> bool:
        try:
            for line in lines:
                items = script.feed(line) if isinstance(line, str) else script.feed_bytes(line)
                for item in items:
                    if not self._do(item, f"{name} {item.line}: " if name else ""):
                        return False
            for item in script.finish():
                if not self._do(item, f"{name} {item.line}: " if name else ""):
                    return False
        except IncompleteStatement as error:
            return self._failed(error, f"{name} {error.line}: " if name else "")
        except Error as error:  # unreadable input: what follows cannot be trusted
            self._failed(error, "")
            return False
        return True

    def _do(self, item: Piece | DotCommand, where: str) -> bool:
        """Run one item. Whether to go on."""
        try:
            if isinstance(item, DotCommand):
                return find(self.commands, item.text)(self)
            self._execute(item.text)
        except Error as error:
            return self._failed(error, where)
        except KeyboardInterrupt:
            return self._failed(Interrupted("interrupted"), where)
        finally:
            self.console.done()
        return True

    def _execute(self, sql: str) -> None:
        if sql.startswith("."):
            raise InterfaceError("a dot-command stands on a line of its own")
        statement = Statement(sql)
        if not self.session.unsafe:
            self._declared.check(statement)
        result = self.session.run(statement)
        if result.columns is not None:
            self._render(result)

    def _render(self, result: Result) -> None:
        renderer = self.console.renderer()
        flushed = 0.0
        try:
            renderer.columns(result.columns or [])
            for page in result.pages:
                renderer.rows(page)
                if monotonic() - flushed > _FLUSH:
                    self.console.flush()
                    flushed = monotonic()
        except Error as error:
            renderer.finish()
            if isinstance(error, Interrupted):
                error.message += "; the result is incomplete"
            raise
        except KeyboardInterrupt:
            renderer.finish()
            raise Interrupted("interrupted; the result is incomplete") from None
        finally:
            result.close()
        renderer.finish()

    def _failed(self, error: Error, where: str) -> bool:
        self.console.error(error, where)
        if self.exit_code is ExitCode.OK:
            # Bad usage is a matter of the command line; within a script it is a failure.
            self.exit_code = ExitCode.FAILED if error.exit_code is ExitCode.USAGE else error.exit_code
        stops = isinstance(error, Interrupted) or not self.keep_going
        return not stops

    def finish(self) -> ExitCode:
        """The end of all input. What a transaction holds that nobody committed is not applied, so that is said."""
        if self.session.transaction.is_open:
            self.console.error(Error("the input ended inside a transaction, which is rolled back: not applied"))
            if self.exit_code is ExitCode.OK:
                self.exit_code = ExitCode.FAILED
        self.session.close()
        self.console.flush()
        return self.exit_code
