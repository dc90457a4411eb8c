"""A tenant as a world file: what `load` makes again, in the same order and under the same names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from adapter.worlds.read import SECTIONS
from canonical.errors import NotFound
from canonical.model import KINDS, ContactPoint, FieldSpec, Record, User
from canonical.operations import Include
from canonical.query import Compare, Op, Query, Sort, Window, all_of, eq
from canonical.service.core import CanonicalCore
from canonical.service.desk import CoreDesk
from canonical.values import MICROS, Instant, Ref, iso_date, iso_time

PAGE = 500
_SHORT = {
    "organisation_id": "organisation",
    "party_id": "party",
    "parent_id": "parent",
    "thread_id": "thread",
    "owner_id": "owner",
    "creator_id": "creator",
    "requester_id": "requester",
    "due_at": "due",
    "start_at": "start",
    "end_at": "end",
    "completed_at": "completed",
    "created_at": "created",
    "updated_at": "updated",
}
_LEFT_OUT = {
    "id",
    "version",
    "extras",
    "sequence",
    "owner_chosen",
    "type",
    "user_id",
    "person_id",
    "modifier_id",
    "due_date_only",
}


def dump(core: CanonicalCore, slug: str, now: Instant, *, with_secrets: bool = False) -> str:
    """The tenant as YAML, records by id. Passwords and tokens, of which only digests are kept, only `with_secrets`.

    Raises `NotFound` for an unknown tenant.
    """
    tenant = core.accounts.tenant_by_slug(slug)
    if tenant is None:
        raise NotFound("tenant", slug)
    desk = core.everything(tenant.id, now)
    users = list(_all(desk, User, ()))
    usernames = {user.id: user.username for user in users}
    said: dict[str, Any] = {"slug": tenant.slug}
    if tenant.hosts:
        said["domains"] = sorted(tenant.hosts)
    if tenant.settings:
        said["settings"] = dict(sorted(tenant.settings.items()))
    digests = core.directory.credentials(slug) if with_secrets else {}
    said["users"] = [_user(user, digests.get(user.id, {})) for user in users]
    applications = core.directory.application_digests(slug) if with_secrets else []
    if applications:
        said["apps"] = applications
    for name, (kind, type_) in SECTIONS.items():
        records = [_record(record, usernames) for record in _records(desk, kind, type_)]
        if records:
            said[name] = records
    modules = list(_modules(desk))
    if modules:
        said["modules"] = modules
    return str(yaml.safe_dump({"tenants": [said]}, allow_unicode=True, sort_keys=False, width=110))


def _all(desk: CoreDesk, kind: type[Record], include: Include, **where: str) -> Iterator[Any]:
    """All records of a kind by id, some at a time."""
    last = 0
    while True:
        nodes = [Compare("id", Op.GT, last), *(eq(name, value) for name, value in where.items())]
        page = desk.find(kind, Query(all_of(*nodes), (Sort("id"),), Window(0, PAGE)), include).items
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].id


def _records(desk: CoreDesk, kind: str, type_: str) -> Iterator[Any]:
    include = ("links", "points", "tags", "custom") if kind == "party" else ("links", "tags", "custom")
    where = {"type": type_} if type_ else {}
    for record in _all(desk, KINDS[kind].record, include, **where):
        # A user's contact card comes with the user.
        if getattr(record, "user_id", None) is None:
            yield record


def _name(ref: Ref) -> str:
    return f"{ref.kind}-{ref.id}"


def _record(record: Any, usernames: Mapping[int, str]) -> dict[str, Any]:
    said: dict[str, Any] = {"ref": _name(Ref(record.KIND, record.id))}
    for spec in KINDS[record.KIND].fields:
        value = getattr(record, spec.name)
        if spec.name in _LEFT_OUT or value is None or (value == spec.default and spec.name != "state"):
            continue
        if spec.name == "name" and record.type != "organisation":
            continue
        if spec.name == "owner_id" and not record.owner_chosen:
            continue
        said[_SHORT.get(spec.name, spec.name)] = _shown(spec, value, record, usernames)
    about = [_link(link, usernames) for link in record.links]
    if about:
        said["about"] = [link for link in about if link is not None]
    said.update(_points(getattr(record, "points", ())))
    if record.tags:
        said["tags"] = [tag.name for tag in record.tags]
    custom: dict[str, Any] = {}
    for item in record.custom:
        if item.group:
            custom.setdefault(item.group, {})[item.name] = item.value
        else:
            custom[item.name] = item.value
    if custom:
        said["custom"] = custom
    if record.extras:
        said["extras"] = record.extras
    return said


def _shown(spec: FieldSpec, value: Any, record: Any, usernames: Mapping[int, str]) -> Any:
    if spec.ref == "user":
        return usernames.get(value, "")
    if spec.ref is not None:
        return _name(Ref(spec.ref, value))
    if spec.name == "due_at" and getattr(record, "due_date_only", False):
        return iso_date(value)
    if spec.type == "instant":
        fraction = value % MICROS
        return iso_time(value) if not fraction else f"{iso_time(value)[:-1]}.{fraction:06d}Z"
    if spec.type == "money":
        return f"{'-' if value < 0 else ''}{abs(value) // MICROS}.{abs(value) % MICROS:06d}"
    return value


def _link(link: Any, usernames: Mapping[int, str]) -> Any:
    name = usernames.get(link.target.id) if link.target.kind == "user" else _name(link.target)
    if name is None:
        return None
    return {"ref": name, "role": link.role} if link.role else name


def _points(points: Iterable[ContactPoint]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for point in points:
        if point.kind == "address":
            parts = ("label", "street", "street2", "city", "region", "postcode", "country")
            said.setdefault("addresses", []).append(
                {name: getattr(point, name) for name in parts if getattr(point, name)}
            )
            continue
        texts = {"value": point.value, "label": point.label, "service": point.service}
        said.setdefault(f"{point.kind}s", []).append({name: text for name, text in texts.items() if text})
    return said


def _user(user: User, secrets: Mapping[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {"username": user.username, **secrets}
    for spec in KINDS[User.KIND].fields:
        value = getattr(user, spec.name)
        if spec.type in ("text", "flag") and spec.name not in ("username", *_LEFT_OUT) and value != spec.default:
            said["admin" if spec.name == "is_admin" else spec.name] = value
    return said


def _modules(desk: CoreDesk) -> Iterator[dict[str, Any]]:
    for module in desk.modules():
        fields = [
            {
                name: value
                for name, value in (
                    ("name", row.name),
                    ("kind", row.kind),
                    ("label", row.label),
                    ("required", row.required),
                    ("visible", row.visible),
                    ("private", row.private),
                )
                if value
            }
            for row in module.fields
        ]
        said: dict[str, Any] = {"name": module.name, "fields": fields}
        found, _ = desk.find_module_records(module.id)
        records = [{value.name: value.value for value in record.values} for record in found]
        if records:
            said["records"] = records
        yield said
