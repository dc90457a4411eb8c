"""Setting up tenants, users and applications: what the command line does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from canonical.accounts import Application, Principal, Tenant, checked_slug
from canonical.errors import Duplicate, Invalid, NotFound, Problem
from canonical.model import PicklistItem, User
from canonical.operations import Create, Update
from canonical.query import Query, Sort
from canonical.service import lookups
from canonical.service.accounts import CoreAccounts, application_of, checked_token, digest
from canonical.service.desk import CoreDesk
from canonical.service.sessions import PERMANENT, end_sessions
from canonical.store.port import SYSTEM, Store, Unit
from canonical.values import Instant, fold_key

T = TypeVar("T")
_URI = re.compile(
    r"(?!(?i:javascript|data|vbscript|file|about|blob|view-source):)[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,1900}"
)
"""An absolute URI of a scheme that runs nothing in a browser."""


class Directory:
    """Adds and changes tenants, users and applications. Every call is one transaction."""

    def __init__(self, store: Store, accounts: CoreAccounts) -> None:
        self._store = store
        self._accounts = accounts

    def add_tenant(self, slug: str, hosts: Iterable[str], picklists: Sequence[PicklistItem], now: Instant) -> Tenant:
        """A new tenant with the given lookup lists. Raises Duplicate (slug or host), Invalid."""
        slug = checked_slug(slug)
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
        password_hash: str | None = None,
        token_hash: str | None = None,
    ) -> tuple[User, str]:
        """A new user with his contact card, and his API token. Raises NotFound (tenant), Duplicate, Invalid.

        `password_hash` (argon2) and `token_hash` (`digest`), as `credentials` gives them, stand for the two.
        """
        tenant = self._tenant(slug)
        if not username.strip():
            raise Invalid(Problem("username", "required"))
        token = checked_token(token if token is not None else self._accounts.fresh(40))
        hashed = token_hash or digest(token)

        def work(unit: Unit) -> User:
            user = self._desk(unit, now).create(Create(User, {"username": username, **(values or {})}))
            # Nobody made the first users but they themselves.
            unit.update("app_user", {"id": user.id}, {"creator_id": user.id, "modifier_id": user.id})
            if user.person_id is not None:
                unit.update("party", {"id": user.person_id}, {"creator_id": user.id, "modifier_id": user.id})
            self._give_token(unit, user.id, hashed, now)
            self._accounts.set_password(tenant.id, user.id, password, hashed=password_hash)
            return replace(user, creator_id=user.id, modifier_id=user.id)

        return self._store.write(tenant.id, work), token

    def add_application(
        self,
        client_id: str,
        slug: str,
        secret: str,
        username: str,
        redirect_uris: Iterable[str] = (),
        *,
        secret_hash: str | None = None,
    ) -> None:
        """An OAuth client acting as that user. Raises NotFound (tenant or user), Duplicate, Invalid (a URI).

        `secret_hash`, as `application_digests` gives it, stands for the secret.
        """
        uris = list(redirect_uris)
        for uri in uris:
            if not _URI.fullmatch(uri):
                raise Invalid(Problem("redirect_uri", "not_a_uri"))
        tenant = self._tenant(slug)

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
                    "secret_digest": secret_hash or digest(secret),
                    "user_id": users[0]["id"],
                    "name": client_id,
                    "redirect_uris": " ".join(uris) or None,
                },
            )

        self._store.write(tenant.id, work)

    def application_digests(self, slug: str) -> list[dict[str, Any]]:
        """A tenant's OAuth clients: ``client_id``, ``user``, ``secret_hash``, ``redirect_uris``. Raises NotFound."""
        unit = self._store.reading(self._tenant(slug).id)
        names = {row["id"]: row["username"] for row in unit.select("app_user", {})}
        return [
            {
                "client_id": row["client_id"],
                "user": names.get(row["user_id"], ""),
                "secret_hash": row["secret_digest"],
                "redirect_uris": (row["redirect_uris"] or "").split(),
            }
            for row in unit.select("application", {}, ("client_id",))
        ]

    def applications(self) -> list[tuple[Application, str, str]]:
        """Every OAuth client with its tenant's slug and its user's name, by client id."""
        unit = self._store.reading(SYSTEM)
        slugs = {row["id"]: row["slug"] for row in unit.select("tenant", {})}
        names = {row["id"]: row["username"] for row in unit.select("app_user", {})}
        return [
            (
                application_of(row),
                slugs[row["tenant_id"]],
                names.get(row["user_id"], ""),
            )
            for row in unit.select("application", {}, ("client_id",))
        ]

    def remove_application(self, client_id: str) -> None:
        """Ends an OAuth client and what it was issued. Raises NotFound."""

        def work(unit: Unit) -> None:
            rows = unit.select("application", {"client_id": client_id})
            if not rows:
                raise NotFound("application", client_id)
            for kind in ("access", "refresh", "code"):
                for token in unit.select("token", {"tenant_id": rows[0]["tenant_id"], "kind": kind}):
                    if token["data"].get("client") == client_id:
                        unit.delete("token", {"kind": kind, "digest": token["digest"]})
            unit.delete("application", {"client_id": client_id})

        self._store.write(SYSTEM, work)

    # -- users --------------------------------------------------------------------------------------

    def users(self, slug: str) -> list[User]:
        """All users of a tenant by name, disabled ones too. Raises NotFound."""
        found = self._desk(self._store.reading(self._tenant(slug).id), 0).find(User, Query(sort=(Sort("username"),)))
        return list(found.items)

    def credentials(self, slug: str) -> dict[int, dict[str, str]]:
        """Of each user ``password_hash`` and ``token_hash``, by user id. Raises NotFound."""
        unit = self._store.reading(self._tenant(slug).id)
        found: dict[int, dict[str, str]] = {}
        for row in unit.select("password", {}):
            found.setdefault(row["user_id"], {})["password_hash"] = row["hash"]
        for row in unit.select("token", {"kind": PERMANENT}):
            found.setdefault(row["user_id"], {})["token_hash"] = row["digest"]
        return found

    def enable_user(self, slug: str, username: str, now: Instant, *, active: bool = True) -> None:
        """Lets a user in again, or no longer: then all he signed in for ends. His records stay. Raises NotFound."""
        self._change(slug, username, now, lambda desk, id: desk.update(Update(User, id, {"active": active})))

    def change_password(self, slug: str, username: str, password: str, now: Instant) -> None:
        """A new password; all that the user signed in for ends, his API token stays. Raises NotFound, Invalid."""
        if not password:
            raise Invalid(Problem("password", "required"))

        def work(desk: CoreDesk, id: int) -> None:
            desk.update(Update(User, id, {"sessions_from": now}))
            end_sessions(desk.unit, id)
            self._accounts.set_password(desk.unit.tenant_id, id, password)

        self._change(slug, username, now, work)

    def change_token(self, slug: str, username: str, now: Instant, token: str | None = None) -> str:
        """A new API token, the given one or a made one; the old ones end, and all that the user signed in for.

        Raises NotFound, Duplicate, Invalid.
        """
        token = checked_token(token if token is not None else self._accounts.fresh(40))

        def work(desk: CoreDesk, id: int) -> None:
            desk.update(Update(User, id, {"sessions_from": now}))
            end_sessions(desk.unit, id, permanent=True)
            self._give_token(desk.unit, id, digest(token), now)

        self._change(slug, username, now, work)
        return token

    def carry_out(self, slug: str, now: Instant, work: Callable[[CoreDesk], T]) -> T:
        """Runs `work` on a desk that is nobody's, in one transaction. Raises NotFound (tenant)."""
        return self._store.write(self._tenant(slug).id, lambda unit: work(self._desk(unit, now)))

    def _change(self, slug: str, username: str, now: Instant, work: Callable[[CoreDesk, int], object]) -> None:
        """Runs `work` on the user of that name, in one transaction."""

        def whole(desk: CoreDesk) -> None:
            rows = desk.unit.select("app_user", {"username_fold": fold_key(username)})
            if not rows:
                raise NotFound("user", username)
            work(desk, rows[0]["id"])

        self.carry_out(slug, now, whole)

    def _give_token(self, unit: Unit, user_id: int, hashed: str, now: Instant) -> None:
        if self._store.reading(SYSTEM).credential(PERMANENT, hashed) is not None:
            raise Duplicate("token", "")
        row = {"kind": PERMANENT, "digest": hashed, "user_id": user_id, "created_at": now, "data": {}}
        unit.insert("token", {**row, "expires_at": None, "idle": None})

    @staticmethod
    def _desk(unit: Unit, now: Instant) -> CoreDesk:
        """A desk of nobody's, for what the operator does."""
        return CoreDesk(unit, Principal(unit.tenant_id, 0, "", is_admin=True, operator=True), "", now)

    def _tenant(self, slug: str) -> Tenant:
        tenant = self._accounts.tenant_by_slug(slug)
        if tenant is None:
            raise NotFound("tenant", slug)
        return tenant
