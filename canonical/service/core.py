"""The core as one piece: accounts, the directory, and desks over a store."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import TypeVar

from canonical.accounts import Principal, Tenant
from canonical.service.accounts import CoreAccounts
from canonical.service.desk import NO_EXTRAS, CoreDesk, PrivateExtras
from canonical.service.directory import Directory
from canonical.service.guesses import Tally
from canonical.service.workflows import Automation
from canonical.store.port import SYSTEM, Snapshot, Store, Unit
from canonical.values import Instant

T = TypeVar("T")


def operator(tenant_id: int, user_id: int = 0, username: str = "") -> Principal:
    """Whoever runs the installation, acting as that user or as nobody."""
    return Principal(tenant_id, user_id, username, is_admin=True, operator=True)


class CanonicalCore:
    """What serves requests, runs jobs and carries out commands: one of them a process."""

    def __init__(
        self,
        store: Store,
        default_tenant: str | None = None,
        secret_key: str | None = None,
        tally: Tally | None = None,
    ) -> None:
        """With a `tally` made before the processes part they count wrong passwords together."""
        self.store = store
        self.accounts = CoreAccounts(store, secret_key or secrets.token_hex(32), tally)
        self.directory = Directory(store, self.accounts)
        self._default = default_tenant
        self.automation: Automation | None = None
        """Who checks and runs scripts; without it workflows with scripts are refused."""

    def reading(
        self,
        principal: Principal,
        dialect: str,
        now: Instant,
        *,
        aliased: bool = False,
        signed_in: bool = False,
        private_extras: PrivateExtras = NO_EXTRAS,
    ) -> CoreDesk:
        unit = self.store.reading(principal.tenant_id, signed_in=signed_in)
        automation = self.automation
        return CoreDesk(
            unit, principal, dialect, now, aliased=aliased, automation=automation, private_extras=private_extras
        )

    def write(
        self,
        principal: Principal,
        dialect: str,
        now: Instant,
        work: Callable[[CoreDesk], T],
        *,
        aliased: bool = False,
        private_extras: PrivateExtras = NO_EXTRAS,
    ) -> T:
        announced: list[int] = []

        def run(unit: Unit) -> T:
            automation = self.automation
            desk = CoreDesk(
                unit, principal, dialect, now, aliased=aliased, automation=automation, private_extras=private_extras
            )
            result = work(desk)
            announced[:] = desk.announced
            return result

        result = self.store.write(principal.tenant_id, run)
        if self.automation is not None:
            for id in announced:
                self.automation.announce(principal.tenant_id, id)
        return result

    def everything(self, tenant_id: int, now: Instant, dialect: str = "") -> CoreDesk:
        """A desk that reads all of a tenant, for commands of whoever runs the installation."""
        return CoreDesk(self.store.reading(tenant_id), operator(tenant_id), dialect, now)

    def default_tenant(self) -> Tenant | None:
        if self._default is not None:
            return self.accounts.tenant_by_slug(self._default)
        return self.accounts.sole_tenant()

    def make_foreseeable(self, draw: Callable[[int], bytes]) -> None:
        """For tests: ids no longer go by the clock, and tokens are made of what `draw` gives."""
        self.store.clocked_ids = False
        self.accounts.draw = draw

    def tokens_known(self) -> bytes:
        """A digest of all tokens there are."""
        rows = self.store.reading(SYSTEM).select("token", {}, ("kind", "digest"))
        return hashlib.sha256("\n".join(f"{row['kind']} {row['digest']}" for row in rows).encode()).digest()

    def snapshot(self, limit: int) -> Snapshot:
        """All there is, for tests. Raises Unsupported, Unavailable."""
        return self.store.snapshot(limit)

    def restore(self, snapshot: Snapshot) -> None:
        """Puts a snapshot in the place of all there is, and forgets what was counted since. Raises Unavailable."""
        self.store.restore(snapshot)
        self.accounts.forget()

    def close(self) -> None:
        self.store.close()
