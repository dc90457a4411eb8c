"""The expression grammar of ``dynamicStructure`` and ``structure``: ``1 AND (2 OR 3)``.

    either := both { OR both }
    both   := not { AND not }
    not    := NOT not | number | "(" either ")"

A number names the clause of that position, else whatever clause has that place among all; beyond the last place it is
what it is in SQL: true unless 0. Letter case does not count. Whatever else stands there is a syntax error, also where
it happens to be SQL: the vendor runs it (zurmo dossier, section 5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from canonical.query import FALSE, TRUE, And, Node, Not, Or
from dialects.zurmo.errors import Failure, syntax_error, unknown_column

MAX_LENGTH: Final = 4_000
MAX_TOKENS: Final = 600
MAX_DEPTH: Final = 24
OPERATORS: Final = ("AND", "OR")
_TOKEN = re.compile(r"\s*(?:([0-9]+)|([A-Za-z_]+)|(\S))", re.ASCII)


class Token(NamedTuple):
    """`kind`: ``number``, ``AND``, ``OR``, ``NOT``, ``(``, ``)``, ``unused`` or ``?``; `at`: place in the text."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The words of a structure. Raises Failure when there are too many."""
    if len(text) > MAX_LENGTH:
        raise Failure(syntax_error(text[MAX_LENGTH:].lower()))
    out = []
    for found in _TOKEN.finditer(text):
        number, word, sign = found.groups()
        at = found.start(found.lastindex or 0)
        if number:
            out.append(Token("number", number, at))
        elif word:
            upper = word.upper()
            out.append(Token(upper if upper in (*OPERATORS, "NOT") else "?", word, at))
        else:
            out.append(Token(sign if sign in "()" else "?", sign, at))
    if len(out) > MAX_TOKENS:
        raise Failure(syntax_error(text[out[MAX_TOKENS].at :].lower()))
    return out


def without(found: list[Token], unused: set[int]) -> list[Token]:
    """The tokens without the clauses that were empty, each with the operator before it.

    Directly behind a bracket it goes with the operator after it. One with neither stays, as the column that MySQL
    then does not know.
    """
    out: list[Token] = []
    at = 0
    while at < len(found):
        token = found[at]
        at += 1
        if token.kind != "number" or int(token.text[:18]) not in unused:
            out.append(token)
        elif out and out[-1].kind in OPERATORS:
            out.pop()
        elif out and out[-1].kind == "(" and at < len(found) and found[at].kind in OPERATORS:
            at += 1
        else:
            out.append(Token("unused", token.text, token.at))
    return out


def negated(text: str) -> set[int]:
    """The numbers that stand below a NOT."""
    if "not" not in text.lower():
        return set()
    out: set[int] = set()
    depth, since = 0, None  # since which depth of brackets there is a NOT
    for token in tokens(text):
        if token.kind == "NOT" and since is None:
            since = depth
        elif token.kind == "(":
            depth += 1
        elif token.kind == ")":
            depth -= 1
        elif token.kind == "number" and since is not None:
            out.add(int(token.text[:18]))
        if since is not None and depth <= since and token.kind in ("number", ")"):
            since = None
    return out


def parse(text: str, clauses: Mapping[int, Node], places: Sequence[Node] = (), unused: set[int] | None = None) -> Node:
    """The node of a structure over its clauses by position; `unused` are the positions of clauses without a value.

    `places` are all clauses of the search in their order. Raises Failure with MySQL's words for what is no expression.
    """
    found = tokens(text)
    if unused:
        found = without(found, unused)
    return _Parser(text, found, clauses, places).whole()


class _Parser:
    def __init__(self, text: str, found: list[Token], clauses: Mapping[int, Node], places: Sequence[Node]) -> None:
        self._text = text
        self._tokens = found
        self._clauses = clauses
        self._places = places
        self._at = 0
        self._depth = 0

    def _peek(self) -> str | None:
        return self._tokens[self._at].kind if self._at < len(self._tokens) else None

    def _error(self) -> Failure:
        rest = self._text[self._tokens[self._at].at :] if self._at < len(self._tokens) else ""
        # The vendor puts the expression in parentheses, in lower case (recording 039).
        return Failure(syntax_error(f"{rest.lower()})"))

    def whole(self) -> Node:
        node = self._either()
        if self._peek() is not None:
            raise self._error()
        return node

    def _either(self) -> Node:
        nodes = [self._both()]
        while self._peek() == "OR":
            self._at += 1
            nodes.append(self._both())
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _both(self) -> Node:
        nodes = [self._not()]
        while self._peek() == "AND":
            self._at += 1
            nodes.append(self._not())
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _not(self) -> Node:
        kind = self._peek()
        if kind == "NOT":
            return Not(self._nested(self._not))
        if kind == "(":
            node = self._nested(self._either)
            if self._peek() != ")":
                raise self._error()
            self._at += 1
            return node
        if kind == "unused":
            raise Failure(unknown_column("notused", "where clause"))
        if kind != "number":
            raise self._error()
        node = self._named(self._tokens[self._at].text)
        self._at += 1
        return node

    def _named(self, text: str) -> Node:
        number = int(text) if len(text) <= 18 else 0
        clause = self._clauses.get(number)
        if clause is None and 1 <= number <= len(self._places):
            clause = self._places[number - 1]
        if clause is None:
            return TRUE if text.strip("0") else FALSE
        if text.startswith("0"):
            raise self._error()
        return clause

    def _nested(self, rule: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error()
        self._at += 1
        node = rule()
        self._depth -= 1
        return node
