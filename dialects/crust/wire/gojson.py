"""JSON as Go's encoding/json reads it: its syntax errors, its type errors, raw values kept byte for byte.

The text is handled as ISO-8859-1, one character a byte, because that is how Go counts and names what it does not like.
Source: encoding/json of Go 1.19, scanner.go and decode.go; the texts are in crust dossier, sections 3 and 6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from dialects.crust.errors import Refused

MAX_DEPTH = 1000
"""Go's own bound is 10,000; the words are its own."""
LARGE = 64 * 1024
"""Of a longer text nothing more is looked at in an array once it is known to be refused."""
QUICK, QUICK_STRINGS = 20_000, 300_000
"""Arrays and objects, and strings, in a text that the quick parser looks at: it makes each of them."""
MAX_NESTED, MAX_MEMBERS = 320_000, 50_000
"""Arrays and objects in any text, members of one object: what has more is refused as too large."""
TOO_LARGE = "http: request body too large"

_SPACE = re.compile(r"[ \t\r\n]*")
_PLAIN = re.compile(r'"([^"\\\x00-\x1f]*)"')
# Each repeats without a way back, which would take a hundred bytes a character. The inner one is atomic too: on
# Python 3.11.2, which Debian 12 has, the repetition alone ends inside of an escape that is broken.
_STRING_PART = re.compile(r'"(?:(?>[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})))*+')
_STRING = re.compile(rf'{_STRING_PART.pattern}"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")
_BLANKS = re.compile(r'("(?:[^"\\]++|\\.)*+")|[ \t\r\n]+', re.DOTALL)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_UINT = re.compile(r"[0-9]+\Z")
_INT = re.compile(r"-?[0-9]+\Z")
_LITERALS = {"t": "true", "f": "false", "n": "null"}

MAX_UINT64 = 2**64 - 1


# -- what Go prints ---------------------------------------------------------------------------------


def quote_char(char: str) -> str:
    """A character as Go's scanner names it: ``'b'``, ``'\\n'``, ``'\\''``."""
    if char == "'":
        return "'\\''"
    if char == '"':
        return "'\"'"
    return f"'{go_quoted(char)[1:-1]}'"


def go_quoted(text: str) -> str:
    """`text` as Go's ``%q`` prints it."""
    out = []
    for char in text:
        code = ord(char)
        if char in '"\\':
            out.append("\\" + char)
        elif char in "\a\b\f\n\r\t\v":
            out.append("\\" + "abfnrtv"["\a\b\f\n\r\t\v".index(char)])
        elif code < 0x20 or code == 0x7F:
            out.append(f"\\x{code:02x}")
        elif 0xDC80 <= code <= 0xDCFF:
            # A byte that is no UTF-8 ("surrogateescape").
            out.append(f"\\x{code - 0xDC00:02x}")
        elif char.isprintable():
            out.append(char)
        else:
            out.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(out) + '"'


# -- syntax -----------------------------------------------------------------------------------------


def _invalid(text: str, at: int, where: str, end: str) -> Refused:
    return Refused(end) if at >= len(text) else Refused(f"invalid character {quote_char(text[at])} {where}")


def _bad_string(text: str, start: int, end: str) -> Refused:
    match = _STRING_PART.match(text, start)
    at = match.end() if match else start
    if text[at : at + 1] != "\\":
        return _invalid(text, at, "in string literal", end)
    if text[at + 1 : at + 2] != "u":
        return _invalid(text, at + 1, "in string escape code", end)
    at += 2
    while text[at : at + 1] in tuple("0123456789abcdefABCDEF"):
        at += 1
    return _invalid(text, at, "in \\u hexadecimal character escape", end)


def _scalar_end(text: str, at: int, end: str) -> int:
    """The end of the string, number or literal at `at`. Raises Refused."""
    char = text[at]
    if char == '"':
        match = _STRING.match(text, at)
        if match is None:
            raise _bad_string(text, at, end)
        return match.end()
    if char in "-0123456789":
        match = _NUMBER.match(text, at)
        if match is None:
            raise _invalid(text, at + 1, "in numeric literal", end)
        stop = match.end()
        rest = text[stop : stop + 1]
        if rest == "." and "." not in match[0] and "e" not in match[0].lower():
            raise _invalid(text, stop + 1, "after decimal point in numeric literal", end)
        if rest in ("e", "E") and "e" not in match[0].lower():
            signed = text[stop + 1 : stop + 2] in ("+", "-")
            raise _invalid(text, stop + 1 + signed, "in exponent of numeric literal", end)
        return stop
    word = _LITERALS.get(char)
    if word is None:
        raise _invalid(text, at, "looking for beginning of value", end)
    for offset, expected in enumerate(word):
        if text[at + offset : at + offset + 1] != expected:
            raise _invalid(text, at + offset, f"in literal {word} (expecting {quote_char(expected)})", end)
    return at + len(word)


def _spaces(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def scan(text: str, at: int, end: str) -> int:
    """The end of the JSON value that begins at `at`. Raises Refused in Go's words; `end` for text that breaks off."""
    stack: list[str] = []
    while True:
        # A value is wanted here.
        at = _spaces(text, at)
        if at >= len(text):
            raise Refused(end)
        char = text[at]
        if char in "{[":
            stack.append(char)
            if len(stack) > MAX_DEPTH:
                raise Refused("exceeded max depth")
            at = _spaces(text, at + 1)
            if text[at : at + 1] == ("}" if char == "{" else "]"):
                stack.pop()
                at += 1
            else:
                if char == "{":
                    at = _key(text, at, end)
                continue
        else:
            at = _scalar_end(text, at, end)
        # A value ended here.
        while stack:
            at = _spaces(text, at)
            char = text[at : at + 1]
            inside = stack[-1]
            if char == ",":
                at = _key(text, _spaces(text, at + 1), end) if inside == "{" else at + 1
                break
            if char != ("}" if inside == "{" else "]"):
                raise _invalid(
                    text, at, "after object key:value pair" if inside == "{" else "after array element", end
                )
            stack.pop()
            at += 1
        else:
            return at


def _key(text: str, at: int, end: str) -> int:
    """Past an object's key and its colon."""
    if text[at : at + 1] != '"':
        raise _invalid(text, at, "looking for beginning of object key string", end)
    at = _spaces(text, _scalar_end(text, at, end))
    if text[at : at + 1] != ":":
        raise _invalid(text, at, "after object key", end)
    return at + 1


def skip(text: str, at: int) -> int:
    """The end of the value at `at` in text that is known to be good."""
    if text[at] not in "{[":
        return _scalar_end(text, at, "")
    depth = 0
    for match in _BRACKET.finditer(text, at):
        char = match[0][0]
        if char != '"':
            depth += 1 if char in "{[" else -1
            if not depth:
                return match.end()
    raise Refused("unexpected end of JSON input")


def compact(raw: str) -> str:
    """A raw value without blanks between its tokens."""
    return _BLANKS.sub(lambda match: match[1] or "", raw)


def string_value(literal: str) -> str:
    """The text of a string literal, UTF-8 decoded; what is no character is U+FFFD."""
    inner = literal[1:-1]
    if not inner.isascii():
        inner = inner.encode("iso-8859-1").decode("utf-8", "replace")
    if "\\" not in inner:
        return inner
    text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _SHORT.get(m[2], m[2]), inner)
    return _SURROGATES.sub(_joined, text)


def _joined(match: re.Match[str]) -> str:
    pair = match[0]
    if len(pair) == 1:
        return "\ufffd"
    return chr(0x10000 + ((ord(pair[0]) - 0xD800) << 10) + ord(pair[1]) - 0xDC00)


# -- types ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Basic:
    """``string``, ``int``, ``bool``, ``uint64`` (digits in a string, ``,string``) or ``json`` (kept as it is)."""

    name: str


STRING, INT, BOOL, UINT64, RAW = Basic("string"), Basic("int"), Basic("bool"), Basic("uint64"), Basic("json")


@dataclass(frozen=True, slots=True)
class Slice:
    """A Go slice; `name` is its type as error texts show it: ``types.ModuleFieldSet``, ``[]string``.

    Of more than `most` elements only the first of them and one more are made.
    """

    name: str
    element: GoType
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A Go map from text."""

    name: str
    element: GoType


@dataclass(frozen=True, slots=True)
class Struct:
    """A Go struct: `package` and `name` (``request``, ``PageCreate``), and its fields by the name in error texts."""

    package: str
    name: str
    fields: tuple[tuple[str, GoType], ...]
    by_key: dict[str, tuple[str, GoType]] = field(init=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.by_key.update({fold_key(name): (name, kind) for name, kind in self.fields})


GoType: TypeAlias = "Basic | Slice | Mapping | Struct"


def fold_key(key: str) -> str:
    """A key as Go compares it with a field's name: in any case, the long s and the Kelvin sign too."""
    return key.lower().replace("\u017f", "s")


_ZERO: dict[str, Any] = {"string": "", "int": 0, "bool": False, "uint64": 0, "json": None}


def zero(kind: GoType) -> Any:
    """What Go has before anything is read: ``""``, 0, False; None for raw JSON, slices and maps; a struct of such."""
    if isinstance(kind, Basic):
        return _ZERO[kind.name]
    if isinstance(kind, Struct):
        return {name: zero(inner) for name, inner in kind.fields}
    return None


def type_name(kind: GoType) -> str:
    if isinstance(kind, Struct):
        return f"{kind.package}.{kind.name}"
    return kind.name


def _value_word(char: str) -> str:
    return {"{": "object", "[": "array", '"': "string", "t": "bool", "f": "bool"}.get(char, "number")


def _misused(value: str) -> str:
    return f"json: invalid use of ,string struct tag, trying to unmarshal {value} into uint64"


class _Reader:
    """Decodes text whose syntax is known to be good. The first type error is kept, as Go does, and told at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.error: str | None = None
        self.struct = ""
        self.path: tuple[str, ...] = ()

    def _mismatch(self, value: str, kind: str) -> None:
        if self.error is None:
            place = f"struct field {self.struct}.{'.'.join(self.path)} of type" if self.struct else "value of type"
            self.error = f"json: cannot unmarshal {value} into Go {place} {kind}"

    def read(self, kind: GoType, at: int, current: Any) -> tuple[Any, int]:
        """The value and where it ends; `current` where null or a wrong type leaves it as it was."""
        at = _spaces(self.text, at)
        char = self.text[at]
        if kind is RAW:
            end = skip(self.text, at)
            return self.text[at:end].encode("iso-8859-1").decode("utf-8", "replace"), end
        if char == "n":
            return (None if isinstance(kind, Slice | Mapping) else current), at + 4
        if isinstance(kind, Struct):
            if char == "{":
                return self._struct(kind, at, current)
        elif isinstance(kind, Slice):
            if char == "[":
                return self._slice(kind, at)
        elif isinstance(kind, Mapping):
            if char == "{":
                return self._mapping(kind, at)
        else:
            return self._basic(kind, at, char, current)
        self._mismatch(_value_word(char), type_name(kind))
        return current, skip(self.text, at)

    def _basic(self, kind: Basic, at: int, char: str, current: Any) -> tuple[Any, int]:
        text = self.text
        if char == '"':
            match = _PLAIN.match(text, at)
            end = match.end() if match else skip(text, at)
            literal = text[at:end]
            if kind is STRING:
                return string_value(literal), end
            if kind is UINT64:
                return self._quoted(string_value(literal), current), end
            self._mismatch("string", kind.name)
            return current, end
        end = skip(text, at)
        raw = text[at:end]
        if kind is UINT64:
            if char in "-0123456789" and math.isinf(float(raw)):
                self._mismatch(f"number {raw[:64]}", "float64")
            else:
                self.error = self.error or _misused("unquoted value")
        elif kind is INT and char not in "{[tf":
            if _INT.match(raw) and -(2**63) <= int(raw[:21]) < 2**63:
                return int(raw), end
            self._mismatch(f"number {raw[:64]}", "int")
        elif kind is BOOL and char in "tf":
            return char == "t", end
        else:
            self._mismatch(_value_word(char), kind.name)
        return current, end

    def _quoted(self, inner: str, current: Any) -> Any:
        if _UINT.match(inner) and inner.isascii() and len(inner) <= 20 and int(inner) <= MAX_UINT64:
            return int(inner)
        if inner == "null":
            return current
        if inner[:1] == '"' and _STRING.fullmatch(inner):
            self._mismatch("string", "uint64")
        elif inner[:1] == "-" or inner[:1] in tuple("0123456789"):
            self._mismatch(f"number {inner[:64]}", "uint64")
        else:
            words = _misused(go_quoted(inner[:200]))
            if inner[:1] not in ("", "n", "t", "f"):
                # Go gives up here; whatever it found wrong before is not told.
                raise Refused(words)
            self.error = self.error or words
        return current

    def _members(self, at: int) -> Any:
        """Key after key of the object at `at`: the consumer sends back where each value ended; last comes the end."""
        text = self.text
        at = _spaces(text, at + 1)
        while text[at] != "}":
            match = _PLAIN.match(text, at)
            end = match.end() if match else skip(text, at)
            key = string_value(text[at:end])
            colon = _spaces(text, end)
            at = _spaces(text, (yield key, _spaces(text, colon + 1)))
            if text[at] == ",":
                at = _spaces(text, at + 1)
        yield None, at + 1

    def _each(self, at: int, use: Callable[[str, int], int]) -> int:
        members = self._members(at)
        key, place = next(members)
        count = 0
        while key is not None:
            count += 1
            if count > MAX_MEMBERS:
                raise Refused(TOO_LARGE)
            key, place = members.send(use(key, place))
        return int(place)

    def _struct(self, kind: Struct, at: int, current: Any) -> tuple[Any, int]:
        out = dict(current) if isinstance(current, dict) else zero(kind)
        outer = self.struct, self.path

        def member(key: str, place: int) -> int:
            known = kind.by_key.get(fold_key(key))
            if known is None:
                return skip(self.text, place)
            name, inner = known
            self.struct, self.path = kind.name, (*outer[1], name)
            out[name], end = self.read(inner, place, out[name])
            self.struct, self.path = outer
            return end

        return out, self._each(at, member)

    def _mapping(self, kind: Mapping, at: int) -> tuple[Any, int]:
        out: dict[str, Any] = {}

        def member(key: str, place: int) -> int:
            out[key], end = self.read(kind.element, place, zero(kind.element))
            return end

        return out, self._each(at, member)

    def _slice(self, kind: Slice, start: int) -> tuple[Any, int]:
        out: list[Any] = []
        large = len(self.text) > LARGE
        at = _spaces(self.text, start + 1)
        while self.text[at] != "]":
            value, at = self.read(kind.element, at, zero(kind.element))
            full = kind.most is not None and len(out) > kind.most
            # What is refused is not kept.
            if self.error is None and not full:
                out.append(value)
            elif large:
                return out, skip(self.text, start)
            at = _spaces(self.text, at)
            if self.text[at] == ",":
                at = _spaces(self.text, at + 1)
        return out, at + 1


def _is_good(data: bytes) -> bool:
    """Whether a quick parser finds nothing wrong; what it does not like is looked at again in Go's own way."""
    if data.count(b"[") + data.count(b"{") > QUICK:
        # What is empty is as good as null wherever it stands, and costs nothing.
        data = data.replace(b"{}", b"null").replace(b"[]", b"null")
        nested = data.count(b"[") + data.count(b"{")
        if nested > QUICK:
            if nested > MAX_NESTED:
                raise Refused(TOO_LARGE)
            return False
    if data.count(b'"') > 2 * QUICK_STRINGS:
        return False
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return data.count(b"[") + data.count(b"{") <= MAX_DEPTH


def decode_first(data: bytes, kind: GoType, current: Any = None) -> Any:
    """The first JSON value of `data` as ``json.NewDecoder(r).Decode`` reads it into `kind`; what follows is ignored.

    Nothing but blanks leaves the value as it is. Raises Refused with Go's words.
    """
    text = data.decode("iso-8859-1")
    start = _spaces(text, 0)
    if current is None:
        current = zero(kind)
    if start >= len(text):
        return current
    if not _is_good(data):
        scan(text, start, "unexpected EOF")
    return _typed(text, start, kind, current)


def decode_all(text: str, kind: GoType) -> Any:
    """One JSON text as ``json.Unmarshal`` reads it into `kind`. Raises Refused with Go's words."""
    data = text.encode("utf-8", "replace")
    latin = data.decode("iso-8859-1")
    if not _is_good(data):
        # Unmarshal tries a blank where the text breaks off: inside a literal it is the blank that is wrong.
        end = scan(f"{latin} ", 0, "unexpected end of JSON input")
        end = _spaces(latin, end)
        if end < len(latin):
            raise _invalid(latin, end, "after top-level value", "")
    return _typed(latin, 0, kind, zero(kind))


def _typed(text: str, at: int, kind: GoType, current: Any) -> Any:
    reader = _Reader(text)
    value, _ = reader.read(kind, at, current)
    if reader.error is not None:
        # An error keeps all that its frames hold.
        del value, text
        raise Refused(reader.error)
    return value


def checked_raw(text: str) -> str:
    """A raw JSON value as it is stored: without blanks between tokens. Raises Refused when it is no JSON."""
    decode_all(text, RAW)
    return compact(text)
