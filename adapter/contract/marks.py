"""Marks: what of a recorded exchange changes from run to run, and what a request took over from earlier answers.

Ids and tokens belong to the server when an answer showed them first, and to the client when a request did. A moment is
the server's when it lies within the session.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from adapter.contract.values import Value, values
from adapter.contract.volatile import HTTP_DATE, ID, TOLERANCE, moment
from adapter.dialect import Traces

_INDEX = re.compile(r"\[\d+\]\Z|\A\d+\Z")
_IN_WORDS = re.compile(r"(?<![0-9A-Za-z])(?:[1-9][0-9]{0,19}|[0-9a-f]{24})(?![0-9A-Za-z])")
_LINK = re.compile(r"(?:https?:/)?/[^\s]*\Z")
_IN_LINK = re.compile(r"([0-9A-Za-z_]+)/([1-9][0-9]{0,19}|[0-9a-f]{24})(?![0-9A-Za-z.:])")
_NAMED = re.compile(r"(?i)(?:id|by|type)?\((\w+)")
_HELD = re.compile(r"\{\{([a-z_]+:\d+)\}\}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer showed a value: `source` is that of a carry."""

    scope: str
    kind: str
    source: dict[str, Any]


class Marker:
    """The marks of one recording, exchange by exchange. `operation_of` names what a request asks."""

    def __init__(self, traces: Traces, operation_of: Callable[[bytes], str]) -> None:
        self._traces = traces
        self._ids = re.compile(traces.ids)
        self._operation_of = operation_of
        self._origins: dict[str, list[Origin]] = {}
        self._said: set[tuple[str, str]] = set()
        self._moments: set[str] = set()
        self._shown: set[str] = set()
        self._started: float | None = None

    def of_request(self, raw: bytes) -> dict[str, Any]:
        """The carries of a request whose secrets are replaced already."""
        kind = self._kind_of(raw)
        found = values(raw)
        words = {value.place: value.text for value in found}
        carries: dict[str, Any] = {}
        for value in found:
            for text in self._references(value):
                about = self._about(value, words, raw)
                origin = self._origin(text, value, kind, about)
                if origin is None:
                    self._said.add((about, text))
                    continue
                name = text if text.startswith("{{") else f"{origin.scope}:{text}"
                entry = carries.setdefault(name.strip("{}"), {**origin.source, "in": []})
                if value.place not in entry["in"]:
                    entry["in"].append(value.place)
            # Moments that the client says itself are not the server's.
            if moment(value.text) is not None and value.text not in self._shown:
                self._moments.add(value.text)
        return carries

    def _about(self, value: Value, words: dict[str, str], raw: bytes) -> str:
        """The kind of record that an id in a request means: the word before it in the path, or its field's name."""
        if value.name:
            return _noun(value.name)
        number = int(value.place.partition(" ")[2])
        before = words.get(f"path {number - 1}", "")
        kind, _, verb = self._operation_of(raw).partition(".")
        return _noun(kind if before.lower() == verb or ID.match(before) else before)

    def _references(self, value: Value) -> Iterator[str]:
        """The ids and placeholders in a value of a request."""
        for held in _HELD.finditer(value.text):
            yield held[0]
        place = value.place.partition(" ")[0]
        if place == "path":
            yield from (
                _IN_WORDS.findall(value.text)
                if "=" in value.text or "&" in value.text
                else ([value.text] if ID.match(value.text) else [])
            )
        elif place in ("query", "form", "body"):
            if self.is_id(value.name) and ID.match(value.text):
                yield value.text
            elif _LINK.match(value.text):
                yield from _IN_WORDS.findall(value.text)
            elif place == "query" and "(" in value.text:
                yield from (found for found in _NAMED.findall(value.text) if ID.match(found))

    def _origin(self, text: str, value: Value, kind: str, about: str) -> Origin | None:
        """The latest place that showed it, rather one of the same kind of record or the same name."""
        found = self._origins.get(text, [])
        if not found or ((about, text) in self._said and not text.startswith("{{")):
            return None
        same = [origin for origin in found if _noun(origin.scope) == about or origin.scope.endswith(f".{value.name}")]
        same = same or [origin for origin in found if _noun(origin.scope) == _noun(kind)]
        return (same or found)[-1]

    def is_id(self, name: str) -> bool:
        """Whether fields of that name hold ids."""
        return self._ids.search(re.split(r"[\[\]]", name.rstrip("]"))[-1]) is not None

    def of_answer(self, step: int, request: bytes, raw: bytes, began: float, ended: float) -> list[dict[str, Any]]:
        """The volatile places of the answer to `request`, given between two moments of the vendor's clock."""
        kind = self._kind_of(request)
        started = self._started = began if self._started is None else self._started
        volatile: list[dict[str, Any]] = []
        times: set[str] = set()
        for value in values(raw):
            place, _, where = value.place.partition(" ")
            header = "Set-Cookie" if place == "cookie" else where
            held = _HELD.search(value.text)
            if held is not None:
                source = {"step": step, **({"pointer": where} if place == "body" else {"cookie": value.name})}
                self._origins.setdefault(held[0], []).append(Origin("", kind, source))
                volatile.append(
                    {"pointer": where, "kind": _kind(held[1])}
                    if place == "body"
                    else {"header": header, "kind": _kind(held[1])}
                )
            elif place == "header":
                volatile += self._of_header(step, kind, value, started)
            elif place == "body":
                there = moment(value.text)
                if self.is_id(value.name) and ID.match(value.text):
                    scope = self.scope(kind, where)
                    source = {"step": step, "pointer": where}
                    if (_noun(scope), value.text) not in self._said:
                        volatile.append({"pointer": where, "kind": "id", "scope": scope})
                        self._origins.setdefault(value.text, []).append(Origin(scope, kind, source))
                elif there is not None and value.text not in self._moments:
                    if started - TOLERANCE <= there <= ended + TOLERANCE:
                        volatile.append({"pointer": where, "kind": "time"})
                        times.add(value.text)
                elif _LINK.match(value.text) and any(self._is_servers(*pair) for pair in _IN_LINK.findall(value.text)):
                    volatile.append({"pointer": where, "kind": "link"})
        self._shown |= times
        return [entry for number, entry in enumerate(volatile) if entry not in volatile[:number]]

    def _of_header(self, step: int, kind: str, value: Value, started: float) -> Iterator[dict[str, Any]]:
        lower = value.name.lower()
        if lower in {name.lower() for name in self._traces.counters}:
            yield {"header": value.name, "kind": "counter"}
        elif lower in ("location", "link"):
            found = _IN_LINK.findall(value.text)
            if found and (_noun(found[-1][0]), found[-1][1]) not in self._said:
                source = {"step": step, "header": value.name}
                self._origins.setdefault(found[-1][1], []).append(Origin(f"{found[-1][0]}.id", kind, source))
                yield {"header": value.name, "kind": "link"}
        elif lower not in ("date", "expires") or lower == "expires":
            dates = [moment(found) or 0.0 for found in HTTP_DATE.findall(value.text)]
            if any(date >= started - TOLERANCE for date in dates):
                yield {"header": value.name, "kind": "time"}

    def _is_servers(self, word: str, text: str) -> bool:
        return text in self._origins and (_noun(word), text) not in self._said

    def _kind_of(self, raw: bytes) -> str:
        return self._operation_of(raw).partition(".")[0]

    def scope(self, kind: str, pointer: str) -> str:
        """What an id counts: the kind of record for its own, the name of what it belongs to for others."""
        *parents, name = [part for part in pointer.split("/") if part and not _INDEX.match(part)]
        parents = [re.sub(r"\[\d+\]\Z", "", part) for part in parents]
        name = re.sub(r"\[\d+\]\Z", "", name)
        if name.lower() not in ("id", "_id"):
            return name
        named = [part for part in parents if part not in self._traces.wrappers]
        if not named or named[-1].lower().startswith(kind.lower()):
            return f"{kind}.{name}"
        return f"{named[-1]}.{name}"


def _kind(name: str) -> str:
    role = name.partition(":")[0]
    return role if role in ("session", "token") else "token"


def _noun(name: str) -> str:
    """The kind of record in a name or scope: ``task`` of ``tasks``, ``task.id``, ``task_id`` and ``taskID``."""
    first, _, last = re.split(r"[\[\]]", name.rstrip("]"))[-1].partition(".")
    bare = re.sub(r"(?i)_?id\Z", "", first) or last or first
    return re.sub(r"ies\Z", "y", bare.lower()).removesuffix("s")
