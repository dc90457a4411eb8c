"""From a request to the operation that it asks for, without a desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.wire import WireRequest
from canonical.errors import NotFound, Unsupported
from canonical.model import Activity, Case, CustomValue, Opportunity, Party, User
from canonical.operations import AddLink, AddTag, Create, Delete, DropLink, DropTag, Find, Get, NewLink, Update
from canonical.query import TRUE, Query, all_of, eq
from canonical.values import MAX_ID, Ref
from dialects.capsule import query, texts
from dialects.capsule.bodies import Tree, read_body
from dialects.capsule.fields.contacts import read_contacts
from dialects.capsule.fields.custom import read_values
from dialects.capsule.fields.history import read_item
from dialects.capsule.fields.kase import read_kase
from dialects.capsule.fields.opportunity import FIELDS as OPPORTUNITY_FIELDS
from dialects.capsule.fields.opportunity import Milestones
from dialects.capsule.fields.party import ORGANISATION, PERSON, read_party
from dialects.capsule.fields.table import ID, read_simple, read_text
from dialects.capsule.fields.task import read_task
from dialects.capsule.picklists import DEFAULTS, STAGES
from dialects.capsule.routes import ROUTES, locate

PAGE_CAP = 100_000
LINKS = ("links",)
POINTS = ("points",)
KINDS: Mapping[str, type[Party] | type[Opportunity] | type[Case]] = {
    "party": Party,
    "opportunity": Opportunity,
    "kase": Case,
    "case": Case,
}
DEFAULT_MILESTONES = Milestones([item for item in DEFAULTS if item.list == STAGES])


@dataclass(frozen=True, slots=True)
class Asked:
    """A matched request. `noun` is the word after ``/api/``; `below` says that the path goes on after its id."""

    request: WireRequest
    params: Mapping[str, str]
    noun: str
    below: bool

    def id(self, name: str = "id") -> int:
        text = self.params[name]
        if len(text) > 19 or not 0 < int(text) <= MAX_ID:
            raise NotFound(self.noun, text)
        return int(text)

    @property
    def parent(self) -> Ref:
        """The record below which the request is made."""
        return Ref(KINDS[self.noun].KIND, self.id())

    def body(self, root: str) -> Tree:
        return read_body(self.request, root)

    @property
    def given(self) -> query.Parameters:
        return query.parameters(self.request)


def parse_request(request: WireRequest) -> Any:
    """The operation (of `canonical.operations`) that a request asks for.

    Raises `RouteNotFound`, `MethodNotAllowed`, what reading the body and the parameters raises, and `Unsupported` for
    calls that are no operation: lists of words, lists of deletions, and the deletion of a history item, whose kind
    does not tell it from a task.
    """
    match = ROUTES.match(request.method, locate(request))
    parse = _PARSERS.get(match.route.operation)
    if parse is None:
        raise Unsupported(match.route.operation)
    segments = match.route.template.split("/")
    return parse(Asked(request, match.params, segments[2], len(segments) > 4))


def _task_list(asked: Asked) -> Find[Activity]:
    target = asked.parent if asked.below else None
    return Find(Activity, query.tasks(asked.given, PAGE_CAP, target), LINKS)


def _task_create(asked: Asked) -> Create[Activity]:
    links = (NewLink(asked.parent),) if asked.below else ()
    return Create(Activity, {"type": "task", **read_task(asked.body("task"), new=True)}, links)


def _state(state: str) -> Callable[[Asked], Update[Activity]]:
    return lambda asked: Update(Activity, asked.id(), {"state": state})


def _history_list(asked: Asked) -> Find[Activity]:
    window = query.window(asked.given, PAGE_CAP)
    return Find(Activity, Query(query.history(asked.parent), query.NEWEST, window), LINKS)


def _history_read(asked: Asked) -> Find[Activity]:
    where = all_of(query.history(), eq("id", asked.id("item")))
    return Find(Activity, Query(where, query.NEWEST, query.window({}, PAGE_CAP)), LINKS)


def _history_create(asked: Asked) -> Create[Activity]:
    values = read_item(asked.body("historyItem"), new=True)
    return Create(Activity, {"type": "note", **values}, (NewLink(asked.parent),))


def _history_update(asked: Asked) -> Update[Activity]:
    """The type in the values tells it from an update of a task."""
    values = read_item(asked.body("historyItem"), new=False)
    return Update(Activity, asked.id("item"), {"type": "note", **values})


def _party_list(asked: Asked) -> Find[Party]:
    where = eq("type", asked.noun) if asked.noun in (PERSON, ORGANISATION) else TRUE
    include = ("points", "tags") if query.embeds_tags(asked.given) else POINTS
    return Find(Party, query.parties(asked.given, PAGE_CAP, where), include)


def _people(asked: Asked) -> Find[Party]:
    where = all_of(eq("type", PERSON), eq("organisation_id", asked.id()))
    return Find(Party, query.parties(asked.given, PAGE_CAP, where), POINTS)


def _party_read(asked: Asked) -> Get[Party]:
    return Get(Party, asked.id(), ("points", "tags") if query.embeds_tags(asked.given) else POINTS)


def _employer(body: Tree) -> dict[str, Any]:
    id, name = body.text("organisationId"), body.text("organisationName")
    if id is not None and id.strip() not in ("", texts.NO_ID):
        return {"organisation_id": read_text("organisationId", ID, id)}
    if name is None and id is None:
        return {}
    return {"organisation_name": (name or "").strip() or None}


def _party_create(asked: Asked) -> Create[Party]:
    body = asked.body(asked.noun)
    values = {"type": asked.noun, **read_party(asked.noun, body, new=True)}
    if asked.noun == PERSON:
        values.update(_employer(body))
    return Create(Party, values, points=tuple(read_contacts(body, None)[0]))


def _party_update(asked: Asked) -> Update[Party]:
    """Contacts with an id cannot be told apart from new ones here; they are given as new. The type is in the values:
    the path names it, and other values alone would not tell it."""
    body = asked.body(asked.noun)
    values = {"type": asked.noun, **read_party(asked.noun, body, new=False)}
    if asked.noun == PERSON:
        values.update(_employer(body))
    return Update(Party, asked.id(), values, points=tuple(read_contacts(body, None)[0]))


def _matter_list(asked: Asked) -> Find[Any]:
    noun = asked.request.path.rstrip("/").rpartition("/")[2]
    where = eq("party_id", asked.id()) if asked.below else TRUE
    if noun == "kase":
        return Find(Case, query.kases(asked.given, PAGE_CAP, where))
    return Find(Opportunity, query.opportunities(asked.given, PAGE_CAP, DEFAULT_MILESTONES, where))


def _matter_values(asked: Asked, noun: str, *, new: bool) -> dict[str, Any]:
    body = asked.body(noun)
    if noun == "kase":
        return read_kase(body, new=new)
    values = read_simple(OPPORTUNITY_FIELDS, body, new=new)
    stage = body.filled("milestone")
    return values if stage is None else {**values, "stage": stage}


def _matter_create(noun: str) -> Callable[[Asked], Create[Any]]:
    def parse(asked: Asked) -> Create[Any]:
        return Create(KINDS[noun], {**_matter_values(asked, noun, new=True), "party_id": asked.id()})

    return parse


def _matter_update(noun: str) -> Callable[[Asked], Update[Any]]:
    def parse(asked: Asked) -> Update[Any]:
        values = _matter_values(asked, noun, new=False)
        if asked.below:
            return Update(KINDS[noun], asked.id("child"), {**values, "party_id": asked.id()})
        return Update(KINDS[noun], asked.id(), values)

    return parse


def _custom_save(asked: Asked) -> Update[Any]:
    given = read_values(asked.body("customFields"))
    values = tuple(CustomValue(value.label, value.text, value.group) for value in given if value.text is not None)
    dropped = tuple((value.group, value.label) for value in given if value.text is None)
    return Update(KINDS[asked.noun], asked.id(), custom=values, drop_custom=dropped)


def _matter_parsers(noun: str) -> dict[str, Callable[[Asked], Any]]:
    kind = KINDS[noun]

    def party(asked: Asked) -> Ref:
        return Ref(Party.KIND, asked.id("party"))

    return {
        f"{noun}.list": _matter_list,
        f"{noun}.read": lambda asked: Get(kind, asked.id()),
        f"{noun}.create": _matter_create(noun),
        f"{noun}.update": _matter_update(noun),
        f"{noun}.delete": lambda asked: Delete(kind, asked.id()),
        f"{noun}.parties": lambda asked: Get(kind, asked.id(), LINKS),
        f"{noun}.add_party": lambda asked: AddLink(asked.parent, NewLink(party(asked))),
        f"{noun}.drop_party": lambda asked: DropLink(asked.parent, party(asked)),
    }


_PARSERS: dict[str, Callable[[Asked], Any]] = {
    "task.list": _task_list,
    "task.read": lambda asked: Get(Activity, asked.id(), LINKS),
    "task.create": _task_create,
    "task.update": lambda asked: Update(Activity, asked.id(), read_task(asked.body("task"), new=False)),
    "task.delete": lambda asked: Delete(Activity, asked.id()),
    "task.complete": _state("completed"),
    "task.reopen": _state("open"),
    "history.list": _history_list,
    "history.read": _history_read,
    "history.create": _history_create,
    "history.update": _history_update,
    "party.list": _party_list,
    "party.read": _party_read,
    "party.delete": lambda asked: Delete(Party, asked.id(), cascade=True),
    "party.people": _people,
    "contact.delete": lambda asked: Update(Party, asked.id(), drop_points=(asked.id("contact"),)),
    **{f"{type_}.list": _party_list for type_ in (PERSON, ORGANISATION)},
    **{f"{type_}.read": _party_read for type_ in (PERSON, ORGANISATION)},
    **{f"{type_}.create": _party_create for type_ in (PERSON, ORGANISATION)},
    **{f"{type_}.update": _party_update for type_ in (PERSON, ORGANISATION)},
    **_matter_parsers("opportunity"),
    **_matter_parsers("kase"),
    "tag.list": lambda asked: Get(KINDS[asked.noun], asked.id(), ("tags",)),
    "tag.add": lambda asked: AddTag(asked.parent, asked.params["name"]),
    "tag.drop": lambda asked: DropTag(asked.parent, asked.params["name"]),
    "custom.list": lambda asked: Get(KINDS[asked.noun], asked.id(), ("custom",)),
    "custom.save": _custom_save,
    "user.list": lambda asked: Find(User, Query(sort=query.BY_ID)),
}
