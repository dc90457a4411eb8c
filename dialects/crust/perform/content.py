"""Records of modules: list, create, read, update, delete. ``/record`` is the later name of ``/content``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model.module import FieldValue, ModuleRecord, ModuleSort
from canonical.values import UNSET
from dialects.crust.errors import INVALID_DATE, NO_FIELDS, Refused
from dialects.crust.fields import objects
from dialects.crust.fields.objects import CONTENT_COLUMNS
from dialects.crust.fields.people import owners
from dialects.crust.fields.system.layout import Layout
from dialects.crust.fields.system.modules import system_module
from dialects.crust.perform import lookup, system
from dialects.crust.query.sorting import OWN, corrected_per_page, parse_sort, window
from dialects.crust.wire import envelope
from dialects.crust.wire.binding import Get, Path, Post, Request, bind, parse_query
from dialects.crust.wire.envelope import Raw
from dialects.crust.wire.gojson import INT, RAW, checked_raw, decode_all


@dataclass(frozen=True, slots=True)
class Names:
    """What the two generations call things."""

    list: Request
    create: Request
    one: Request
    edit: Request
    key: str
    id: str


def _names(word: str, id: str) -> Names:
    path = (Path("moduleID"), Path(id))
    return Names(
        Request(
            f"Module{word}List", (Get("query"), Get("page", INT), Get("perPage", INT), Get("sort"), Path("moduleID"))
        ),
        Request(f"Module{word}Create", (Path("moduleID"), Post("fields", RAW))),
        Request(f"Module{word}Read", path),
        Request(f"Module{word}Edit", (*path, Post("fields", RAW))),
        f"{word.lower()}s",
        id,
    )


CONTENT = _names("Content", "contentID")
RECORD = _names("Record", "recordID")
"""From 24 December 2018 (crust dossier, section 8)."""


def name_set(call: Call) -> Names:
    """Those of the generation that is spoken."""
    return RECORD if call.route is not None and call.route.meta.get("record") else CONTENT


def _worded(names: Names, shown: bytes) -> bytes:
    """The record with its id under the name of the generation."""
    return shown if names.id == "contentID" else shown.replace(b"contentID", names.id.encode(), 1)


def _own(call: Call, names: Names, shown: ModuleRecord, values: Any, page: bytes = b"", **fresh: bool) -> WireResponse:
    """One record of a tenant's own module."""
    (owner,) = owners(call, (shown.owner_id,))
    return envelope.written(_worded(names, objects.own_content(shown, owner, values, page, **fresh)))


def listed(call: Call) -> WireResponse:
    names = name_set(call)
    sent = bind(call, names.list)
    found = lookup.find(call, sent["moduleID"])
    per_page, page = corrected_per_page(sent["perPage"]), max(0, sent["page"])
    of = window(page, per_page)
    sort = sent["sort"] if sent["sort"] or "sort" in parse_query(call.request.query) else None
    places = {} if found is None else found.places
    terms = parse_sort(sort, places, of)
    if found is not None and found.layout is not None:
        shown, total = system.listed(call, found.layout, sent["query"], terms, of)
    else:
        order = [ModuleSort(OWN[term.field] if term.own else term.field, term.descending, term.own) for term in terms]
        records, total = call.desk.find_module_records(sent["moduleID"], sent["query"], order, of)
        if found is None and records:
            # A deleted module leaves its records behind; only one that has to be shown is an error.
            raise Refused(NO_FIELDS)
        people = owners(call, [record.owner_id for record in records])
        shown = [
            objects.own_content(record, owner, objects.in_order(record.values, places))
            for record, owner in zip(records, people, strict=True)
        ]
    meta: dict[str, Any] = {"query": sent["query"]} if sent["query"] else {}
    meta |= {"page": page, "perPage": per_page, "count": total, "sort": sent["sort"]}
    records_ = b",".join([_worded(names, record) for record in shown])
    return envelope.written(b'{"meta":%b,"%b":[%b]}' % (orjson.dumps(meta), names.key.encode(), records_))


def create(call: Call) -> WireResponse:
    names = name_set(call)
    sent = bind(call, names.create)
    values, _ = _values(sent["fields"], "No content: ")
    found = lookup.get(call, sent["moduleID"])
    objects.check_related(values)
    if found.layout is not None:
        return envelope.written(_worded(names, system.create(call, found.layout, values)))
    _check_lengths(values, objects.ADDING)
    made = call.desk.create_module_record(found.module.id, values)
    return _own(call, names, made, objects.in_order(made.values, found.places), created=True)


def _values(sent: str | None, prefix: str) -> tuple[list[FieldValue], Raw]:
    """The values of a request, and its JSON as it came. Raises Refused with the vendor's prefix."""
    try:
        text = sent or ""
        columns = decode_all(text, CONTENT_COLUMNS)
        return objects.read_values(columns), Raw(checked_raw(text))
    except Refused as error:
        raise Refused(error.message if error.message.startswith("Error adding") else prefix + error.message) from None


def _check_lengths(values: list[FieldValue], doing: str) -> None:
    for value in values:
        objects.check_lengths(value.name, value.value, doing)


def _live(call: Call, id: int) -> ModuleRecord:
    record = call.desk.module_record(id)
    if record is None or record.deleted_at is not None:
        raise Refused(NO_FIELDS)
    return record


def read(call: Call) -> WireResponse:
    """One record with its module's page. Of the tenant's own modules the record's id alone decides."""
    names = name_set(call)
    sent = bind(call, names.one)
    layout = _layout(call, sent["moduleID"])
    if layout is not None:
        page = _page(call, layout.module.id)
        return envelope.written(_worded(names, system.read(call, layout, sent[names.id], page)))
    record = _live(call, sent[names.id])
    found = lookup.get(call, record.module_id)
    return _own(call, names, record, objects.in_order(record.values, found.places), _page(call, found.module.id))


def _layout(call: Call, module_id: int) -> Layout | None:
    """That of a system module, None for any other id."""
    if system_module(call.caller.tenant_id, module_id) is None:
        return None
    return lookup.get(call, module_id).layout


def _page(call: Call, module_id: int) -> bytes:
    known: dict[int, bytes] = call.desk.remembered("pages")
    shown = known.get(module_id)
    if shown is None:
        page = call.desk.page_of_module(module_id)
        shown = known[module_id] = objects.page_member(objects.zero_page() if page is None else objects.page(page))
    return shown


def update(call: Call) -> WireResponse:
    """Merges by field name; the answer echoes the fields as they were sent."""
    names = name_set(call)
    sent = bind(call, names.edit)
    id = sent[names.id]
    if not id:
        raise Refused("Error updating content: invalid ID")
    values, echo = _values(sent["fields"], "Error when saving content, no content: ")
    objects.check_related(values)
    layout = _layout(call, sent["moduleID"])
    if layout is not None:
        return envelope.written(_worded(names, system.update(call, layout, id, values, orjson.dumps(echo))))
    record = call.desk.module_record(id)
    if record is None:
        raise Refused(INVALID_DATE)
    _check_lengths(values, objects.UPDATING)
    before = {value.name: value.value for value in record.values}
    objects.check_growth(before, before | {value.name: value.value for value in values})
    # The vendor's server forgot the owner with every update (crust dossier, section 7).
    owner_id = None if call.settings["lose_owner_on_update"] == "yes" else UNSET
    changed = call.desk.update_module_record(id, values, owner_id=owner_id)
    return _own(call, names, changed, echo, updated=True)


def delete(call: Call) -> WireResponse:
    """A missing record is a success."""
    names = name_set(call)
    sent = bind(call, names.one)
    of = system_module(call.caller.tenant_id, sent["moduleID"])
    if of is not None:
        system.delete(call, of, sent[names.id])
    else:
        call.desk.delete_module_record(sent[names.id])
    return envelope.success()
