"""A rehearsal of a target for a dry run: reads are the target's, writes go to a core of its own that is thrown away.

For a vendor's server a gateway of that dialect stands in front of that core, so that requests are rendered, checked
and answered by the dialect's own rules, and none is sent. What is written about is copied there first.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapter.client import Batch, Credentials, Session, can
from adapter.dialect import Dialect
from adapter.driver import Driver
from adapter.gateway import Gateway
from adapter.logs import Log
from adapter.losses import LossReport
from adapter.migrate.core_side import CoreSide, parts_of
from adapter.migrate.live_side import LiveSide
from adapter.migrate.sides import Given, Made, Side, Traits
from adapter.wire import WireRequest, WireResponse
from canonical.accounts import Tenant
from canonical.errors import CanonicalError
from canonical.model import KINDS, CustomField, Party, Record, User
from canonical.operations import (
    AddLink,
    AddTag,
    Create,
    Delete,
    DropLink,
    DropTag,
    Find,
    FindCustomFields,
    FindDeletions,
    FindTags,
    Get,
    SaveCustomField,
    Update,
)
from canonical.service.core import CanonicalCore, operator
from canonical.service.desk import CoreDesk
from canonical.store.port import Unit
from canonical.values import Instant, Ref

_READING: Final = (Find, FindTags, FindCustomFields, FindDeletions)
_FIRST: Final = 10**9
"""Ids of the rehearsal's own records begin above this, so that none is also the target's."""
_MATTERS: Final = ("party", "opportunity", "case", "activity")


class _Stage:
    """A gateway as an endpoint, with its tenant filled in."""

    def __init__(self, gateway: Gateway, tenant: Tenant) -> None:
        self.gateway = gateway
        self.tenant = tenant

    def send(self, request: WireRequest) -> WireResponse:
        return self.gateway.send(request, self.tenant)


class Rehearsal:
    """`core` is empty but for the tenant; `dialect` is the target's, None for the core itself."""

    def __init__(
        self, real: Side, core: CanonicalCore, tenant: Tenant, dialect: Dialect | None, clock: Callable[[], Instant]
    ) -> None:
        self.real = real
        self.traits: Traits = real.traits
        self.losses: LossReport = real.losses
        self._core = core
        self._tenant = tenant
        self._clock = clock
        self._name = dialect.name if dialect is not None else "core"
        self._here: set[Ref] = set()
        self._made: set[Ref] = set()
        secret = secrets.token_hex(20)
        username = self._people(secret)
        self._definitions()
        self.stage: Side
        if dialect is None:
            self.stage = CoreSide(core, tenant, clock, dialect=self._name, acting=username, aliased=True)
        else:
            core.directory.add_application("rehearsal", tenant.slug, secret, username)
            credentials = Credentials(secret, username, secret, "rehearsal.example", "rehearsal", secret)
            gateway = Gateway(dialect, core, Log(lambda line: None), lambda _: clock())
            # Aliases changed its settings a moment ago, and tenants are remembered for some seconds.
            core.accounts.forget_tenants()
            tenant = core.accounts.tenant(tenant.id)
            driver = Driver(dialect, _Stage(gateway, tenant), Session("http://rehearsal.example", credentials))
            self.stage = LiveSide(real.traits.name, driver)

    # -- setting the stage --------------------------------------------------------------------------

    def _people(self, secret: str) -> str:
        """The target's users under their ids; gives the one who acts."""
        users: list[User] = []
        if can(self.traits, "user", "list") is not None:
            users = [user for batch in self.real.pull("user") for user in batch.records if isinstance(user, User)]
        for kind in KINDS:
            self._core.store.write(self._tenant.id, functools.partial(_raise, kind))
        acting = next((user.username for user in users if user.username), "rehearsal")
        add = self._core.directory.add_user
        for user in users or [User(username=acting)]:
            first = user.username == acting
            values = {"first_name": user.first_name, "last_name": user.last_name, "email": user.email}
            made, _ = add(
                *(self._tenant.slug, user.username, secret if first else secrets.token_hex(20), self._clock()),
                token=secret if first else None,
                values={**values, "is_admin": True},
            )
            self._alias(Ref(User.KIND, user.id), made.id)
            if user.person_id and made.person_id:
                self._alias(Ref(Party.KIND, user.person_id), made.person_id)
        return acting

    def _definitions(self) -> None:
        for kind in _MATTERS:
            try:
                fields: list[CustomField] = self.real.perform(FindCustomFields(kind))
            except CanonicalError:
                continue
            for each in fields:
                copy = CustomField(kind, each.name, each.label, each.type, each.group, 0, each.position, each.options)
                self._write(functools.partial(_define, copy))

    def _alias(self, real: Ref, here: int) -> None:
        if real.id:
            self._write(lambda desk: desk.set_alias(real.kind, self.real.written_id(*real), here))
            self._here.add(real)

    def _write(self, work: Callable[[CoreDesk], Any]) -> Any:
        return self._core.write(operator(self._tenant.id), self._name, self._clock(), work)

    def _mirror(self, refs: Iterable[Ref]) -> None:
        """Puts copies of the target's records on the stage, so that what is written may name them."""
        for ref in refs:
            if ref in self._here or ref in self._made or ref.kind not in KINDS:
                continue
            kind = KINDS[ref.kind].record
            try:
                found = self.real.perform(Get(kind, ref.id, parts_of(kind)))
            except CanonicalError:
                continue
            self._alias(ref, self._copy(found))

    def _copy(self, record: Record) -> int:
        spec = KINDS[record.KIND]
        values = {
            field.name: value
            for field in spec.fields
            if field.name not in ("id", "version", "sequence", "extras")
            and field.ref is None
            and (value := getattr(record, field.name)) is not None
        }
        owner = next(iter(self._core.everything(self._tenant.id, self._clock()).find(User).items))
        if "owner_id" in spec.by_name:
            values["owner_id"] = owner.id
        operation: Create[Any] = Create(
            spec.record,
            values,
            tags=tuple(tag.name for tag in getattr(record, "tags", ())),
            points=tuple(replace(point, id=0, party_id=0) for point in getattr(record, "points", ())),
            custom=tuple(replace(value, id=0) for value in getattr(record, "custom", ())),
        )
        id: int = self._write(lambda desk: desk.create(operation).id)
        return id

    # -- a side -------------------------------------------------------------------------------------

    def pull(self, kind: str, since: Instant | None = None, *, again: bool = False) -> Iterator[Batch]:
        return self.real.pull(kind, since, again=again)

    def perform(self, operation: Any) -> Any:
        if isinstance(operation, _READING):
            return self.real.perform(operation)
        if isinstance(operation, Get):
            ref = Ref(operation.kind.KIND, operation.id)
            return (self.stage if ref in self._made else self.real).perform(operation)
        self._mirror(_refs(operation))
        result = self.stage.perform(operation)
        if isinstance(operation, Create):
            self._made.add(Ref(operation.kind.KIND, result.id))
        return result

    def create_many(self, given: Sequence[Given]) -> Iterator[Made]:
        for each in given:
            self._mirror(_refs(each.operation))
        bare = [Given(each.key, each.operation) for each in given]
        for each, made in zip(given, self.stage.create_many(bare), strict=True):
            kind = each.operation.kind.KIND
            if made.error is not None:
                yield made
                continue
            self._made.add(Ref(kind, made.id))
            collision = self.real.collision(kind, each.alias) if each.alias else ""
            yield Made(made.id, losses=made.losses, collision=collision)

    def made(self, keys: Sequence[str]) -> Mapping[str, int]:
        return self.real.made(keys)

    def alias(self, kind: str, alias: str, id: int) -> str:
        return self.real.collision(kind, alias, id)

    def collision(self, kind: str, alias: str, id: int = 0) -> str:
        return self.real.collision(kind, alias, id)

    def written_id(self, kind: str, id: int) -> str:
        return self.real.written_id(kind, id)

    def close(self) -> None:
        self.real.close()


def _raise(kind: str, unit: Unit) -> None:
    unit.raise_value(kind, _FIRST)


def _define(field: CustomField, desk: CoreDesk) -> None:
    desk.save_custom_field(field)


def _refs(operation: Any) -> Iterator[Ref]:
    """The records that an operation names."""
    if isinstance(operation, Create | Update):
        if isinstance(operation, Update):
            yield Ref(operation.kind.KIND, operation.id)
        for field in KINDS[operation.kind.KIND].fields:
            value = operation.values.get(field.name)
            if field.ref is not None and value:
                yield Ref(field.ref, value)
        for link in getattr(operation, "links", ()):
            yield link.target
    elif isinstance(operation, Delete):
        yield Ref(operation.kind.KIND, operation.id)
    elif isinstance(operation, AddLink):
        yield operation.record
        yield operation.link.target
    elif isinstance(operation, DropLink):
        yield operation.record
        yield operation.target
    elif isinstance(operation, AddTag | DropTag):
        yield operation.record
    elif not isinstance(operation, SaveCustomField):
        raise TypeError(f"not rehearsed: {type(operation).__name__}")
