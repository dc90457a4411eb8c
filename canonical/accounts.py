"""Who calls: principals, and the port through which dialects look up credentials and open sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from canonical.errors import Invalid, Problem
from canonical.values import Instant


def checked_slug(slug: str) -> str:
    """A tenant's short name, in small letters. Raises Invalid."""
    slug = slug.lower()
    if not slug or not slug.replace("-", "").isalnum() or not slug.isascii() or len(slug) > 63:
        raise Invalid(Problem("slug", "not_a_slug"))
    return slug


@dataclass(frozen=True, slots=True)
class Principal:
    """The signed-in user of a tenant. `token_data` is what was stored with the credential (scope, client id)."""

    tenant_id: int
    user_id: int
    username: str
    is_admin: bool = False
    view_only: bool = False
    time_zone: str | None = None
    person_id: int | None = None
    token_kind: str = "password"  # noqa: S105, a kind
    token_data: Mapping[str, Any] = field(default_factory=dict)
    sessions_from: Instant | None = None
    """Of users that were looked up by id or name: since when what they signed in for is good, if it was ever ended."""
    operator: bool = False
    """Whoever runs the installation: sees and reads everything. Never a caller over the wire."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company. `settings` maps ``dialect.setting`` to its text."""

    id: int
    slug: str
    hosts: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Application:
    """An OAuth client; tokens issued to it act as `user_id`."""

    client_id: str
    tenant_id: int
    user_id: int
    name: str = ""
    redirect_uris: tuple[str, ...] = ()


class Accounts(Protocol):
    """Credentials, kept only as digests and compared in constant time. Every issue or revocation is its own commit.

    `now` is an instant everywhere. A principal's user is always active: an inactive user's credentials are unknown.
    """

    def tenant(self, tenant_id: int) -> Tenant: ...
    def tenant_by_host(self, host: str) -> Tenant | None:
        """By a host name or domain that was given to the tenant, or by its slug as the first label."""

    def by_password(
        self, tenant_id: int | None, username: str, password: str, now: Instant, *, address: str
    ) -> Principal | None:
        """The user of that name or e-mail address; with `tenant_id` None, the only one of any tenant that fits.

        `address` is where the attempt comes from. Raises Busy when many passwords are being checked already, and
        TooManyGuesses.
        """

    def by_token(self, kind: str, token: str, now: Instant) -> Principal | None:
        """The holder of a token of that kind (``api``, ``session``, ``access``, …) that is still good at `now`."""

    def by_user(self, tenant_id: int, user_id: int) -> Principal | None: ...
    def by_user_id(self, user_id: int) -> Principal | None:
        """The user of any tenant: ids of users are unique over tenants."""

    def has_user(self, tenant_id: int | None, username: str) -> bool:
        """Whether there is an active user of that name or e-mail address, in any tenant when `tenant_id` is None.

        Only for vendors that tell an unknown user from a wrong password.
        """

    def secret(self, purpose: str = "") -> bytes:
        """A key derived from the configured secret for one purpose; the secret itself without a purpose."""

    def by_username(self, tenant_id: int, username: str) -> Principal | None:
        """The user of that name, without proof: for callers that have settled otherwise who it is."""

    def fresh(self, digits: int) -> str:
        """So many lower-case hex digits that nobody can guess; under test the same ones in every run."""

    def issue(
        self,
        kind: str,
        principal: Principal,
        now: Instant,
        *,
        token: str | None = None,
        length: int = 32,
        lifetime: int | None = None,
        idle: int | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> str:
        """A new token (lower-case hex digits unless given) good for `lifetime` microseconds from now.

        With `idle` it ends that many microseconds after its last use instead.
        """

    def token_state(self, kind: str, token: str, now: Instant) -> str:
        """``good``, ``expired`` or ``unknown``."""

    def revoke(self, kind: str, token: str) -> bool:
        """Ends a token; gives whether there was one."""

    def replace_api_token(self, principal: Principal, now: Instant) -> str:
        """A new permanent token for the user; the old ones die at once."""

    def application(self, client_id: str) -> Application | None:
        """The OAuth client, looked up without proof (for redirects)."""

    def by_secret(self, client_id: str, secret: str, now: Instant, *, address: str) -> Application | None:
        """The OAuth client of that secret. Raises TooManyGuesses."""

    def strike(self, address: str, now: Instant) -> None:
        """Counts a wrong token with the wrong passwords and secrets of an address, for vendors that do.

        Raises TooManyGuesses when it had too many.
        """

    def set_password(self, tenant_id: int, user_id: int, password: str) -> None: ...
    def allow(self, bucket: str, limit: int, per: int, now: Instant) -> tuple[bool, int, int]:
        """Counts one call against `limit` per `per` microseconds: allowed, remaining, the window's end in seconds."""
