"""Where results and everything else go: results to stdout, all the rest to stderr, and questions to a person."""

from __future__ import annotations

from ..driver import Listener
from ..errors import Error, Outcome, Refused, Unavailable
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

    @property
    def is_for_a_person(self) -> bool:
        """Whether results are to be read, and not to be parsed."""
        return self.environment.stdout_is_terminal and self.settings.mode not in ("json", "jsonl")

    def write(self, text: str) -> None:
        """Part of a result."""
        self.environment.stdout.write(text)

    def line(self, text: str) -> None:
        """A line of our own making, which may quote data."""
        self.write((_safe(text) if self.environment.stdout_is_terminal else text) + "\n")

    def renderer(self) -> Renderer:
        """For one result set, in the mode that is set."""
        return open_renderer(self.settings, self.write)

    def show(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        """A small table of our own making. JSON keeps booleans and nulls; other modes say yes, no, and nothing."""
        if self.settings.mode in ("json", "jsonl"):
            self._show_json(columns, rows)
            return
        renderer = self.renderer()
        renderer.columns(list(columns))
        renderer.rows([tuple(map(_in_words, row)) for row in rows])
        renderer.finish()

    def _show_json(self, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
        import json

        objects = [json.dumps(dict(zip(columns, row, strict=True))) for row in rows]
        if self.settings.mode == "jsonl":
            self.write("".join(f"{text}\n" for text in objects))
        else:
            self.write("[" + ",\n".join(objects) + "]\n")

    def notice(self, message: str) -> None:
        self._say(f"notice: {message}")

    def waiting(self, message: str) -> None:
        """On a terminal, one line that is written over again and again."""
        if self.environment.stderr_is_terminal and (message or self._waiting):
            text = f"{_safe(message)} (Ctrl-C gives up)" if message else ""
            self.environment.stderr.write("\r\x1b[K" + text[: self.environment.width - 1])
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
        if not answer:
            self._say("")
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
        try:
            self.flush()
        finally:  # what became of a statement is said even where nobody reads the results any more
            self.waiting("")
            self.environment.stderr.write((_safe(text) if self.environment.stderr_is_terminal else text) + end)
            self.environment.stderr.flush()


def _in_words(cell: Cell) -> str | int | float:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return "" if cell is None else cell


def explain(error: Error, where: str = "") -> list[str]:
    """An error as lines of text; the first one tells what happened and what became of the statement."""
    facts = []
    if error.code is not None:
        facts.append(f"code {error.code}")
    if error.node and not error.survives:
        facts.append(f"node {error.node}")
    first = f"error: {where}{error.message}" + (f" ({', '.join(facts)})" if facts else "")
    if error.statement is not None:
        first += "; outcome UNKNOWN" if error.outcome is Outcome.UNKNOWN else f"; {error.outcome.value}"
    lines = [first]
    lines += [f"  {line}" for line in getattr(error, "report", ())]
    if error.statement is not None and not error.survives and not isinstance(error, Unavailable):
        lines.append(f"  {shortened(error.statement)}")
    if error.advice:
        lines.append(f"hint: {error.advice}")
    return lines


def _safe(text: str) -> str:
    """A text for a terminal, which nothing that it quotes can steer."""
    if text.isprintable():
        return text
    from ..render.terminal import sanitize

    return sanitize(text, keep="\n\t")


def shortened(sql: str, width: int = 100) -> str:
    """A statement on one line, for a message."""
    text = " ".join(sql.split())
    return text if len(text) <= width else text[: width - 3] + "..."
