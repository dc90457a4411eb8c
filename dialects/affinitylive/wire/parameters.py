"""A request's parameters, wherever they stand: query string and body merged, body first (dossier, section 3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from adapter.dialect import Call
from adapter.formats import Malformed, TooDeep, TooLarge, charsets, form_body, json_body
from adapter.wire import WireRequest
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.wire import grammar
from dialects.affinitylive.wire.grammar import Items

MAX_BRACKETS = 8
PREFIXES = ("/public_api/v0", "/api/v0", "/api")
_BELOW = tuple((prefix, (f"{prefix}/", f"{prefix}.")) for prefix in PREFIXES)
EXTENSIONS = {".json": "json", ".xml": "xml", ".yaml": "yaml"}
_EXTENSIONS = tuple(EXTENSIONS)
_MEDIA = {
    "application/json": "json",
    "text/json": "json",
    "text/xml": "xml",
    "application/xml": "xml",
    "text/x-yaml": "yaml",
    "text/yaml": "yaml",
    "application/x-yaml": "yaml",
    "application/yaml": "yaml",
}
_NUMBERS = 18  # decimal digits that always fit 64 bits
_MOST = 10**_NUMBERS - 1
_SLASHES = re.compile("//+")
_KEY = "affinitylive parameters"
QUERIES_KEPT: Final = 512
LONGEST_KEPT: Final = 2_000  # characters
SECRETS: Final = frozenset(
    {"_bearer_token", "client_secret", "code", "code_verifier", "password", "refresh_token", "token"}
)
"""Parameters that hold credentials: never logged, and a query string with one is not kept."""
T = TypeVar("T")


class Parameters:
    """By name: text as a form has it, or whatever JSON had. Of a repeated name the last counts.

    Never changed: those of a query string serve every request that has it.
    """

    __slots__ = ("_worked_out", "files", "values")

    def __init__(self, values: dict[str, Any], files: tuple[str, ...] = ()) -> None:
        self.values = values
        self.files = files
        self._worked_out: dict[object, Any] = {}

    def once(self, key: object, work: Callable[[Parameters], T]) -> T:
        """What `work` makes of the parameters, and of nothing that `key` does not tell; made at the first use."""
        found: T | None = self._worked_out.get(key)
        if found is None:
            found = self._worked_out[key] = work(self)
        return found

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        """The scalar of that name as text; None when it is missing, null or no scalar."""
        value = self.values.get(name)
        return value if value is None or isinstance(value, str) else grammar.scalar(value)

    def first(self, *names: str) -> str | None:
        """The first of several spellings of one parameter that was given."""
        for name in names:
            value = self.text(name)
            if value is not None:
                return value
        return None

    def number(self, name: str) -> int | None:
        """A whole number from 0 on; None when it is missing or no such number."""
        value = self.text(name)
        return None if value is None else whole(value)

    def switch(self, name: str) -> bool:
        """Whether a switch is on: ``1`` or ``yes`` (dossier, section 4)."""
        value = self.text(name)
        return value is not None and value.strip().lower() in ("1", "yes")

    def count(self, name: str) -> int | None:
        """As `number`, but a number past all bounds is the most there is: a page far past the end is still past it."""
        value = self.text(name)
        if value is None:
            return None
        digits = value.strip()
        return _MOST if digits.isascii() and digits.isdigit() and len(digits) > _NUMBERS else whole(digits)

    @property
    def fields(self) -> Items:
        """Raises Malformed, TooLarge."""
        return self.once("_fields", _fields)

    @property
    def filters(self) -> Items:
        """Raises Malformed, TooLarge."""
        return self.once("_filters", _filters)


def _fields(given: Parameters) -> Items:
    value = given.values.get("_fields")
    return () if value is None else grammar.fields(value)


def _filters(given: Parameters) -> Items:
    value = given.values.get("_filters")
    return () if value is None else grammar.filters(value)


def whole(text: str) -> int | None:
    """A whole number from 0 on, of ASCII digits; None for anything else."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _NUMBERS else None


def record_id(text: str) -> int:
    """The id in a path. Raises BadRequest for one that no record can have."""
    number = whole(text)
    if number is None:
        raise BadRequest("id")
    return number


def of(call: Call) -> Parameters:
    """The call's parameters, read once. Raises Malformed, TooLarge for a body that is not what it claims."""
    kept = call.memo.get(_KEY)
    if kept is None:
        kept = call.memo[_KEY] = read(call.request)
    found: Parameters = kept
    return found


def lenient(call: Call) -> Parameters:
    """As `of`; of a body that cannot be read nothing counts. For switches that shape an error."""
    try:
        return of(call)
    except (Malformed, TooLarge):
        try:
            return of_query(call.request.query)
        except (Malformed, TooLarge):
            return Parameters({})


_queries: dict[str, Parameters] = {}


def of_query(query: str) -> Parameters:
    """The parameters of a query string: clients ask with the same few over and over. Raises TooDeep, TooLarge."""
    found = _queries.get(query)
    if found is None:
        found = Parameters(_nested(form_body.parse_pairs(query)))
        if len(query) <= LONGEST_KEPT and SECRETS.isdisjoint(found.values):
            if len(_queries) >= QUERIES_KEPT:
                _queries.clear()
            _queries[query] = found
    return found


def read(request: WireRequest) -> Parameters:
    """Query string and body of a request. Raises Malformed, TooLarge."""
    given = of_query(request.query)
    if not request.body:
        return given
    values = given.values
    declared = request.headers.get("Content-Type") or ""
    kind = declared.partition(";")[0].strip().lower()
    label = charsets.label(declared)
    if kind in ("", "text/plain"):
        # Clients without a content type send a form or JSON; JSON objects start with a brace.
        kind = "application/json" if request.body.lstrip()[:1] == b"{" else "application/x-www-form-urlencoded"
    if kind in ("application/json", "text/json"):
        return Parameters({**values, **_json(request.body, label)})
    if kind == "application/x-www-form-urlencoded":
        return Parameters({**values, **_nested(form_body.parse_pairs(request.body.strip(b"\r\n"), charset=label))})
    if kind == "multipart/form-data":
        fields, files = form_body.multipart(request.body, declared)
        return Parameters({**values, **_nested(fields)}, tuple(name for name, *_ in files))
    raise Malformed(f"no parameters in {kind[:80]}")


def _json(body: bytes, label: str | None) -> dict[str, Any]:
    try:
        # Some clients' encoders put a byte order mark first.
        body = charsets.in_utf8(body, label)
    except ValueError:
        raise Malformed(f"the body is no {label}") from None
    if not body.strip():
        return {}
    value = json_body.parse(body)
    if not isinstance(value, dict):
        raise Malformed("a JSON object is needed")
    return value


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Pairs by name; ``a[b][]=1`` is ``{"a": {"b": ["1"]}}``.

    Not `form_body.nest`: dots in names must stay (``profile.12``). Brackets are nowhere documented, but PHP clients
    write them (dossier, section 3).
    """
    out: dict[str, Any] = {}
    for name, value in pairs:
        if "[" not in name or not name.endswith("]"):
            out[name] = value
            continue
        keys = name.replace("]", "").split("[")
        if len(keys) > MAX_BRACKETS:
            raise TooDeep("too many brackets in a name")
        _put(out, keys, value)
    return out


def _put(into: dict[str, Any], keys: list[str], value: str) -> None:
    for at, key in enumerate(keys[:-1]):
        if keys[at + 1] == "":
            there = into.get(key)
            if not isinstance(there, list):
                there = into[key] = []
            there.append(value)
            return
        inner = into.get(key)
        if not isinstance(inner, dict):
            inner = into[key] = {}
        into = inner
    into[keys[-1]] = value


# -- the path ---------------------------------------------------------------------------------------


def split_path(path: str) -> tuple[str, str, str]:
    """The mount prefix (or ""), the path below it without extension, and the extension's format (or "").

    Slashes may be doubled: a base URL with a final slash, joined to a path with a leading one.
    """
    if "//" in path:
        path = _SLASHES.sub("/", path)
    prefix = ""
    for candidate, below in _BELOW:
        if path.startswith(below) or path == candidate:
            prefix = candidate
            break
    rest = path[len(prefix) :].rstrip("/") if len(path) > len(prefix) else ""
    if rest.endswith(_EXTENSIONS):
        head, _, extension = rest.rpartition(".")
        return prefix, head or "/", EXTENSIONS[f".{extension}"]
    return prefix, rest or "/", ""


def names_method(request: WireRequest) -> bool:
    """Whether ``_method`` can be among the parameters."""
    if request.body:
        return b"_method" in request.body or "_method" in unquote(request.query)
    known = _queries.get(request.query)
    return "_method" in (unquote(request.query) if known is None else known)


def wire_format(request: WireRequest) -> str:
    """``json``, ``xml`` or ``yaml``: by extension, by a header literally named Accept-Type, or by Accept."""
    by_path = split_path(request.path)[2] if "." in request.path else ""
    if by_path:
        return by_path
    for name in ("Accept-Type", "Accept"):
        asked = request.headers.get(name)
        if asked and asked != "*/*":
            found = _asked(asked[:1000])
            if found is not None:
                return found
    return "json"


@lru_cache(maxsize=256)
def _asked(accept: str) -> str | None:
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    if "text/html" in kinds:
        return "json"  # a browser's list says nothing of what an API client can read
    return next((_MEDIA[kind] for kind in kinds if kind in _MEDIA), None)
