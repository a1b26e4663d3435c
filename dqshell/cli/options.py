"""The options, once for all commands: parsed here for the hot path, and turned into click's for everything else.

Importing click takes longer than a whole SELECT. So a command line that runs SQL and holds nothing unusual is read by
`parse`; whatever that does not understand (--help, a mistake, an abbreviation) is left to click, which explains it.
"""

from __future__ import annotations

from ..render.settings import MODE_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Values = dict[str, object]


def seconds(text: str) -> float:
    """What an option in seconds can be: not negative, and no longer than clocks can wait. Raises ValueError."""
    number = float(text)
    if not 0 <= number <= 1e6:
        raise ValueError(f"{text} seconds")
    return number


class Option:
    """One option. `kind` reads its value; one without a `metavar` is a flag; `many` may be given again and again."""

    __slots__ = ("default", "flags", "help", "kind", "many", "metavar", "name")

    def __init__(
        self,
        flags: str,
        help: str,
        *,
        metavar: str = "",
        kind: Callable[[str], object] = str,
        default: object = None,
        many: bool = False,
    ) -> None:
        self.flags = flags.split()
        self.name = self.flags[-1].lstrip("-").replace("-", "_")
        self.help = help
        self.metavar = metavar
        self.kind = kind if metavar else bool
        self.default = default if metavar else False
        self.many = many


SERVERS = Option(
    "-s --servers",
    "where the cluster is: host:port,... or file:///path/cluster.yaml (DQSHELL_SERVERS)",
    metavar="SERVERS",
)
TIMEOUT = Option(
    "--timeout",
    "seconds for every step with one node; a statement that is silent for so long makes dqshell ask who leads now",
    metavar="SECONDS",
    kind=seconds,
    default=5.0,
)
WAIT = Option(
    "--wait",
    "seconds to look for a leader, while at least one node answers",
    metavar="SECONDS",
    kind=seconds,
    default=15.0,
)
FORMAT = Option("-f --format", f"how results look: {', '.join(sorted(MODE_NAMES))}", metavar="MODE")
HEADERS = Option("-H --headers", "show column names also where they are off by default")
YES = Option("-y --yes", "answer every question with yes")

CONNECTION = (SERVERS, TIMEOUT, WAIT)
OUTPUT = (FORMAT, HEADERS)
SQL = (
    *CONNECTION,
    *OUTPUT,
    Option("-e --execute", "run this SQL or dot-command, then exit; repeatable", metavar="SQL", many=True),
    Option("--read", "run this script, then exit; repeatable", metavar="FILE", many=True),
    Option("--keep-going", "go on after an error; the exit code is that of the first one"),
    Option(
        "--busy-timeout",
        "seconds to try again while another writer holds the database",
        metavar="SECONDS",
        kind=seconds,
        default=5.0,
    ),
    Option("--statement-timeout", "a hard limit for every statement", metavar="SECONDS", kind=seconds),
    Option("--unsafe", "send what is known to crash servers, too"),
    YES,
)

# Set by a shell's completion script (see completion.py).
COMPLETE = "_DQSHELL_COMPLETE"

COMMANDS = ("leader", "nodes", "sandbox", "sql", "transfer")


def split_command(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command word, and everything else. The first word that is no option is the command, or else a database."""
    takes_value = {flag for option in SQL if option.metavar for flag in option.flags}
    skip = False
    for place, argument in enumerate(arguments):
        if skip:
            skip = False
        elif argument in takes_value:
            skip = True
        elif argument == "--":
            break
        elif not argument.startswith("-"):
            if argument in COMMANDS:
                return argument, [*arguments[:place], *arguments[place + 1 :]]
            break
    return "sql", list(arguments)


def parse(arguments: Sequence[str], options: Sequence[Option] = SQL) -> tuple[Values, list[str]] | None:
    """The options' values by name, and the other arguments. None for whatever is better left to click."""
    by_flag = {flag: option for option in options for flag in option.flags}
    values: Values = {option.name: [] if option.many else option.default for option in options}
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words.extend(rest)
        elif not argument.startswith("-") or argument == "-":
            words.append(argument)
        else:
            flag, equals, value = argument.partition("=") if argument.startswith("--") else (argument, "", "")
            option = by_flag.get(flag)
            if option is None or (equals and not option.metavar):
                return None
            if not option.metavar:
                values[option.name] = True
                continue
            given: object = value if equals else next(rest, None)
            if not isinstance(given, str) or (given.startswith("-") and not equals):
                return None
            try:
                given = option.kind(given)
            except ValueError:
                return None
            if option.many:
                values[option.name].append(given)  # type: ignore[attr-defined]
            else:
                values[option.name] = given
    return values, words
