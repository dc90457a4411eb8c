"""The desk: answers the operations of one caller in one unit of work."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from canonical.accounts import Principal
from canonical.errors import Denied, Duplicate, Invalid, NotFound, Problem, UnknownReference
from canonical.model import (
    KINDS,
    Activity,
    Case,
    Change,
    Employment,
    KindSpec,
    Link,
    Opportunity,
    Party,
    Record,
    Tag,
    User,
    Viewer,
)
from canonical.operations import (
    AddLink,
    AddTag,
    Create,
    Delete,
    DropLink,
    DropTag,
    Fields,
    Find,
    FindCustomFields,
    FindDeletions,
    FindTags,
    Get,
    Include,
    NewLink,
    Page,
    SaveCustomField,
    Update,
)
from canonical.query import TRUE, Node, Query, Sort, Window, all_of, eq
from canonical.service import aliases, attachments, employments
from canonical.service.module_desk import ModuleDesk
from canonical.service.rules import checked, follow, state_word
from canonical.service.sessions import end_sessions
from canonical.service.setup_desk import SetupDesk
from canonical.service.visibility import Visibility
from canonical.service.workflows import Automation
from canonical.store.port import Unit
from canonical.values import MAX_ID, Instant, Ref, fold_key

ASSIGNEE = "assignee"
APART = ("points", "steps")
"""What hangs on records and is not read in one statement with them."""
R = TypeVar("R", bound=Record)
PrivateExtras = tuple[frozenset[str], frozenset[str]]
"""The keys of a dialect's extras that repeat a record's text, and those that name who takes part in it."""
NO_EXTRAS: PrivateExtras = (frozenset(), frozenset())
ALL = Query()
WHOLE = Window()
SAME_NAMES = 100
"""Names that differ in accents only and are looked through for the very one."""


class CoreDesk(ModuleDesk, SetupDesk):
    """The `canonical.operations.Desk` over a unit of the store."""

    __slots__ = ("_aliased", "_automation", "_me", "announced", "dialect", "now", "principal", "unit", "visibility")

    def __init__(
        self,
        unit: Unit,
        principal: Principal,
        dialect: str,
        now: Instant,
        *,
        aliased: bool = False,
        automation: Automation | None = None,
        private_extras: PrivateExtras = NO_EXTRAS,
    ) -> None:
        self.unit = unit
        card = principal.person_id or 0
        viewer = Viewer(principal.user_id, card, principal.is_admin, dialect, *private_extras, principal.operator)
        self.visibility = Visibility(unit, viewer)
        self.principal = principal
        self.dialect = dialect
        self.now = now
        self._me = principal.user_id
        self._aliased = aliased
        self._automation = automation
        self.announced: list[int] = []
        """Jobs that workers can be told of once this is committed."""

    # -- reading ----------------------------------------------------------------------------------

    def get(self, kind: type[R], id: int, include: Include = (), fields: Fields = None) -> R:
        if self._aliased:
            id = aliases.inward_id(self.unit, self.dialect, kind.KIND, id)
        if not 0 < id <= MAX_ID:
            raise NotFound(kind.KIND, id)
        apart: Include = tuple(name for name in include if name in APART)
        parts = tuple(name for name in include if name not in APART) if apart else include
        record = self.unit.load_with(kind, id, parts, fields) if parts else self.unit.load(kind, (id,), fields).get(id)
        if record is None:
            raise NotFound(kind.KIND, id)
        self.visibility.require_seen(record)
        return self._out([record], apart)[0]

    def get_many(self, kind: type[R], ids: Iterable[int], include: Include = ()) -> dict[int, R]:
        wanted = list(ids)
        if self._aliased:
            wanted = [aliases.inward_id(self.unit, self.dialect, kind.KIND, id) for id in wanted]
        found = self.unit.load(kind, [id for id in wanted if 0 < id <= MAX_ID])
        seen = self.visibility.seen(found.values())
        return {record.id: record for record in self._out(seen, include)}

    def remembered(self, name: str) -> dict[Any, Any]:
        return self.unit.remembered(self.dialect, name)

    def find(
        self,
        kind: type[R],
        query: Query = ALL,
        include: Include = (),
        *,
        total: bool = False,
        fields: Fields = None,
    ) -> Page[R]:
        if self._aliased:
            query = dataclasses.replace(query, where=aliases.inward_query(self.unit, self.dialect, kind, query.where))
        viewer = self.visibility.viewer
        items: list[R] = []
        if query.window.limit != 0:
            items = self.unit.find(kind, query, viewer, fields)
        count = self.unit.count(kind, query, viewer) if total else None
        return Page(self._out(items, include), count)

    def count(self, kind: type[R], where: Node = TRUE) -> int:
        if self._aliased:
            where = aliases.inward_query(self.unit, self.dialect, kind, where)
        return self.unit.count(kind, Query(where), self.visibility.viewer)

    def acts_as_owner(self, record: Record) -> bool:
        found = self._stored(record)
        return found is not None and self.visibility.acts_as_owner(found)

    def takes_part(self, record: Record) -> bool:
        found = self._stored(record)
        return found is not None and self.visibility.takes_part(found)

    def _stored(self, record: R) -> R | None:
        """The record with its own ids."""
        id = record.id
        if self._aliased:
            id = aliases.inward_id(self.unit, self.dialect, record.KIND, id)
        return self.unit.load(type(record), (id,)).get(id)

    def _out(self, records: list[R], include: Include) -> list[R]:
        """The records with what was asked for loaded, and ids as this dialect's clients know them."""
        self.visibility.mask(records)
        if include and records:
            kind = records[0].KIND
            ids = [record.id for record in records]
            parts = tuple(name for name in include if name not in APART)
            found: dict[str, Mapping[int, Any]] = {**self.unit.attached(kind, ids, parts)} if parts else {}
            if "points" in include:
                found["points"] = self.unit.points_of(ids)
            if "steps" in include:
                found["steps"] = attachments.state_changes(self.unit, kind, ids)
            for name, rows in found.items():
                for record in records:
                    setattr(record, name, rows[record.id])
        if records:
            self._name(records)
        if self._aliased:
            aliases.outward(self.unit, self.dialect, records)
        return records

    def _name(self, records: Sequence[Record]) -> None:
        """Names to a caller who sees it what not everybody sees and the store therefore left nameless.

        Links to records of which he is not told are left out, as are references to them.
        """
        nameless: dict[str, dict[int, list[tuple[Any, str]]]] = {}
        for field, kind, attribute in _NAMED[records[0].KIND]:
            for record in records:
                id = getattr(record, field)
                if id is not None and getattr(record, attribute) is None:
                    nameless.setdefault(kind, {}).setdefault(id, []).append((record, attribute))
        linked = cast("Sequence[Activity]", records) if hasattr(records[0], "links") else ()
        for link in [link for record in linked for link in record.links if link.target_name is None]:
            named = nameless.setdefault(link.target.kind, {})
            named.setdefault(link.target.id, []).append((link, "target_name"))
        untold: set[Ref] = set()
        for kind, wanted in nameless.items():
            found = self.unit.load(KINDS[kind].record, tuple(wanted)).values()
            untold.update(Ref(kind, record.id) for record in found if not self.visibility.is_told(record))
            seen: list[Any] = self.visibility.seen(found)
            self.visibility.mask(seen)
            for target in seen:
                for holder, attribute in wanted[target.id]:
                    setattr(holder, attribute, target.name if kind == Party.KIND else target.title)
        untold.update(self._untold_references(records))
        if untold:
            _leave_out(records, linked, untold)

    def _untold_references(self, records: Sequence[Record]) -> list[Ref]:
        """The records without a name of theirs here that these refer to and of which the caller is not told."""
        untold: list[Ref] = []
        for field, kind in _NAMELESS[records[0].KIND]:
            ids = {id for record in records if (id := getattr(record, field)) is not None}
            if ids and self.unit.hides(KINDS[kind].record):
                found = self.unit.load(KINDS[kind].record, ids).values()
                untold += [Ref(kind, record.id) for record in found if not self.visibility.is_told(record)]
        return untold

    def organisation_named(self, name: str) -> Party | None:
        wanted = Query(all_of(eq("type", "organisation"), eq("name", name)), (Sort("id"),), Window(limit=SAME_NAMES))
        # Search knows no accents, a name does.
        found = (party for party in self.find(Party, wanted).items if party.name.casefold() == name.casefold())
        return next(found, None)

    # -- writing ----------------------------------------------------------------------------------

    def employer_named(self, name: str) -> Party:
        found = self.organisation_named(name)
        return found or self.create(Create(Party, {"type": "organisation", "name": name}))

    def _may_write(self) -> None:
        if self.principal.view_only:
            raise Denied("the user may only view")

    def _writable(self, kind: type[R], id: int) -> R:
        self._may_write()
        if not 0 < id <= MAX_ID:
            raise NotFound(kind.KIND, id)
        self.unit.lock(kind, id)
        record = self.unit.load(kind, (id,)).get(id)
        if record is None:
            raise NotFound(kind.KIND, id)
        self.visibility.require_seen(record)
        return record

    def _check_references(self, spec: KindSpec, values: Mapping[str, Any]) -> None:
        for field in spec.fields:
            id = values.get(field.name)
            if field.ref is None or id is None or (field.ref == "user" and id == self._me):
                continue
            self._require_there(field.name, Ref(field.ref, id))

    def _require_there(self, field: str, target: Ref) -> None:
        """Raises UnknownReference unless the caller may know that the record is there."""
        spec = KINDS.get(target.kind)
        if spec is not None and 0 < target.id <= MAX_ID:
            record = self.unit.load(spec.record, (target.id,)).get(target.id)
            if record is not None and self.visibility.is_told(record):
                return
        raise UnknownReference(field, target.kind, target.id)

    def create(self, operation: Create[R], include: Include = ()) -> R:
        self._may_write()
        if self._aliased:
            operation = aliases.inward_create(self.unit, self.dialect, operation)
        kind = operation.kind
        spec = KINDS[kind.KIND]
        given = checked(spec, operation.values)
        self._check_references(spec, given)
        if kind is User:
            self._username_is_free(given.get("username", ""), 0)
        follow(spec, None, given, self.now)
        if kind is Employment:
            given.update(employments.copied(self.unit, given))
        values: dict[str, Any] = {field.name: field.default for field in spec.fields}
        values.update(
            # What reaches a party reaches an employment, so that they count together.
            id=self.unit.next_value(Party.KIND if kind is Employment else kind.KIND, shared=True),
            created_at=self.now,
            updated_at=self.now,
            creator_id=self._me,
            modifier_id=self._me,
            extras={name: dict(kept) for name, kept in operation.extras.items() if kept},
        )
        if "owner_id" in values:
            values["owner_id"] = self._me
        values.update(given)
        if kind is Activity:
            values["sequence"] = self.unit.next_value("activity sequence")
        self.unit.insert_record(kind, values)
        record = Ref(kind.KIND, values["id"])
        for link in operation.links:
            self._require_there("links", link.target)
        attachments.add_links(self.unit, record, operation.links, self.now)
        attachments.save_points(self.unit, record.id, operation.points, fresh=True)
        for name in operation.tags:
            attachments.add_tag(self.unit, record, name, None, None)
        attachments.save_custom(self.unit, record, operation.custom, self.now, self._me, fresh=True)
        self._log("create", record, values.get("type"))
        if kind is User and values["person_id"] is None:
            self._make_contact_card(values)
        return self._reload(kind, record.id, include)

    def _reload(self, kind: type[R], id: int, include: Include) -> R:
        return self._out([self.unit.load(kind, (id,))[id]], include)[0]

    def _username_is_free(self, username: str, id: int) -> None:
        if not username.strip():
            raise Invalid(Problem("username", "required"))
        taken = self.unit.select("app_user", {"username_fold": fold_key(username)})
        if any(row["id"] != id for row in taken):
            raise Duplicate("username", username)

    def _make_contact_card(self, user: Mapping[str, Any]) -> None:
        """Every user has a Person, so that dialects that know only contacts can name him."""
        person = self.create(
            Create(
                Party,
                {
                    "type": "person",
                    "first_name": _card_name(user)[0],
                    "last_name": _card_name(user)[1],
                    "user_id": user["id"],
                    "owner_id": user["id"],
                    "owner_chosen": False,
                },
            )
        )
        id = aliases.inward_id(self.unit, self.dialect, "party", person.id) if self._aliased else person.id
        self.unit.update("app_user", {"id": user["id"]}, {"person_id": id})

    def _rename_contact_card(self, before: User, after: Mapping[str, Any]) -> None:
        """A user's card goes by his name, unless somebody named it otherwise."""
        card = self.unit.load(Party, (before.person_id or 0,)).get(before.person_id or 0)
        if card is None or (card.first_name, card.last_name) != _card_name(_card_names(before)):
            return
        first_name, last_name = _card_name(after)
        changes: dict[str, Any] = {"first_name": first_name, "last_name": last_name}
        follow(KINDS[Party.KIND], card, changes, self.now)
        changes |= {"updated_at": self.now, "modifier_id": self._me}
        self.unit.update_record(Party, card.id, card.version, changes)
        self._log("update", Ref(Party.KIND, card.id), card.type, tuple(sorted(changes)))

    def update(self, operation: Update[R], include: Include = ()) -> R:
        if self._aliased:
            operation = aliases.inward_update(self.unit, self.dialect, operation)
        kind, id = operation.kind, operation.id
        spec = KINDS[kind.KIND]
        before = self._writable(kind, id)
        values, extras_given = self.visibility.permitted(before, checked(spec, operation.values), operation.extras)
        given = {name: value for name, value in values.items() if getattr(before, name) != value}
        self._check_references(spec, given)
        if kind is User and "username" in given:
            self._username_is_free(given["username"], id)
        follow(spec, before, given, self.now)
        changes = {name: value for name, value in given.items() if getattr(before, name) != value}
        if isinstance(before, Party) and before.type == "person" and changes:
            employments.follow_person(self.unit, before, changes)
        elif isinstance(before, Employment):
            employments.follow_employment(self.unit, before, changes)
        word = operation.word or state_word(before, changes)
        if word is not None:
            attachments.add_state_change(self.unit, Ref(kind.KIND, id), word, self.now, self._me)
        extras = _merged(before.extras, extras_given)
        if extras is not None:
            changes["extras"] = extras
        record = Ref(kind.KIND, id)
        attached = [
            attachments.save_custom(self.unit, record, operation.custom, self.now, self._me),
            attachments.drop_custom(self.unit, record, operation.drop_custom) if operation.drop_custom else False,
            attachments.save_points(self.unit, id, operation.points) if operation.points else False,
            attachments.drop_points(self.unit, id, operation.drop_points) if operation.drop_points else False,
        ]
        if changes or any(attached) or operation.touch:
            changes.setdefault("updated_at", self.now)
            changes.setdefault("modifier_id", self._me)
            self.unit.update_record(kind, id, before.version, changes)
            self._log("update", record, getattr(before, "type", None), tuple(sorted(changes)))
        if isinstance(before, User) and changes.keys() & {"first_name", "last_name", "username"}:
            self._rename_contact_card(before, {**_card_names(before), **changes})
        if isinstance(before, User) and changes.get("active") is False:
            end_sessions(self.unit, id)
        return self._reload(kind, id, include)

    def delete(self, operation: Delete[R]) -> None:
        id = operation.id
        if self._aliased:
            id = aliases.inward_id(self.unit, self.dialect, operation.kind.KIND, id)
        record = self._writable(operation.kind, id)
        self.visibility.require_deletable(record)
        self._delete(operation.kind, record, operation.cascade)

    def _delete(self, kind: type[Record], record: Record, cascade: bool) -> None:
        ref = Ref(kind.KIND, record.id)
        if cascade:
            for other, ids in self._about(ref).items():
                for found in self.unit.load(other, ids).values():
                    # What the caller may not see or read is not his to remove with it.
                    if self.visibility.sees(found) and self.visibility.reads(found):
                        self._delete(other, found, True)
        audience = self.visibility.audience(record)
        employments.leave(self.unit, record)
        attachments.drop_all(self.unit, ref)
        for spec in KINDS.values():
            for field in spec.fields:
                if field.ref == kind.KIND and not field.required:
                    self.unit.clear_reference(spec.record, field.name, record.id)
        self.unit.delete_record(kind, record.id)
        self._log("delete", ref, getattr(record, "type", None), audience=audience)

    def _about(self, ref: Ref) -> dict[type[Record], list[int]]:
        """What goes with a record that is deleted with all that is about it."""
        out: dict[type[Record], list[int]] = {}
        if ref.kind == "activity":
            children = self.unit.find(Activity, Query(eq("parent_id", ref.id)), self.visibility.viewer)
            return {Activity: [child.id for child in children]}
        links = self.unit.links_to(ref.kind, ref.id, "activity")
        # Whom a task is assigned to does it; it is not about him.
        out[Activity] = list(dict.fromkeys(link.record.id for link in links if link.role != ASSIGNEE))
        if ref.kind == "party":
            for kind in (Opportunity, Case):
                found = self.unit.find(kind, Query(eq("party_id", ref.id)), self.visibility.viewer)
                out[kind] = [record.id for record in found]
        return out

    def _log(
        self,
        action: str,
        record: Ref,
        type_: str | None,
        fields: tuple[str, ...] = (),
        audience: str | None = None,
    ) -> None:
        self.unit.insert(
            "change",
            {
                "id": self.unit.next_value("change", shared=True),
                "at": self.now,
                "user_id": self._me,
                "dialect": self.dialect,
                "action": action,
                "record_kind": record.kind,
                "record_id": record.id,
                "type": type_,
                "fields": ",".join(fields) or None,
                "audience": audience,
            },
        )

    # -- links and tags -----------------------------------------------------------------------------

    def _inward(self, ref: Ref) -> Ref:
        return Ref(ref.kind, aliases.inward_id(self.unit, self.dialect, ref.kind, ref.id)) if self._aliased else ref

    def _touch(self, record: Ref, field: str) -> None:
        """Counts a change of what hangs on a record as a change of the record."""
        kind = KINDS[record.kind].record
        before = self.unit.load(kind, (record.id,))[record.id]
        self.unit.update_record(kind, record.id, before.version, {"updated_at": self.now, "modifier_id": self._me})
        self._log("update", record, getattr(before, "type", None), (field,))

    def add_link(self, record: Ref, link: NewLink) -> Link:
        record = self._inward(record)
        link = dataclasses.replace(link, target=self._inward(link.target))
        self.visibility.require_linkable(self._writable(KINDS[record.kind].record, record.id), link.target)
        self._require_there("links", link.target)
        there = {kept.id for kept in self.unit.links_of(record.kind, (record.id,))[record.id]}
        id = attachments.add_link(self.unit, record, link, self.now)
        if id not in there:
            self._touch(record, "links")
        made = attachments.find_link(self.unit, record, id)
        if self._aliased:
            aliases.outward_links(self.unit, self.dialect, [made])
        return made

    def drop_link(self, record: Ref, target: Ref, role: str | None = None) -> int:
        record, target = self._inward(record), self._inward(target)
        self.visibility.require_linkable(self._writable(KINDS[record.kind].record, record.id), target)
        dropped = attachments.drop_link(self.unit, record, target, role)
        if dropped:
            self._touch(record, "links")
        return dropped

    def links_to(self, target: Ref, record_kind: str | None = None) -> list[Link]:
        target = self._inward(target)
        links = self._from_seen(self.unit.links_to(target.kind, target.id, record_kind))
        if self._aliased:
            aliases.outward_links(self.unit, self.dialect, links)
        return links

    def _from_seen(self, links: list[Link]) -> list[Link]:
        """The links of records that the caller sees."""
        by_kind: dict[str, set[int]] = {}
        for link in links:
            by_kind.setdefault(link.record.kind, set()).add(link.record.id)
        seen: set[Ref] = set()
        for kind, ids in by_kind.items():
            found = self.unit.load(KINDS[kind].record, ids).values()
            seen.update(Ref(kind, record.id) for record in self.visibility.seen(found))
        return [link for link in links if link.record in seen]

    def add_tag(self, record: Ref, name: str, url: str | None = None, keywords: str | None = None) -> tuple[Tag, bool]:
        record = self._inward(record)
        self._writable(KINDS[record.kind].record, record.id)
        tag, added = attachments.add_tag(self.unit, record, name, url, keywords)
        if added:
            self._touch(record, "tags")
        return tag, added

    def drop_tag(self, record: Ref, name: str) -> bool:
        record = self._inward(record)
        self._writable(KINDS[record.kind].record, record.id)
        dropped = attachments.drop_tag(self.unit, record, name)
        if dropped:
            self._touch(record, "tags")
        return dropped

    def find_tags(self, name_contains: str | None = None, ids: Iterable[int] | None = None) -> list[Tag]:
        return attachments.find_tags(self.unit, name_contains, ids)

    def save_tag(self, tag: Tag) -> Tag:
        self._may_write()
        return attachments.save_tag(self.unit, tag)

    def delete_tag(self, tag_id: int) -> None:
        self._may_write()
        attachments.delete_tag(self.unit, tag_id)

    # -- the change log, ids, aliases -----------------------------------------------------------------

    def changes(
        self,
        kind: str,
        actions: Sequence[str],
        since: Instant,
        *,
        types: Sequence[str] = (),
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[list[Change], int]:
        where: dict[str, Any] = {"record_kind": kind, "action": tuple(actions)}
        if types:
            where["type"] = tuple(types)
        rows = self.unit.select("change", where, ("at", "id"), at_least={"at": since})
        last = {row["record_id"]: row for row in rows}
        told = self._told(kind, [row for row in rows if last[row["record_id"]] is row])
        entries = [_change(row) for row in told]
        page = entries[offset:] if limit is None else entries[offset : offset + limit]
        if self._aliased:
            page = aliases.outward_changes(self.unit, self.dialect, page)
        return page, len(entries)

    def _told(self, kind: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The entries about records that the caller sees or, of those that are gone, saw."""
        if kind not in KINDS:
            return rows  # records of modules are everybody's
        there = [row["record_id"] for row in rows if row["action"] != "delete"]
        found = self.unit.load(KINDS[kind].record, there).values() if there else ()
        seen = {record.id for record in self.visibility.seen(found)}
        return [
            row
            for row in rows
            if (self.visibility.was_told(row["audience"]) if row["action"] == "delete" else row["record_id"] in seen)
        ]

    def foreign_id(self, kind: str, id: int) -> str | None:
        return aliases.foreign_id(self.unit, self.dialect, kind, id)

    def local_id(self, kind: str, foreign: str) -> int | None:
        return aliases.local_id(self.unit, self.dialect, kind, foreign)

    def set_alias(self, kind: str, foreign: str, id: int) -> None:
        self._may_write()
        aliases.set_alias(self.unit, self.dialect, kind, foreign, id)
        rows = self.unit.select("tenant", {"id": self.unit.tenant_id})
        # Gateways translate ids only for tenants that say so.
        settings = {**rows[0]["settings"], f"{self.dialect}.aliases": "yes"}
        if settings != rows[0]["settings"]:
            self.unit.update("tenant", {"id": self.unit.tenant_id}, {"settings": settings})

    # -- by operation -------------------------------------------------------------------------------

    def execute(self, operation: Any) -> Any:
        handler = _HANDLERS.get(type(operation))
        if handler is None:
            raise TypeError(f"not an operation: {type(operation).__name__}")
        return handler(self, operation)


def _card_name(user: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """First and last name of a user's contact card: his own, or the username of one who has none."""
    first, last = user["first_name"], user["last_name"]
    return first, last or (None if first else user["username"])


def _card_names(user: User) -> dict[str, Any]:
    return {"first_name": user.first_name, "last_name": user.last_name, "username": user.username}


def _leave_out(records: Sequence[Any], linked: Sequence[Any], untold: Collection[Ref]) -> None:
    """Takes links and references to some records out of what is shown."""
    for record in linked:
        if any(link.target in untold for link in record.links):
            record.links = [link for link in record.links if link.target not in untold]
    for field, kind in _REFERENCES[records[0].KIND]:
        for record in records:
            if Ref(kind, getattr(record, field) or 0) in untold:
                setattr(record, field, None)


def _merged(
    kept: Mapping[str, Mapping[str, Any]], changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]] | None:
    """The extras with the changes in, a None removing its key; None when nothing differs."""
    merged = {namespace: dict(values) for namespace, values in kept.items()}
    for namespace, values in changes.items():
        own = merged.setdefault(namespace, {})
        for key, value in values.items():
            if value is None:
                own.pop(key, None)
            else:
                own[key] = value
        if not own:
            del merged[namespace]
    return None if merged == kept else merged


def _change(row: Mapping[str, Any]) -> Change:
    return Change(
        row["id"],
        row["at"],
        row["user_id"],
        row["dialect"],
        row["action"],
        Ref(row["record_kind"], row["record_id"]),
        row["type"],
        tuple((row["fields"] or "").split(",")) if row["fields"] else (),
    )


_NAMED = {
    spec.name: [(join.field, join.kind, join.attribute) for join in spec.joins if join.names]
    for spec in KINDS.values()
}
"""By kind: the field of a reference that shows a name, what it refers to, and where the name stands."""
_REFERENCES = {
    spec.name: [
        (field.name, field.ref)
        for field in spec.fields
        if field.ref is not None and "visibility" in KINDS[field.ref].by_name
    ]
    for spec in KINDS.values()
}
"""By kind: the fields that refer to records which not everybody sees, and to which kind."""
_NAMELESS = {
    kind: [(field, other) for field, other in fields if all(field != named[0] for named in _NAMED[kind])]
    for kind, fields in _REFERENCES.items()
}
_HANDLERS: dict[type, Callable[[CoreDesk, Any], Any]] = {
    Get: lambda desk, op: desk.get(op.kind, op.id, op.include),
    Find: lambda desk, op: desk.find(op.kind, op.query, op.include, total=op.total),
    Create: lambda desk, op: desk.create(op),
    Update: lambda desk, op: desk.update(op),
    Delete: lambda desk, op: desk.delete(op),
    AddLink: lambda desk, op: desk.add_link(op.record, op.link),
    DropLink: lambda desk, op: desk.drop_link(op.record, op.target, op.role),
    AddTag: lambda desk, op: desk.add_tag(op.record, op.name, op.url, op.keywords),
    DropTag: lambda desk, op: desk.drop_tag(op.record, op.name),
    FindTags: lambda desk, op: desk.find_tags(),
    FindCustomFields: lambda desk, op: desk.custom_fields(op.kind),
    SaveCustomField: lambda desk, op: desk.save_custom_field(op.definition),
    FindDeletions: lambda desk, op: [entry.record for entry in desk.changes(op.kind, ("delete",), op.since)[0]],
}
