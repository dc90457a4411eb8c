"""An answer against the recorded one by what they mean: status, headers, JSON by type and value, XML element by
element, forms field by field. Every difference is named by its path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

from adapter.contract.carrying import HELD
from adapter.contract.compare import TRANSPORT
from adapter.contract.exchange import Exchange
from adapter.contract.volatile import HTTP_DATE, TOLERANCE, Bindings, Volatile, form, moment
from adapter.formats import Malformed, TooDeep, TooLarge, form_body, json_body, xml_body
from adapter.wire import WireResponse

Finding = tuple[str, str, str]
"""Path, what was recorded, what came."""
MISSING = "(missing)"
LONGEST = 200


@dataclass(slots=True)
class Run:
    """What one run over a recording has learned: what placeholders and ids stand for, and when each step was."""

    known: dict[str, str] = field(default_factory=dict)
    bindings: Bindings = field(default_factory=Bindings)
    windows: list[tuple[tuple[float, float], tuple[float, float]]] = field(default_factory=list)

    def text(self, expected: str, got: str) -> str | None:
        """Accepts `got` for a text that may hold placeholders, and learns them; or says why not."""
        if "{{" not in expected:
            return None if expected == got else ""
        pattern, position, names = "", 0, []
        for match in HELD.finditer(expected):
            pattern += re.escape(expected[position : match.start()])
            known = self.known.get(match[1])
            pattern += r"([^\s;,]+?)" if known is None else f"({re.escape(known)}|{re.escape(match[0])})"
            names.append(match[1])
            position = match.end()
        found = re.fullmatch(pattern + re.escape(expected[position:]), got)
        if found is None:
            return ""
        for name, value in zip(names, found.groups(), strict=True):
            self.known.setdefault(name, value)
        return None

    def time(self, expected: str, got: str) -> str | None:
        """A moment in the same form, made in the step of this run in whose recorded step it was made."""
        there, here = moment(expected), moment(got)
        if there is None:
            return None if expected == got else ""
        if here is None or form(expected) != form(got, fraction="." in expected):
            return "not a moment in the form recorded"
        near = [now for then, now in self.windows if then[0] - TOLERANCE <= there <= then[1] + TOLERANCE]
        if not near:
            near = [(min(now[0] for _, now in self.windows), max(now[1] for _, now in self.windows))]
        if not any(start - TOLERANCE - 1 <= here <= end + TOLERANCE + 1 for start, end in near):
            return "not the moment of its step"
        return None


def differences(exchange: Exchange, got: WireResponse, run: Run) -> list[Finding]:
    """All differences between `got` and the recorded answer of `exchange`."""
    found: list[Finding] = []
    expected = exchange.response
    if got.status != expected.status:
        found.append(("status", str(expected.status), str(got.status)))
    rules = {(rule.header or "").lower(): rule.kind for rule in exchange.volatile if rule.header}
    found += _headers(expected, got, rules, run)
    if exchange.request.method != "HEAD":
        found += _body(exchange, got, run)
    return [(path or "body", there[:LONGEST], here[:LONGEST]) for path, there, here in found]


def _headers(expected: WireResponse, got: WireResponse, rules: Mapping[str, str], run: Run) -> Iterator[Finding]:
    wanted: dict[str, list[str]] = {}
    for name, value in expected.headers:
        if name.lower() not in TRANSPORT:
            wanted.setdefault(name, []).append(value)
    for name, recorded in wanted.items():
        here = [value for other, value in got.headers if other == name]
        if not here:
            alike = [other for other, _ in got.headers if other.lower() == name.lower()]
            yield f"header {name}", name if alike else ", ".join(recorded), alike[0] if alike else MISSING
        elif len(here) != len(recorded):
            yield f"header {name}", " | ".join(recorded), " | ".join(here)
        else:
            kind = rules.get(name.lower(), "")
            for one, other in zip(recorded, here, strict=True):
                if _header(one, other, kind, run) is not None:
                    yield f"header {name}", one, other


def _header(expected: str, got: str, kind: str, run: Run) -> str | None:
    if kind in ("counter", "link"):
        return run.bindings.bind(kind, "", expected, got)
    if kind in ("time", "session", "token"):
        expected, got = HTTP_DATE.sub("(a moment)", expected), HTTP_DATE.sub("(a moment)", got)
    return run.text(expected, got)


def _body(exchange: Exchange, got: WireResponse, run: Run) -> Iterator[Finding]:
    expected = exchange.response.body
    whole = {rule.kind for rule in exchange.volatile if rule.pointer is None and rule.header is None}
    if "page" in whole:
        return
    rules = {rule.pointer: rule for rule in exchange.volatile if rule.pointer is not None}
    media = (exchange.response.header("Content-Type") or "").partition(";")[0].strip().lower()
    if expected == got.body and not rules:
        return
    if media == "application/x-www-form-urlencoded":
        yield from _form(expected, got.body, run)
        return
    for parse, walk in ((_json, _of_json), (_xml, _of_xml)):
        there = parse(expected)
        if there is _NONE:
            continue
        here = parse(got.body)
        if here is not _NONE:
            yield from walk(there, here, rules, run)
            return
        break
    if run.text(expected.decode("utf-8", "replace"), got.body.decode("utf-8", "replace")) is not None:
        offset = next((n for n, (a, b) in enumerate(zip(expected, got.body, strict=False)) if a != b), -1)
        offset = max(0, (min(len(expected), len(got.body)) if offset < 0 else offset) - 30)
        there, here = (body[offset : offset + 90].decode("utf-8", "replace") for body in (expected, got.body))
        yield "body", there, here


def _form(expected: bytes, got: bytes, run: Run) -> Iterator[Finding]:
    there, here = (form_body.parse_pairs(body) for body in (expected, got))
    for name in dict.fromkeys(name for name, _ in [*there, *here]):
        one = [value for other, value in there if other == name]
        two = [value for other, value in here if other == name]
        if len(one) != len(two) or any(run.text(a, b) is not None for a, b in zip(one, two, strict=True)):
            yield f"form {name}", " | ".join(one) or MISSING, " | ".join(two) or MISSING


# -- JSON ----------------------------------------------------------------------------------------------

_NONE: Any = object()
_WORDS = {dict: "an object", list: "an array", str: "text", bool: "true or false", type(None): "null"}


def _json(body: bytes) -> Any:
    try:
        json_body.parse(body)
        return json.loads(body, parse_float=Decimal)
    except (Malformed, TooDeep, TooLarge, ValueError, RecursionError):
        return _NONE


def _of_json(there: Any, here: Any, rules: Mapping[str, Volatile], run: Run, path: str = "") -> Iterator[Finding]:
    rule = rules.get(path)
    if type(there) is not type(here):
        yield path, _shown(there), _shown(here)
    elif isinstance(there, dict):
        for key in dict.fromkeys([*there, *here]):
            below = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in here or key not in there:
                yield below, _of_key(there, key), _of_key(here, key)
            else:
                yield from _of_json(there[key], here[key], rules, run, below)
    elif isinstance(there, list):
        for number in range(max(len(there), len(here))):
            below = f"{path}/{number}"
            if number >= len(there) or number >= len(here):
                yield below, _of_item(there, number), _of_item(here, number)
            else:
                yield from _of_json(there[number], here[number], rules, run, below)
    elif isinstance(there, bool) or there is None:
        if there != here:
            yield path, _shown(there), _shown(here)
    elif _scalar(rule, str(there), str(here), run) is not None and (rule or isinstance(there, str) or there != here):
        yield path, _shown(there), _shown(here)


def _scalar(rule: Volatile | None, there: str, here: str, run: Run) -> str | None:
    if rule is None or rule.kind in ("token", "session"):
        return run.text(there, here)
    if rule.kind == "time":
        return run.time(there, here)
    return run.bindings.bind(rule.kind, rule.scope, there, here)


def _of_key(record: Mapping[str, Any], key: str) -> str:
    return _shown(record[key]) if key in record else MISSING


def _of_item(items: list[Any], number: int) -> str:
    return _shown(items[number]) if number < len(items) else MISSING


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=lambda number: float(number))[:LONGEST]


# -- XML -----------------------------------------------------------------------------------------------


def _xml(body: bytes) -> Any:
    if body.lstrip()[:1] != b"<":
        return _NONE
    try:
        xml_body.parse(body)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
        return etree.fromstring(body, parser)
    except (Malformed, TooDeep, TooLarge, etree.LxmlError, ValueError):
        return _NONE


def _of_xml(
    there: Any, here: Any, rules: Mapping[str, Volatile], run: Run, path: str | None = None, short: str | None = None
) -> Iterator[Finding]:
    """`path` numbers every element, `short` only those that have a namesake before, as marks do."""
    path = path or f"/{_name(there)}"
    short = short or path
    if there.tag != here.tag:
        yield path, _name(there), _name(here)
        return
    for name in dict.fromkeys([*there.attrib, *here.attrib]):
        one, two = there.get(name, MISSING), here.get(name, MISSING)
        if run.text(one, two) is not None:
            yield f"{path}/@{name}", one, two
    texts = there.text or "", here.text or ""
    if _scalar(rules.get(short) if not len(there) else None, *texts, run) is not None:
        yield path, *texts
    counts: dict[str, int] = {}
    ours, theirs = list(there), list(here)
    matched = _aligned([_name(child) for child in ours], [_name(child) for child in theirs])
    for one, two in matched:
        child = ours[one] if one is not None else theirs[two or 0]
        name = _name(child)
        counts[name] = counts.get(name, 0) + 1
        below = f"{path}/{name}[{counts[name]}]"
        if one is None or two is None:
            words = etree.tostring(child, encoding="unicode", with_tail=False)
            yield below, words if two is None else MISSING, words if one is None else MISSING
            continue
        marked = f"{short}/{name}" + (f"[{counts[name]}]" if counts[name] > 1 else "")
        yield from _of_xml(ours[one], theirs[two], rules, run, below, marked)
        if (ours[one].tail or "") != (theirs[two].tail or ""):
            yield below, f"followed by {ours[one].tail or ''!r}", f"followed by {theirs[two].tail or ''!r}"


def _aligned(there: list[str], here: list[str]) -> Iterator[tuple[int | None, int | None]]:
    """Children side by side; one that is only there or only here stands alone."""
    one = two = 0
    while one < len(there) or two < len(here):
        if one < len(there) and two < len(here) and there[one] == here[two]:
            yield one, two
            one, two = one + 1, two + 1
        elif two < len(here) and (one >= len(there) or there[one] in here[two:]):
            yield None, two
            two += 1
        else:
            yield one, None
            one += 1


def _name(element: Any) -> str:
    return str(etree.QName(element).localname)
