"""The words of reports: metrics, dimensions and conditions, read by a grammar into formulas (dossier, section 8).

The vendor's server parsed them too, and put them into SQL for MySQL. What is not understood here is an error in the
words of that database, never ignored: a condition that is dropped gives wrong figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from canonical import formula as f
from canonical.formula import Call, Formula, Value
from canonical.values import Instant, sql_time
from dialects.crust.errors import Refused, bad_syntax

MAX_TEXT: Final = 4_000
MAX_DEPTH: Final = 32
MAX_METRICS: Final = 16
MAX_DIMENSIONS: Final = 8
AGGREGATES: Final = {"COUNT": "count", "SUM": "sum", "MAX": "max", "MIN": "min", "AVG": "avg", "STD": "std"}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?(?![\w.]))
      | '(?P<single>(?:[^'\\]|\\.|'')*)' | "(?P<double>(?:[^"\\]|\\.|"")*)"
      | `(?P<quoted>[^`]+)` | (?P<name>[^\W\d][\w.]*)
      | (?P<sign><=>|<=|>=|<>|!=|\|\||&&|[-+*/%(),=<>!])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_KEPT_ESCAPES: Final = "%_"
_RESERVED: Final = frozenset(
    ("AND", "OR", "XOR", "NOT", "LIKE", "IS", "NULL", "IN", "BETWEEN", "TRUE", "FALSE", "INTERVAL", "DIV", "MOD", "AS")
)
_COMPARISONS: Final = {sign: sign for sign in ("=", "<", "<=", ">", ">=", "!=")} | {"<>": "!="}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Words:
    """A part of a list: a function's name where there is one, its argument, and the name it goes by."""

    function: str
    node: Formula | None
    alias: str


class Reader:
    """Reads one text. `field` makes a formula of a field's name."""

    def __init__(self, text: str, now: Instant, field: Callable[[str], Formula]) -> None:
        if len(text) > MAX_TEXT:
            raise Refused("query too complex")
        self.text = text
        self.now = sql_time(now)
        self.field = field
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    # -- tokens -------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def wrong(self) -> Refused:
        """What the database says: where it stopped."""
        return bad_syntax(self.text[self.token.start :][:80])

    def take(self, *texts: str) -> str:
        """The next token, if it is one of these signs or words, and past it; else ``""``."""
        token = self.token
        word = token.text.upper() if token.kind == "name" else token.text
        if token.kind in ("sign", "name") and word in texts:
            self.at += 1
            return word
        return ""

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.wrong()

    def at_end(self) -> bool:
        return self.token.kind == "end"

    # -- conditions, from the loosest binding to the closest --------------------------------------------

    def condition(self) -> Formula:
        """The whole text as a condition."""
        node = f.as_type(self.either(), "truth")
        if not self.at_end():
            raise self.wrong()
        return node

    def either(self) -> Formula:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused("query too complex")
        node = self.all()
        while self.take("OR", "||"):
            node = f.both("or", node, self.all())
        self.depth -= 1
        return node

    def all(self) -> Formula:
        node = self.negation()
        while self.take("AND", "&&"):
            node = f.both("and", node, self.negation())
        return node

    def negation(self) -> Formula:
        negated = False
        while self.take("NOT"):
            negated = not negated
        node = self.comparison()
        return f.made("not", node) if negated else node

    def comparison(self) -> Formula:
        node = self.sum()
        while True:
            sign = self.take(*_COMPARISONS)
            if sign:
                node = f.compared(_COMPARISONS[sign], node, self.sum())
            elif self.take("IS"):
                negated = bool(self.take("NOT"))
                self.expect("NULL")
                node = f.missing(node)
                node = f.made("not", node) if negated else node
            else:
                negated = bool(self.take("NOT"))
                if self.take("LIKE"):
                    found = self.like(node)
                elif self.take("IN"):
                    found = self.among(node)
                elif self.take("BETWEEN"):
                    low = self.sum()
                    self.expect("AND")
                    found = f.both("and", f.compared(">=", node, low), f.compared("<=", node, self.sum()))
                elif negated:
                    raise self.wrong()
                else:
                    return node
                node = f.made("not", found) if negated else found

    def like(self, node: Formula) -> Formula:
        pattern = self.sum()
        if not isinstance(pattern, Value):
            raise Refused("unsupported pattern: one text is needed")
        text = str(pattern.value) if pattern.value is not None else None
        if text is not None and (len(text) - len(text.rstrip("\\"))) % 2:
            # At the end a backslash is itself.
            text += "\\"
        return f.likened(node, Value(text))

    def among(self, node: Formula) -> Formula:
        self.expect("(")
        found = f.compared("=", node, self.sum())
        while self.take(","):
            found = f.both("or", found, f.compared("=", node, self.sum()))
        self.expect(")")
        return found

    # -- values -------------------------------------------------------------------------------------------

    def sum(self) -> Formula:
        node = self.product()
        while sign := self.take("+", "-"):
            if self.take("INTERVAL"):
                node = self.moved(node, 1 if sign == "+" else -1)
            else:
                node = f.made(sign, node, self.product())
        return node

    def product(self) -> Formula:
        node = self.signed()
        while sign := self.take("*", "/", "%", "MOD"):
            node = f.made("%" if sign == "MOD" else sign, node, self.signed())
        return node

    def signed(self) -> Formula:
        negative = False
        while sign := self.take("-", "+", "!"):
            if sign == "!":
                return f.made("not", self.signed_once())
            negative ^= sign == "-"
        node = self.value()
        return f.made("negative", node) if negative else node

    def signed_once(self) -> Formula:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused("query too complex")
        node = self.signed()
        self.depth -= 1
        return node

    def value(self) -> Formula:
        token = self.token
        if token.kind == "number":
            self.at += 1
            whole = token.text.isdigit() and len(token.text) <= 18
            return Value(int(token.text) if whole else float(token.text), "number")
        if token.kind == "text":
            self.at += 1
            return Value(token.text)
        if token.kind == "quoted":
            self.at += 1
            return self.field(token.text)
        if self.take("("):
            node = self.either()
            self.expect(")")
            return node
        for word, value in (("TRUE", True), ("FALSE", False), ("NULL", None)):
            if self.take(word):
                return Value(value, "text" if value is None else "truth")
        if token.kind != "name" or token.text.upper() in _RESERVED:
            raise self.wrong()
        self.at += 1
        return self.call(token.text) if self.take("(") else self.field(token.text)

    def call(self, name: str) -> Formula:
        """A function, past its parenthesis."""
        function = name.upper()
        if function in ("DATE_ADD", "DATE_SUB", "ADDDATE", "SUBDATE"):
            node = self.either()
            self.expect(",")
            self.expect("INTERVAL")
            node = self.moved(node, 1 if "ADD" in function else -1)
            self.expect(")")
            return node
        args = self.args()
        known = _FUNCTIONS.get(function)
        if known is None:
            raise Refused(f'unsupported function "{name[:64]}"')
        low, high, make = known
        if not low <= len(args) <= high:
            raise Refused(f"incorrect parameter count for function {name[:64]}")
        return make(self, args)

    def args(self) -> list[Formula]:
        found: list[Formula] = []
        if self.take(")"):
            return found
        found.append(self.either())
        while self.take(","):
            found.append(self.either())
        self.expect(")")
        return found

    def moved(self, node: Formula, sign: int) -> Formula:
        """A moment some units on, past INTERVAL."""
        number, unit = f.as_type(self.sum(), "number"), self.token.text.upper()
        if self.token.kind != "name" or unit not in _UNITS:
            raise self.wrong()
        self.at += 1
        moment = f.as_type(node, "moment")
        if not isinstance(moment, Value) or not isinstance(number, Value):
            raise Refused("unsupported interval: it can be added to a known moment only")
        if moment.value is None or number.value is None:
            return Value(None, "moment")
        return Value(_moved(str(moment.value), sign * round(float(number.value)), unit), "moment")

    # -- lists ------------------------------------------------------------------------------------------

    def metrics(self) -> list[Words]:
        """Aggregates of the text, at the top of each part only."""
        return self._list(self._metric, "metric_", MAX_METRICS)

    def dimensions(self) -> list[Words]:
        return self._list(lambda: ("", self.either()), "dimension_", MAX_DIMENSIONS)

    def _list(self, part: Callable[[], tuple[str, Formula | None]], named: str, most: int) -> list[Words]:
        found: list[Words] = []
        while not self.at_end():
            function, node = part()
            alias = ""
            if self.take("AS") or self.token.kind in ("name", "quoted"):
                if self.token.kind not in ("name", "quoted"):
                    raise self.wrong()
                alias = self.token.text[:64]
                self.at += 1
            found.append(Words(function, node, alias or f"{named}{len(found)}"))
            if len(found) > most:
                raise Refused("query too complex")
            if not self.take(",") and not self.at_end():
                raise self.wrong()
        return found

    def _metric(self) -> tuple[str, Formula | None]:
        token = self.token
        if token.kind != "name" or token.text.upper() in _RESERVED:
            raise self.wrong()
        self.at += 1
        function = AGGREGATES.get(token.text.upper())
        if function is None:
            raise Refused(f'unsupported aggregate function "{token.text[:64]}"')
        self.expect("(")
        if function == "count" and self.take("*"):
            self.expect(")")
            return function, None
        node = self.either()
        self.expect(")")
        return function, node


def _tokens(text: str) -> list[Token]:
    """Raises Refused at the first character that begins none."""
    found = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise bad_syntax(text[at:].lstrip()[:80])
        kind = match.lastgroup or ""
        part = match[kind]
        if kind in ("single", "double"):
            quote = "'" if kind == "single" else '"'
            part, kind = _ESCAPED.sub(_unescaped, part.replace(quote * 2, quote)), "text"
        found.append(Token(kind, part, match.start(match.lastgroup or 0) - (kind in ("text", "quoted"))))
        at = match.end()
    found.append(Token("end", "", len(text)))
    return found


def _unescaped(match: re.Match[str]) -> str:
    char = match[1]
    return match[0] if char in _KEPT_ESCAPES else {"n": "\n", "t": "\t", "r": "\r", "0": ""}.get(char, char)


# -- functions --------------------------------------------------------------------------------------------

_UNITS: Final = frozenset(("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"))
_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def _moved(moment: str, number: int, unit: str) -> str | None:
    """None beyond the years that there are."""
    at = datetime.fromisoformat(moment)
    try:
        if unit in _MONTHS:
            year, month = divmod(at.year * 12 + at.month - 1 + number * _MONTHS[unit], 12)
            first = at.replace(year=year, month=month + 1, day=1)
            last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
            at = first.replace(day=min(at.day, last.day))
        else:
            at += timedelta(**{f"{unit.lower()}s": number})
    except (ValueError, OverflowError):
        return None
    return f"{at.year:04d}{at:-%m-%d %H:%M:%S}"


def _part(function: str) -> tuple[int, int, Callable[[Reader, list[Formula]], Formula]]:
    return 1, 1, lambda reader, args: f.made(function, args[0])


def _joined(nodes: list[Formula]) -> Formula:
    return f.made("joined", *nodes) if nodes else Value("")


def _formatted(reader: Reader, args: list[Formula]) -> Formula:
    """DATE_FORMAT: a pattern that is known, of a moment."""
    moment, pattern = f.as_type(args[0], "moment"), args[1]
    if not isinstance(pattern, Value) or pattern.type != "text" or pattern.value is None:
        raise Refused("unsupported date format: a text is needed")
    parts: list[Formula] = []
    for code, text in _CODE.findall(str(pattern.value)):
        if not code:
            parts.append(Value(text))
        elif code in _CODES:
            parts.append(_CODES[code](moment))
        elif code.isalpha():
            raise Refused(f"unsupported date format: %{code}")
        else:
            parts.append(Value(code))
    return _joined(parts)


def _two(function: str) -> Callable[[Formula], Formula]:
    return lambda moment: f.made("two digits", f.made(function, moment))


def _bare(function: str) -> Callable[[Formula], Formula]:
    return lambda moment: f.as_type(f.made(function, moment), "text")


_CODE: Final = re.compile(r"%(.)|([^%]+|%\Z)", re.DOTALL)
_CODES: Final[dict[str, Callable[[Formula], Formula]]] = {
    "Y": lambda moment: f.made("four digits", f.made("year", moment)),
    "y": lambda moment: f.made("two digits", f.made("%", f.made("year", moment), Value(100.0, "number"))),
    "m": _two("month"),
    "d": _two("day"),
    "H": _two("hour"),
    "i": _two("minute"),
    "s": _two("second"),
    "S": _two("second"),
    "c": _bare("month"),
    "e": _bare("day"),
    "k": _bare("hour"),
    "T": lambda moment: f.made("time text", moment),
}
"""Codes of DATE_FORMAT, of which clients use the first three."""
Make = Callable[[Reader, list[Formula]], Formula]
_FUNCTIONS: Final[dict[str, tuple[int, int, Make]]] = {
    "YEAR": _part("year"),
    "QUARTER": _part("quarter"),
    "MONTH": _part("month"),
    "DAY": _part("day"),
    "DAYOFMONTH": _part("day"),
    "HOUR": _part("hour"),
    "MINUTE": _part("minute"),
    "SECOND": _part("second"),
    "DATE": _part("date"),
    "DATE_FORMAT": (2, 2, _formatted),
    "CONCAT": (1, 64, lambda reader, args: _joined([_said(arg) for arg in args])),
    "NOW": (0, 0, lambda reader, args: Value(reader.now, "moment")),
    "CURDATE": (0, 0, lambda reader, args: f.made("date", Value(reader.now, "moment"))),
}


def _said(node: Formula) -> Formula:
    """A value as text: of a day without its time."""
    if isinstance(node, Call) and node.function == "date":
        return f.made("date text", node)
    return f.as_type(node, "text")
