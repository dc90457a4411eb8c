"""The core as a side: a tenant of this installation, read and written past all visibility, every field and part."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from adapter.client import KINDS, Batch, Capability, record_of
from adapter.losses import LossReport
from adapter.migrate.sides import Given, Gone, Made, Traits
from canonical.accounts import Principal, Tenant
from canonical.errors import CanonicalError, Unavailable
from canonical.model import KINDS as SPECS
from canonical.model import Activity, Employment, Party, Record, User
from canonical.operations import Create, Find, FindCustomFields, FindDeletions, FindTags, Get
from canonical.query import TRUE, Compare, Node, Not, Op, Query, Sort, Window, all_of, eq, one_of
from canonical.service.core import CanonicalCore, operator
from canonical.service.desk import CoreDesk
from canonical.values import Instant

PAGE: Final = 200
KEYS: Final = "migration"
"""The namespace of aliases under which a record is found by the key that it was made under."""
_PARTS: Final = ("links", "points", "tags", "custom")
_READING: Final = (Get, Find, FindTags, FindCustomFields, FindDeletions)
_OWN: Final = frozenset(
    {"version", "sequence", "group_id", "employment_id", "user_id", "person_id", "sessions_from", "last_sign_in_at"}
)
"""What belongs to one installation."""


def _capabilities() -> tuple[Capability, ...]:
    rows: list[Capability] = []
    for kind in KINDS:
        record = record_of(kind)
        stored = {field.name for field in SPECS[record.KIND].fields} - _OWN
        fields = frozenset(stored | set(parts_of(record)))
        rows.append(Capability(kind, "read", fields))
        rows.append(Capability(kind, "list", fields, since=True))
        for verb in ("create", "update"):
            rows.append(Capability(kind, verb, fields - {"id"}))
        rows += [Capability(kind, verb) for verb in ("delete", "tag", "untag", "link", "unlink", "deletions")]
    rows += [Capability("custom_field", "list"), Capability("custom_field", "define"), Capability("tag", "list")]
    return tuple(rows)


def parts_of(record: type[Record]) -> tuple[str, ...]:
    """What hangs on records of that kind."""
    names = record.__dataclass_fields__
    return tuple(name for name in _PARTS if name in names)


CAPABILITIES: Final = _capabilities()


class CoreSide:
    """A tenant. What is created is created by `acting`, a username, or by the tenant's first administrator.

    `dialect` is the source's: the ids that its clients know become aliases. With `aliased` records are read and
    written by the ids that clients of that dialect know.
    """

    def __init__(
        self,
        core: CanonicalCore,
        tenant: Tenant,
        clock: Callable[[], Instant],
        *,
        dialect: str = "",
        acting: str = "",
        aliased: bool = False,
    ) -> None:
        self.core = core
        self.tenant = tenant
        self.traits = Traits(f"core={tenant.slug}", "", CAPABILITIES, keeps_keys=True)
        self.losses = LossReport()
        self._clock = clock
        self._dialect = dialect
        self._acting = acting
        self._aliased = aliased
        self._principal: Principal | None = None

    # -- reading ------------------------------------------------------------------------------------

    def pull(self, kind: str, since: Instant | None = None, *, again: bool = False) -> Iterator[Batch]:
        record = record_of(kind)
        after = 0
        while True:
            changed = TRUE if since is None else Compare("updated_at", Op.GE, since)
            where = all_of(_of_kind(kind), changed, Compare("id", Op.GT, after))
            query = Query(where, (Sort("id"),), Window(limit=PAGE))
            desk = self._reader()
            found = desk.find(record, query, parts_of(record)).items
            if not found:
                return
            # Ids go up as they are kept, which need not be as clients of a dialect know them.
            after = max(item.id for item in found)
            if kind == "person" and not again:
                self._further_employments(desk, found)
            yield Batch(tuple(found), after)

    def _further_employments(self, desk: CoreDesk, people: Sequence[Record]) -> None:
        """Counts those beyond the one that a person's own fields tell: only that one travels."""
        ids = tuple(person.id for person in people)
        there = desk.count(Employment, Compare("person_id", Op.IN, ids))
        told = sum(isinstance(person, Party) and person.employment_id is not None for person in people)
        if there > told:
            self.losses.add("person", "employments", "not_said", there - told)

    def perform(self, operation: Any) -> Any:
        if isinstance(operation, _READING):
            return self._reader().execute(operation)
        if isinstance(operation, Create) and operation.kind is User:
            return self._add_user(operation)
        return self._write(lambda desk: desk.execute(operation))

    def _reader(self) -> CoreDesk:
        desk = self.core.everything(self.tenant.id, self._clock(), self._dialect)
        desk._aliased = self._aliased
        return desk

    # -- writing ------------------------------------------------------------------------------------

    def create_many(self, given: Sequence[Given]) -> Iterator[Made]:
        """All in one transaction; where one is refused, each in its own."""
        try:
            yield from self._write(lambda desk: [self._create(desk, each) for each in given])
            return
        except Unavailable as error:
            raise Gone(f"{self.traits.name}: {error}") from None
        except (CanonicalError, _Alone):
            pass
        for each in given:
            try:
                if each.operation.kind is User:
                    yield Made(self._add_user(each.operation).id)
                    continue
                yield self._write(lambda desk, each=each: self._create(desk, each))  # type: ignore[misc]
            except Unavailable as error:
                raise Gone(f"{self.traits.name}: {error}") from None
            except CanonicalError as error:
                yield Made(error=error)

    def _create(self, desk: CoreDesk, given: Given) -> Made:
        operation = given.operation
        if operation.kind is User:
            raise _Alone
        kind = operation.kind.KIND
        id = desk.create(operation).id
        desk.unit.insert("alias", {"dialect": KEYS, "kind": kind, "foreign_id": given.key, "local_id": id})
        return Made(id, collision=_alias(desk, kind, given.alias, id) if given.alias and self._dialect else "")

    def _add_user(self, operation: Create[Any]) -> User:
        """A user nobody knows a password of: the operator gives one, or the token that the user's clients have."""
        values = dict(operation.values)
        username = values.pop("username", "")
        user, _ = self.core.directory.add_user(
            self.tenant.slug, username, secrets.token_urlsafe(24), self._clock(), values=values
        )
        return user

    def _write(self, work: Callable[[CoreDesk], Any]) -> Any:
        return self.core.write(self._me(), self._dialect, self._clock(), work, aliased=self._aliased)

    def _me(self) -> Principal:
        if self._principal is None:
            users = self._reader().find(User, Query(TRUE, (Sort("id"),))).items
            named = [user for user in users if user.username == self._acting]
            first = next(iter(named or [user for user in users if user.is_admin] or users), None)
            found = operator(self.tenant.id) if first is None else operator(self.tenant.id, first.id, first.username)
            self._principal = found
        return self._principal

    # -- keys and ids -------------------------------------------------------------------------------

    def made(self, keys: Sequence[str]) -> Mapping[str, int]:
        unit = self.core.store.reading(self.tenant.id)
        found: dict[str, int] = {}
        for start in range(0, len(keys), PAGE):
            rows = unit.select("alias", {"dialect": KEYS, "foreign_id": tuple(keys[start : start + PAGE])})
            found.update((row["foreign_id"], row["local_id"]) for row in rows)
        return found

    def alias(self, kind: str, alias: str, id: int) -> str:
        done: str = self._write(lambda desk: _alias(desk, kind, alias, id)) if self._dialect else ""
        return done

    def collision(self, kind: str, alias: str, id: int = 0) -> str:
        return _collision(self._reader(), kind, alias, id) if self._dialect else ""

    def written_id(self, kind: str, id: int) -> str:
        return str(id)

    def close(self) -> None:
        pass


class _Alone(Exception):
    """Something in a batch takes a transaction of its own."""


def _of_kind(kind: str) -> Node:
    record = record_of(kind)
    if record is Party:
        # A user's contact card is the user.
        return all_of(eq("type", kind), Compare("user_id", Op.NULL))
    if record is not Activity:
        return TRUE
    if kind != "note":
        return eq("type", kind)
    return Not(one_of("type", [other for other in KINDS if other != "note" and record_of(other) is Activity]))


def _holder(desk: CoreDesk, kind: str, alias: str) -> int | None:
    """The record that clients of the desk's dialect know by that id, None where there is none."""
    known = desk.local_id(kind, alias)
    if known is not None or not (alias.isascii() and alias.isdigit()):
        return known
    id = int(alias)
    if id >= 2**63 or not desk.unit.load(SPECS[kind].record, (id,)):
        return None
    return id if desk.foreign_id(kind, id) is None else None


def _collision(desk: CoreDesk, kind: str, alias: str, id: int) -> str:
    """``kept`` where an earlier migration gave the id to another record, ``moved`` where a record made here has it."""
    holder = _holder(desk, kind, alias)
    if holder is None or holder == id:
        return ""
    return "kept" if desk.local_id(kind, alias) is not None else "moved"


def _alias(desk: CoreDesk, kind: str, alias: str, id: int) -> str:
    """Gives a migrated record the id that the source's clients know; gives what was done where it was taken.

    Whoever had that id by being made here gets a new one for clients of that dialect: none of them has stored it. An
    id that an earlier migration gave stays with its record, and this one goes by its own.
    """
    done = _collision(desk, kind, alias, id)
    if done == "moved":
        holder = _holder(desk, kind, alias)
        desk.set_alias(kind, str(desk.unit.next_value(kind, shared=True)), holder or 0)
    if done != "kept":
        desk.set_alias(kind, alias, id)
    return done
