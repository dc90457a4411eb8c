"""A fresh world for a recording: a temporary database with the users and applications that it signs in as."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adapter.client import Credentials
from adapter.contract.credentials import Said, stand_ins
from adapter.dialect import Dialect
from adapter.gateway import Gateway, real_now
from adapter.logs import Log
from adapter.wire import WireRequest, WireResponse
from canonical.accounts import Tenant
from canonical.errors import Duplicate
from canonical.model import PicklistItem
from canonical.service.core import CanonicalCore
from canonical.store.sql import schema
from canonical.store.sql.store import SqlStore

SLUG = "recorded"


class InProcess:
    """The gateway of one dialect, asked as the tenant of a fresh world. `core` is what it works on."""

    def __init__(
        self, gateway: Gateway, core: CanonicalCore, tenant: Tenant, token: str, known: dict[str, str]
    ) -> None:
        self.gateway = gateway
        self.core = core
        self.token = token
        self.known = known
        self._tenant = tenant

    def send(self, request: WireRequest) -> WireResponse:
        return self.gateway.send(request, self._tenant)


@contextmanager
def fresh_world(
    dialect: Dialect, held: Iterable[Said], picklists: Sequence[PicklistItem], token: str | None = None
) -> Iterator[InProcess]:
    """A world in which the recording's credentials are good; its first user has `token`."""
    held = list(held)
    with tempfile.TemporaryDirectory(prefix="crmglot-verify-") as folder:
        url = f"sqlite:///{Path(folder) / 'world.db'}"
        schema.upgrade(url)
        core = CanonicalCore(SqlStore(url))
        try:
            now = real_now()
            domains = dict.fromkeys(each.value for each in held if each.role == "domain" and each.good)
            tenant = core.directory.add_tenant(SLUG, list(domains), picklists, now)
            given = Credentials(
                token or secrets.token_hex(20), "", secrets.token_hex(12), "", "", secrets.token_hex(20)
            )
            users = dict.fromkeys(
                name
                for each in held
                if each.good
                for name in (each.value if each.role == "username" else "", each.user)
            )
            applications = {each.value for each in held if each.role == "client_id" and each.good}
            signing = [name for name in users if name and name not in applications] or [SLUG]
            for number, username in enumerate(signing):
                core.directory.add_user(
                    SLUG,
                    username,
                    given.password,
                    now,
                    token=given.token if not number else None,
                    values={"last_name": username, "is_admin": True},
                )
            for client_id in sorted(applications):
                try:
                    core.directory.add_application(client_id, SLUG, given.client_secret, signing[0])
                except Duplicate:
                    continue
            known = stand_ins(held, given)
            gateway = Gateway(dialect, core, Log(lambda line: None))
            yield InProcess(gateway, core, tenant, given.token, known)
        finally:
            core.close()
