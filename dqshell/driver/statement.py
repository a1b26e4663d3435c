"""What a statement is going to do, as far as its text tells: read, write, or control a transaction?

A statement counts as a read only when that is certain; when in doubt it may write.
"""

from __future__ import annotations

import re

# One token of SQL: blanks and comments, quoted things, words, numbers, or any other character.
_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^]]*\])
      | (?P<word>[^\W\d][\w$]*)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

# PRAGMAs that only look, with or without an argument.
_READING_PRAGMAS = frozenset(
    "collation_list compile_options database_list foreign_key_check foreign_key_list freelist_count function_list "
    "index_info index_list index_xinfo integrity_check module_list page_count pragma_list quick_check table_info "
    "table_list table_xinfo data_version".split()
)
# PRAGMAs that do something without an argument.
_ACTING_PRAGMAS = frozenset("incremental_vacuum optimize shrink_memory wal_checkpoint".split())
# PRAGMAs whose result has columns even when they set something (SQLite, src/pragma.h, PragFlg_Result0 and NoColumns).
_ANSWERING_PRAGMAS = _READING_PRAGMAS | frozenset(
    "analysis_limit busy_timeout hard_heap_limit journal_mode journal_size_limit locking_mode max_page_count "
    "mmap_size optimize secure_delete soft_heap_limit threads wal_autocheckpoint wal_checkpoint".split()
)

BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK_TO = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK TO",
)
_CONTROLS = {"BEGIN": BEGIN, "COMMIT": COMMIT, "END": COMMIT, "ROLLBACK": ROLLBACK}
_READS = frozenset(("SELECT", "VALUES"))
_CHANGES = frozenset(("INSERT", "REPLACE", "UPDATE", "DELETE"))


class Statement:
    """One SQL statement and what is certain about it.

    `verb`: its first keyword in capitals (of a WITH, the one after the common table expressions). `control`: BEGIN,
    COMMIT (also END), ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK_TO, or "". `savepoint`: the name in it, folded.
    `reads`: certainly changes nothing. `yields_rows`: has columns, so it is sent as a query. `changes_rows`: INSERT,
    REPLACE, UPDATE, DELETE. `returning`: has a RETURNING clause. `pragma`: (name, argument or None), folded.
    `is_local`: leaves something behind that belongs to this connection only.
    """

    __slots__ = (
        "changes_rows",
        "control",
        "is_local",
        "pragma",
        "reads",
        "returning",
        "savepoint",
        "sql",
        "verb",
        "yields_rows",
    )

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.control = self.savepoint = ""
        self.pragma: tuple[str, str | None] | None = None
        self.reads = self.yields_rows = self.returning = self.is_local = False
        words = _Words(sql)
        self.verb = words.next()
        if self.verb == "EXPLAIN":
            self._explain(words)
            return
        if self.verb == "WITH":
            self.verb = _verb_after_with(sql)
        self.changes_rows = self.verb in _CHANGES
        if self.verb in _READS:
            self.reads = self.yields_rows = True
        elif self.changes_rows:
            self.returning = self.yields_rows = _has_returning(sql)
        elif self.verb == "PRAGMA":
            self._pragma(words)
        elif self.verb in _CONTROLS or self.verb in (SAVEPOINT, RELEASE):
            self._control(words)
        elif self.verb == "CREATE":
            self.is_local = words.next() in ("TEMP", "TEMPORARY")
        elif self.verb == "ATTACH":
            self.is_local = True

    def _explain(self, words: _Words) -> None:
        explained = words.next()
        if explained == "QUERY":
            words.next()
            explained = words.next()
        self.changes_rows = False
        self.yields_rows = True
        self.reads = explained != "PRAGMA"  # some PRAGMAs act while they are compiled

    def _pragma(self, words: _Words) -> None:
        name = words.next().lower()
        token = words.next()
        if token == ".":
            name = words.next().lower()
            token = words.next()
        argument = words.next().lower().strip("'\"`[]") if token in ("=", "(") else None
        if argument in ("-", "+"):
            argument += words.next()
        self.pragma = (name, argument)
        acts = name in _ACTING_PRAGMAS or (argument is not None and name not in _READING_PRAGMAS)
        self.reads = not acts
        self.yields_rows = name in _ANSWERING_PRAGMAS or not acts
        self.is_local = acts

    def _control(self, words: _Words) -> None:
        self.control = _CONTROLS.get(self.verb, self.verb)
        rest = [word for word in iter(words.next, "") if word not in ("TRANSACTION", "SAVEPOINT")]
        if self.control == ROLLBACK and rest[:1] == ["TO"]:
            self.control = ROLLBACK_TO
            rest = rest[1:]
        if self.control in (SAVEPOINT, RELEASE, ROLLBACK_TO) and rest:
            self.savepoint = rest[0].strip("'\"`[]").lower()


class _Words:
    """The tokens of a statement one by one, words in capitals; "" at the end."""

    def __init__(self, sql: str) -> None:
        self._tokens = _TOKEN.finditer(sql)

    def next(self) -> str:
        for token in self._tokens:
            if token.lastgroup == "word":
                return token.group().upper()
            if token.lastgroup != "skip" and token.group() != ";":
                return token.group()
        return ""


def _top_level(sql: str) -> list[str]:
    """The words outside all parentheses, in capitals."""
    depth = 0
    words = []
    for token in _TOKEN.finditer(sql):
        text = token.group()
        if text == "(":
            depth += 1
        elif text == ")":
            depth -= 1
        elif depth == 0 and token.lastgroup == "word":
            words.append(text.upper())
    return words


def _verb_after_with(sql: str) -> str:
    return next((word for word in _top_level(sql) if word in _CHANGES or word in _READS), "WITH")


def _has_returning(sql: str) -> bool:
    return "returning" in sql.lower() and "RETURNING" in _top_level(sql)
