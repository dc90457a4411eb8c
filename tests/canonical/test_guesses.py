"""Wrong passwords and secrets are counted for addresses and accounts, and right ones go on where they may."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from canonical.errors import TooManyGuesses
from canonical.service import accounts as service_accounts
from canonical.service.guesses import FROM_ELSEWHERE, KNOWN_FOR, LIMIT, WINDOW, Guesses, Tally
from canonical.values import MINUTE, SECOND
from tests.support.world import NOON, QUICK_HASHER, World

HERE, THERE = "198.51.100.1", "203.0.113.9"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    decoy = QUICK_HASHER.hash("nobody's")
    monkeypatch.setattr(service_accounts, "_decoy", lambda: decoy)
    with World(tmp_path) as world:
        world.core.directory.add_application("app", "acme", "app-secret-1", "ann")
        world.core.directory.add_application("other", "acme", "app-secret-2", "ann")
        yield world


def close(world: World, address: str, username: str = "ann") -> None:
    """As many wrong passwords as an address may send."""
    for number in range(LIMIT):
        found = world.core.accounts.by_password(None, username, f"guess {number}", NOON, address=address)
        assert found is None


def sign_in(world: World, address: str, now: int = NOON, username: str = "ann") -> str:
    try:
        found = world.core.accounts.by_password(None, username, f"{username}-pw", now, address=address)
    except TooManyGuesses as error:
        return f"closed for {error.seconds}"
    return "in" if found is not None else "wrong"


def test_an_address_is_closed_after_so_many_wrong_passwords_and_opens_again(world: World) -> None:
    world.add_user("bob")
    close(world, HERE, "nobody")
    assert sign_in(world, HERE) == "closed for 300"
    # Each attempt starts the time anew.
    assert sign_in(world, HERE, NOON + 4 * MINUTE) == "closed for 300"
    assert sign_in(world, HERE, NOON + 8 * MINUTE) == "closed for 300"
    assert sign_in(world, THERE, NOON + 8 * MINUTE, "bob") == "in"
    assert sign_in(world, HERE, NOON + 8 * MINUTE + WINDOW) == "in"


def test_guesses_spread_over_time_close_nothing(world: World) -> None:
    for number in range(LIMIT - 1):
        world.core.accounts.by_password(None, "ann", f"guess {number}", NOON, address=HERE)
    for number in range(LIMIT - 1):
        world.core.accounts.by_password(None, "ann", f"guess {number}", NOON + WINDOW, address=HERE)
    assert sign_in(world, HERE, NOON + WINDOW) == "in"


def test_an_account_is_closed_whatever_addresses_guess_but_not_to_its_owner_elsewhere(world: World) -> None:
    world.add_user("bob")
    assert sign_in(world, "192.0.2.7", NOON) == "in"
    world.core.accounts._passwords._kept.clear()
    for number in range(LIMIT):
        address = f"203.0.113.{number // 10}"
        world.core.accounts.by_password(None, "ann", f"guess {number}", NOON, address=address)
    assert sign_in(world, "203.0.113.3") == "closed for 300"
    assert sign_in(world, "203.0.113.3", username="bob") == "in"
    # Where nobody guessed, and where the owner signed in before.
    assert sign_in(world, HERE) == "in"
    world.core.accounts._passwords._kept.clear()
    for number in range(FROM_ELSEWHERE + 5):
        world.core.accounts.by_password(None, "ann", f"guess {number}", NOON, address="192.0.2.7")
    assert sign_in(world, "192.0.2.7") == "in"


def test_where_an_account_signed_in_before_guesses_are_limited_too(world: World) -> None:
    assert sign_in(world, HERE) == "in"
    world.core.accounts._passwords._kept.clear()
    close(world, HERE)
    assert sign_in(world, HERE) == "closed for 300"


def test_a_right_password_of_the_short_cache_goes_on(world: World) -> None:
    assert sign_in(world, HERE) == "in"
    close(world, HERE)
    with pytest.raises(TooManyGuesses):
        world.core.accounts.by_password(None, "ann", "one more", NOON, address=HERE)
    assert sign_in(world, HERE) == "in"


def test_an_unknown_name_is_limited_as_a_known_one(world: World) -> None:
    for net, name in enumerate(("ann", "nobody")):
        for number in range(LIMIT):
            world.core.accounts.by_password(None, name, f"x{number}", NOON, address=f"192.{net}.2.{number}")
        there = f"203.{net}.113.9"
        for _ in range(FROM_ELSEWHERE):
            assert world.core.accounts.by_password(None, name, "x", NOON, address=there) is None
        with pytest.raises(TooManyGuesses):
            world.core.accounts.by_password(None, name, "x", NOON, address=there)


def test_passwords_and_secrets_are_counted_together(world: World) -> None:
    accounts = world.core.accounts
    for number in range(LIMIT // 2):
        assert accounts.by_secret("app", f"wrong {number}", NOON, address=HERE) is None
        assert accounts.by_password(None, "nobody", f"wrong {number}", NOON, address=HERE) is None
    assert sign_in(world, HERE) == "closed for 300"
    with pytest.raises(TooManyGuesses):
        accounts.by_secret("other", "wrong", NOON, address=HERE)
    # The right secret of another application goes on, from there too.
    assert accounts.by_secret("other", "app-secret-2", NOON, address=HERE) is not None


def test_a_closed_application_is_open_elsewhere(world: World) -> None:
    accounts = world.core.accounts
    for number in range(LIMIT):
        assert accounts.by_secret("app", f"wrong {number}", NOON, address=HERE) is None
    with pytest.raises(TooManyGuesses):
        accounts.by_secret("app", "app-secret-1", NOON, address=HERE)
    assert accounts.by_secret("app", "app-secret-1", NOON, address=THERE) is not None
    assert accounts.by_secret("app", "app-secret-1", NOON + WINDOW, address=HERE) is not None


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    guesses = Guesses()
    for number in range(LIMIT):
        guesses.wrong(f"user {number}", f"2001:db8::{number:x}", NOON)
    with pytest.raises(TooManyGuesses):
        guesses.check_password("user x", "2001:db8::ffff", NOON)
    guesses.check_password("user x", "2001:db8:0:1::1", NOON)


def test_the_memory_is_bounded_and_what_counts_most_stays() -> None:
    tally = Tally(64)
    for _ in range(50):
        tally.add("kept", NOON, NOON + WINDOW)
    for number in range(10_000):
        tally.add(f"name {number}", NOON, NOON + WINDOW)
    assert len(tally._memory) == 64 * 24
    assert tally.get("kept", NOON) == 50
    assert tally.get("kept", NOON + WINDOW) == 0


def test_a_clock_that_is_put_back_closes_nothing() -> None:
    tally = Tally(64)
    tally.add("name", NOON + 10 * KNOWN_FOR, NOON + 10 * KNOWN_FOR + WINDOW)
    assert tally.get("name", NOON) == 0


def test_processes_that_part_later_count_together() -> None:
    guesses = Guesses()
    child = os.fork()
    if child == 0:
        for _ in range(LIMIT):
            guesses.wrong("user 1", HERE, NOON)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    with pytest.raises(TooManyGuesses) as caught:
        guesses.check_password("user 2", HERE, NOON + SECOND)
    assert caught.value.seconds == WINDOW // SECOND
