"""Puts a world into a core: tenants, users and applications that are missing, and all records anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapter.worlds.read import NewRecord, NewTenant, Reference, names_of, record_type
from canonical.errors import CanonicalError, Duplicate, Invalid
from canonical.model import CustomField, PicklistItem
from canonical.operations import Create, NewLink
from canonical.service.core import CanonicalCore
from canonical.service.desk import CoreDesk
from canonical.values import Instant, Ref


@dataclass(slots=True)
class Loaded:
    """What a tenant of a world became: ids by `ref`, tokens by username (those that were given or made)."""

    slug: str
    ids: dict[str, Ref] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    modules: dict[str, int] = field(default_factory=dict)


def load(
    core: CanonicalCore,
    tenants: Sequence[NewTenant],
    picklists: Sequence[PicklistItem],
    now: Instant,
    *,
    check_setting: Callable[[str], tuple[str, str]] | None = None,
) -> list[Loaded]:
    """Makes what the world says, a transaction a tenant for its records.

    A tenant or user that exists is kept as it is and used. `check_setting` turns ``dialect.name=value`` into a legal
    pair or raises. Raises `WorldError` where the core refuses something, naming its place.
    """
    return [_tenant(core, tenant, picklists, now, check_setting) for tenant in tenants]


def _tenant(
    core: CanonicalCore,
    tenant: NewTenant,
    picklists: Sequence[PicklistItem],
    now: Instant,
    check_setting: Callable[[str], tuple[str, str]] | None,
) -> Loaded:
    loaded = Loaded(tenant.slug)
    settings: dict[str, str] = {}
    for name, (value, node) in tenant.settings.items():
        try:
            key, text = (name, value) if check_setting is None else check_setting(f"{name}={value}")
        except Exception as error:
            raise node.wrong(str(error)) from None
        settings[key] = text
    if tenant.slug not in core.directory.tenant_slugs():
        try:
            core.directory.add_tenant(tenant.slug, tenant.domains, picklists, now)
        except (Duplicate, Invalid) as error:
            raise tenant.node.wrong(str(error)) from None
    if settings:
        core.directory.change_settings(tenant.slug, settings)
    _add_users(core, tenant, loaded, now)
    if tenant.records or tenant.modules:
        _add_records(core, tenant, loaded, now)
    return loaded


def _add_users(core: CanonicalCore, tenant: NewTenant, loaded: Loaded, now: Instant) -> None:
    there = core.accounts.tenant_by_slug(tenant.slug)
    for user in tenant.users:
        if there is not None and core.accounts.by_username(there.id, user.username) is not None:
            continue
        token = user.token
        if token is None and user.token_hash is None:
            token = core.accounts.fresh(40)
        try:
            core.directory.add_user(
                tenant.slug,
                user.username,
                user.password if user.password is not None else core.accounts.fresh(40),
                now,
                token=token,
                values=user.values,
                password_hash=user.password_hash,
                token_hash=user.token_hash,
            )
        except (Duplicate, Invalid) as error:
            raise user.node.wrong(str(error)) from None
        if token is not None:
            loaded.tokens[user.username] = token
    for application in tenant.applications:
        try:
            core.directory.add_application(
                application.client_id,
                tenant.slug,
                application.secret or "",
                application.user,
                secret_hash=application.secret_hash,
                redirect_uris=application.redirect_uris,
            )
        except Duplicate:
            continue
        except CanonicalError as error:
            raise application.node.wrong(str(error)) from None


def _add_records(core: CanonicalCore, tenant: NewTenant, loaded: Loaded, now: Instant) -> None:
    there = core.accounts.tenant_by_slug(tenant.slug)
    first = tenant.users[0].username if tenant.users else ""
    principal = core.accounts.by_username(there.id, first) if there is not None and first else None
    if principal is None:
        raise tenant.node.wrong("records need a user: the first one of the tenant makes them")

    def work(desk: CoreDesk) -> None:
        users = {user.username.lower(): _user_id(core, principal.tenant_id, user.username) for user in tenant.users}
        _define_custom_fields(desk, tenant)
        for record in tenant.records:
            made = _create(desk, record, loaded, users)
            for name in names_of(record):
                loaded.ids.setdefault(name, made)
        for module in tenant.modules:
            known = next((each for each in desk.modules() if each.name == module.name), None)
            saved = known or desk.save_module(None, module.name, module.fields)
            loaded.modules[module.name] = saved.id
            for values in module.records:
                desk.create_module_record(saved.id, values)

    core.write(principal, "", now, work)


def _user_id(core: CanonicalCore, tenant_id: int, username: str) -> int:
    found = core.accounts.by_username(tenant_id, username)
    return 0 if found is None else found.user_id


def _define_custom_fields(desk: CoreDesk, tenant: NewTenant) -> None:
    defined = {
        (f.kind, f.group, f.name)
        for kind in ("party", "activity", "opportunity", "case")
        for f in desk.custom_fields(kind)
    }
    for record in tenant.records:
        for value in record.custom:
            key = (record.kind, value.group, value.name)
            if key not in defined:
                defined.add(key)
                desk.save_custom_field(CustomField(record.kind, value.name, value.name, "text", value.group))


def _create(desk: CoreDesk, record: NewRecord, loaded: Loaded, users: dict[str, int]) -> Ref:
    def ref_of(reference: Reference) -> Ref:
        found = loaded.ids.get(reference.name)
        return found if found is not None else Ref("user", users[reference.name.lower()])

    values: dict[str, Any] = {
        name: _id(name, value, loaded, users) if isinstance(value, Reference) else value
        for name, value in record.values.items()
    }
    operation = Create(
        record_type(record.kind),
        values,
        tuple(NewLink(ref_of(reference), role) for reference, role in record.links),
        record.points,
        record.tags,
        record.custom,
        record.extras,
    )
    try:
        made = desk.create(operation)
    except CanonicalError as error:
        raise record.node.wrong(str(error)) from None
    return Ref(record.kind, made.id)


def _id(name: str, reference: Reference, loaded: Loaded, users: dict[str, int]) -> int:
    found = loaded.ids.get(reference.name)
    if found is not None and name not in ("owner_id", "creator_id", "modifier_id", "requester_id"):
        return found.id
    return users[reference.name.lower()]
