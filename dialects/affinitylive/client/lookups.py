"""What a conversation must know of the server before it can say something, each asked once a session."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from adapter.client import Conversation
from canonical.errors import Invalid, NotFound, Unsupported
from canonical.model import Activity, Party
from canonical.values import Ref
from dialects.affinitylive.client import ask, hear, shown
from dialects.affinitylive.client.shown import Shown
from dialects.affinitylive.fields.table import NAMESPACE

MOST: Final = 100_000
"""Records whose resource is remembered."""
_SHARED: Final[Mapping[str, tuple[str, str]]] = {
    Party.KIND: ("contacts", "companies"),
    Activity.KIND: ("activities", "tasks"),
}
"""Canonical kinds of which there are two resources, each with ids of its own (dossier, section 8)."""
RESOURCES: Final[Mapping[str, str]] = {"opportunity": "prospects", "case": "issues", "user": "staff"}


class Lookups:
    """One session's; `me` is the member of staff that the token acts for."""

    def __init__(self, me: int) -> None:
        self.me = me
        self.without_profiles: set[str] = set()
        self._resources: dict[Ref, str] = {}
        self._fields: dict[str, dict[str, int]] = {}
        self._types: dict[str, int] = {}

    def note(self, ref: Ref, resource: str) -> None:
        if ref.kind in _SHARED and len(self._resources) < MOST:
            self._resources[ref] = resource

    def resource_of(self, ref: Ref) -> Conversation:
        """Where a record is. Raises NotFound; Unsupported where both resources have one of that id."""
        known = RESOURCES.get(ref.kind) or self._resources.get(ref)
        if known is not None:
            return known
        if ref.kind not in _SHARED:
            raise Unsupported(f"affinitylive: {ref.kind} read")
        found = []
        for resource in _SHARED[ref.kind]:
            answer = yield ask.reading(f"{resource}/{ref.id}")
            try:
                shown.response(f"{ref.kind} read", answer).id()
            except NotFound:
                continue
            found.append(resource)
        if not found:
            raise NotFound(ref.kind, ref.id)
        if len(found) > 1:
            raise Unsupported(f"affinitylive: {ref.kind} {ref.id} is one of the {found[0]} and one of the {found[1]}")
        self.note(ref, found[0])
        return found[0]

    def affiliation_of(self, resource: str, id: int) -> Conversation:
        """The default affiliation of a contact or company, None where there is none."""
        answer = yield ask.reading(f"{resource}/{id}", _fields="default_affiliation")
        return shown.response("party read", answer).key("default_affiliation").reference()

    def field_ids(self, resource: str, names: Collection[str]) -> Conversation:
        """The ids of a resource's profile fields by name; asked anew when one is not among those known."""
        known = self._fields.get(resource)
        if known is None or not known.keys() >= set(names):
            known = {}
            for row in (yield from profile_fields(resource)):
                known.setdefault(row.key("field_name").text() or "", row.id())
            self._fields[resource] = known
        return known

    def first_type(self, resource: str) -> Conversation:
        """The type of what says none: the first of the list."""
        if resource not in self._types:
            rows = list(shown.response("type list", (yield ask.reading(f"{resource}/types"))).items())
            if not rows:
                raise Unsupported(f"affinitylive: {resource} without types")
            self._types[resource] = rows[0].id()
        return self._types[resource]

    def progression(self, resource: str, id: int, words: Collection[str]) -> Conversation:
        """The progression that leads to one of these standings, None where none is offered."""
        answer = yield ask.reading(f"{resource}/{id}/progressions", _fields="status(_ALL)", _limit=ask.PAGE)
        for word in words:
            for row in shown.response("progression list", answer).items():
                if row.key("status").key("standing").text() == word:
                    return row.id()
        return None


def profile_fields(resource: str) -> Conversation:
    """The rows of a resource's profile fields; none where it has none."""
    try:
        return (yield from every("custom_field list", f"{resource}/profiles/fields", _fields="_ALL"))
    except (Invalid, NotFound):
        return []


def every(asked: str, path: str, **parameters: Any) -> Conversation:
    """The rows of all pages of a list, each id once: a server that knows no pages gives the first one again."""
    rows: dict[int, Shown] = {}
    number = 0
    while True:
        answer = yield ask.reading(path, _limit=ask.PAGE, _page=number, **parameters)
        found = {row.id(): row for row in shown.response(asked, answer).items()}
        fresh = {id: row for id, row in found.items() if id not in rows}
        if not fresh:
            return list(rows.values())
        rows.update(fresh)
        number += 1


def complete(resource: str, records: Collection[Any], lookups: Lookups, losses: Any) -> Conversation:
    """The records of a page with what takes calls of its own: profile values, addresses, further affiliations."""
    if not records or resource == "staff":
        return records
    by_id = {record.id: record for record in records}
    for record in records:
        lookups.note(Ref(record.KIND, record.id), resource)
    yield from _profiles(resource, by_id, lookups)
    if resource == "contacts":
        yield from _affiliations(by_id, losses)
    if resource in ("contacts", "companies"):
        for record in records:
            there = any(point.kind == "address" for point in record.points)
            if there or (resource == "contacts" and record.organisation_id is None):
                rows = yield from every("address list", f"{resource}/{record.id}/addresses", _fields="_ALL")
                others = [point for point in record.points if point.kind != "address"]
                record.points = [*others, *map(hear.address, rows)] if rows else record.points
    return records


def _profiles(resource: str, by_id: Mapping[int, Any], lookups: Lookups) -> Conversation:
    """Custom values; the vendor documents none of tasks and activities, and refuses the call then."""
    if resource in lookups.without_profiles:
        return
    wanted = ",".join(map(str, by_id))
    parameters = {"_fields": "_ALL", "_filters": f"link_id({wanted})"}
    try:
        rows = yield from every("custom_field list", f"{resource}/profiles/values", **parameters)
    except (Invalid, NotFound):
        if resource not in ("tasks", "activities"):
            raise
        lookups.without_profiles.add(resource)
        return
    for row in rows:
        id, value = hear.custom_value(row)
        if id in by_id:
            by_id[id].custom = [*by_id[id].custom, value]


def _affiliations(by_id: Mapping[int, Any], losses: Any) -> Conversation:
    """Further affiliations of persons: kept whole, and told."""
    employed = [record for record in by_id.values() if record.organisation_id is not None]
    if not employed:
        return
    wanted = ",".join(str(record.id) for record in employed)
    rows = yield from every(
        "affiliation list", "affiliations", _fields=ask.SHOWN["affiliations"], _filters=f"contact({wanted})"
    )
    for row in rows:
        record = by_id.get(row.key("contact").reference() or 0)
        if record is not None and row.id() != (record.employment_id or record.id):
            kept = record.extras.setdefault(NAMESPACE, {})
            kept.setdefault("affiliations", []).append(row.value)
            losses.add("person", "employments", "kept_in_extras")
