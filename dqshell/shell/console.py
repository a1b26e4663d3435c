"""Where results and everything else go: results to stdout, all the rest to stderr, and questions to a person."""

from __future__ import annotations

from ..driver import Listener
from ..errors import Error, Outcome, Refused
from ..render.modes import open_renderer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..environment import Environment
    from ..render.renderer import Renderer
    from ..render.settings import Settings

    Cell = str | int | float | bool | None


class Console(Listener):
    """The two output streams of a run, and how results look. `assume_yes` answers every question."""

    def __init__(self, environment: Environment, settings: Settings, assume_yes: bool = False) -> None:
        self.environment = environment
        self.settings = settings
        self._assume_yes = assume_yes
        self._waiting = False

    def write(self, text: str) -> None:
        """Part of a result."""
        self.environment.stdout.write(text)

    def line(self, text: str) -> None:
        self.write(text + "\n")

    def renderer(self) -> Renderer:
        """For one result set, in the mode that is set."""
        return open_renderer(self.settings, self.write)

    def show(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """A small table of our own making. JSON keeps its booleans; other modes say yes and no."""
        if self.settings.mode in ("json", "jsonl"):
            self._show_json(columns, rows)
            return
        renderer = self.renderer()
        renderer.columns(list(columns))
        renderer.rows(
            [tuple(_YES_NO.get(cell, cell) if isinstance(cell, bool) else cell for cell in row) for row in rows]
        )
        renderer.finish()

    def _show_json(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        import json

        objects = [json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows]
        if self.settings.mode == "jsonl":
            self.write("".join(f"{text}\n" for text in objects))
        else:
            self.line("[" + ",\n".join(objects) + "]")

    def notice(self, message: str) -> None:
        self._say(f"notice: {message}")

    def waiting(self, message: str) -> None:
        """On a terminal, one line that is written over again and again."""
        if self.environment.stderr_is_terminal and (message or self._waiting):
            self.environment.stderr.write("\r\x1b[K" + message[: self.environment.width - 1])
            self.environment.stderr.flush()
            self._waiting = bool(message)

    def error(self, error: Error, where: str = "") -> None:
        """Say what happened, to which node, what became of the statement, and what to do next."""
        self._say("\n".join(explain(error, where)))

    def confirm(self, question: str) -> None:
        """Ask, on a terminal. Raises Refused unless the answer is yes."""
        if self._assume_yes:
            return
        if not self.environment.interactive:
            raise Refused(f"not done without a confirmation: {question}", advice="Say --yes.")
        self._say(f"{question}. Go on? [y/N] ", end="")
        answer = self.environment.stdin.readline().decode("utf-8", "replace")
        if answer.strip().lower() not in ("y", "yes"):
            raise Refused("not done")

    def done(self) -> None:
        """One statement or command is over: nothing is waited for, and a person sees all of its result."""
        self.waiting("")
        if self.environment.stdout_is_terminal:
            self.flush()

    def flush(self) -> None:
        self.environment.stdout.flush()

    def _say(self, text: str, end: str = "\n") -> None:
        self.flush()
        self.waiting("")
        self.environment.stderr.write(text + end)
        self.environment.stderr.flush()


_YES_NO = {True: "yes", False: "no"}


def explain(error: Error, where: str = "") -> list[str]:
    """An error as lines of text; the first one tells what happened and what became of the statement."""
    facts = []
    if error.code is not None:
        facts.append(f"code {error.code}")
    if error.node and not error.survives:
        facts.append(f"node {error.node}")
    first = f"error: {where}{error.message}" + (f" ({', '.join(facts)})" if facts else "")
    if error.statement is not None:
        first += ": outcome UNKNOWN" if error.outcome is Outcome.UNKNOWN else f": {error.outcome.value}"
    lines = [first]
    lines += [f"  {line}" for line in getattr(error, "report", ())]
    if error.statement is not None and not error.survives:
        lines.append(f"  {shortened(error.statement)}")
    if error.advice:
        lines.append(f"hint: {error.advice}")
    return lines


def shortened(sql: str, width: int = 100) -> str:
    """A statement on one line, for a message."""
    text = " ".join(sql.split())
    return text if len(text) <= width else text[: width - 3] + "..."
