"""Operations as conversations with an AffinityLive server: what takes several calls there is one operation here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any, Final

from adapter.client import Conversation, Session, kind_name, note_losses, require
from adapter.losses import LossReport
from canonical.errors import Invalid, Unsupported
from canonical.model import Activity, CustomField, CustomValue, Party, Tag
from canonical.operations import Create, Delete, Find, FindCustomFields, FindTags, Get, Page, Update
from canonical.values import Ref
from dialects.affinitylive.client import ask, finding, hear, say, shown
from dialects.affinitylive.client.about import about, takers
from dialects.affinitylive.client.capabilities import CAPABILITIES
from dialects.affinitylive.client.lookups import Lookups, complete, every, profile_fields
from dialects.affinitylive.fields.table import NAMESPACE


def perform(operation: Any, session: Session, losses: LossReport) -> Conversation:
    """See `adapter.client.ClientSide.perform`."""
    conversation = _CONVERSATIONS.get(type(operation))
    if conversation is None:
        raise Unsupported(f"affinitylive: {type(operation).__name__}")
    return (yield from conversation(operation, session.state["lookups"], losses))


# -- reading -----------------------------------------------------------------------------------------


def _get(operation: Get[Any], lookups: Lookups, losses: LossReport) -> Conversation:
    ref = Ref(operation.kind.KIND, operation.id)
    resource = yield from lookups.resource_of(ref)
    there = shown.response(f"{ref.kind} read", (yield ask.one(resource, operation.id)))
    record = hear.record(resource, there, losses)
    if record.id != operation.id:
        raise there.fail("another id than was asked for")
    yield from complete(resource, [record], lookups, losses)
    return record


def _find(operation: Find[Any], lookups: Lookups, losses: LossReport) -> Conversation:
    resource, request, counting = finding.find(operation)
    asked = f"{operation.kind.KIND} list"
    records: list[Any] = []
    if request is not None:
        records = hear.records(resource, shown.response(asked, (yield request)), losses)
        if {"custom", "points"} & set(operation.include):
            yield from complete(resource, records, lookups, losses)
    if counting is None:
        return Page(records)
    count = shown.response(asked, (yield counting)).key("count")
    total = count.number()
    if total is None:
        raise count.fail("missing")
    return Page(records, total)


def _find_custom_fields(operation: FindCustomFields, lookups: Lookups, losses: LossReport) -> Conversation:
    found: dict[str, CustomField] = {}
    for resource in _resources(operation.kind):
        for row in (yield from profile_fields(resource)):
            definition = hear.definition(operation.kind, row)
            found.setdefault(definition.name, definition)
    return list(found.values())


def _resources(kind: str) -> Sequence[str]:
    for record, resources in hear.RESOURCE_OF_KIND.items():
        if kind == record.KIND:
            return resources
    raise Unsupported(f"affinitylive: custom_field list of {kind}")


def _find_tags(operation: FindTags, lookups: Lookups, losses: LossReport) -> Conversation:
    return [Tag(row.id(), row.key("name").text() or "") for row in (yield from every("tag list", "tags"))]


# -- writing -----------------------------------------------------------------------------------------


def _create(operation: Create[Any], lookups: Lookups, losses: LossReport) -> Conversation:
    name = kind_name(operation.kind, operation.values)
    asked, resource = f"{name} create", say.RESOURCE.get(name, "")
    row = require(CAPABILITIES, "affinitylive", name, "create")
    extras = _own_extras(operation, resource, name, losses)
    note_losses(row, replace(operation, extras=_others(operation.extras)), losses)
    given = say.write(resource, operation.values, extras, creating=True)
    given.update(say.points(name, operation.points, losses))
    if operation.values.get("due_date_only") and given.get("date_due"):
        losses.add(name, "due_date_only", "shown_as_midnight")
    if resource == "activities" and operation.values.get("visibility") in ("owner", "group"):
        losses.add(name, "visibility", "shown_as_private")
    yield from _refer(resource, name, operation, given, lookups, losses)
    given.update((yield from _profile(resource, name, operation.custom, lookups, losses)))
    if resource == "activities":
        say.settle_time(name, given, operation.values, losses)
    made = yield from _made(asked, resource, given, lookups, losses)
    ref = Ref(operation.kind.KIND, made)
    lookups.note(ref, resource)
    words = say.leading_to(resource, operation.values, extras)
    if (words and operation.values.get("state", "open") != "open") or "standing" in extras:
        yield from _progress(resource, name, made, words, lookups, losses)
    return operation.kind(id=made)


def _made(asked: str, resource: str, given: dict[str, Any], lookups: Lookups, losses: LossReport) -> Conversation:
    """The id of the new object. A prospect of a company is of its default affiliation, where that must be."""
    try:
        return shown.response(asked, (yield ask.writing("POST", resource, given))).id()
    except Invalid:
        if resource != "prospects" or "company_id" not in given:
            raise
        affiliation = yield from lookups.affiliation_of("companies", int(given["company_id"]))
        if affiliation is None:
            raise
    losses.add("opportunity", "party_id", "said_as_its_contact")
    rest = {name: value for name, value in given.items() if name != "company_id"}
    return shown.response(asked, (yield ask.writing("POST", resource, {**rest, "affiliation_id": affiliation}))).id()


def _own_extras(operation: Create[Any] | Update[Any], resource: str, name: str, losses: LossReport) -> Any:
    extras = say.own(operation.extras)
    unsaid = len(extras) - len(say.said_extras(resource, extras))
    if unsaid:
        losses.add(name, f"extras.{NAMESPACE}", "not_said", unsaid)
    return {key: extras[key] for key in say.said_extras(resource, extras)}


def _others(extras: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return {namespace: kept for namespace, kept in extras.items() if namespace != NAMESPACE}


def _refer(
    resource: str, name: str, operation: Create[Any], given: dict[str, Any], lookups: Lookups, losses: LossReport
) -> Conversation:
    """What a new thing must name: its type, its party, its company, what it is against, who takes part."""
    values = operation.values
    if resource == "contacts" and values.get("organisation_id"):
        given["company_id"] = str(values["organisation_id"])
    if resource in ("issues", "prospects"):
        given["type_id"] = str((yield from lookups.first_type(resource)))
        yield from _refer_party(resource, values.get("party_id"), given, lookups)
    if resource in ("tasks", "activities"):
        yield from about(name, operation.links, given, lookups, losses)
        if resource == "activities":
            yield from takers(name, operation, given, lookups, losses)
        else:
            others = sum(bool(link.role) for link in operation.links)
            if others:
                losses.add(name, "links", "role_not_said", others)
    elif operation.links:
        losses.add(name, "links", "not_said", len(operation.links))
    if resource == "staff":
        # The vendor wants one; whom it is for sets another.
        given["password"] = token_urlsafe(24)


def _refer_party(resource: str, party: int | None, given: dict[str, Any], lookups: Lookups) -> Conversation:
    """The party of an issue or prospect; an issue without one is against whoever makes it."""
    if party is None:
        if resource == "issues":
            given.update(against_type="staff", against_id=str(lookups.me))
        return
    where = yield from lookups.resource_of(Ref(Party.KIND, party))
    if resource == "issues":
        given.update(against_type="company" if where == "companies" else "contact", against_id=str(party))
        return
    if where == "companies":
        given["company_id"] = str(party)
        return
    affiliation = yield from lookups.affiliation_of("contacts", party)
    given["contact_id" if affiliation is None else "affiliation_id"] = str(affiliation or party)


def _profile(
    resource: str, name: str, custom: Sequence[CustomValue], lookups: Lookups, losses: LossReport
) -> Conversation:
    """``profile.N`` of each custom value whose field there is."""
    if not custom:
        return {}
    ids = yield from lookups.field_ids(resource, [value.name for value in custom])
    unknown = sum(value.name not in ids for value in custom)
    if unknown:
        losses.add(name, "custom", "no_such_field", unknown)
    return {f"profile.{ids[value.name]}": value.value for value in custom if value.name in ids}


def _progress(
    resource: str, name: str, id: int, words: Sequence[str], lookups: Lookups, losses: LossReport
) -> Conversation:
    """Leads a thing to the first of the standings that it can come to."""
    found = yield from lookups.progression(resource, id, words)
    if found is None:
        losses.add(name, "state", "no_progression")
        return
    answer = yield ask.writing("POST", f"{resource}/{id}/progressions/{found}/auto", {})
    shown.response(f"{name} update", answer)


def _update(operation: Update[Any], lookups: Lookups, losses: LossReport) -> Conversation:
    operation = yield from _typed(operation, lookups)
    name = kind_name(operation.kind, operation.values)
    resource, id = say.RESOURCE.get(name, ""), operation.id
    row = require(CAPABILITIES, "affinitylive", name, "update")
    extras = _own_extras(operation, resource, name, losses)
    note_losses(row, replace(operation, extras=_others(operation.extras)), losses)
    for gone, field in ((operation.drop_points, "points"), (operation.drop_custom, "custom")):
        if gone:
            losses.add(name, field, "not_removed", len(gone))
    values = {key: value for key, value in operation.values.items() if key in row.fields and key != "type"}
    given = say.write(resource, values, extras, creating=False)
    given.update(say.points(name, operation.points, losses))
    if "party_id" in values and resource in ("issues", "prospects"):
        yield from _refer_party(resource, values["party_id"], given, lookups)
    if given:
        shown.response(f"{name} update", (yield ask.writing("PUT", f"{resource}/{id}", given)))
    if "organisation_id" in values:
        yield from _employ(id, values["organisation_id"], lookups)
    words = say.leading_to(resource, values, extras)
    if words:
        yield from _progress(resource, name, id, words, lookups, losses)
    yield from _set_custom(resource, name, operation, lookups, losses)
    return None


def _typed(operation: Update[Any], lookups: Lookups) -> Conversation:
    """The update with the type of what it changes; a state alone is a task's."""
    if operation.kind not in (Party, Activity) or "type" in operation.values:
        return operation
    if operation.kind is Activity and operation.values.keys() == {"state"}:
        return operation
    resource = yield from lookups.resource_of(Ref(operation.kind.KIND, operation.id))
    types = {"contacts": "person", "companies": "organisation", "tasks": "task", "activities": "note"}
    return replace(operation, values={**operation.values, "type": types[resource]})


def _employ(person: int, company: int | None, lookups: Lookups) -> Conversation:
    """Puts a person's default affiliation at a company, makes one, or ends it."""
    affiliation = yield from lookups.affiliation_of("contacts", person)
    if company is None:
        if affiliation is not None:
            shown.response("person update", (yield ask.deleting(f"affiliations/{affiliation}")))
        return
    given = {"company_id": str(company)}
    if affiliation is None:
        request = ask.writing("POST", "affiliations", {**given, "contact_id": str(person)})
    else:
        request = ask.writing("PUT", f"affiliations/{affiliation}", given)
    shown.response("person update", (yield request))


def _set_custom(
    resource: str, name: str, operation: Update[Any], lookups: Lookups, losses: LossReport
) -> Conversation:
    """Another value in the place of the one that there is, else a new one (dossier, section 8.1)."""
    profile = yield from _profile(resource, name, operation.custom, lookups, losses)
    if not profile:
        return
    path = f"{resource}/{operation.id}/profiles"
    there = {}
    for row in (yield from every("custom_field list", f"{path}/values", _fields="_ALL")):
        there[f"profile.{row.key('field_id').number() or 0}"] = row.id()
    for key, value in profile.items():
        given = {"value": value, "value_int": value, "value_date": value}
        if key in there:
            request = ask.writing("PUT", f"{path}/values/{there[key]}", given)
        else:
            request = ask.writing("POST", f"{path}/fields/{key.partition('.')[2]}", given)
        shown.response(f"{name} update", (yield request))


def _delete(operation: Delete[Any], lookups: Lookups, losses: LossReport) -> Conversation:
    ref = Ref(operation.kind.KIND, operation.id)
    if not any(operation.kind is kind for kind in hear.RESOURCE_OF_KIND) or ref.kind == "user":
        raise Unsupported(f"affinitylive: {ref.kind} delete")
    resource = yield from lookups.resource_of(ref)
    shown.response(f"{ref.kind} delete", (yield ask.deleting(f"{resource}/{operation.id}")))
    return None


_CONVERSATIONS: Final[Mapping[type, Callable[[Any, Lookups, LossReport], Conversation]]] = {
    Get: _get,
    Find: _find,
    FindCustomFields: _find_custom_fields,
    FindTags: _find_tags,
    Create: _create,
    Update: _update,
    Delete: _delete,
}
