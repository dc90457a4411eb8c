"""Setting up tenants, users and applications: what the command line does."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from canonical.accounts import Principal, Tenant
from canonical.errors import Duplicate, Invalid, NotFound, Problem
from canonical.model import PicklistItem, User
from canonical.operations import Create
from canonical.service import lookups
from canonical.service.accounts import CoreAccounts, checked_token, digest
from canonical.service.desk import CoreDesk
from canonical.store.port import SYSTEM, Store, Unit
from canonical.values import Instant


class Directory:
    """Adds and changes tenants, users and applications. Every call is one transaction."""

    def __init__(self, store: Store, accounts: CoreAccounts) -> None:
        self._store = store
        self._accounts = accounts

    def add_tenant(self, slug: str, hosts: Iterable[str], picklists: Sequence[PicklistItem], now: Instant) -> Tenant:
        """A new tenant with the given lookup lists. Raises Duplicate (slug or host), Invalid."""
        slug = slug.lower()
        if not slug or not slug.replace("-", "").isalnum() or not slug.isascii() or len(slug) > 63:
            raise Invalid(Problem("slug", "not_a_slug"))
        names = [host.lower().rstrip(".") for host in hosts]

        def work(unit: Unit) -> int:
            if unit.select("tenant", {"slug": slug}):
                raise Duplicate("tenant", slug)
            id = unit.next_value("tenant", shared=True)
            unit.insert("tenant", {"id": id, "slug": slug, "settings": {}, "created_at": now})
            for name in names:
                if unit.select("tenant_host", {"host": name}):
                    raise Duplicate("host", name)
                unit.insert("tenant_host", {"host": name, "tenant_id": id})
            return id

        def whole(unit: Unit) -> int:
            id = work(unit)
            self._store.write(id, lambda own: [lookups.save_picklist_item(own, item) for item in picklists])
            return id

        id = self._store.write(SYSTEM, whole)
        self._accounts.forget_tenants()
        return self._accounts.tenant(id)

    def tenant_slugs(self) -> list[str]:
        """The slugs of all tenants, oldest first."""
        return [row["slug"] for row in self._store.reading(SYSTEM).select("tenant", {}, ("id",))]

    def change_settings(self, slug: str, settings: Mapping[str, str]) -> Tenant:
        """Merges settings (``dialect.setting`` -> text) into the tenant's. Raises NotFound."""

        def work(unit: Unit) -> int:
            rows = unit.select("tenant", {"slug": slug})
            if not rows:
                raise NotFound("tenant", slug)
            unit.update("tenant", {"slug": slug}, {"settings": {**rows[0]["settings"], **settings}})
            return int(rows[0]["id"])

        id = self._store.write(SYSTEM, work)
        self._accounts.forget_tenants()
        return self._accounts.tenant(id)

    def add_user(
        self,
        slug: str,
        username: str,
        password: str,
        now: Instant,
        *,
        token: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> tuple[User, str]:
        """A new user with his contact card, and his API token. Raises NotFound (tenant), Duplicate, Invalid."""
        tenant = self._accounts.tenant_by_slug(slug)
        if tenant is None:
            raise NotFound("tenant", slug)
        if not username.strip():
            raise Invalid(Problem("username", "required"))
        token = checked_token(token if token is not None else secrets.token_hex(20))
        nobody = Principal(tenant.id, 0, "", is_admin=True)

        def work(unit: Unit) -> User:
            if self._store.reading(SYSTEM).credential("api", digest(token)) is not None:
                raise Duplicate("token", "")
            desk = CoreDesk(unit, nobody, "", now)
            user = desk.create(Create(User, {"username": username, **(values or {})}))
            # Nobody made the first users but they themselves.
            unit.update("app_user", {"id": user.id}, {"creator_id": user.id, "modifier_id": user.id})
            if user.person_id is not None:
                unit.update("party", {"id": user.person_id}, {"creator_id": user.id, "modifier_id": user.id})
            row = {"kind": "api", "digest": digest(token), "user_id": user.id, "created_at": now, "data": {}}
            unit.insert("token", {**row, "expires_at": None, "idle": None})
            self._accounts.set_password(tenant.id, user.id, password)
            return replace(user, creator_id=user.id, modifier_id=user.id)

        return self._store.write(tenant.id, work), token

    def add_application(self, client_id: str, slug: str, secret: str, username: str) -> None:
        """An OAuth client acting as that user. Raises NotFound (tenant or user), Duplicate."""
        tenant = self._accounts.tenant_by_slug(slug)
        if tenant is None:
            raise NotFound("tenant", slug)

        def work(unit: Unit) -> None:
            users = unit.select("app_user", {"username": username})
            if not users:
                raise NotFound("user", username)
            system = self._store.reading(SYSTEM)
            if system.select("application", {"client_id": client_id}):
                raise Duplicate("client_id", client_id)
            unit.insert(
                "application",
                {
                    "client_id": client_id,
                    "secret_digest": digest(secret),
                    "user_id": users[0]["id"],
                    "name": client_id,
                },
            )

        self._store.write(tenant.id, work)
