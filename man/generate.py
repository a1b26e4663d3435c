"""Makes dqshell.1: the prose of dqshell.in, and in it the commands, options and codes as the program defines them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from dqshell import __version__
from dqshell.cli.commands import main
from dqshell.cli.options import SQL, Option
from dqshell.errors import EXIT_CODE_MEANINGS
from dqshell.render.settings import MODE_NAMES
from dqshell.shell.commands import COMMANDS
from dqshell.shell.playground import playground

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dqshell.sandbox.local import Sandbox

HERE = Path(__file__).parent


def page() -> str:
    """The whole manual page."""
    parts = {
        "COMMANDS": _commands(),
        "OPTIONS": _options(),
        "DOT-COMMANDS": _dot_commands(),
        "MODES": ", ".join(rf"\fB{mode}\fP" for mode in sorted(MODE_NAMES)),
        "EXIT-CODES": "\n".join(
            _item(rf"\fB{int(code)}\fP", _sentence(meaning)) for code, meaning in EXIT_CODE_MEANINGS.items()
        ),
    }
    prose = (HERE / "dqshell.in").read_text("utf-8")
    title = f'.\\" Made by man/generate.py.\n.TH DQSHELL 1 "{_released()}" "dqshell {__version__}" "User Commands"\n'
    return title + re.sub("@([A-Z-]+)@", lambda match: parts[match[1]], prose)


def _released() -> str:
    """The day of the newest release; none before the first one."""
    found = re.search(r"^## \[\d\S*\] - (\S+)$", (HERE.parent / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else ""


def _all_commands() -> dict[str, click.Command]:
    """By what is typed: "nodes", "sandbox up"."""
    found: dict[str, click.Command] = {}
    for name, command in sorted(main.commands.items()):
        found[name] = command
        if isinstance(command, click.Group):
            found.update({f"{name} {inner}": part for inner, part in sorted(command.commands.items())})
    return found


def _commands() -> str:
    items = []
    for name, command in _all_commands().items():
        arguments = [_argument(param) for param in command.params if isinstance(param, click.Argument)]
        paragraphs = [_text(paragraph) for paragraph in (command.help or "").split("\n\n")]
        items.append(_item(" ".join([rf"\fB{name}\fP", *arguments]), "\n.sp\n".join(paragraphs)))
        options = [rf"\fB{_text(param.opts[0])}\fP" for param in command.params if isinstance(param, click.Option)]
        if options:
            items += [".br", f"Options: {', '.join(options)}."]
    return "\n".join(items)


def _options() -> str:
    """Those in the table that SQL has, then what else there is, once."""
    items = [_item(_usage(option.flags, option.metavar), _help(option)) for option in SQL]
    known = {flag for option in SQL for flag in option.flags}
    items.append(".SS Of the sandbox")
    for command in _all_commands().values():
        for param in command.params:
            if isinstance(param, click.Option) and not known.intersection(param.opts):
                known.update(param.opts)
                items.append(_item(_usage(param.opts, _metavar(param)), _text(_own_help(param))))
    return "\n".join(items)


def _argument(param: click.Argument) -> str:
    """As in the usage line of click: NODE, [NODE], DATABASE [SQL]..."""
    text = param.metavar or (param.name or "").upper()
    if not param.required and not param.metavar:
        text = f"[{text}]"
    return re.sub(r"\w+", lambda match: rf"\fI{match[0]}\fP", text)


def _metavar(option: click.Option) -> str:
    if option.is_flag:
        return ""
    return option.metavar or {"directory": "DIR", "port": "PORT"}.get(option.name or "", "N")


def _own_help(option: click.Option) -> str:
    text = option.help or ""
    if option.show_default and option.default is not None:
        text += f" (default: {option.default})"
    return _sentence(re.sub(r"  \[default: (.*)\]", r" (default: \1)", text))


def _help(option: Option) -> str:
    default = f" (default: {option.default:g})" if isinstance(option.default, float) else ""
    return _text(_sentence(option.help + default))


def _dot_commands() -> str:
    # The commands of a sandbox are only looked at, so that none is needed.
    commands = [*COMMANDS.values(), *playground(cast("Sandbox", None)).values()]
    items = []
    for group in dict.fromkeys(command.group for command in commands):
        items.append(f".SS {group}" + (" (at the prompt of a sandbox)" if group == "Sandbox" else ""))
        for command in sorted((c for c in commands if c.group == group), key=lambda c: c.name):
            arguments = re.sub(r"[A-Z]+|on\|off", lambda match: rf"\fI{match[0]}\fP", command.arguments)
            items.append(_item(rf"\fB\&.{command.name}\fP {arguments}".rstrip(), _text(_sentence(command.help))))
    return "\n".join(items)


def _usage(flags: Iterable[str], metavar: str) -> str:
    text = ", ".join(rf"\fB{_text(flag)}\fP" for flag in flags)
    return text + (rf" \fI{metavar}\fP" if metavar else "")


def _item(term: str, text: str) -> str:
    return f".TP\n{term}\n{text}"


def _sentence(text: str) -> str:
    """A remark as it stands in a table, as a sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _text(text: str) -> str:
    """Plain text for roff; what is `quoted` is bold. Sentences begin on lines of their own."""
    text = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fP", text)
    text = re.sub(r"(?<=[a-z)P][.:]) (?=[A-Z\\])", "\n", text)
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


if __name__ == "__main__":
    (HERE / "dqshell.1").write_text(page(), "utf-8")
