"""From a request to a struct of values, as the vendor's request types gather them (crust dossier, section 3).

    CREATE = Request("PageCreate", (Post("selfID", UINT64), Post("title", STRING), Post("blocks", RAW)))
    bind(call, CREATE)  ->  {"selfID": 0, "title": "Home", "blocks": None}

Later steps override earlier ones: JSON body, form and query, path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import unquote_to_bytes

from adapter.dialect import Call
from adapter.formats import charsets
from adapter.wire import WireRequest
from dialects.crust.errors import Refused
from dialects.crust.wire.gojson import (
    BOOL,
    INT,
    MAX_UINT64,
    RAW,
    STRING,
    TOO_LARGE,
    UINT64,
    GoType,
    Struct,
    decode_first,
    go_quoted,
    zero,
)
from dialects.crust.wire.gomime import media_type

Source = Literal["get", "post", "path"]
MAX_PAIRS: Final = 10_000
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_TRUE = frozenset(("t", "true", "y", "yes", "1"))


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its name on the wire, its Go type, and where it is read from besides the JSON body."""

    name: str
    type: GoType
    source: Source

    @property
    def go_name(self) -> str:
        """The struct field's name, which error texts show: ``SelfID``."""
        return self.name[:1].upper() + self.name[1:]


def Get(name: str, type: GoType = STRING) -> Param:
    return Param(name, type, "get")


def Post(name: str, type: GoType = STRING) -> Param:
    return Param(name, type, "post")


def Path(name: str, type: GoType = UINT64) -> Param:
    return Param(name, type, "path")


@dataclass(frozen=True, slots=True)
class Request:
    """A request type: `name` is the Go struct's (``ModuleCreate``); every parameter may come in the JSON body too."""

    name: str
    params: tuple[Param, ...]
    struct: Struct = field(init=False)
    start: dict[str, Any] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        fields = tuple((param.go_name, param.type) for param in self.params)
        object.__setattr__(self, "struct", Struct("request", self.name, fields))
        object.__setattr__(self, "start", {param.name: zero(param.type) for param in self.params})


def bind(call: Call, request: Request) -> dict[str, Any]:
    """The values by wire name; what was not sent is Go's zero value (``""``, 0, False, None).

    Raw JSON is text (None: not sent). Raises Refused with the vendor's words.
    """
    wire = call.request
    if wire.body and wire.body != b"{}" and is_json(wire):
        try:
            read = decode_first(wire.body, request.struct)
        except Refused as error:
            raise Refused(f"error parsing http request body: {error.message}") from None
        values = {param.name: read[param.go_name] for param in request.params}
    else:
        values = dict(request.start)
    given = posted(wire)
    query = parse_query(wire.query)
    form = {**query, **given} if given else query
    for param in request.params:
        if param.source == "path":
            text = call.params.get(param.name)
        else:
            text = (form if param.source == "post" else query).get(param.name)
        if text is not None:
            _override(values, param, text)
    return values


def is_json(wire: WireRequest) -> bool:
    """Whether the body is read as JSON: the exact type, without a charset."""
    content_type = wire.headers.get("Content-Type")
    return content_type is not None and content_type.lower() == "application/json"


def _override(values: dict[str, Any], param: Param, text: str) -> None:
    kind = param.type
    if kind is STRING or kind is RAW:
        values[param.name] = text
    elif kind is UINT64:
        values[param.name] = uint64(text)
    elif kind is INT:
        values[param.name] = integer(text)
    elif kind is BOOL:
        values[param.name] = text.strip().lower() in _TRUE
    # Sets and lists are not read from forms at all (crust dossier, section 3).


def uint64(text: str) -> int:
    """Decimal digits as Go's ParseUint reads them, the largest where they are beyond it; any other text is 0."""
    return _clamped(text, MAX_UINT64)


def integer(text: str) -> int:
    """A signed decimal number as Go's ParseInt reads it, the largest or smallest int beyond it; other text is 0."""
    if text[:1] == "-":
        return -_clamped(text[1:], 2**63)
    return _clamped(text[1:] if text[:1] == "+" else text, 2**63 - 1)


def _clamped(digits: str, most: int) -> int:
    if not (digits.isascii() and digits.isdigit()):
        return 0
    significant = digits.lstrip("0") or "0"
    return min(int(significant), most) if len(significant) <= 20 else most


def parse_query(raw: str, codec: str = "utf-8") -> dict[str, str]:
    """First values by name, as Go's url.ParseQuery reads them. Raises Refused for a bad escape.

    Bytes that are none in the codec are windows-1252; the vendor's database refused them (crust dossier, section 7).
    """
    values, problem = read_query(raw, codec)
    if problem is not None:
        raise problem
    return values


def read_query(raw: str, codec: str = "utf-8") -> tuple[dict[str, str], Refused | None]:
    """What can be read of a query, and what is wrong with the rest."""
    out: dict[str, str] = {}
    if not raw:
        return out, None
    if raw.count("&") > MAX_PAIRS:
        return out, Refused(TOO_LARGE)
    problem: Refused | None = None
    for pair in raw.split("&"):
        if not pair:
            continue
        if ";" in pair:
            # Of several faults the first is told, but this one before any other.
            problem = Refused("invalid semicolon separator in query")
            continue
        name, _, value = pair.partition("=")
        try:
            out.setdefault(_unescaped(name, codec), _unescaped(value, codec))
        except Refused as error:
            problem = problem or error
    return out, problem


def _unescaped(text: str, codec: str) -> str:
    if "%" in text:
        bad = _BAD_ESCAPE.search(text)
        if bad is not None:
            wrong = text[bad.start() : bad.start() + 3].encode("iso-8859-1", "replace")
            raise Refused(f"invalid URL escape {go_quoted(wrong.decode('utf-8', 'surrogateescape'))}")
        text = text.replace("+", " ")
        return charsets.text(unquote_to_bytes(text.encode("iso-8859-1", "replace")), codec)
    text = text.replace("+", " ")
    return text if text.isascii() else charsets.text(text.encode("iso-8859-1", "replace"), codec)


def posted(wire: WireRequest) -> dict[str, str]:
    """Values of the urlencoded body of a POST, PUT or PATCH; no other method has one.

    Raises Refused for a Content-Type that is none, whatever the body.
    """
    if wire.method not in ("POST", "PUT", "PATCH"):
        return {}
    sent = wire.headers.get("Content-Type")
    # What real clients send is known to be well formed.
    if not sent or sent == "application/json":
        return {}
    kind = media_type(sent)
    if kind != "application/x-www-form-urlencoded":
        return {}
    return parse_query(wire.body.decode("iso-8859-1"), charsets.of_form(charsets.label(sent)))
