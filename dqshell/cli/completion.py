"""What a shell is told when its user presses Tab, and the scripts that ask.

It works as click's completion does: `_DQSHELL_COMPLETE=bash_source dqshell` prints the script for bash, and the script
runs `_DQSHELL_COMPLETE=bash_complete dqshell`. Click's own scripts do not do here: bash takes a colon for the end of
a word, and node addresses hold one. So each script hands over the line as it was typed, in COMP_LINE, and gets a line
for each possible word: its kind (plain, file, dir), the word, and what it means, with tabs in between.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from time import monotonic

import click
from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from .. import config
from ..driver import ROLE_NAMES, VOTER, Connection
from ..errors import Error
from ..render.settings import MODE_NAMES
from .options import COMPLETE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..driver import ServerInfo
    from ..environment import Environment

_LIMIT = 0.3  # seconds that Tab may take for a cluster that does not answer

# The end of the line, where the cursor is; it keeps an empty last word from getting lost.
_CURSOR = "\0"

_BASH = r"""# Completion of dqshell's arguments in bash 4.4 or newer. `dqshell` itself prints this: see dqshell(1).

_dqshell() {
    local line=${COMP_LINE:0:COMP_POINT} kind value
    # Bash ends words at colons, too, and replaces only what stands behind the last one.
    local word=${line##*[[:space:]]}
    local kept=${word%"${word##*[$COMP_WORDBREAKS]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r kind value _; do
        case $kind in
            plain) COMPREPLY+=("${value#"$kept"}") ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done < <(_DQSHELL_COMPLETE=bash_complete COMP_LINE=$line "$1" 2>/dev/null </dev/null)
}

complete -o nosort -F _dqshell dqshell
"""

_ZSH = r"""#compdef dqshell
# Completion of dqshell's arguments in zsh. `dqshell` itself prints this: see dqshell(1).

_dqshell() {
    local line="${(j: :)words[1,CURRENT-1]} $PREFIX" kind value meaning
    local -a found
    while IFS=$'\t' read -r kind value meaning; do
        case $kind in
            plain) found+=("${value//:/\\:}${meaning:+:$meaning}") ;;
            file) compset -P '--*='; _files ;;
            dir) compset -P '--*='; _files -/ ;;
        esac
    done < <(_DQSHELL_COMPLETE=zsh_complete COMP_LINE=$line $words[1] 2>/dev/null </dev/null)
    (( ! $#found )) || _describe -V dqshell found
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _dqshell "$@"
else
    compdef _dqshell dqshell
fi
"""

_FISH = r"""# Completion of dqshell's arguments in fish. `dqshell` itself prints this: see dqshell(1).

function __dqshell_complete
    set -l line (commandline -cp | string collect)
    env _DQSHELL_COMPLETE=fish_complete COMP_LINE=$line dqshell 2>/dev/null </dev/null |
    while read --delimiter \t kind value meaning
        switch $kind
            case plain
                printf '%s\t%s\n' $value $meaning
            case file
                __fish_complete_path (commandline -ct)
            case dir
                __fish_complete_directories (commandline -ct)
        end
    end
end

complete --command dqshell --no-files --keep-order --arguments '(__dqshell_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


class _Completion(ShellComplete):
    def get_completion_args(self) -> tuple[list[str], str]:
        line = self.ctx_args["obj"].variables.get("COMP_LINE", "")
        words = split_arg_string(line + _CURSOR)
        return words[1:-1], words[-1].removesuffix(_CURSOR)

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[Any]]:
        items = super().get_completions(args, incomplete)
        option, equals, _ = incomplete.partition("=")
        if equals and option.startswith("--"):
            for item in items:
                item.value = f"{option}={item.value}"
        return items

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return f"{item.type}\t{item.value}\t{item.help or ''}"


def complete(program: click.Command, environment: Environment) -> int:
    """Do what the variable asks for; the exit code."""
    shell, _, instruction = environment.variables[COMPLETE].partition("_")
    if shell not in SCRIPTS or instruction not in ("source", "complete"):
        return 1
    if instruction == "source":
        environment.stdout.write(SCRIPTS[shell])
    else:
        words = _Completion(program, {"obj": environment}, "dqshell", COMPLETE).complete()
        environment.stdout.write(f"{words}\n" if words else "")
    return 0


# What stands for an argument or for the value of an option.


def commands(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
    """The first word may be a command; databases cannot be known, as no server lists them."""
    group = context.find_root().command
    if context.params.get("words") or not isinstance(group, click.Group):
        return []
    return [
        CompletionItem(name, help=command.get_short_help_str(limit=80))
        for name, command in sorted(group.commands.items())
        if name.startswith(incomplete)
    ]


def modes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
    return [CompletionItem(mode) for mode in sorted(MODE_NAMES) if mode.startswith(incomplete)]


def voters(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
    """The nodes to which leadership can move; none where nobody answers in time."""
    try:
        members = _members(config.servers(context.params.get("servers"), context.obj.variables))
    except Error:
        return []
    return [
        CompletionItem(member.address, help=f"{ROLE_NAMES[member.role]}, id {member.id}")
        for member in members
        if member.role == VOTER and member.address.startswith(incomplete)
    ]


def _members(servers: Sequence[str]) -> list[ServerInfo]:
    """What the first of these nodes to answer says of its cluster."""
    answers: SimpleQueue[list[ServerInfo]] = SimpleQueue()

    def ask(address: str) -> None:
        members: list[ServerInfo] = []
        try:
            with Connection.connect(address, _LIMIT) as connection:
                members = connection.cluster()
        except Error:
            pass
        finally:
            answers.put(members)

    deadline = monotonic() + _LIMIT
    for address in servers:
        threading.Thread(target=ask, args=(address,), daemon=True).start()
    for _ in servers:
        try:
            if members := answers.get(timeout=max(deadline - monotonic(), 0.001)):
                return members
        except Empty:
            break
    return []
