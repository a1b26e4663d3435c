"""What a statement is going to do, as far as its text tells: read, write, or control a transaction?

A statement counts as a read only when that is certain; when in doubt it may write.
"""

from __future__ import annotations

import re

from ..errors import ProgrammingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# One token of SQL as SQLite's src/tokenize.c cuts them, where every character beyond ASCII may be part of a name. What
# a name cannot hold is listed, because the opposite takes 8 ms to compile.
_TOKEN = re.compile(
    r"""(?P<skip>[ \t\n\f\r][ \t-\r]*|\ufeff|--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<word>[^\x00-@\[-^`{-\x7f][^\x00-\#%-/:-@\[-^`{-\x7f]*)
      | '[^']*(?:''[^']*)*(?:'|\Z) | "[^"]*(?:""[^"]*)*(?:"|\Z) | `[^`]*(?:``[^`]*)*(?:`|\Z) | \[[^]]*(?:\]|\Z)
      | \.?\d[\w.]* | [?:@\#$][^\x00-\#%-/:-@\[-^`{-\x7f]*
      | .""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
# What a semicolon can hide in, and the semicolon.
_SEMICOLON = re.compile(
    r"""'[^']*(?:'|\Z)|"[^"]*(?:"|\Z)|`[^`]*(?:`|\Z)|\[[^]]*(?:\]|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)|;""", re.DOTALL
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
# PRAGMAs that can only be set, and have no columns ever.
_SILENT_PRAGMAS = frozenset(("case_sensitive_like",))

BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK_TO = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK TO",
)
_CONTROLS = {BEGIN: BEGIN, COMMIT: COMMIT, "END": COMMIT, ROLLBACK: ROLLBACK, SAVEPOINT: SAVEPOINT, RELEASE: RELEASE}
_READS = frozenset(("SELECT", "VALUES"))
_CHANGES = frozenset(("INSERT", "REPLACE", "UPDATE", "DELETE"))


class Statement:
    """One SQL statement and what is certain about it. Raises ProgrammingError if there is another one behind it.

    `sql`: its text, without its semicolon and what follows it. `verb`: its first keyword in capitals (of a WITH, the
    one after the common table expressions), "" if it is empty. `control`: BEGIN, COMMIT (also END), ROLLBACK,
    SAVEPOINT, RELEASE, ROLLBACK_TO, or "". `savepoint`: the name in it, folded. `reads`: certainly changes nothing.
    `yields_rows`: has columns, so it is sent as a query. `changes_rows`: INSERT, REPLACE, UPDATE, DELETE.
    `returning`: has a RETURNING clause. `pragma`: (name, argument or None), folded, also of one that is explained.
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
        self.sql = sql = _the_only_one(sql)
        self.control = self.savepoint = ""
        self.pragma: tuple[str, str | None] | None = None
        self.reads = self.yields_rows = self.changes_rows = self.returning = self.is_local = False
        words = tokens(sql)
        self.verb = next(words, "")
        if self.verb == "WITH":
            self.verb = _verb_after_with(words)
        if self.verb in _READS:
            self.yields_rows = True
            # The function optimize() of FTS4 and the table pragma_optimize write.
            self.reads = "optimize" not in sql.lower()
        elif self.verb in _CHANGES:
            self.changes_rows = True
            self.returning = self.yields_rows = _has_returning(sql)
        elif self.verb in _CONTROLS:
            self._control(words)
        elif self.verb == "EXPLAIN":
            self._explain(words)
        elif self.verb == "PRAGMA":
            self._pragma(words)
        elif self.verb == "CREATE":
            self.is_local = next(words, "") in ("TEMP", "TEMPORARY")
        elif self.verb == "ATTACH":
            self.is_local = True
        elif not self.verb:
            self.reads = True

    def _explain(self, words: Iterator[str]) -> None:
        self.reads = True
        if _explained(words) == "PRAGMA":
            self._pragma(words)  # some act while they are compiled
        self.yields_rows = True

    def _pragma(self, words: Iterator[str]) -> None:
        name = _folded(next(words, ""))
        token = next(words, "")
        if token == ".":
            name = _folded(next(words, ""))
            token = next(words, "")
        argument = None
        if token in ("=", "("):
            argument = _folded(next(words, ""))
            if argument in ("-", "+"):
                argument += next(words, "")
        self.pragma = (name, argument)
        acts = name in _ACTING_PRAGMAS or (argument is not None and name not in _READING_PRAGMAS)
        self.reads = not acts
        self.yields_rows = name in _ANSWERING_PRAGMAS or not (acts or name in _SILENT_PRAGMAS)
        self.is_local = acts

    def _control(self, words: Iterator[str]) -> None:
        self.control = _CONTROLS[self.verb]
        rest = list(words)
        if self.control == ROLLBACK and "TO" in rest:
            self.control = ROLLBACK_TO
        if self.control in (SAVEPOINT, RELEASE, ROLLBACK_TO) and rest:
            self.savepoint = _folded(rest[-1])


def _the_only_one(sql: str) -> str:
    """The statement in `sql`, up to its semicolon. Of several, servers run the first and drop or half-apply others."""
    before, _, behind = sql.partition(";")
    if not behind.strip("; \t\n\r\f"):
        return before
    begin = 0
    found = -1  # where the statement ends
    is_trigger = False
    for token in _SEMICOLON.finditer(sql):
        end = token.start()
        if sql[end] != ";":
            continue
        words = tokens(sql[begin:end])
        first = next(words, "")
        if found >= 0:
            if first:
                break
        elif is_trigger:
            if first == "END" and not next(words, ""):
                found = end
        elif first:
            is_trigger = _creates_trigger(first, words)
            found = -1 if is_trigger else end
        begin = end + 1
    if found < 0:
        return sql
    if next(tokens(sql[begin:]), ""):
        raise ProgrammingError("more than one statement where one was expected; nothing was run", statement=sql)
    return sql[:found]


def _explained(words: Iterator[str]) -> str:
    """The first keyword behind EXPLAIN [QUERY PLAN]."""
    word = next(words, "")
    if word == "QUERY":
        next(words, "")
        word = next(words, "")
    return word


def _creates_trigger(first: str, words: Iterator[str]) -> bool:
    if first == "EXPLAIN":
        first = _explained(words)
    what = next(words, "")
    if what in ("TEMP", "TEMPORARY"):
        what = next(words, "")
    return first == "CREATE" and what == "TRIGGER"


def tokens(sql: str) -> Iterator[str]:
    """The tokens of a statement one by one, without blanks, comments and semicolons; words in capitals."""
    for token in _TOKEN.finditer(sql):
        text = token.group()
        if token.lastgroup == "word":
            yield text.upper() if text.isascii() else text
        elif token.lastgroup != "skip" and text != ";":
            yield text


def _folded(token: str) -> str:
    """A name without its quotes, as SQLite compares names: only the letters of ASCII have no case."""
    quote = token[:1]
    if quote == "[":
        token = token[1:-1]
    elif quote and quote in "'\"`":
        token = token[1:-1].replace(quote * 2, quote)
    return token.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _verb_after_with(words: Iterator[str]) -> str:
    """The first word behind the parentheses of the last common table expression."""
    depth = 0
    before = ""
    for word in words:
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif depth == 0 and before == ")" and word not in ("AS", ","):
            return word
        before = word
    return "WITH"


def _has_returning(sql: str) -> bool:
    if "returning" not in sql.lower():
        return False
    depth = 0
    for word in tokens(sql):
        if word == "(":
            depth += 1
        elif word == ")":
            depth -= 1
        elif depth == 0 and word == "RETURNING":
            return True
    return False
