"""Wrong passwords and secrets, counted for each address and each account, whatever dialect they came by.

After `LIMIT` wrong ones within `WINDOW` an address, or an account, is closed for that long; each attempt meanwhile
starts the time anew (affinitylive dossier, section 1). So that nobody closes another's account for him, an account
that is closed still takes a few attempts from an address that has made none, and where it signed in within a day it
takes as many as ever.
"""

from __future__ import annotations

import hashlib
import ipaddress
import mmap
import secrets
import struct
import threading
from typing import Final

from canonical.errors import TooManyGuesses
from canonical.values import MINUTE, SECOND, Instant

LIMIT: Final = 100
WINDOW: Final = 5 * MINUTE
FROM_ELSEWHERE: Final = 3
KNOWN_FOR: Final = 24 * 60 * MINUTE

SLOTS: Final = 1 << 16
_SLOT: Final = struct.Struct("<QQQ")
_STEPS: Final = 8
"""Slots that one name may lie in."""


class Tally:
    """Counts by name, each until an instant, in a fixed piece of memory that processes forked later share.

    When there is no room the smallest count near it is forgotten. Two processes that count at the very same moment
    may lose one: nobody waits for a lock that a killed process holds.
    """

    def __init__(self, slots: int = SLOTS) -> None:
        self._slots = slots
        self._memory = mmap.mmap(-1, slots * _SLOT.size)
        self._key = secrets.token_bytes(32)
        self._guard = threading.Lock()

    def get(self, name: str, now: Instant) -> int:
        """The count; 0 when its time is up."""
        with self._guard:
            return self._find(self._hash(name), now)[1]

    def add(self, name: str, now: Instant, until: Instant, *, renew: bool = False) -> None:
        """One more; a count that begins, or that is to `renew`, lasts until then."""
        wanted = self._hash(name)
        with self._guard:
            at, count, ends = self._find(wanted, now)
            _SLOT.pack_into(self._memory, at, wanted, until if renew or not count else ends, count + 1)

    def forget(self) -> None:
        """All counts."""
        with self._guard:
            self._memory[:] = bytes(len(self._memory))

    def _hash(self, name: str) -> int:
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "little") or 1

    def _find(self, wanted: int, now: Instant) -> tuple[int, int, Instant]:
        """Where the name's slot is or would be, its count and its end."""
        free, least = -1, (1 << 64, 0)
        for step in range(_STEPS):
            at = (wanted + step) % self._slots * _SLOT.size
            found, ends, count = _SLOT.unpack_from(self._memory, at)
            # A clock that was put back must not close anything for years.
            good = count and now < ends <= now + KNOWN_FOR
            if good and found == wanted:
                return at, count, ends
            weight = (count, ends) if good else (0, 0)
            if weight < least:
                free, least = at, weight
        return free, 0, 0


class Guesses:
    """Who may try a password or a secret, and how it went. Of IPv6 addresses the network of 64 bits counts."""

    def __init__(self, tally: Tally | None = None) -> None:
        self._tally = tally or Tally()

    def forget(self) -> None:
        """All that was counted."""
        self._tally.forget()

    def check_password(self, account: str, address: str, now: Instant) -> None:
        """Raises TooManyGuesses where a password is not even to be looked at."""
        self._check(account, _network(address), now, by_address=True)

    def check_secret(self, account: str, address: str, now: Instant) -> None:
        """Raises TooManyGuesses. One address may hold many applications: a right secret of another one goes on."""
        self._check(account, _network(address), now, by_address=False)

    def _check(self, account: str, network: str, now: Instant, *, by_address: bool) -> None:
        tally = self._tally
        if tally.get(f"known {account} {network}", now):
            closed = [f"both {account} {network}"]
        else:
            closed = [f"address {network}"] if by_address else []
            if tally.get(f"address {network}", now) >= FROM_ELSEWHERE:
                closed.append(f"account {account}")
        closed = [name for name in closed if tally.get(name, now) >= LIMIT]
        for name in closed:
            tally.add(name, now, now + WINDOW, renew=True)
        if closed:
            raise TooManyGuesses(WINDOW // SECOND)

    def wrong(self, account: str, address: str, now: Instant) -> None:
        network = _network(address)
        for name in (f"account {account}", f"both {account} {network}"):
            self._tally.add(name, now, now + WINDOW)
        self.strike(address, now)

    def strike(self, address: str, now: Instant) -> None:
        """Counts what was wrong and names no account. Raises TooManyGuesses when the address had too many already."""
        name = f"address {_network(address)}"
        closed = self._tally.get(name, now) >= LIMIT
        self._tally.add(name, now, now + WINDOW, renew=closed)
        if closed:
            raise TooManyGuesses(WINDOW // SECOND)

    def right(self, account: str, address: str, now: Instant) -> None:
        self._tally.add(f"known {account} {_network(address)}", now, now + KNOWN_FOR, renew=True)


def _network(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address
