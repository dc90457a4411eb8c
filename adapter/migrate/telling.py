"""From a record of the source to the operation that says it to the target, with what cannot be said of it.

References become the target's through the ledger; what refers to a record that is yet to come is deferred, and what
refers to none that the source showed is told as dangling, never invented.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.client import Capability, can, record_of
from adapter.migrate import compare
from adapter.migrate.ledger import Ledger, Loss
from adapter.migrate.people import Crowd
from adapter.migrate.plan import Plan
from adapter.migrate.sides import Traits
from canonical.model import KINDS, Activity, Case, FieldSpec, Opportunity, Party, Record, User
from canonical.operations import Create, NewLink
from canonical.values import SECOND, Ref, iso_date, midnight

_LEFT: Final = frozenset(
    {"id", "version", "sequence", "extras", "type", "owner_chosen", "name", "sessions_from", "person_id"}
)
"""Fields that the target makes itself, or that are said otherwise."""
_PLACE: Final[Mapping[str, tuple[str, ...]]] = {
    "organisation_id": ("organisation",),
    "party_id": ("organisation", "person"),
}
_DERIVED: Final = frozenset({"name", "last_name", "company", "category", "stage", "stage_word", "source", "username"})
"""Texts that a target may make of others."""
EVERYONE: Final = "everyone"
_UNFILED: Final = "Unfiled"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Refused(Exception):
    """A record that cannot be told: it is set aside with this reason."""


@dataclass(slots=True)
class Told:
    """An operation, and what of the record is not in it."""

    operation: Create[Any]
    losses: list[Loss] = field(default_factory=list)
    deferred: list[tuple[str, str, str]] = field(default_factory=list)
    """Field, canonical kind and the source's id of what is yet to come."""
    blank: tuple[str, ...] = ()
    """Free texts that the record could have and has not."""
    dangling: list[tuple[str, str]] = field(default_factory=list)

    @property
    def expected(self) -> dict[str, Any]:
        """What the target should say of it afterwards."""
        return {**dict.fromkeys(self.blank), **compare.said(self.operation)}


class Teller:
    """Tells records of one side to another."""

    def __init__(
        self,
        plan: Plan,
        source: Traits,
        target: Traits,
        crowd: Crowd,
        ledger: Ledger,
        written_id: Callable[[str, int], str],
        unfiled: Callable[[str], int],
    ) -> None:
        """`written_id` writes the source's ids; `unfiled` gives the target's party of a name, made where missing."""
        self.plan = plan
        self.source = source
        self.target = target
        self.crowd = crowd
        self.ledger = ledger
        self.written_id = written_id
        self.unfiled = unfiled

    def tell(self, kind: str, record: Record) -> Told | None:
        """None where the target has no such kind. Raises `Refused`."""
        row = can(self.target, kind, "create")
        if row is None:
            return None
        return _Telling(self, kind, row, record).told()


class _Telling:
    """One record on its way."""

    def __init__(self, teller: Teller, kind: str, row: Capability, record: Record) -> None:
        self.teller = teller
        self.kind = kind
        self.row = row
        self.record: Any = record
        self.values: dict[str, Any] = {}
        self.losses: dict[tuple[str, str], int] = {}
        self.deferred: list[tuple[str, str, str]] = []
        self.instead: list[NewLink] = []
        self.dangling: list[tuple[str, str]] = []
        self.drop = frozenset(teller.plan.drop.get(kind, ()))

    def told(self) -> Told:
        record = self.record
        if hasattr(record, "type"):
            self.values["type"] = record.type
        for spec in KINDS[record.KIND].fields:
            if spec.name not in _LEFT:
                self._field(spec)
        if isinstance(record, Party) and record.name:
            if record.type == "organisation":
                self.values["name"] = record.name
            elif not record.first_name and not record.last_name:
                self.values["last_name"] = record.name
        self._hidden()
        operation = Create(
            record_of(self.kind),
            self.values,
            (*self.instead, *self._links()),
            self._points(),
            self._tags(),
            self._custom(),
            self._extras(),
        )
        operation = self._defaults(operation)
        losses = [(name, reason, count) for (name, reason), count in self.losses.items()]
        return Told(operation, losses, self.deferred, self._blank(), self.dangling)

    def _blank(self) -> tuple[str, ...]:
        shown = can(self.teller.source, self.kind, "list")
        both = self.row.fields & shown.fields if shown is not None else frozenset()
        return tuple(
            spec.name
            for spec in KINDS[self.record.KIND].fields
            if spec.folded
            and spec.name in both - _DERIVED
            and spec.name not in self.values
            and not getattr(self.record, spec.name)
        )

    def lose(self, name: str, reason: str, count: int = 1) -> None:
        key = (name, reason)
        self.losses[key] = self.losses.get(key, 0) + count

    # -- fields -------------------------------------------------------------------------------------

    def _field(self, spec: FieldSpec) -> None:
        name, value = spec.name, getattr(self.record, spec.name)
        if spec.ref == User.KIND and name != "user_id":
            self._user(name, value)
            return
        if value is None or value == spec.default or (value == "" and not spec.required):
            return
        if name in self.drop:
            self.lose(name, "dropped_by_plan")
        elif name not in self.row.fields:
            self.lose(name, "not_said")
        elif spec.ref is not None:
            self._reference(name, spec.ref, value)
        else:
            self.values[name] = self._narrowed(name, self._word(name, value))

    def _hidden(self) -> None:
        """Nobody learns by a migration what he did not see or read before, unless the plan says so."""
        word = getattr(self.record, "visibility", EVERYONE)
        if word == EVERYONE or "visibility" in self.values:
            return
        self.losses.pop(("visibility", "not_said"), None)
        if self.teller.plan.hidden != "show":
            raise Refused(f'visibility: {word}; the target would show it to everybody (run.hidden = "show" lets it)')
        self.lose("visibility", "shown_to_all")

    def _word(self, name: str, value: Any) -> Any:
        words = self.teller.plan.values.get((self.kind, name))
        return words.get(value, value) if words and isinstance(value, str) else value

    def _narrowed(self, name: str, value: Any) -> Any:
        """As near as the target's words and moments come to it."""
        target = self.teller.target
        words = target.vocabulary.get((self.kind, name))
        if words is not None and isinstance(value, str) and value not in words:
            self.lose(name, "narrowed")
            closed = value in ("completed", "cancelled", "closed")
            return words[-1] if closed else words[0]
        if name == "due_at" and getattr(self.record, "due_date_only", False):
            return midnight(value)
        unit = target.precision.get((self.kind, name), 1) * SECOND
        if name in _MOMENTS and isinstance(value, int) and unit > SECOND and value % unit >= SECOND:
            self.lose(name, "rounded")
            return value - value % unit
        return value

    def _user(self, name: str, id: int | None) -> None:
        told_name = name.removesuffix("_id") + "_username"
        username = getattr(self.record, told_name, None)
        if (id is None and not username) or (isinstance(self.record, User) and name != "manager_id"):
            return
        crowd = self.teller.crowd
        user = crowd.source.find(id, username)
        found = None if user is None else crowd.counterpart(user)
        says_id, says_name = name in self.row.fields, told_name in self.row.fields
        if name in self.drop or not (says_id or says_name):
            # Everybody's record has an owner; only one that was chosen says something.
            if name != "owner_id" or getattr(self.record, "owner_chosen", False) or username:
                self.lose(name, "dropped_by_plan" if name in self.drop else "not_said")
            return
        if found is None:
            self.lose(name, "unknown_user")
            found = crowd.stand_in() if name == "owner_id" else None
        if found is not None:
            self.values[name if says_id else told_name] = found.id if says_id else found.username

    def _reference(self, name: str, canon: str, id: int) -> None:
        source_id = self.teller.written_id(canon, id)
        places = _PLACE.get(name, ())
        found = self.teller.ledger.target_of(canon, source_id, places)
        takes = self.teller.target.refers.get((self.kind, name))
        if found and takes and not self.teller.ledger.target_of(canon, source_id, takes, only=True):
            # Whom it is about stays known; that he is its party does not.
            if "links" in self.row.fields and "links" not in self.drop:
                self.instead.append(NewLink(Ref(canon, int(found))))
                self.lose(name, "shown_as_link")
            else:
                self.lose(name, "not_said")
        elif found:
            self.values[name] = int(found)
        elif canon == self.record.KIND:
            self.deferred.append((name, canon, source_id))
        else:
            self._dangle(name, f"{canon} {source_id}")

    def _dangle(self, name: str, ref: str) -> None:
        self.lose(name, "dangling")
        self.dangling.append((name, ref))

    # -- what hangs on it ---------------------------------------------------------------------------

    def _links(self) -> tuple[NewLink, ...]:
        links = getattr(self.record, "links", ())
        if not links:
            return ()
        if "links" not in self.row.fields or "links" in self.drop:
            self.lose("links", "dropped_by_plan" if "links" in self.drop else "not_said", len(links))
            return ()
        crowd = self.teller.crowd
        out: list[NewLink] = []
        for link in links:
            user = crowd.source.of_target(link.target)
            if user is not None:
                found = crowd.counterpart(user)
                target = None if found is None else self._user_target(link.target.kind, found)
                if target is None:
                    self.lose("links", "unknown_user")
                else:
                    out.append(NewLink(target, link.role, link.at or None))
                continue
            source_id = self.teller.written_id(*link.target)
            kinds = (link.target_type,) if link.target_type else ()
            id = self.teller.ledger.target_of(link.target.kind, source_id, kinds)
            if id:
                out.append(NewLink(Ref(link.target.kind, int(id)), link.role, link.at or None))
            elif link.target.kind == self.record.KIND == Activity.KIND:
                self.deferred.append((f"links.{link.role}", link.target.kind, source_id))
            else:
                self._dangle("links", f"{link.target.kind} {source_id}")
        return tuple(out)

    @staticmethod
    def _user_target(kind: str, user: User) -> Ref | None:
        if kind == User.KIND:
            return Ref(User.KIND, user.id)
        return Ref(Party.KIND, user.person_id) if user.person_id else None

    def _points(self) -> tuple[Any, ...]:
        out = []
        for point in getattr(self.record, "points", ()):
            if not self.row.says_point(point.kind) or "points" in self.drop:
                self.lose("points", "dropped_by_plan" if "points" in self.drop else "not_said")
                continue
            labels = self.teller.target.vocabulary.get((f"points.{point.kind}", "label"))
            if labels is not None and point.label and point.label not in labels:
                self.lose("points", "label_not_said")
                point = dataclasses.replace(point, label=None)
            keeps = "extras" in self.row.fields
            if point.extras and not keeps:
                self.lose("points.extras", "not_said")
            out.append(dataclasses.replace(point, id=0, party_id=0, extras=point.extras if keeps else {}))
        return tuple(out)

    def _tags(self) -> tuple[str, ...]:
        names = tuple(tag.name for tag in getattr(self.record, "tags", ()))
        return names if self._says("tags", len(names)) else ()

    def _custom(self) -> tuple[Any, ...]:
        values = tuple(
            dataclasses.replace(value, id=0, updated_at=None, modifier_id=None)
            for value in getattr(self.record, "custom", ())
        )
        return values if self._says("custom", len(values)) else ()

    def _says(self, part: str, count: int) -> bool:
        if count and (part not in self.row.fields or part in self.drop):
            self.lose(part, "dropped_by_plan" if part in self.drop else "not_said", count)
            return False
        return True

    def _extras(self) -> Mapping[str, Mapping[str, Any]]:
        extras = self.record.extras
        if "extras" in self.row.fields:
            return {name: dict(values) for name, values in extras.items()}
        for namespace, values in extras.items():
            self.lose(f"extras.{namespace}", "not_said", len(values))
        return {}

    # -- what the target needs ----------------------------------------------------------------------

    def _defaults(self, operation: Create[Any]) -> Create[Any]:
        given = self.teller.plan.defaults.get(self.kind, {})
        for need in self.teller.target.requires.get(self.kind, ()):
            if need == "party":
                if any(link.target.kind != User.KIND for link in operation.links):
                    continue
                name = self._default(given, "person", need)
                link = NewLink(Ref(Party.KIND, self.teller.unfiled(name)))
                operation = dataclasses.replace(operation, links=(link, *operation.links))
            elif not operation.values.get(need):
                self.values[need] = self._made_up(need, given)
        return operation

    def _made_up(self, need: str, given: Mapping[str, str]) -> Any:
        if need == "party_id":
            return self.teller.unfiled(self._default(given, "person", need))
        if need == "due_at":
            text = self._default(given, "due", need)
            self.values["due_date_only"] = True
            return midnight(self._created("due", text))
        if need == "start_at":
            return self._created("start", self._default(given, "start", need))
        if need == "expected_close":
            text = self._default(given, "close", need)
            return text if _DAY.fullmatch(text) else iso_date(self._created("close", text))
        if need == "stage":
            state = getattr(self.record, "state", "open")
            return self._default(given, "stage" if state == "open" else f"stage_{state}", need)
        return self._default(given, need, need)

    def _created(self, name: str, text: str) -> int:
        at: int | None = self.record.created_at if text == "created" else None
        if at is None:
            raise Refused(f'defaults.{self.kind}.{name}: {text}: must be "created" or ""')
        return at

    def _default(self, given: Mapping[str, str], name: str, need: str) -> str:
        text = given.get(name, "")
        if not text:
            raise Refused(f"{need}: the target needs one, and the plan has no default")
        self.lose(need, "default_given")
        return text


_MOMENTS: Final = frozenset(
    spec.name
    for kind in (Activity, Opportunity, Case, Party)
    for spec in KINDS[kind.KIND].fields
    if spec.type == "instant"
)


def default_needs(target: Traits) -> dict[str, dict[str, str]]:
    """The defaults that a new plan says, for what the target needs."""
    out: dict[str, dict[str, str]] = {}
    for kind, needs in target.requires.items():
        for need in needs:
            given = out.setdefault(kind, {})
            if need in ("party", "party_id"):
                given["person"] = _UNFILED
            elif need == "due_at":
                given["due"] = "created"
            elif need in ("start_at", "expected_close"):
                given["start" if need == "start_at" else "close"] = "created"
            elif need == "stage":
                given.update(stage="New", stage_won="Won", stage_lost="Lost")
            else:
                given[need] = _UNFILED
    return out
