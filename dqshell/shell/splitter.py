"""Splits SQL into statements by the rule of SQLite's `sqlite3_complete` (its src/complete.c).

A semicolon ends a statement unless it stands in a string, a quoted name or a comment, or in the
body of a CREATE TRIGGER, which ends with `; END ;`. Text may arrive in pieces of any size, cut
anywhere; every piece is scanned once.
"""

from __future__ import annotations

import re

from ..errors import ProgrammingError

# The states of sqlite3_complete. In PLAIN and BODY nothing but a semicolon matters; in the others
# the next token does.
_START, _PLAIN, _EXPLAIN, _CREATE, _BODY, _SEMICOLON, _END = range(7)

# Where a token leads to, by its word ...
_WORDS: dict[int, dict[str, int]] = {
    _START: {"explain": _EXPLAIN, "create": _CREATE},
    _EXPLAIN: {
        "create": _CREATE,
        "end": _PLAIN,
        "explain": _PLAIN,
        "temp": _PLAIN,
        "temporary": _PLAIN,
        "trigger": _PLAIN,
    },
    _CREATE: {"temp": _CREATE, "temporary": _CREATE, "trigger": _BODY},
    _SEMICOLON: {"end": _END},
    _END: {},
}
# ... and if it is any other word, or none.
_OTHERWISE = {_START: _PLAIN, _EXPLAIN: _EXPLAIN, _CREATE: _PLAIN, _SEMICOLON: _BODY, _END: _BODY}
_LONGEST_WORD = len("temporary")

# Ordinary text with whole strings, quoted names and line comments in it. No two alternatives begin
# alike, so it is scanned without a second look; the limit is there because the engine keeps a
# record of each.
_RUN = r"""[^;'"`\[/-]*(?:(?:'[^']*'|"[^"]*"|`[^`]*`|\[[^\]]*\]|--[^\n]*\n|-(?=[^-])|/(?=[^*]))[^;'"`\[/-]*){0,500}"""
_WORD = r"[^\x00-#%-/:-@\[-\^`{-\x7f]"  # letters, digits, _, $ and whatever is not ASCII
_BLANKS = r"[ \t\r\n\f]*"

_run = re.compile(_RUN).match
# A statement that does not begin like CREATE or EXPLAIN, nor with what may become such a word.
_simple = re.compile(rf"""{_BLANKS}(?=[^ \t\r\n\f;'"`\[/-])(?![CcEe][RrXx]|{_WORD}+\Z)({_RUN})""").match
_blanks = re.compile(_BLANKS).match
_word = re.compile(f"{_WORD}+").match
_no_code = re.compile(r"""'[^']*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?|--[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL).sub

_CLOSERS = {"'": "'", '"': '"', "`": "`", "[": "]", "--": "\n", "/*": "*/"}
_OPEN = {"'": "string", '"': "identifier", "`": "identifier", "]": "identifier", "*/": "comment"}
_INSIDE = {
    "string": "a string",
    "identifier": "a quoted name",
    "comment": "a comment",
    "trigger": "the body of a trigger, which ends with END;",
}


class IncompleteStatement(ProgrammingError):
    """The input ended in the middle of a statement.

    `open` says what was open: "string", "identifier", "comment" or "trigger"; `line` is that of the
    statement's first token, or of the comment's beginning where there is no statement.
    """

    def __init__(self, message: str, open_: str, line: int) -> None:
        super().__init__(message)
        self.open = open_
        self.line = line


class Statement:
    """A statement as it was written, from its first token up to its semicolon, which is left out.

    `line` and `column` are those of the first token in the input, counted from 1 (in characters).
    """

    __slots__ = ("column", "line", "text")

    def __init__(self, text: str, line: int, column: int) -> None:
        self.text = text
        self.line = line
        self.column = column

    def __repr__(self) -> str:
        return f"Statement({self.text!r}, line={self.line}, column={self.column})"


class Splitter:
    """Takes text in pieces, gives statements as they are completed."""

    __slots__ = (
        "_carry",
        "_closer",
        "_column",
        "_depth",
        "_line",
        "_open_line",
        "_parts",
        "_start",
        "_state",
    )

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all input; lines count from 1 again."""
        self._line = 1  # of the next character
        self._column = 1
        self._carry = ""  # the last characters, when it takes more to tell what they are
        self._reset()

    def _reset(self) -> None:
        self._state = _START
        self._closer = ""  # what ends the string, quoted name or comment that is open
        self._open_line = 0  # where that begins
        self._parts: list[str] = []  # of a statement that began in an earlier piece
        self._start: tuple[int, int] | None = None  # line and column of the first token
        self._depth = 0  # of parentheses, at the end of the last piece

    @property
    def pending(self) -> bool:
        """Whether there is the beginning of a statement: at least one token of it."""
        return self._start is not None

    @property
    def open(self) -> str:
        """What the text so far leaves open.

        One of "string", "identifier" (a quoted name), "comment", "parenthesis", "trigger" (its
        body), "statement" (nothing but its semicolon is missing), or "".
        """
        if self._closer in _OPEN:
            return _OPEN[self._closer]
        if self._start is None:
            return ""
        if self._depth > 0:
            return "parenthesis"
        return "trigger" if self._state in (_BODY, _SEMICOLON, _END) else "statement"

    def feed(self, text: str) -> list[Statement]:
        """The statements that this piece completes. Those without any token are left out."""
        found: list[Statement] = []
        text = self._carry + text
        self._carry = ""
        size = len(text)
        position = self._skip(text, 0) if self._closer else 0
        code = position  # what stands before it continues a string or comment
        begin = 0  # of the statement
        seen = 0  # up to here lines are counted
        opened = -1  # the last string, name or comment
        while position < size:
            state = self._state
            if state in (_PLAIN, _BODY):
                position = _run(text, position).end()  # type: ignore[union-attr]  # always matches
            elif self._start is None and (simple := _simple(text, position)):
                begin, position = simple.span(1)
                seen = self._advance(text, seen, begin)
                if text[position : position + 1] == ";":  # a whole statement: the common case
                    found.append(Statement(text[begin:position], self._line, self._column))
                    position += 1
                    continue
                self._start = self._line, self._column
                self._state = state = _PLAIN
            else:
                position = _blanks(text, position).end()  # type: ignore[union-attr]  # always matches
            if position == size:
                break
            char = text[position]
            if char == ";":
                if state in (_BODY, _SEMICOLON):
                    self._state = _SEMICOLON
                else:
                    if self._start is not None:
                        self._parts.append(text[begin:position])
                        found.append(Statement("".join(self._parts), *self._start))
                    self._reset()
                position += 1
                continue
            if char in "-/":
                pair = text[position : position + 2]
                if pair in _CLOSERS:
                    opened = position
                    self._closer = _CLOSERS[pair]
                    position = self._skip(text, position + 2)
                    continue
                if len(pair) == 1:
                    self._carry = pair
                    break
            # A token that is no semicolon and no comment.
            if self._start is None:
                begin = position
                seen = self._advance(text, seen, begin)
                self._start = self._line, self._column
            if char in _CLOSERS:
                opened = position
                self._closer = _CLOSERS[char]
                position = self._skip(text, position + 1)
            elif state in _WORDS and (word := _word(text, position)):
                position = word.end()
                if position == size:  # perhaps not all of it; a longer one is none that matters
                    self._carry = text[max(word.start(), size - _LONGEST_WORD - 1) :]
                    break
                if position - word.start() <= _LONGEST_WORD:
                    self._state = _WORDS[state].get(word.group().lower(), _OTHERWISE[state])
                    continue
            else:
                position += 1
            self._state = _OTHERWISE.get(state, state)
        if self._closer and opened >= 0:
            seen = self._advance(text, seen, opened)
            self._open_line = self._line
        end = size - len(self._carry)
        self._advance(text, seen, end)
        if self._start is not None:
            self._parts.append(text[begin:end])
            plain = _no_code("", text[max(begin, code) : end])
            self._depth += plain.count("(") - plain.count(")")
        return found

    def finish(self) -> Statement | None:
        """The input has ended: its last statement, if that lacks nothing but its semicolon.

        Raises IncompleteStatement if it lacks more. Either way the splitter is as new.
        """
        self.feed("\n")  # tells what the last characters are
        inside = _OPEN.get(self._closer) or ("trigger" if self._state in (_BODY, _SEMICOLON) else "")
        text = "".join(self._parts)[:-1]
        start = self._start
        open_line = self._open_line
        closer = self._closer
        self.clear()
        if not inside:
            return None if start is None else Statement(text, *start)
        message = f"the input ends inside {_INSIDE[inside]}"
        if closer:
            message += f", which begins in line {open_line}"
        raise IncompleteStatement(message, inside, start[0] if start else open_line)

    def _skip(self, text: str, position: int) -> int:
        """To the end of what is open: where the text goes on behind it, or its size."""
        end = text.find(self._closer, position)
        if end < 0:
            if self._closer == "*/" and text.endswith("*", position):
                self._carry = "*"
            return len(text)
        end += len(self._closer)
        self._closer = ""
        return end

    def _advance(self, text: str, seen: int, to: int) -> int:
        """Count the lines from one place to another, which is returned."""
        lines = text.count("\n", seen, to)
        if lines:
            self._line += lines
            self._column = to - text.rfind("\n", seen, to)
        else:
            self._column += to - seen
        return to
