"""A record as a JSON document, whole and in the source's own terms: for hashes and for the quarantine."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from adapter.client import record_of
from canonical.model import KINDS, ContactPoint, CustomValue, Link, Record, Tag
from canonical.values import Ref

_KEPT_APART: Final = frozenset({"version", "sequence"})
_POINT: Final = tuple(f.name for f in dataclasses.fields(ContactPoint) if f.name not in ("id", "party_id", "position"))


class BadDocument(ValueError):
    """A document that is no record: one line that names the place."""


def document(record: Record) -> dict[str, Any]:
    """What the record says beyond its defaults."""
    spec = KINDS[record.KIND]
    out: dict[str, Any] = {}
    for field in spec.fields:
        value = getattr(record, field.name)
        if field.name not in _KEPT_APART and value != field.default and value not in (None, {}, ""):
            out[field.name] = value
    for join in spec.joins:
        if (value := getattr(record, join.attribute)) is not None:
            out[join.attribute] = value
    parts = {
        "links": [
            {"kind": link.target.kind, "id": link.target.id, "role": link.role, "type": link.target_type}
            for link in getattr(record, "links", ())
        ],
        "points": [
            {name: value for name in _POINT if (value := getattr(point, name))}
            for point in getattr(record, "points", ())
        ],
        "tags": [tag.name for tag in getattr(record, "tags", ())],
        "custom": [
            {"group": value.group, "name": value.name, "value": value.value} for value in getattr(record, "custom", ())
        ],
    }
    out.update((name, value) for name, value in parts.items() if value)
    return out


def digest(record: Record) -> str:
    """The same for the same content, whenever it is read; when it was changed does not count."""
    content = document(record)
    for name in ("updated_at", "modifier_id", "modifier_username", "last_sign_in_at", "last_contacted_at"):
        content.pop(name, None)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def rebuilt(kind: str, told: Mapping[str, Any]) -> Record:
    """The record that a document says. Raises `BadDocument`."""
    record = record_of(kind)()
    spec = KINDS[record.KIND]
    known = {field.name for field in spec.fields} | {join.attribute for join in spec.joins}
    for name, value in told.items():
        if name in known:
            setattr(record, name, value)
        elif name not in ("links", "points", "tags", "custom") or not hasattr(record, name):
            raise BadDocument(f"{name}: there is no such field of a {kind}")
    try:
        _hang(record, told)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise BadDocument(f"links, points, tags or custom: {error}") from None
    return record


def _hang(record: Any, told: Mapping[str, Any]) -> None:
    own = Ref(record.KIND, record.id)
    if "links" in told:
        record.links = [
            Link(0, own, Ref(each["kind"], int(each["id"])), each.get("role", ""), n, target_type=each.get("type"))
            for n, each in enumerate(told["links"])
        ]
    if "points" in told:
        record.points = [ContactPoint(**each) for each in told["points"]]
    if "tags" in told:
        record.tags = [Tag(0, str(name)) for name in told["tags"]]
    if "custom" in told:
        record.custom = [CustomValue(each["name"], each["value"], each.get("group", "")) for each in told["custom"]]
