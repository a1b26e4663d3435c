"""Where the cluster is: server lists, cluster.yaml, and environment variables.

An option beats the environment.
"""

from __future__ import annotations

from .errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SERVERS = "DQSHELL_SERVERS"
DATABASE = "DQSHELL_DATABASE"


def servers(option: str | None, variables: Mapping[str, str]) -> list[str]:
    """The addresses to begin with, from `a,b,c` or `file://cluster.yaml`. Raises ConfigurationError."""
    text = option if option is not None else variables.get(SERVERS, "")
    if text.startswith("file://"):
        return _from_yaml(text[len("file://") :])
    addresses = [address for part in text.split(",") if (address := part.strip())]
    if not addresses:
        raise ConfigurationError(
            "no servers given",
            advice=f"Say -s host:port[,host:port...] or -s file:///path/cluster.yaml, or set {SERVERS}. "
            "'dqshell sandbox' starts a cluster to play with.",
        )
    return list(dict.fromkeys(addresses))


def database(argument: str | None, variables: Mapping[str, str]) -> str | None:
    """The database's name, from the command line or the environment."""
    return argument if argument is not None else variables.get(DATABASE)


def _from_yaml(path: str) -> list[str]:
    """The addresses in a cluster.yaml as go-dqlite writes it: a list of mappings with ID, Address and Role.

    Voters come first, as in the file otherwise.
    """
    import yaml

    try:
        with open(path, "rb") as file:
            entries = yaml.safe_load(file)
    except OSError as error:
        hint = "Try sudo." if isinstance(error, PermissionError) else None
        raise ConfigurationError(f"cannot read {path}: {(error.strerror or str(error)).lower()}", advice=hint) from None
    except (yaml.YAMLError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where is not None else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigurationError(f"{path}{line}: not YAML: {problem}") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationError(f"{path}: expected a list of nodes with ID, Address and Role")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry.get("Address"), str) or not entry["Address"]:
            raise ConfigurationError(f"{path}: node {number} has no Address")
    if not entries:
        raise ConfigurationError(f"{path}: no nodes in it")
    entries.sort(key=lambda entry: entry.get("Role") != 0)
    return list(dict.fromkeys(entry["Address"] for entry in entries))
