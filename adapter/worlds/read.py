"""From a document to what is to be made, checked before anything is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapter.worlds.document import Node, WorldError, parse
from canonical.model import KINDS, ContactPoint, CustomValue, FieldSpec, Record, User
from canonical.model.module import FieldValue, ModuleField
from canonical.values import MICROS, Instant, from_datetime

_OWN: Final = frozenset(
    {"id", "version", "extras", "sequence", "owner_chosen", "name", "type", "user_id", "person_id"}
)
_NAMED: Final[Mapping[str, str]] = {
    "organisation": "organisation_id",
    "party": "party_id",
    "parent": "parent_id",
    "thread": "thread_id",
    "owner": "owner_id",
    "creator": "creator_id",
    "requester": "requester_id",
    "manager": "manager_id",
    "due": "due_at",
    "start": "start_at",
    "end": "end_at",
    "completed": "completed_at",
    "created": "created_at",
    "updated": "updated_at",
}
"""Short keys of a record, by the canonical field that they give."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
SECTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "organisations": ("party", "organisation"),
    "people": ("party", "person"),
    "opportunities": ("opportunity", ""),
    "cases": ("case", ""),
    "tasks": ("activity", "task"),
    "notes": ("activity", "note"),
    "meetings": ("activity", "meeting"),
    "emails": ("activity", "email"),
    "calls": ("activity", "call"),
}
"""The lists of a tenant in the order in which they are made: canonical kind and type."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The record of a name: a `ref`, an organisation's name or a username; `node` is where it stands."""

    name: str
    node: Node


@dataclass(frozen=True, slots=True)
class NewRecord:
    """`values` may hold `Reference` where the core wants an id."""

    kind: str
    ref: str
    node: Node
    values: Mapping[str, Any]
    links: tuple[tuple[Reference, str], ...] = ()
    points: tuple[ContactPoint, ...] = ()
    tags: tuple[str, ...] = ()
    custom: tuple[CustomValue, ...] = ()
    extras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewUser:
    """A dump has digests in the place of password and token."""

    username: str
    node: Node
    values: Mapping[str, Any]
    password: str | None
    token: str | None
    password_hash: str | None
    token_hash: str | None


@dataclass(frozen=True, slots=True)
class NewApplication:
    client_id: str
    node: Node
    user: str
    secret: str | None
    secret_hash: str | None
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewModule:
    name: str
    fields: tuple[ModuleField, ...]
    records: tuple[tuple[FieldValue, ...], ...]


@dataclass(frozen=True, slots=True)
class NewTenant:
    slug: str
    node: Node
    domains: tuple[str, ...]
    settings: Mapping[str, tuple[str, Node]]
    users: tuple[NewUser, ...]
    applications: tuple[NewApplication, ...]
    records: tuple[NewRecord, ...]
    modules: tuple[NewModule, ...]


def read(source: str, data: bytes, *, empty: bool = False) -> list[NewTenant]:
    """The tenants of a world, none only where it may be `empty`. Raises `WorldError` for what is wrong, references to
    nothing included."""
    tenants = parse(source, data).known(frozenset({"tenants"})).get("tenants")
    if tenants is None or not (tenants.listed() or (empty and tenants.items is not None)):
        raise WorldError(source, 1, 1, "there is no tenant in it")
    read_tenants = [_tenant(node) for node in tenants.listed()]
    seen: set[str] = set()
    for tenant in read_tenants:
        if tenant.slug in seen:
            raise tenant.node.wrong(f"the tenant {tenant.slug} comes twice")
        seen.add(tenant.slug)
    return read_tenants


def renamed(tenant: NewTenant, slug: str) -> NewTenant:
    """The same under another slug; domains belong to one tenant only and are left out."""
    return replace(tenant, slug=slug, domains=())


def _tenant(node: Node) -> NewTenant:
    lists = {"domains", "settings", "users", "apps", "modules", *SECTIONS}
    given = node.known(frozenset({"slug", *lists}))
    if "slug" not in given:
        raise node.wrong("a tenant needs a slug")
    records = tuple(
        _record(entry, kind, type_)
        for name, (kind, type_) in SECTIONS.items()
        if name in given
        for entry in given[name].listed()
    )
    users = tuple(_user(entry) for entry in _entries(given, "users"))
    tenant = NewTenant(
        slug=given["slug"].scalar(),
        node=node,
        domains=tuple(entry.scalar() for entry in _entries(given, "domains")),
        settings=_settings(given.get("settings")),
        users=users,
        applications=tuple(_application(entry) for entry in _entries(given, "apps")),
        records=records,
        modules=tuple(_module(entry) for entry in _entries(given, "modules")),
    )
    _check_references(tenant)
    return tenant


def _entries(given: Mapping[str, Node], name: str) -> tuple[Node, ...]:
    return given[name].listed() if name in given else ()


def _settings(node: Node | None) -> dict[str, tuple[str, Node]]:
    """``{"zurmo.profile": "v3"}``, or nested by dialect."""
    found: dict[str, tuple[str, Node]] = {}
    for name, value in ({} if node is None else node.mapped()).items():
        if value.entries is None:
            found[name] = value.scalar(), value
        else:
            found.update({f"{name}.{inner}": (own.scalar(), own) for inner, own in value.entries.items()})
    return found


def _check_references(tenant: NewTenant) -> None:
    """Every name means something that is made before; only activities may be about what comes later in the file."""
    users = {user.username.lower() for user in tenant.users}
    refs: set[str] = set()
    for record in tenant.records:
        for name, value in record.values.items():
            if isinstance(value, Reference) and not _is_user(name) and value.name not in refs:
                raise value.node.wrong(f"nothing before this is called {value.name!r}")
            if isinstance(value, Reference) and _is_user(name) and value.name.lower() not in users:
                raise value.node.wrong(f"there is no user {value.name!r}")
        for link, _ in record.links:
            if link.name not in refs and link.name.lower() not in users:
                raise link.node.wrong(f"nothing before this is called {link.name!r}")
        for name in names_of(record):
            if name == record.ref and name in refs:
                raise record.node.wrong(f"two records are called {name!r}")
            refs.add(name)
    for application in tenant.applications:
        if application.user.lower() not in users:
            raise application.node.wrong(f"there is no user {application.user!r}")


def names_of(record: NewRecord) -> Iterator[str]:
    """What a record can be called by: its `ref`; an organisation by its name too."""
    if record.ref:
        yield record.ref
    if record.values.get("type") == "organisation" and record.values.get("name"):
        yield record.values["name"]


def _is_user(field_name: str) -> bool:
    return field_name in ("owner_id", "creator_id", "modifier_id", "requester_id", "manager_id")


def _record(node: Node, kind: str, type_: str) -> NewRecord:
    spec = KINDS[kind]
    short = {name: target for name, target in _NAMED.items() if target in spec.by_name}
    fields = {name: row for name, row in spec.by_name.items() if name not in _OWN}
    if type_ == "organisation":
        fields["name"] = spec.by_name["name"]
    parts = {"ref", "about", "tags", "custom", "extras"} | (
        {"emails", "phones", "addresses", "websites"} if kind == "party" else set()
    )
    given = node.known(frozenset({*fields, *short, *parts}))
    values: dict[str, Any] = {"type": type_} if type_ else {}
    for name, value in given.items():
        if name in parts or value.is_null:
            continue
        target = short.get(name, name)
        values[target] = _value(fields[target], value)
        if target == "due_at":
            values["due_date_only"] = _DATE.match(value.scalar()) is not None if kind == "activity" else False
        if target == "owner_id":
            values["owner_chosen"] = True
    if kind != "activity":
        values.pop("due_date_only", None)
    needed = {"organisation": "name", "task": "title"}.get(type_)
    if needed and not values.get(needed):
        raise node.wrong(f"needs a {needed}")
    return NewRecord(
        kind=kind,
        ref=given["ref"].scalar() if "ref" in given else "",
        node=node,
        values=values,
        links=tuple(_link(entry) for entry in _entries(given, "about")),
        points=tuple(_points(given)) if kind == "party" else (),
        tags=tuple(entry.scalar() for entry in _entries(given, "tags")),
        custom=tuple(_custom(given.get("custom"))),
        extras=_extras(given.get("extras")),
    )


def _value(spec: FieldSpec, node: Node) -> Any:
    if spec.ref is not None:
        return Reference(node.scalar(), node)
    if spec.type == "text":
        return node.scalar()
    if spec.type == "flag":
        return node.flag()
    read_one, wanted = _READERS[spec.type]
    try:
        return read_one(node.scalar())
    except (ValueError, InvalidOperation, OverflowError):
        raise node.wrong(f"{wanted} is wanted here") from None


def moment(text: str) -> Instant:
    """The instant of an ISO 8601 date or time; without an offset it is UTC. Raises `ValueError`."""
    if _DATE.match(text):
        return from_datetime(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC))
    return from_datetime(datetime.fromisoformat(text))


def _number(text: str) -> int:
    if len(text) > 20:
        raise ValueError(text)
    return int(text)


def _money(text: str) -> int:
    if len(text) > 40:
        raise ValueError(text)
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount) > 2**43:
        raise ValueError(text)
    return int((amount * MICROS).to_integral_value())


_READERS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "int": (_number, "a whole number"),
    "money": (_money, "an amount such as 120.50"),
    "instant": (moment, "a time such as 2014-01-20T20:42:56Z"),
    "date": (lambda text: date.fromisoformat(text).isoformat(), "a date such as 2014-01-20"),
}


def _link(node: Node) -> tuple[Reference, str]:
    """A name, or ``{ref: NAME, role: ROLE}``."""
    if node.entries is None:
        return Reference(node.scalar(), node), ""
    given = node.known(frozenset({"ref", "role"}))
    if "ref" not in given:
        raise node.wrong("needs a ref")
    role = given["role"].scalar() if "role" in given else ""
    return Reference(given["ref"].scalar(), given["ref"]), role


def _points(given: Mapping[str, Node]) -> Iterator[ContactPoint]:
    for name, kind in (("emails", "email"), ("phones", "phone"), ("websites", "website")):
        node = given.get(name)
        if node is None:
            continue
        if node.entries is not None:
            # ``{work: a@b.example}``; a label may have several.
            for label, value in node.entries.items():
                yield from (ContactPoint(kind, item.scalar(), label) for item in value.listed())
            continue
        for item in node.listed():
            if item.entries is None:
                yield ContactPoint(kind, item.scalar())
                continue
            parts = item.known(frozenset({"value", "label", "service"}))
            texts = {name: part.scalar() for name, part in parts.items()}
            yield ContactPoint(kind, texts.get("value", ""), texts.get("label"), service=texts.get("service"))
    for item in _entries(given, "addresses"):
        parts = item.known(frozenset({"label", "street", "street2", "city", "region", "postcode", "country"}))
        given_parts: dict[str, Any] = {name: part.scalar() for name, part in parts.items() if not part.is_null}
        yield ContactPoint("address", **given_parts)


def _custom(node: Node | None) -> Iterator[CustomValue]:
    """``{Region: North}``; fields of a group one level deeper: ``{Shoes: {Size: "42"}}``."""
    for name, value in ({} if node is None else node.mapped()).items():
        if value.entries is None:
            yield CustomValue(name, value.scalar())
        else:
            yield from (CustomValue(inner, own.scalar(), name) for inner, own in value.entries.items())


def _extras(node: Node | None) -> dict[str, dict[str, Any]]:
    return {
        namespace: {key: _plain(value) for key, value in entries.mapped().items()}
        for namespace, entries in ({} if node is None else node.mapped()).items()
    }


def _plain(node: Node) -> Any:
    if node.items is not None:
        return [_plain(item) for item in node.items]
    if node.entries is not None:
        return {key: _plain(value) for key, value in node.entries.items()}
    return node.text


_USER_FIELDS: Final = frozenset(
    name
    for name, spec in KINDS["user"].by_name.items()
    if spec.type in ("text", "flag") and name not in (*_OWN, "username", "is_admin")
)


def _user(node: Node) -> NewUser:
    secrets = ("password", "token", "password_hash", "token_hash")
    given = node.known(frozenset({"username", "admin", *secrets, *_USER_FIELDS}))
    if "username" not in given:
        raise node.wrong("a user needs a username")
    values: dict[str, Any] = {
        name: _value(KINDS[User.KIND].by_name[name], value)
        for name, value in given.items()
        if name in _USER_FIELDS and not value.is_null
    }
    if "admin" in given:
        values["is_admin"] = given["admin"].flag()
    password, token, password_hash, token_hash = (given[name].scalar() if name in given else None for name in secrets)
    return NewUser(given["username"].scalar(), node, values, password, token, password_hash, token_hash)


def _application(node: Node) -> NewApplication:
    given = node.known(frozenset({"client_id", "secret", "secret_hash", "user", "redirect_uris"}))
    for name in ("client_id", "user"):
        if name not in given:
            raise node.wrong(f"an app needs a {name}")
    secret = given["secret"].scalar() if "secret" in given else None
    hashed = given["secret_hash"].scalar() if "secret_hash" in given else None
    if secret is None and hashed is None:
        raise node.wrong("an app needs a secret")
    uris = tuple(entry.scalar() for entry in _entries(given, "redirect_uris"))
    return NewApplication(given["client_id"].scalar(), node, given["user"].scalar(), secret, hashed, uris)


def _module(node: Node) -> NewModule:
    given = node.known(frozenset({"name", "fields", "records"}))
    if "name" not in given:
        raise node.wrong("a module needs a name")
    fields = []
    for entry in _entries(given, "fields"):
        if entry.entries is None:
            fields.append(ModuleField(entry.scalar()))
            continue
        parts = entry.known(frozenset({"name", "kind", "label", "required", "visible", "private"}))
        if "name" not in parts:
            raise entry.wrong("a field needs a name")
        said: dict[str, Any] = {
            name: parts[name].flag() for name in ("required", "visible", "private") if name in parts
        }
        said.update({name: parts[name].scalar() for name in ("name", "kind", "label") if name in parts})
        fields.append(ModuleField(**said))
    known = frozenset(row.name for row in fields)
    records = tuple(
        tuple(FieldValue(name, value.scalar()) for name, value in entry.known(known).items())
        for entry in _entries(given, "records")
    )
    return NewModule(given["name"].scalar(), tuple(fields), records)


def record_type(kind: str) -> type[Record]:
    """The class of a canonical kind."""
    return KINDS[kind].record
