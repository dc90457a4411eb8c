"""Two companies in one world, and a watch over what the database holds of each.

The records of ``acme`` hold words that nobody else may ever see; ``rival`` is where the caller belongs who tries.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import argon2

from canonical.model import Activity, Case, ContactPoint, CustomValue, Opportunity, Party
from canonical.operations import Create, NewLink
from canonical.service.desk import CoreDesk
from canonical.store.port import Unit
from canonical.values import MICROS, Ref, instant
from tests.support.world import World

HOME: Final = "acme"
RIVAL: Final = "rival"
VICTIM: Final = "vic"
CALLER: Final = "rob"
SECRETS: Final = (
    "wolfeschlegel",
    "quillwort",
    "zarzuela",
    "xylograph",
    "quinquereme",
    "yttrium",
    "bandersnatch",
    "kakapo",
    "jabberwock",
    "vuvuzela",
    "oxymeter",
    "ukulele",
)
"""Words of acme's records, each in a field of its own; the first is its user's surname."""

UNWATCHED: Final = ("alembic_version", "token")
"""Tables that a refused call may change: a session that a wrong token ends."""


@dataclass(frozen=True, slots=True)
class Stock:
    """The ids of one company's records."""

    ids: dict[str, int]
    """By what it is: ``person``, ``organisation``, ``opportunity``, ``case``, ``task``, ``note``, ``meeting``, …"""

    username: str
    tag: str

    def __getitem__(self, what: str) -> int:
        return self.ids[what]


def stock(world: World, username: str, words: tuple[str, ...]) -> Stock:
    """A record of each kind, with everything that hangs on one. `words` are twelve."""
    token = f"{username}-token"
    _, title, body, tag, custom, mail, street, phone, place, extra, first, company = words
    ids = {"user": world.principal(token).user_id}

    def work(desk: CoreDesk) -> None:
        points = (
            ContactPoint("email", f"{mail}@{mail}.test", "work"),
            ContactPoint("phone", phone, "mobile"),
            ContactPoint("address", label="office", street=street, city=street),
        )
        extras = {"zurmo": {"googleWebTrackingId": extra}}
        more = {"tags": (tag,), "custom": (CustomValue("Region", custom),), "extras": extras}
        firm = desk.create(Create(Party, {"type": "organisation", "name": company}, points=points, **more))  # type: ignore[arg-type]
        named = {"first_name": first, "last_name": title, "organisation_id": firm.id}
        person = desk.create(Create(Party, named, points=points, **more), ("points",))  # type: ignore[arg-type]
        deal = desk.create(
            Create(Opportunity, {"title": title, "body": body, "party_id": person.id, "amount": MICROS}, **more)  # type: ignore[arg-type]
        )
        case = desk.create(Create(Case, {"title": title, "body": body, "party_id": person.id}, **more))  # type: ignore[arg-type]
        about = tuple(NewLink(Ref(kind, id)) for kind, id in _targets(person.id, deal.id, case.id))
        ids.update(person=person.id, organisation=firm.id, opportunity=deal.id, case=case.id)
        ids["point"] = person.points[0].id
        for type_ in ("task", "note", "meeting"):
            values = {"type": type_, "title": title, "body": body, "location": place, "category": place}
            start = {"start_at": desk.now, "end_at": desk.now, "due_at": instant(2014, 7, 1)}
            ids[type_] = desk.create(Create(Activity, {**values, **start}, links=about, **more)).id  # type: ignore[arg-type]

    world.write(work, token)
    return Stock(ids, username, tag)


def _targets(person: int, deal: int, case: int) -> tuple[tuple[str, int], ...]:
    return (("party", person), ("opportunity", deal), ("case", case))


def plain_words() -> tuple[str, ...]:
    """Words that need not be kept from anybody."""
    return tuple(f"plain{at}" for at in range(12))


class Rivals:
    """The two companies. Ids of acme are below 1000 and those of its rival above, in every kind."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        _hurry(self.world)
        self.world.add_user(VICTIM, first_name="Vic", last_name=SECRETS[0], admin=True)
        self.home = stock(self.world, VICTIM, SECRETS)
        self.watch = Watch(folder / "world.db")
        for name in self.watch.counters():
            self.world.store.write(0, partial(_raise, name))
        self.world.add_tenant(RIVAL, "rival.com")
        self.world.add_user(CALLER, tenant=RIVAL, admin=True, first_name="Rob", last_name="Roy", email="rob@rival.com")
        self.own = self.restock()
        home = self.world.core.accounts.tenant_by_slug(HOME)
        assert home is not None
        self.home_id = home.id
        self.home_picture = self.watch.picture(home.id)
        """What acme's rows must be like as long as nobody of acme calls."""

    def restock(self) -> Stock:
        """New records for the rival, in place of those that were used up."""
        self.own = stock(self.world, CALLER, plain_words())
        return self.own

    def intact(self) -> bool:
        """Whether all records of the rival's stock are still there."""
        return self.watch.count(self.own.ids) == len(self.own.ids)

    def close(self) -> None:
        self.watch.close()
        self.world.core.close()


def _raise(counter: str, unit: Unit) -> None:
    unit.raise_value(counter, 1000)


def _hurry(world: World) -> None:
    """No waiting for the disk, and weak hashes: these tests write thousands of times and lose nothing by either."""
    passwords = world.core.accounts._passwords
    passwords._hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    verify = passwords.verify

    def quick_verify(stored: str | None, password: str, owner: str) -> bool:
        return stored is not None and verify(stored, password, owner)

    passwords.verify = quick_verify  # type: ignore[method-assign]
    backend = world.store.backend
    connect = backend.connect

    def quick() -> sqlite3.Connection:
        connection: sqlite3.Connection = connect()
        connection.execute("PRAGMA synchronous=OFF")
        return connection

    backend.connect = quick  # type: ignore[method-assign]


class Watch:
    """Tells whose rows have changed, by a connection of its own to the database file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        found = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        names = [row[0] for row in found if not row[0].startswith("sqlite_") and "_fts" not in row[0]]
        self._tables = [name for name in names if name not in UNWATCHED]
        self._owned = [name for name in self._tables if "tenant_id" in self._columns(name)]
        self._version = -1

    def _columns(self, table: str) -> list[str]:
        return [row[1] for row in self._connection.execute(f'PRAGMA table_info("{table}")')]

    def close(self) -> None:
        self._connection.close()

    def counters(self) -> list[str]:
        """The counters that all tenants share."""
        found = self._connection.execute("SELECT name FROM counter WHERE tenant_id = 0").fetchall()
        return [row[0] for row in found]

    def count(self, ids: dict[str, int]) -> int:
        """How many of these records there are."""
        found = 0
        for what, id in ids.items():
            sql = f'SELECT count(*) FROM "{WHERE[what]}" WHERE id = ?'  # noqa: S608
            found += self._connection.execute(sql, (id,)).fetchone()[0]
        return found

    def touched(self) -> bool:
        """Whether anybody has committed anything since last asked."""
        version, self._version = self._version, self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version != self._version

    def picture(self, tenant: int | None = None) -> str:
        """A digest of all rows, or of one tenant's."""
        digest = hashlib.blake2b()
        for table in self._tables if tenant is None else self._owned:
            where = "" if tenant is None else f" WHERE tenant_id = {tenant}"
            order = ", ".join(str(at + 1) for at in range(min(5, len(self._columns(table)))))
            for row in self._connection.execute(f'SELECT * FROM "{table}"{where} ORDER BY {order}'):  # noqa: S608
                digest.update(f"{table}{row!r}".encode())
        return digest.hexdigest()

    def signature(self) -> tuple[int, ...]:
        """How many rows each table has and how far the change log has come: differs after any write, and is cheap."""
        counts = [f'(SELECT count(*) FROM "{table}")' for table in self._tables]  # noqa: S608
        found: tuple[int, ...] = self._connection.execute(
            f"SELECT (SELECT max(id) FROM change), {', '.join(counts)}"  # noqa: S608
        ).fetchone()
        return found

    def strangers(self) -> list[str]:
        """Rows that name a record of another tenant: there must be none."""
        found = []
        for kind, table in RECORD_TABLES.items():
            for child, column, where in REFERENCES:
                if kind != column[1]:
                    continue
                sql = (
                    f'SELECT c.tenant_id, c."{column[0]}" FROM "{child}" c JOIN "{table}" t ON t.id = c."{column[0]}" '  # noqa: S608
                    f"WHERE t.tenant_id <> c.tenant_id {where}"
                )
                found += [f"{child}.{column[0]}: {row}" for row in self._connection.execute(sql)]
        return found


WHERE: Final = {
    **dict.fromkeys(("task", "note", "meeting"), "activity"),
    **dict.fromkeys(("person", "organisation"), "party"),
    "opportunity": "opportunity",
    "case": "case_file",
    "user": "app_user",
    "point": "contact_point",
}
RECORD_TABLES: Final = {
    "activity": "activity",
    "party": "party",
    "opportunity": "opportunity",
    "case": "case_file",
    "user": "app_user",
}
REFERENCES: Final = (
    *(("link", ("record_id", kind), f"AND c.record_kind = '{kind}'") for kind in RECORD_TABLES),
    *(("link", ("target_id", kind), f"AND c.target_kind = '{kind}'") for kind in RECORD_TABLES),
    *((table, ("owner_id", "user"), "") for table in ("activity", "party", "opportunity", "case_file")),
    *((table, ("party_id", "party"), "") for table in ("opportunity", "case_file", "contact_point")),
    ("party", ("organisation_id", "party"), ""),
    ("activity", ("parent_id", "activity"), ""),
    ("activity", ("requester_id", "user"), ""),
)
