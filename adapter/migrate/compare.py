"""What a record says, by field, as two sides can compare it: whole seconds, no ids of what hangs on it.

The same for a record that was heard and for an operation that is to be said, so that what was told and what stands
there afterwards are two such mappings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from canonical.model import KINDS, ContactPoint, CustomValue, Record
from canonical.operations import Create
from canonical.values import SECOND

PARTS: Final = ("links", "points", "tags", "custom")
_MOMENTS: Final = frozenset(field.name for spec in KINDS.values() for field in spec.fields if field.type == "instant")
_POINT: Final = ("kind", "label", "value", "street", "city", "region", "postcode", "country")


def plain(name: str, value: Any) -> Any:
    """A value as JSON holds it and as sides can compare it."""
    if isinstance(value, str):
        # XML and forms know one line ending; what ends a text is nobody's.
        return value.replace("\r\n", "\n").replace("\r", "\n").strip() or None
    if name in _MOMENTS and isinstance(value, int) and not isinstance(value, bool):
        return value // SECOND
    return value


def point_said(point: ContactPoint) -> list[str]:
    return [plain("", getattr(point, name)) or "" for name in _POINT]


def custom_said(value: CustomValue) -> list[str]:
    return [value.group, value.name, plain("", value.value) or ""]


def parts_said(record: Any) -> dict[str, Any]:
    """What hangs on a record: links as kind, id and role."""
    return {
        "links": sorted([link.target.kind, str(link.target.id), link.role] for link in getattr(record, "links", ())),
        "points": sorted(point_said(point) for point in getattr(record, "points", ())),
        "tags": sorted(tag.name for tag in getattr(record, "tags", ())),
        "custom": sorted(custom_said(value) for value in getattr(record, "custom", ())),
    }


def heard(record: Record, fields: Iterable[str]) -> dict[str, Any]:
    """What a record says in these fields and parts."""
    parts = parts_said(record)
    return {name: parts[name] if name in PARTS else plain(name, getattr(record, name, None)) for name in fields}


def said(operation: Create[Any]) -> dict[str, Any]:
    """What an operation says."""
    out = {name: plain(name, value) for name, value in operation.values.items()}
    if operation.links:
        out["links"] = sorted([link.target.kind, str(link.target.id), link.role] for link in operation.links)
    if operation.points:
        out["points"] = sorted(point_said(point) for point in operation.points)
    if operation.tags:
        out["tags"] = sorted(operation.tags)
    if operation.custom:
        out["custom"] = sorted(custom_said(value) for value in operation.custom)
    return out


_TOUCHED: Final = frozenset({"updated_at", "modifier_id", "modifier_username", "owner_chosen"})
"""What every touch of a record changes."""


def differing(
    expected: Mapping[str, Any], got: Mapping[str, Any], excused: Mapping[str, int] | None = None
) -> list[tuple[str, Any, Any]]:
    """The fields of `got` that are not as expected, with both. Of a list so many may be missing as are `excused`."""
    out: list[tuple[str, Any, Any]] = []
    lost = excused or {}
    for name, value in got.items():
        if name not in expected or name in _TOUCHED:
            continue
        wanted = expected[name]
        if name in PARTS:
            missing, more = _apart(name, wanted, value)
            if name == "points":
                # Where nothing was said the target may say what it takes a contact point to be.
                missing, more = _unlabelled(missing, more, said=False)
            if name == "points" and lost.get(name):
                missing, more = _unlabelled(missing, more)
            if more or len(missing) > lost.get(name, 0):
                out.append((name, wanted, value))
        elif wanted != value and not lost.get(name):
            out.append((name, wanted, value))
    return out


def _apart(name: str, wanted: Sequence[Any], got: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What is missing, and what is there beyond what was said."""
    fold = _LOOSE.get(name, lambda item: item)
    left = [fold(item) for item in got]
    missing = []
    for item in wanted:
        try:
            left.remove(fold(item))
        except ValueError:
            missing.append(item)
    return missing, [] if name == "links" else left


def _unlabelled(missing: list[Any], more: list[Any], *, said: bool = True) -> tuple[list[Any], list[Any]]:
    """The points without those that differ by their label alone: what such a point is for was declared lost.

    Without `said` only of those that were to have none.
    """
    left = [point[0].casefold() + "\n".join(point[2:]).casefold() for point in more]
    kept = []
    for point in missing:
        bare = point[0].casefold() + "\n".join(point[2:]).casefold()
        if bare in left and (said or not point[1]):
            at = left.index(bare)
            del left[at], more[at]
        else:
            kept.append(point)
    return kept, more


_LOOSE: Final[Mapping[str, Any]] = {
    # Roles are the vendors' own; whom a record is about is not.
    "links": lambda item: [item[0], item[1]],
    "tags": lambda item: item.casefold(),
    "points": lambda item: [item[0], *(part.casefold() for part in item[1:])],
}
