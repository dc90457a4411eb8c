"""Tenants, credentials, sessions, rate limits. Tokens are kept as SHA-256, passwords as argon2."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import argon2
import orjson

from canonical.accounts import Application, Principal, Tenant
from canonical.errors import Busy, Invalid, NotFound, Problem, Unavailable
from canonical.service.guesses import Guesses, Tally
from canonical.store.port import SYSTEM, Store
from canonical.values import MAX_ID, MINUTE, SECOND, Instant, fold_key

T = TypeVar("T")
TENANT_SECONDS = 0.5
"""How long another process may go on with a tenant's old settings."""
PASSWORDS_KEPT = 4096
PASSWORD_SECONDS = 600
LESS_URGENT = 5
"""By how much checks are put behind everything else that wants a processor (the `nice` value)."""
HELD_AT_ONCE = 4
"""Threads that are with a password check or wait for one; more would keep other requests waiting."""
BUCKETS_KEPT = 10_000
CREDENTIALS_KEPT = 1000
MIN_TOKEN, MAX_TOKEN = 8, 200
MAX_PASSWORD = 1024


NUL = "\0"
"""In no name: PostgreSQL takes no text that has one, and a client that sends one must hear "no", not fail."""


def digest(token: str) -> str:
    """What is stored of a token: its SHA-256, hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def _decoy() -> str:
    """A hash of nothing anybody knows, made once in a process: what an unknown user's password is checked against."""
    return argon2.PasswordHasher().hash(secrets.token_hex(16))


def _step_back() -> None:
    """On Linux priorities are the threads' own, and those that a check starts inherit it."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LESS_URGENT)


class _Passwords:
    """Verifies passwords, and remembers for ten minutes that one was right.

    What is remembered is a keyed digest under a key that lives in this process only, together with the stored hash
    it was right for: clients that log in before every call do not pay argon2's 50 ms each time, and a changed
    password is noticed at once.
    """

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher()
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._guard = threading.Lock()
        # A check takes 64 MiB and four threads for a tenth of a second: one at a time, on a thread of its own.
        self._checker = ThreadPoolExecutor(1, "passwords", _step_back)
        self._place = threading.BoundedSemaphore(HELD_AT_ONCE)

    def hold(self, threads: int) -> None:
        """At most so many threads are with a check or wait for one, and never more than `HELD_AT_ONCE`."""
        self._place = threading.BoundedSemaphore(max(1, min(HELD_AT_ONCE, threads)))

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def remembers(self, stored: str | None, password: str, owner: str) -> bool:
        """Whether the password was right lately, and still is."""
        with self._guard:
            kept = self._kept.get(self._seen(password, owner))
        return (
            stored is not None
            and kept is not None
            and kept[1] > time.monotonic()
            and hmac.compare_digest(kept[0], stored)
        )

    def verify(self, stored: str | None, password: str, owner: str) -> bool:
        """Takes as long for an unknown user (`stored` None) as for a wrong password. Raises Busy."""
        if len(password) > MAX_PASSWORD:
            return False
        if not self._place.acquire(blocking=False):
            raise Busy("too many passwords are being checked")
        try:
            self._checker.submit(lambda: self._hasher.verify(stored or _decoy(), password)).result()
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        finally:
            self._place.release()
        if stored is None:
            return False
        seen = self._seen(password, owner)
        with self._guard:
            self._kept[seen] = (stored, time.monotonic() + PASSWORD_SECONDS)
            self._kept.move_to_end(seen)
            while len(self._kept) > PASSWORDS_KEPT:
                self._kept.popitem(last=False)
        return True

    def _seen(self, password: str, owner: str) -> bytes:
        return hmac.digest(self._key, f"{owner}\0{password}".encode("utf-8", "surrogatepass"), "sha256")


class CoreAccounts:
    """The `canonical.accounts.Accounts` over a store."""

    def __init__(self, store: Store, secret_key: str, tally: Tally | None = None) -> None:
        self.guesses = Guesses(tally)
        self.draw: Callable[[int], bytes] = secrets.token_bytes
        self._store = store
        self._secret_key = secret_key
        self._passwords = _Passwords()
        self._tenants: dict[object, tuple[float, Tenant | None]] = {}
        self._homes: dict[int, int] = {}
        self._seen = threading.local()
        self._buckets: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._guard = threading.Lock()

    def hold(self, threads: int) -> None:
        """Of so many threads at most half are kept by checks of passwords."""
        self._passwords.hold(threads // 2)

    # -- tenants ----------------------------------------------------------------------------------

    def tenant(self, tenant_id: int) -> Tenant:
        """Raises NotFound."""
        kept = self._tenants.get(tenant_id)
        if kept is not None and kept[0] > time.monotonic():
            found = kept[1]
        else:
            found = self._load_tenant({"id": tenant_id})
            self._keep(tenant_id, found)
        if found is None:
            raise NotFound("tenant", tenant_id)
        return found

    def tenant_by_slug(self, slug: str) -> Tenant | None:
        kept = self._tenants.get(slug)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        found = None if NUL in slug else self._load_tenant({"slug": slug})
        self._keep(slug, found)
        return found

    def sole_tenant(self) -> Tenant | None:
        """The only tenant there is; None when there are none or several."""
        kept = self._tenants.get(None)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        rows = self._store.reading(SYSTEM).select("tenant", {})
        found = self._load_tenant({"id": rows[0]["id"]}) if len(rows) == 1 else None
        self._keep(None, found)
        return found

    def tenant_by_host(self, host: str) -> Tenant | None:
        """By the host or domain; else by its slug as the first label. Letter case and a port do not count."""
        if NUL in host:
            return None
        name = host.lower().rstrip(".")
        kept = self._tenants.get(("host", name))
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        rows = self._store.reading(SYSTEM).select("tenant_host", {"host": name})
        if rows:
            found = self._load_tenant({"id": rows[0]["tenant_id"]})
        else:
            label, dot, _ = name.partition(".")
            found = self._load_tenant({"slug": label}) if dot else None
        self._keep(("host", name), found)
        return found

    def _keep(self, key: object, found: Tenant | None) -> None:
        if len(self._tenants) > BUCKETS_KEPT:
            self._tenants.clear()
        self._tenants[key] = (time.monotonic() + TENANT_SECONDS, found)

    def _load_tenant(self, where: Mapping[str, Any]) -> Tenant | None:
        unit = self._store.reading(SYSTEM)
        rows = unit.select("tenant", where)
        if not rows:
            return None
        row = rows[0]
        hosts = tuple(host["host"] for host in unit.select("tenant_host", {"tenant_id": row["id"]}, ("host",)))
        return Tenant(row["id"], row["slug"], hosts, row["settings"])

    def forget_tenants(self) -> None:
        """What was remembered of tenants in this process; for after a change."""
        self._tenants.clear()

    def forget(self) -> None:
        """All that was remembered or counted in this process; for when the store was put back."""
        with self._guard:
            self._tenants.clear()
            self._homes.clear()
            self._buckets.clear()
        self.guesses.forget()

    # -- principals -------------------------------------------------------------------------------

    def by_password(
        self, tenant_id: int | None, username: str, password: str, now: Instant, *, address: str = ""
    ) -> Principal | None:
        if NUL in username:
            username = ""
        # What this thread remembers is to be of now for the rest of the request.
        self._store.version()
        unit = self._store.reading(SYSTEM)
        scope = {} if tenant_id is None else {"tenant_id": tenant_id}
        rows = unit.select("app_user", {**scope, "username_fold": fold_key(username)}) if username else []
        if not rows and "@" in username:
            rows = unit.select("app_user", {**scope, "email_fold": fold_key(username)})
        row = rows[0] if len(rows) == 1 else None
        hashes = (
            unit.select("password", {"tenant_id": row["tenant_id"], "user_id": row["id"]}) if row is not None else []
        )
        owner = f"{row['tenant_id']}/{row['id']}" if row is not None else ""
        if not self._is_right(hashes[0]["hash"] if hashes else None, password, owner, username, now, address):
            return None
        if row is None or not row["active"]:
            return None
        return Principal(
            row["tenant_id"],
            row["id"],
            row["username"],
            bool(row["is_admin"]),
            bool(row["view_only"]),
            row["time_zone"],
            row["person_id"],
            sessions_from=row["sessions_from"],
        )

    def _is_right(
        self, stored: str | None, password: str, owner: str, username: str, now: Instant, address: str
    ) -> bool:
        """Whether the password is that of `owner`, ``""`` for an unknown user; guesses are limited."""
        if self._passwords.remembers(stored, password, owner):
            return True
        account = f"user {owner}" if owner else f"name {fold_key(username)}"
        self.guesses.check_password(account, address, now)
        right = self._passwords.verify(stored, password, owner)
        if right:
            self.guesses.right(account, address, now)
        else:
            self.guesses.wrong(account, address, now)
        return right

    def by_token(self, kind: str, token: str, now: Instant) -> Principal | None:
        if not token or len(token) > 4 * MAX_TOKEN:
            return None
        hashed = digest(token)
        row, principal = self._credential(kind, hashed)
        if row is None or principal is None or (row[2] is not None and row[2] <= now):
            return None
        expires_at, idle = row[2], row[3]
        if idle is not None and expires_at - now < idle - min(MINUTE, idle // 10):
            later = now + idle
            where = {"kind": kind, "digest": hashed}
            # A store that takes no writes (its disk is full) still lets sessions read, as long as they last.
            with contextlib.suppress(Unavailable):
                self._store.write(SYSTEM, lambda unit: unit.update("token", where, {"expires_at": later}))
        return principal

    def _credential(self, kind: str, hashed: str) -> tuple[tuple[Any, ...] | None, Principal | None]:
        """The stored credential and its active user, kept by each thread until anybody commits anything."""
        version = self._store.version()
        seen: OrderedDict[tuple[str, str], tuple[int, tuple[Any, ...], Principal]]
        seen = self._seen.__dict__.setdefault("credentials", OrderedDict())
        kept = seen.get((kind, hashed)) if version is not None else None
        if kept is not None and kept[0] == version:
            return kept[1], kept[2]
        row = self._store.reading(SYSTEM).credential(kind, hashed)
        if row is None or not row[8]:
            return row, None
        tenant_id, user_id, _, _, data, username, is_admin, view_only, _, time_zone, person_id = row
        principal = Principal(
            tenant_id,
            user_id,
            username,
            is_admin == 1,
            view_only == 1,
            time_zone,
            person_id,
            kind,
            orjson.loads(data) if data else {},
        )
        if version is not None:
            seen[kind, hashed] = (version, row, principal)
            if len(seen) > CREDENTIALS_KEPT:
                seen.popitem(last=False)
        return row, principal

    def by_user(self, tenant_id: int, user_id: int) -> Principal | None:
        return self._by({"id": user_id}, tenant_id)

    def by_username(self, tenant_id: int, username: str) -> Principal | None:
        return None if NUL in username else self._by({"username_fold": fold_key(username)}, tenant_id)

    def _by(self, where: Mapping[str, Any], tenant_id: int) -> Principal | None:
        """The active user, kept by each thread until anybody commits anything."""
        version = self._store.version()
        seen: OrderedDict[tuple[object, ...], tuple[int, Principal]]
        seen = self._seen.__dict__.setdefault("users", OrderedDict())
        key = (tenant_id, *where.items())
        kept = seen.get(key) if version is not None else None
        if kept is not None and kept[0] == version:
            return kept[1]
        rows = self._store.reading(tenant_id).select("app_user", where)
        if not rows or not rows[0]["active"]:
            return None
        row = rows[0]
        found = Principal(
            tenant_id,
            row["id"],
            row["username"],
            bool(row["is_admin"]),
            bool(row["view_only"]),
            row["time_zone"],
            row["person_id"],
            "user",
            sessions_from=row["sessions_from"],
        )
        if version is not None:
            seen[key] = (version, found)
            if len(seen) > CREDENTIALS_KEPT:
                seen.popitem(last=False)
        return found

    def by_user_id(self, user_id: int) -> Principal | None:
        # A user never moves to another tenant, so the search over all of them is made once.
        home = self._homes.get(user_id)
        if home is None:
            rows = self._store.reading(SYSTEM).select("app_user", {"id": user_id}) if 0 < user_id <= MAX_ID else []
            if not rows:
                return None
            if len(self._homes) > BUCKETS_KEPT:
                self._homes.clear()
            home = self._homes[user_id] = rows[0]["tenant_id"]
        return self.by_user(home, user_id)

    def has_user(self, tenant_id: int | None, username: str) -> bool:
        if NUL in username:
            return False
        scope = {"active": True} if tenant_id is None else {"active": True, "tenant_id": tenant_id}
        unit = self._store.reading(SYSTEM)
        rows = unit.select("app_user", {**scope, "username_fold": fold_key(username)}) if username else []
        if not rows and "@" in username:
            rows = unit.select("app_user", {**scope, "email_fold": fold_key(username)})
        return bool(rows)

    def secret(self, purpose: str = "") -> bytes:
        key = self._secret_key.encode("utf-8", "surrogatepass")
        return hmac.digest(key, purpose.encode(), "sha256") if purpose else key

    # -- tokens -----------------------------------------------------------------------------------

    def fresh(self, digits: int) -> str:
        return self.draw((digits + 1) // 2).hex()[:digits]

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
        token = token if token is not None else self.fresh(length)
        checked_token(token)
        ends = [end for end in (lifetime, idle) if end is not None]
        row = {
            "kind": kind,
            "digest": digest(token),
            "tenant_id": principal.tenant_id,
            "user_id": principal.user_id,
            "created_at": now,
            "expires_at": now + min(ends) if ends else None,
            "idle": idle,
            "data": dict(data or {}),
        }

        def work(unit: Any) -> None:
            if secrets.randbelow(64) == 0:
                unit.purge_tokens(now)
            unit.insert("token", row)

        self._store.write(SYSTEM, work)
        return token

    def token_state(self, kind: str, token: str, now: Instant) -> str:
        row = self._store.reading(SYSTEM).credential(kind, digest(token))
        if row is None or not row[8]:
            return "unknown"
        return "expired" if row[2] is not None and row[2] <= now else "good"

    def revoke(self, kind: str, token: str) -> bool:
        where = {"kind": kind, "digest": digest(token)}
        return self._store.write(SYSTEM, lambda unit: unit.delete("token", where)) > 0

    def replace_api_token(self, principal: Principal, now: Instant) -> str:
        token = self.fresh(40)
        row = {
            "kind": "api",
            "digest": digest(token),
            "tenant_id": principal.tenant_id,
            "user_id": principal.user_id,
            "created_at": now,
            "expires_at": None,
            "idle": None,
            "data": {},
        }

        def work(unit: Any) -> None:
            unit.delete("token", {"tenant_id": principal.tenant_id, "user_id": principal.user_id, "kind": "api"})
            unit.insert("token", row)

        self._store.write(SYSTEM, work)
        return token

    def application(self, client_id: str) -> Application | None:
        row = self._application_row(client_id)
        return None if row is None else application_of(row)

    def by_secret(self, client_id: str, secret: str, now: Instant, *, address: str = "") -> Application | None:
        account = f"application {client_id}"
        self.guesses.check_secret(account, address, now)
        row = self._application_row(client_id)
        stored = row["secret_digest"] if row is not None else digest("")
        if not hmac.compare_digest(stored, digest(secret)) or row is None:
            self.guesses.wrong(account, address, now)
            return None
        self.guesses.right(account, address, now)
        return application_of(row)

    def strike(self, address: str, now: Instant) -> None:
        self.guesses.strike(address, now)

    def _application_row(self, client_id: str) -> Mapping[str, Any] | None:
        known = "" if NUL in client_id else client_id
        rows = self._store.reading(SYSTEM).select("application", {"client_id": known})
        return rows[0] if rows else None

    def set_password(self, tenant_id: int, user_id: int, password: str, *, hashed: str | None = None) -> None:
        """Gives the user a password, or the argon2 hash of one."""
        hashed = hashed or self._passwords.hash(password[:MAX_PASSWORD])

        def work(unit: Any) -> None:
            if not unit.update("password", {"user_id": user_id}, {"hash": hashed}):
                unit.insert("password", {"user_id": user_id, "hash": hashed})

        self._store.write(tenant_id, work)

    # -- rate limits --------------------------------------------------------------------------------

    def allow(self, bucket: str, limit: int, per: int, now: Instant) -> tuple[bool, int, int]:
        """Counted in this process: with more worker processes each has its own count."""
        window = now - now % per
        with self._guard:
            start, count = self._buckets.get(bucket, (window, 0))
            if start != window:
                count = 0
            allowed = count < limit
            self._buckets[bucket] = (window, count + 1 if allowed else count)
            self._buckets.move_to_end(bucket)
            if len(self._buckets) > BUCKETS_KEPT:
                self._buckets.popitem(last=False)
        return allowed, max(0, limit - count - 1), (window + per) // SECOND


def application_of(row: Mapping[str, Any]) -> Application:
    """The OAuth client of a stored row."""
    uris = tuple(row["redirect_uris"].split()) if row["redirect_uris"] else ()
    return Application(row["client_id"], row["tenant_id"], row["user_id"], row["name"], uris)


def checked_token(token: str) -> str:
    """The token. Raises Invalid unless it is 8 to 200 printable characters."""
    if not MIN_TOKEN <= len(token) <= MAX_TOKEN or not token.isprintable():
        raise Invalid(Problem("token", "not_a_token"))
    return token
