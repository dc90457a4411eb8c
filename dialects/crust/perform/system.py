"""Records of system modules: the canonical records, as content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from adapter.dialect import Call
from canonical.errors import Denied, NotFound
from canonical.model import CustomValue, Party, User
from canonical.model.module import FieldValue
from canonical.operations import Create, Delete, Fields, Update
from canonical.query import Compare, Has, Node, Op, Query, Sort, Window, all_of, any_of
from canonical.values import MAX_ID, Ref, clean_text, fold_pattern
from dialects.crust.errors import INVALID_DATE, NO_FIELDS, Refused
from dialects.crust.fields import objects
from dialects.crust.fields.people import is_aliased, owners, require_admin, stored_id
from dialects.crust.fields.system.kept import FOLDED, UNKNOWN, folded, take_fixed
from dialects.crust.fields.system.layout import Layout
from dialects.crust.fields.system.modules import custom_name, customs, system_modules
from dialects.crust.fields.system.related import empty_address
from dialects.crust.fields.system.sight import OnDesk, Sight
from dialects.crust.fields.system.table import Draft, SystemModule
from dialects.crust.query.sorting import Term
from dialects.crust.settings import NAME

LOST: Final = "owner_lost"
MAX_PATTERN: Final = 1_000
_WILD: Final = "%_\\ "
_PLAIN: Final = (
    ("currency", None),
    ("duration_basis", "fixed"),
    ("visibility", "everyone"),
    ("billable_seconds", 0),
    ("nonbillable_seconds", 0),
    ("parent_id", None),
    ("requester_id", None),
    ("annual_revenue", None),
    ("employees", None),
)
"""Fields without a counterpart here, and the value that goes without saying."""
_UNSAID: Final[dict[type, tuple[tuple[str, Any], ...]]] = {
    system.kind: tuple((name, plain) for name, plain in _PLAIN if name in system.kind.__dataclass_fields__)
    for system in system_modules()
}
"""The same by kind."""
_SHOWN_OR_LOST: Final = {
    system.place: (*system.looked_at, *(name for name, _ in _UNSAID[system.kind] if name not in system.looked_at))
    for system in system_modules()
}
"""What reading one record looks at, by the module's place."""
_OWN_SORTS: Final = {
    "id": "id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "userId": "owner_id",
}


# -- showing ----------------------------------------------------------------------------------------


def _owner_ids(call: Call, records: Iterable[Any]) -> list[int | None]:
    """The stored ids of who the records belong to; records know users by the ids that clients see."""
    loses, aliased = call.settings["lose_owner_on_update"] == "yes", is_aliased(call)
    ids: list[int | None] = []
    for record in records:
        id = getattr(record, "owner_id", None) or record.creator_id
        if loses and objects.kept(record, LOST):
            id = None
        ids.append(stored_id(call, id) if aliased and id else id)
    return ids


def _content(
    layout: Layout,
    record: Any,
    owner: bytes,
    values: bytes,
    page: bytes = b"",
    *,
    created: bool = False,
    updated: bool = False,
) -> bytes:
    changed = record.updated_at if updated or record.updated_at != record.created_at else None
    stamps = objects.stamps(record.created_at, changed, created=created, updated=updated)
    return objects.content(record.id, layout.module.id, owner, values, stamps, page)


def _one(call: Call, layout: Layout, record: Any, values: bytes | None = None, **how: Any) -> bytes:
    """The record, with these values or its own."""
    (owner,) = owners(call, _owner_ids(call, (record,)))
    if values is None:
        values = Sight.of(call, layout, (record,)).values(record)
    return _content(layout, record, owner, values, **how)


def _find(call: Call, system: SystemModule, id: int, message: str = NO_FIELDS, looked_at: Fields = None) -> Any:
    """The record of that id, if it is one of the module; with `looked_at` maybe no more of it. Raises Refused."""
    try:
        record = call.desk.get(system.kind, min(id, MAX_ID), system.include, looked_at)
    except (NotFound, Denied):
        raise Refused(message) from None
    if not system.shows(record):
        raise Refused(message)
    return record


def read(call: Call, layout: Layout, id: int, page: bytes) -> bytes:
    system = layout.system
    record = _find(call, system, id, looked_at=_SHOWN_OR_LOST[system.place])
    _count_losses(call, system, record)
    return _one(call, layout, record, page=page)


def _count_losses(call: Call, system: SystemModule, record: Any) -> None:
    """What a record has that no field of the module says."""
    kind = record.KIND
    for name, plain in _UNSAID[system.kind]:
        value = getattr(record, name)
        if value != plain and value is not None:
            call.losses.add(kind, name, "no_field")
    if "links" in system.include and record.links:
        shown = [link for link in record.links if not link.role and link.target.kind != "activity"]
        if len(shown) < len(record.links):
            call.losses.add(kind, "links", "role_not_shown")
        if len(shown) > 1 and len({link.target.kind for link in shown}) < len(shown):
            call.losses.add(kind, "links", "only_first_shown")
    if "points" in system.include:
        seen = [(point.kind, point.label) for point in record.points]
        if len(set(seen)) < len(seen):
            call.losses.add(kind, "points", "only_first_shown")


# -- finding ----------------------------------------------------------------------------------------


def matching(system: SystemModule, text: str) -> Node:
    """What a content list's `query` means here: the text fields and the words, not numbers and times."""
    # NUL is a letter that nothing has. What is only marks, which the folding of all dialects drops, is not everything.
    only_marks = text.strip(_WILD) and not fold_pattern(text).strip(_WILD)
    if len(text) > MAX_PATTERN or "\0" in text or only_marks:
        return any_of()
    pattern = f"%{text}%"
    nodes = [field.search(pattern) for field in system.fields]
    found = [node for node in nodes if node is not None]
    found.append(Compare(f"extras.{NAME}.{FOLDED}", Op.LIKE, fold_pattern(pattern)))
    if "custom" in system.kind.__dataclass_fields__:
        found.append(Has("custom", Compare("value", Op.LIKE, pattern)))
    return any_of(*found)


def base_of(system: SystemModule) -> Node:
    """What lists of the module are of."""
    return all_of(*(node for node in (system.base, system.listed) if node is not None))


def listed(call: Call, layout: Layout, text: str, terms: Iterable[Term], window: Window) -> tuple[list[bytes], int]:
    """A page of the module's records, and how many match."""
    system = layout.system
    sort = []
    for term in terms:
        name = "id"
        if term.own:
            name = _OWN_SORTS.get(term.field, "id")
            if name == "owner_id" and "owner_id" not in system.kind.__dataclass_fields__:
                name = "id"
        elif term.field in system.by_name:
            name = system.by_name[term.field].sort or "id"
        sort.append(Sort(name, term.descending))
    where = all_of(base_of(system), *([matching(system, text)] if text else []))
    query = Query(where, tuple(sort), window)
    found = call.desk.find(system.kind, query, system.include, total=True, fields=system.looked_at)
    people = owners(call, _owner_ids(call, found.items))
    sight = Sight.of(call, layout, found.items)
    shown = [
        _content(layout, record, owner, sight.values(record))
        for record, owner in zip(found.items, people, strict=True)
    ]
    return shown, found.total or 0


# -- writing ----------------------------------------------------------------------------------------


def _take(call: Call, system: SystemModule, draft: Draft, values: Iterable[FieldValue]) -> None:
    """Takes sent values into the draft; what is already shown changes nothing."""
    sent = {clean_text(value.name): clean_text(value.value) for value in values}
    record, shown = draft.record, draft.shown
    kept: Mapping[str, Any] = {} if record is None else record.extras.get(NAME) or {}
    unknown = dict(kept.get(UNKNOWN) or {})
    homes = _custom_homes(call, system, record)
    doing = objects.ADDING if record is None else objects.UPDATING
    take_fixed(system, draft, sent, kept, lambda name, text: objects.check_lengths(name, text, doing))
    for name, text in sent.items():
        if text == shown.get(name, "") and (name in shown or name in homes):
            continue
        objects.check_lengths(name, text, doing)
        if name in homes:
            draft.custom[homes[name]] = text
            # Kept here before there was a field of that name.
            unknown.pop(name, None)
        else:
            unknown[name] = text
    if unknown != (kept.get(UNKNOWN) or {}):
        objects.check_growth(kept.get(UNKNOWN) or {}, unknown)
        draft.extras[UNKNOWN] = unknown
    if draft.extras:
        draft.extras[FOLDED] = folded(system, {**kept, **draft.extras})


def _custom_homes(call: Call, system: SystemModule, record: Any) -> dict[str, tuple[str, str]]:
    """Group and name of every custom value that has a definition or is there already, by its name on the wire."""
    there = () if record is None else record.custom
    return {custom_name(custom): (custom.group, custom.name) for custom in (*there, *customs(call.desk, system))}


def _custom(draft: Draft) -> tuple[tuple[CustomValue, ...], tuple[tuple[str, str], ...]]:
    """Custom values to set, and those to drop."""
    keep, drop = [], []
    for (group, name), text in draft.custom.items():
        if text:
            keep.append(CustomValue(name, text, group))
        elif draft.record is not None:
            drop.append((group, name))
    return tuple(keep), tuple(drop)


def create(call: Call, layout: Layout, values: Sequence[FieldValue]) -> bytes:
    system = layout.system
    if system.kind is User:
        require_admin(call)
    draft = Draft(OnDesk(call.desk), values=dict(system.fixed))
    _take(call, system, draft, values)
    extras = {name: value for name, value in draft.extras.items() if value is not None}
    custom, _ = _custom(draft)
    made: Any = call.desk.create(
        Create(
            system.kind,
            _whole(system, draft.values),
            tuple(draft.links),
            tuple(held for held in draft.points.values() if not empty_address(held)),
            custom=custom,
            extras={NAME: extras} if extras else {},
        ),
        system.include,
    )
    return _one(call, layout, made, created=True)


def _whole(system: SystemModule, values: dict[str, Any]) -> dict[str, Any]:
    """Values without those that a new record has anyway: a None would be a name that is not text."""
    if system.kind is Party and values.get("type") == "organisation" and values.get("name") is None:
        values = {**values, "name": ""}
    return {name: value for name, value in values.items() if value is not None}


def update(call: Call, layout: Layout, id: int, values: Sequence[FieldValue], echo: bytes) -> bytes:
    """Merges by field name; a value that is sent as it was shown changes nothing."""
    system = layout.system
    record = _find(call, system, id, INVALID_DATE)
    if system.kind is User:
        require_admin(call, record.id)
    sight = Sight.of(call, layout, (record,))
    draft = Draft(OnDesk(call.desk), record, sight.targets(record), sight.texts(record))
    _take(call, system, draft, values)
    if system.kind is User and draft.values.keys() & {"active", "username"}:
        require_admin(call)
    if call.settings["lose_owner_on_update"] == "yes":
        draft.extras[LOST] = True
    me = Ref(system.kind.KIND, record.id)
    for target, role in draft.dropped_links:
        call.desk.drop_link(me, target, role)
    for link in draft.links:
        call.desk.add_link(me, link)
    custom, drop_custom = _custom(draft)
    emptied = [held.id for held in draft.points.values() if empty_address(held) and held.id]
    changed: Any = call.desk.update(
        Update(
            system.kind,
            record.id,
            draft.values,
            extras={NAME: draft.extras} if draft.extras else {},
            custom=custom,
            drop_custom=drop_custom,
            points=tuple(held for held in draft.points.values() if not empty_address(held)),
            drop_points=(*draft.dropped_points, *emptied),
            touch=True,
        ),
        system.include,
    )
    return _one(call, layout, changed, echo, updated=True)


def delete(call: Call, system: SystemModule, id: int) -> None:
    """A missing record is a success. A user can only be shut out: his records keep him as their owner."""
    try:
        record = _find(call, system, id)
    except Refused:
        return
    if system.kind is User:
        require_admin(call)
        call.desk.update(Update(User, record.id, {"active": False}))
    else:
        call.desk.delete(Delete(system.kind, record.id))
