"""Accounts: tokens and passwords kept as digests, sessions that end, tenants by host, limits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import argon2
import pytest

from canonical.errors import Busy, Duplicate, Invalid, NotFound, Unavailable
from canonical.model import User
from canonical.operations import Update
from canonical.values import MINUTE, SECOND
from tests.support.world import NOON, World, over_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: Any, tmp_path: Path) -> Iterator[World]:
    with over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path) as made:
        yield made


def test_no_secret_is_stored_as_it_is(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        world.add_user("bea", password="Sesame-open-7", token="bea-secret-token")
        world.core.directory.add_application("app", "acme", "app-secret-9", "bea")
        world.core.accounts.issue("session", world.principal(), NOON, token="session-secret")
        world.store.write(0, lambda unit: unit._connection.execute("SELECT 1"))
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"Sesame-open-7", b"bea-secret-token", b"app-secret-9", b"session-secret"):
        assert secret not in stored


@pytest.mark.slow
def test_passwords(world: World) -> None:
    accounts = world.core.accounts
    tenant = world.principal().tenant_id
    for _ in range(2):
        assert accounts.by_password(tenant, "ann", "ann-pw", NOON) is not None
        assert accounts.by_password(tenant, "ann", "wrong", NOON) is None
    assert accounts.by_password(None, "ANN", "ann-pw", NOON) is not None
    assert accounts.by_password(tenant, "ann@acme.test", "ann-pw", NOON) is not None
    for name, password in (("nobody", "ann-pw"), ("", "ann-pw"), ("", ""), ("ann", ""), ("ann", "x" * 5000)):
        assert accounts.by_password(tenant, name, password, NOON) is None
    accounts.set_password(tenant, world.principal().user_id, "new")
    assert accounts.by_password(tenant, "ann", "ann-pw", NOON) is None
    assert accounts.by_password(tenant, "ann", "new", NOON) is not None


@pytest.mark.slow
def test_a_name_with_a_nul_is_nobodys(world: World) -> None:
    """PostgreSQL refuses such text: anybody could make a server fail without it being let in."""
    accounts = world.core.accounts
    tenant = world.principal().tenant_id
    world.core.directory.add_application("app", "acme", "app-secret-9", "ann")
    for name in ("\0", "ann\0", "ann@acme.test\0", "app\0"):
        assert accounts.by_password(tenant, name, "ann-pw", NOON) is None
        assert accounts.by_password(None, name, "\0", NOON) is None
        assert accounts.by_username(tenant, name) is None
        assert accounts.by_secret(name, "app-secret-9", NOON) is None
        assert accounts.application(name) is None
        assert accounts.by_token("api", name * 8, NOON) is None
        assert not accounts.has_user(tenant, name)
        assert not accounts.has_user(None, name)
        assert accounts.tenant_by_slug(name) is None
        assert accounts.tenant_by_host(f"{name}.crm.example") is None


def test_logging_in_before_every_call_is_cheap(world: World) -> None:
    accounts = world.core.accounts
    accounts.by_password(None, "ann", "ann-pw", NOON)
    calls: list[str] = []
    accounts._passwords._hasher = type("Counting", (), {"verify": lambda self, *_: calls.append("argon2")})()
    for _ in range(50):
        assert accounts.by_password(None, "ann", "ann-pw", NOON) is not None
    assert calls == []


def test_a_name_in_two_tenants_needs_the_tenant(world: World) -> None:
    world.add_tenant("other")
    world.add_user("ann", tenant="other", password="other-pw", token="other-ann-token")
    assert world.core.accounts.by_password(None, "ann", "ann-pw", NOON) is None
    assert world.core.accounts.by_password(world.principal().tenant_id, "ann", "ann-pw", NOON) is not None
    assert world.core.accounts.by_password(world.principal().tenant_id, "ann", "other-pw", NOON) is None


def test_an_inactive_user_has_no_credentials(world: World) -> None:
    bea = world.add_user("bea")
    session = world.core.accounts.issue("session", bea, NOON)
    world.write(lambda desk: desk.update(Update(User, bea.user_id, {"active": False})))
    accounts = world.core.accounts
    assert accounts.by_token("api", "bea-token", NOON) is None
    assert accounts.by_token("session", session, NOON) is None
    assert accounts.by_password(bea.tenant_id, "bea", "bea-pw", NOON) is None
    assert accounts.by_user(bea.tenant_id, bea.user_id) is None
    assert accounts.token_state("session", session, NOON) == "unknown"


def test_tokens_end(world: World) -> None:
    accounts, ann = world.core.accounts, world.principal()
    temporary = accounts.issue("temporary", ann, NOON, lifetime=60 * MINUTE, data={"scope": "all"})
    found = accounts.by_token("temporary", temporary, NOON + 59 * MINUTE)
    assert found is not None
    assert (found.token_data, found.token_kind) == ({"scope": "all"}, "temporary")
    assert accounts.by_token("temporary", temporary, NOON + 60 * MINUTE) is None
    assert accounts.token_state("temporary", temporary, NOON + 60 * MINUTE) == "expired"
    assert accounts.token_state("temporary", "no such token", NOON) == "unknown"
    assert accounts.by_token("api", temporary, NOON) is None
    assert accounts.revoke("temporary", temporary) is True
    assert accounts.revoke("temporary", temporary) is False
    assert accounts.by_token("temporary", temporary, NOON) is None


def test_a_session_reads_on_where_nothing_can_be_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts, ann = world.core.accounts, world.principal()
    session = accounts.issue("session", ann, NOON, idle=24 * MINUTE)

    def full(*_: object) -> None:
        raise Unavailable("database or disk is full")

    monkeypatch.setattr(world.store, "write", full)
    assert accounts.by_token("session", session, NOON + 20 * MINUTE) is not None
    assert accounts.by_token("session", session, NOON + 25 * MINUTE) is None


def test_an_idle_session_ends_and_a_used_one_goes_on(world: World) -> None:
    accounts, ann = world.core.accounts, world.principal()
    used = accounts.issue("session", ann, NOON, idle=24 * MINUTE)
    idle = accounts.issue("session", ann, NOON, idle=24 * MINUTE)
    for minutes in range(10, 100, 10):
        assert accounts.by_token("session", used, NOON + minutes * MINUTE) is not None
    assert accounts.by_token("session", idle, NOON + 25 * MINUTE) is None


def test_a_new_api_token_kills_the_old(world: World) -> None:
    accounts, ann = world.core.accounts, world.principal()
    fresh = accounts.replace_api_token(ann, NOON)
    assert accounts.by_token("api", "ann-token", NOON) is None
    assert accounts.by_token("api", fresh, NOON) is not None


@pytest.mark.parametrize("token", ["short", "x" * 201, "with\nline break", ""])
def test_a_token_has_8_to_200_printable_characters(world: World, token: str) -> None:
    with pytest.raises(Invalid):
        world.core.directory.add_user("acme", "bea", "pw", NOON, token=token)
    assert world.core.accounts.by_password(None, "bea", "pw", NOON) is None


@pytest.mark.parametrize("token", ["x" * 200, "with blank é"])
def test_a_migrated_token_is_kept(world: World, token: str) -> None:
    world.add_user("bea", token=token)
    assert world.principal(token).username == "bea"


def test_setting_up_is_all_or_nothing(world: World) -> None:
    directory = world.core.directory
    with pytest.raises(Duplicate):
        directory.add_tenant("ACME", [], [], NOON)
    with pytest.raises(Duplicate):
        directory.add_tenant("second", ["new.test", "acme.com"], [], NOON)
    assert directory.tenant_slugs() == ["acme"]
    for slug in ("", "a b", "a.b", "é", "x" * 64):
        with pytest.raises(Invalid):
            directory.add_tenant(slug, [], [], NOON)
    with pytest.raises(Duplicate):
        directory.add_user("acme", "bea", "pw", NOON, token="ann-token")
    with pytest.raises(Duplicate):
        directory.add_user("acme", "Ann", "pw", NOON)
    with pytest.raises(NotFound):
        directory.add_user("nowhere", "bea", "pw", NOON)
    with pytest.raises(Invalid):
        directory.add_user("acme", " ", "pw", NOON)
    directory.add_application("app", "acme", "secret", "ann")
    for client, slug, user, error in (
        ("app", "acme", "ann", Duplicate),
        ("app2", "nowhere", "ann", NotFound),
        ("app2", "acme", "nobody", NotFound),
    ):
        with pytest.raises(error):
            directory.add_application(client, slug, "secret", user)
    with pytest.raises(NotFound):
        directory.change_settings("nowhere", {"x.y": "z"})


def test_applications(world: World) -> None:
    world.core.directory.add_application("app", "acme", "secret", "ann")
    accounts = world.core.accounts
    found = accounts.by_secret("app", "secret", NOON)
    assert found is not None
    assert found.user_id == world.principal().user_id
    assert accounts.by_secret("app", "wrong", NOON) is None
    assert accounts.by_secret("app", "", NOON) is None
    assert accounts.application("app") is not None
    assert accounts.by_secret("nothing", "", NOON) is None
    assert accounts.application("nothing") is None


def test_tenants_by_host(world: World) -> None:
    world.add_tenant("beta", "crm.beta.test")
    found = {
        "acme.com": "acme",
        "ACME.com.": "acme",
        "acme.capsule.test": "acme",
        "crm.beta.test": "beta",
        "beta.anything": "beta",
        "localhost": None,
        "unknown.test": None,
        "": None,
    }
    for host, slug in found.items():
        tenant = world.core.accounts.tenant_by_host(host)
        assert (tenant.slug if tenant else None) == slug, host


def test_the_only_tenant_is_the_default(world: World) -> None:
    default = world.core.default_tenant()
    assert default is not None
    assert default.slug == "acme"
    world.add_tenant("other")
    assert world.core.default_tenant() is None


def test_limits_count_in_windows(world: World) -> None:
    allow = world.core.accounts.allow
    start = NOON // MINUTE * MINUTE
    assert allow("a", 2, MINUTE, start) == (True, 1, (start + MINUTE) // SECOND)
    assert allow("a", 2, MINUTE, start + 1)[:2] == (True, 0)
    assert allow("a", 2, MINUTE, start + 2)[:2] == (False, 0)
    assert allow("b", 2, MINUTE, start + 2)[:2] == (True, 1)
    assert allow("a", 2, MINUTE, start + MINUTE)[:2] == (True, 1)


def test_by_username_needs_no_proof_and_finds_only_active_users_of_the_tenant(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        accounts, ann = world.core.accounts, world.principal()
        found = accounts.by_username(ann.tenant_id, "ANN")
        assert found is not None
        assert (found.user_id, found.username, found.is_admin) == (ann.user_id, "ann", True)
        assert accounts.by_username(ann.tenant_id, "nobody") is None
        assert accounts.by_username(world.add_tenant("globex").id, "ann") is None
        world.write(lambda desk: desk.update(Update(User, ann.user_id, {"active": False})))
        assert accounts.by_username(ann.tenant_id, "ann") is None


def test_guesses_that_come_together_are_not_verified_all_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each verification takes 64 MiB; those who find no place are told so at once."""
    passwords = world.core.accounts._passwords
    guard, now, most = threading.Lock(), [0], [0]

    class Counting:
        def verify(self, *_: str) -> None:
            with guard:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.02)
            with guard:
                now[0] -= 1
            raise argon2.exceptions.VerifyMismatchError

    monkeypatch.setattr(passwords, "_hasher", Counting())

    def attempt(number: int) -> bool | str:
        try:
            return passwords.verify("hash", f"guess {number}", "ann")
        except Busy:
            return "busy"

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(attempt, range(16)))
    assert set(found) == {False, "busy"}
    assert found.count(False) >= 4
    assert most[0] == 1


def test_with_few_threads_checks_hold_fewer(world: World) -> None:
    accounts = world.core.accounts
    for threads, places in ((1, 1), (2, 1), (6, 3), (16, 4), (64, 4)):
        accounts.hold(threads)
        assert accounts._passwords._place._value == places
