"""The ``crm`` of scripts: find, get, create, update, complete, link, over a desk.

Kinds are ``task``, ``note``, ``email``, ``meeting``, ``call`` and other types of activity, ``activity`` for all
of them; ``person``, ``organisation``, ``party`` for both; ``opportunity``, ``case``, ``user``; the tenant's modules
by name (see `adapter.jobs.modules`). A record is a dictionary of its fields: instants and dates are text, money is a
number, ``due`` is a date or an instant; ``links``, ``tags``, ``custom`` (by name), ``email``, ``phone`` and
``website`` come along.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapter.jobs.modules import Mistake, Modules
from adapter.jobs.times import instant_of, instant_text
from canonical.errors import Invalid, NotFound, Unsupported
from canonical.model import (
    KINDS,
    TYPES,
    Activity,
    Case,
    ContactPoint,
    CustomValue,
    FieldSpec,
    Opportunity,
    Party,
    Record,
    User,
)
from canonical.operations import Create, Desk, NewLink, Update
from canonical.query import And, Compare, Has, Node, Op, Query, Sort, Window, all_of, eq
from canonical.values import MAX_ID, MICROS, Due, Ref, iso_date

WRITES: Final = frozenset(("create", "update", "complete", "link"))
MAX_FOUND: Final = 200
HIDDEN: Final = frozenset(("employment_id", "version", "extras", "due_at", "due_date_only", "owner_chosen"))
READ_ONLY: Final = frozenset(("id", "created_at", "updated_at", "creator_id", "modifier_id", "sequence", "person_id"))
POINTS: Final = ("email", "phone", "website")
OPERATORS: Final = {
    "": Op.EQ,
    "=": Op.EQ,
    "!=": Op.NE,
    "<": Op.LT,
    "<=": Op.LE,
    ">": Op.GT,
    ">=": Op.GE,
    "like": Op.LIKE,
    "in": Op.IN,
}
CLOSED: Final = {"activity": "completed", "case": "closed", "opportunity": "won"}
_NAME = re.compile(r"(\S+)(?: +(=|!=|<|<=|>|>=|like|in))?\Z")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a script calls a kind: the kind of record and, for some, its type."""

    name: str
    record: type[Record]
    type: str | None = None

    @property
    def fields(self) -> Mapping[str, FieldSpec]:
        return KINDS[self.record.KIND].by_name


KIND_NAMES: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        *(Kind(word, Activity, word) for word in TYPES),
        *(Kind(word, Party, word) for word in ("person", "organisation")),
        *(Kind(record.KIND, record) for record in (Activity, Party, Opportunity, Case, User)),
    )
}


class Crm:
    """Answers the calls of one script with one desk; gives and takes what JSON can say."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.modules = Modules(desk)
        self._calls: dict[str, Callable[..., Any]] = {
            "find": self._find,
            "get": self._get,
            "create": self._create,
            "update": self._update,
            "complete": self._complete,
            "link": self._link,
        }

    def call(self, name: str, values: list[Any], named: dict[str, Any]) -> Any:
        """Raises Mistake and what the desk raises."""
        method = self._calls[name]
        try:
            bound = inspect.signature(method).bind(*values, **named)
        except TypeError as error:
            raise Mistake(f"crm.{name}: {error}") from error
        try:
            return method(*bound.args, **bound.kwargs)
        except Invalid as error:
            problem = error.problems[0]
            raise Mistake(f"crm.{name}: {problem.field}: {problem.code.replace('_', ' ')}") from error
        except Unsupported as error:
            raise Mistake(f"crm.{name}: {error}") from error

    # -- the calls --------------------------------------------------------------------------------

    def _find(
        self, kind: Any, where: Any = None, sort: Any = "id", limit: Any = 50, offset: Any = 0
    ) -> list[dict[str, Any]]:
        where = where or {}
        if not isinstance(where, dict):
            raise Mistake("crm.find: where must be a dictionary")
        window = Window(_whole("offset", offset, MAX_ID), _whole("limit", limit, MAX_FOUND))
        known = self._kind(kind)
        if known is None:
            return self.modules.find(kind, where, window)
        nodes = [self._condition(known, name, value) for name, value in where.items()]
        if known.type is not None:
            nodes.append(eq("type", known.type))
        query = Query(all_of(*nodes), _sort(known, sort), window)
        return [_shown(record) for record in self.desk.find(known.record, query, _include(known)).items]

    def _get(self, kind: Any, id: Any) -> dict[str, Any] | None:
        known = self._kind(kind)
        if known is None:
            return self.modules.get(kind, _id(id))
        try:
            record = self.desk.get(known.record, _id(id), _include(known))
        except NotFound:
            return None
        return _shown(record) if _is(known, record) else None

    def _create(self, kind: Any, values: Any = None, /, **fields: Any) -> dict[str, Any]:
        known = self._kind(kind)
        given = _given("create", values, fields)
        if known is None:
            return self.modules.create(kind, given)
        if known.record is User:
            raise Mistake("crm.create: users are not made by scripts")
        links = tuple(_new_link(link) for link in _list("links", given.pop("links", None)))
        tags = tuple(_text("tags", tag) for tag in _list("tags", given.pop("tags", None)))
        points = tuple(ContactPoint(name, _text(name, given.pop(name)), "work") for name in POINTS if given.get(name))
        custom = _custom(given.pop("custom", None))
        stored = _stored(known, given)
        if known.type is not None:
            stored["type"] = known.type
        operation = Create(known.record, stored, links, points, tags, custom)
        return _shown(self.desk.create(operation, _include(known)))

    def _update(self, kind: Any, id: Any, values: Any = None, /, **fields: Any) -> dict[str, Any]:
        known = self._kind(kind)
        given = _given("update", values, fields)
        if known is None:
            return self.modules.update(kind, _id(id), given)
        if known.record is User:
            raise Mistake("crm.update: users are not changed by scripts")
        before = self._there(known, id)
        points = tuple(_changed_point(before, name, given.pop(name)) for name in POINTS if name in given)
        custom = _custom(given.pop("custom", None))
        for name in ("links", "tags"):
            if name in given:
                raise Mistake(f"crm.update: {name} cannot be changed here")
        operation = Update(known.record, before.id, _stored(known, given), custom=custom, points=points)
        return _shown(self.desk.update(operation, _include(known)))

    def _complete(self, kind: Any, id: Any = None) -> dict[str, Any]:
        # crm.complete(12) means the task.
        known = self._kind("task" if id is None else kind)
        if known is None or known.record.KIND not in CLOSED:
            raise Mistake(f"crm.complete: {kind} cannot be completed")
        before = self._there(known, kind if id is None else id)
        operation = Update(known.record, before.id, {"state": CLOSED[known.record.KIND]})
        return _shown(self.desk.update(operation, _include(known)))

    def _link(self, kind: Any, id: Any, target_kind: Any, target_id: Any, role: Any = "") -> None:
        known, target = self._kind(kind), self._kind(target_kind)
        if known is None or target is None:
            raise Mistake("crm.link: records of modules are linked by their fields")
        record = self._there(known, id)
        other = self._there(target, target_id)
        link = NewLink(Ref(target.record.KIND, other.id), _text("role", role))
        self.desk.add_link(Ref(known.record.KIND, record.id), link)

    # -- kinds and records ------------------------------------------------------------------------

    def _kind(self, name: Any) -> Kind | None:
        """The canonical kind, None for a module of the tenant."""
        if not isinstance(name, str):
            raise Mistake("a kind must be text")
        known = KIND_NAMES.get(name.lower())
        if known is None and not self.modules.has(name):
            raise Mistake(f"there is no kind {name}")
        return known

    def _there(self, kind: Kind, id: Any) -> Record:
        try:
            record = self.desk.get(kind.record, _id(id), _include(kind))
        except NotFound:
            record = None
        if record is None or not _is(kind, record):
            raise Mistake(f"there is no {kind.name} {id}")
        return record

    def _condition(self, kind: Kind, name: str, value: Any) -> Node:
        match = _NAME.match(name)
        if match is None:
            raise Mistake(f"crm.find: {name} is no condition")
        field, operator = match[1], OPERATORS[match[2] or ""]
        if field.startswith("custom."):
            return Has("custom", And((eq("name", field[7:]), _compare("value", operator, value))))
        if field in POINTS and kind.record is Party:
            return Has("points", And((eq("kind", field), _compare("value", operator, value))))
        if field == "tag":
            return Has("tags", _compare("name", operator, value))
        if field == "link":
            link = _new_link(value)
            return Has("links", And((eq("target_kind", link.target.kind), eq("target_id", link.target.id))))
        column = "due_at" if field == "due" else field
        spec = kind.fields.get(column)
        if spec is None or column == "extras":
            raise Mistake(f"crm.find: {kind.name} has no field {field}")
        if isinstance(value, list):
            return _compare(column, operator, [_inward(spec, field, item) for item in value])
        return _compare(column, operator, _inward(spec, field, value))


def _is(kind: Kind, record: Record) -> bool:
    return kind.type is None or getattr(record, "type", None) == kind.type


def _include(kind: Kind) -> tuple[str, ...]:
    if kind.record is User:
        return ()
    return ("links", "tags", "custom", "points") if kind.record is Party else ("links", "tags", "custom")


def _compare(field: str, operator: Op, value: Any) -> Compare:
    if operator is Op.IN:
        if not isinstance(value, list):
            raise Mistake(f"crm.find: {field} in: a list is needed")
        return Compare(field, Op.IN, tuple(value))
    if isinstance(value, list | dict):
        raise Mistake(f"crm.find: {field}: {operator.value} needs one value")
    if value is None:
        if operator not in (Op.EQ, Op.NE):
            raise Mistake(f"crm.find: {field}: None is neither more nor less than anything")
        return Compare(field, Op.NULL if operator is Op.EQ else Op.NOT_NULL)
    return Compare(field, operator, value)


def _sort(kind: Kind, text: Any) -> tuple[Sort, ...]:
    """``due desc, title``."""
    out = []
    for part in _text("sort", text).split(","):
        name, _, direction = part.strip().partition(" ")
        column = "due_at" if name == "due" else name
        if column not in kind.fields or column == "extras" or direction.strip().lower() not in ("", "asc", "desc"):
            raise Mistake(f"crm.find: {kind.name} cannot be sorted by {part.strip()}")
        out.append(Sort(column, direction.strip().lower() == "desc"))
    return tuple(out)


# -- values -----------------------------------------------------------------------------------------


def _id(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Mistake("an id must be a whole number")
    return value


def _whole(name: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Mistake(f"crm.find: {name} must be a number from 0 to {most}")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Mistake(f"{name} must be text")
    return value


def _list(name: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Mistake(f"{name} must be a list")
    return value


def _given(call: str, values: Any, fields: dict[str, Any]) -> dict[str, Any]:
    if values is not None and not isinstance(values, dict):
        raise Mistake(f"crm.{call}: the values must be a dictionary")
    return {**(values or {}), **fields}


def _new_link(value: Any) -> NewLink:
    """Out of a record, or of a dictionary with kind, id and perhaps role."""
    kind = KIND_NAMES.get(str(value.get("kind")).lower()) if isinstance(value, dict) else None
    if kind is None:
        raise Mistake("a link needs a record, or a dictionary with kind and id")
    return NewLink(Ref(kind.record.KIND, _id(value.get("id"))), _text("role", value.get("role", "")))


def _custom(value: Any) -> tuple[CustomValue, ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        raise Mistake("custom must be a dictionary")
    return tuple(CustomValue(name, _text(f"custom.{name}", text)) for name, text in value.items())


def _changed_point(before: Record, kind: str, value: Any) -> ContactPoint:
    """The first point of that kind with another value, or a new one."""
    if not isinstance(before, Party):
        raise Mistake(f"crm.update: only people and organisations have {kind}")
    there = [point for point in before.points if point.kind == kind]
    text = _text(kind, value)
    if not there:
        return ContactPoint(kind, text, "work")
    there[0].value = text
    return there[0]


def _stored(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of fields as the core keeps them."""
    out: dict[str, Any] = {}
    for name, value in given.items():
        if name == "due" and kind.record is Activity:
            out["due_at"] = _inward(kind.fields["due_at"], name, value)
            out["due_date_only"] = value is not None and len(value) == 10
            continue
        spec = kind.fields.get(name)
        if spec is None or name in HIDDEN:
            raise Mistake(f"{kind.name} has no field {name}")
        if name in READ_ONLY or (name == "type" and kind.type is not None):
            raise Mistake(f"{name} cannot be set")
        out[name] = _inward(spec, name, value)
    return out


def _inward(spec: FieldSpec, name: str, value: Any) -> Any:
    """A script's value as the core keeps it."""
    if value is None:
        return None
    match spec.type:
        case "instant":
            try:
                return instant_of(_text(name, value))
            except ValueError as error:
                raise Mistake(f"{name}: {value} is no time; write 2018-12-10T09:30:00Z") from error
        case "date":
            try:
                return datetime.fromisoformat(_text(name, value)).date().isoformat()
            except ValueError as error:
                raise Mistake(f"{name}: {value} is no date; write 2018-12-10") from error
        case "flag":
            if not isinstance(value, bool):
                raise Mistake(f"{name} must be True or False")
            return value
        case "text":
            return _text(name, value)
    if isinstance(value, str) and spec.ref is not None:
        return _id(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Mistake(f"{name} must be a number")
    if spec.type == "money":
        return round(value * MICROS) if abs(value) < 2**42 else MAX_ID + 1
    if isinstance(value, float) and not value.is_integer():
        raise Mistake(f"{name} must be a whole number")
    return int(value)


def _outward(spec: FieldSpec, value: Any) -> Any:
    if value is None:
        return None
    if spec.type == "instant":
        return instant_text(value)
    if spec.type == "money":
        return value // MICROS if value % MICROS == 0 else value / MICROS
    return bool(value) if spec.type == "flag" else value


def _due_text(due: Due | None) -> str | None:
    if due is None:
        return None
    return iso_date(due.at) if due.date_only else instant_text(due.at)


def _shown(record: Record) -> dict[str, Any]:
    """A record as scripts see it."""
    kind = KINDS[record.KIND]
    word = getattr(record, "type", None)
    out: dict[str, Any] = {"kind": word if word in KIND_NAMES else record.KIND}
    for spec in kind.fields:
        if spec.name not in HIDDEN:
            out[spec.name] = _outward(spec, getattr(record, spec.name))
    if isinstance(record, User):
        return out
    if isinstance(record, Activity):
        out["due"] = _due_text(record.due)
    for name in POINTS if isinstance(record, Party) else ():
        out[name] = next((point.value for point in getattr(record, "points", ()) if point.kind == name), None)
    links = getattr(record, "links", ())
    out["links"] = [
        {"kind": link.target_type if link.target.kind == "party" and link.target_type else link.target.kind}
        | {"id": link.target.id, "role": link.role, "name": link.target_name}
        for link in links
    ]
    out["tags"] = [tag.name for tag in getattr(record, "tags", ())]
    out["custom"] = {value.name: value.value for value in getattr(record, "custom", ())}
    return out
