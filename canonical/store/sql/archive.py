"""A whole tenant into a file and out of it, table by table: all rows but passwords, tokens and applications.

Ids are kept wherever nobody else has them. Where another tenant has one of the users' or activities', which are unique
over all tenants, all of that kind move up by one number, and every column that refers to them with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from canonical.accounts import checked_slug
from canonical.errors import Conflict, Duplicate, NotFound
from canonical.model import KINDS
from canonical.store.port import SYSTEM
from canonical.store.sql import copies, schema, tables
from canonical.store.sql.archive_file import PACKINGS, Reading, Refused, Row, Writing, refusing
from canonical.store.sql.rows import JSON_COLUMNS
from canonical.store.sql.store import SqlStore
from canonical.store.sql.unit import SqlUnit
from canonical.values import MAX_ID

PAGE: Final = 500
LEFT_OUT: Final = frozenset({"tenant", "tenant_host", "password", "token", "application"})
"""The first two are in the manifest; what lets somebody in does not leave the installation."""
TABLES: Final = {
    f"{name}.jsonl": table for name, table in sorted(tables.metadata.tables.items()) if name not in LEFT_OUT
}
COLUMNS: Final = {
    member: tuple(
        str(column.name)
        for column in table.c
        if column.name not in ("tenant_id", "extra_names")
        and not (column.name.endswith("_fold") and column.name.removesuffix("_fold") in table.c)
    )
    for member, table in TABLES.items()
}
"""What is written of each: not what is made anew of the other columns."""

UNIQUE: Final = ("user", "activity", "module_record")
"""Whose ids are unique over all tenants: the subjects of JWTs, the rows of SQLite's text indexes."""
HIGHEST: Final = 2**53
"""No id that is counted may lie beyond: the next one follows on it, in all tenants."""
TIMED: Final = ("module_record", "workflow", "job", "saved_chart")
_COUNTED: Final = {
    **{tables.TABLE_NAMES[kind]: "party" if kind == "employment" else kind for kind in KINDS},
    **{name: name for name in ("link", "contact_point", "tag", "custom_value", "custom_field", "picklist_item")},
    "change": "change",
    "state_change": "state_change",
}
"""The shared counter that the ids of a table come from."""
_REFERS: Final[dict[str, dict[str, str]]] = {
    **{
        tables.TABLE_NAMES[kind]: {
            "id": kind,
            **{spec.name: spec.ref for spec in described.fields if spec.ref is not None},
        }
        for kind, described in KINDS.items()
    },
    "custom_value": {"modifier_id": "user"},
    "change": {"user_id": "user"},
    "state_change": {"user_id": "user"},
    "workflow": {"creator_id": "user"},
    "job": {"creator_id": "user", "actor_id": "user"},
    "module_record": {"owner_id": "user", "creator_id": "user"},
}
"""Columns that hold ids, and of which kind."""
_PAIRS: Final = (("record_kind", "record_id"), ("target_kind", "target_id"))


@dataclass(frozen=True)
class Imported:
    """What came of it: how many rows of each table, by how much the ids of which kind moved, hosts of others'."""

    slug: str
    rows: dict[str, int]
    moved: dict[str, int]
    taken_hosts: tuple[str, ...]


# -- out ----------------------------------------------------------------------------------------------


def export(store: SqlStore, slug: str, file: Path) -> dict[str, int]:
    """Writes the tenant as it is at one moment to `file`, whole or not at all; how many rows of each table.

    Raises NotFound, Unavailable.
    """
    if store.backend.name == "sqlite":
        copies.refuse_own(Path(str(make_url(store.backend.url).database)), None, file)
    backend = store.backend
    counts: dict[str, int] = {}
    connection = backend.reader()
    with copies.telling(file), copies.part_of(file) as part:
        begin = "BEGIN" if backend.name == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        backend.execute(connection, begin, {})
        try:
            unit = store.reading(SYSTEM)
            found = unit.select("tenant", {"slug": slug})
            if not found:
                raise NotFound("tenant", slug)
            tenant = found[0]
            hosts = [row["host"] for row in unit.select("tenant_host", {"tenant_id": tenant["id"]})]
            told = {name: tenant[name] for name in ("slug", "settings", "created_at")} | {"hosts": sorted(hosts)}
            for packing in PACKINGS:
                with open(part, "wb") as out, Writing(out, packing) as writing:
                    for member in TABLES:
                        pages = _pages(store, connection, member, tenant["id"])
                        writing.member(member, _counting(pages, counts, member))
                    writing.tell({"schema": schema.newest(), "tenant": told})
                if not writing.is_tight():
                    break
        finally:
            backend.execute(connection, "ROLLBACK", {})
        copies.put(part, file)
    return counts


def _counting(pages: Iterator[list[Row]], counts: dict[str, int], member: str) -> Iterator[list[Row]]:
    counts[member.removesuffix(".jsonl")] = 0
    for page in pages:
        counts[member.removesuffix(".jsonl")] += len(page)
        yield page


def _pages(store: SqlStore, connection: Any, member: str, tenant_id: int) -> Iterator[list[Row]]:
    """A tenant's rows of a table in the order of its key, as many at a time as memory has room for."""
    table, names = TABLES[member], COLUMNS[member]
    keys = [column for column in table.primary_key if column.name != "tenant_id"]
    after: dict[str, Any] = {}
    params = {"tenant_id": tenant_id, "limit": PAGE, "offset": 0}
    while True:
        going_on = bool(after)

        def build(going_on: bool = going_on) -> sa.Select[Any]:
            where = [table.c.tenant_id == sa.bindparam("tenant_id", type_=sa.BigInteger())]
            if going_on:
                binds = [sa.bindparam(f"after_{key.name}", type_=key.type) for key in keys]
                where.append(sa.tuple_(*keys) > sa.tuple_(*binds) if len(keys) > 1 else keys[0] > binds[0])
            limit, offset = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("limit", "offset"))
            rows = sa.select(*(table.c[name] for name in names)).where(*where).order_by(*keys)
            return rows.limit(limit).offset(offset)

        sql = store.statements.fixed(("archive", member, going_on), build)
        rows = store.backend.execute(connection, sql, params | after).fetchall()
        page = [dict(zip(names, row, strict=True)) for row in rows]
        if page:
            after = {f"after_{key.name}": page[-1][key.name] for key in keys}
            yield [_as_written(table.name, row) for row in page]
        if len(page) < PAGE:
            return


def _as_written(table: str, row: Row) -> Row:
    from_json = {name: _json_of(row[name]) for name in JSON_COLUMNS & row.keys()}
    if table == "job_agenda":
        # No worker of this installation is known in another.
        row["holder"] = None
    return row | from_json


def _json_of(text: str | None) -> str | None:
    """JSON text in the one form without spaces; left a text, because that may be as deep as a whole line may be."""
    value = orjson.loads(text) if text else None
    return orjson.dumps(value).decode() if value else None


# -- in -----------------------------------------------------------------------------------------------


class _Seen:
    """What the first reading of an archive found: that all its rows can be stored, and which ids they have."""

    def __init__(self) -> None:
        self.lowest: dict[str, int] = {}
        self.highest: dict[str, int] = {}
        """By counter; of `UNIQUE` and of what else is counted."""
        self.foreign: dict[str, int] = {}
        """By kind, the highest number that an alias gives to a record."""
        self.timed = 0

    def note(self, table: str, row: Row) -> None:
        counter = _COUNTED.get(table)
        if table in TIMED:
            if not 0 < row["id"] < 2**62:
                raise Refused(f"an id of {table} is out of range")
            self.timed = max(self.timed, row["id"] >> 16)
            counter = table
        elif table == "alias":
            foreign = row["foreign_id"]
            if foreign.isascii() and foreign.isdigit() and len(foreign) < 16:
                self.foreign[row["kind"]] = max(self.foreign.get(row["kind"], 0), int(foreign))
        elif counter is not None and row["id"] is not None and not 0 < row["id"] < HIGHEST:
            raise Refused(f"an id of {table} is out of range")
        if counter is not None and row["id"] is not None:
            self.lowest[counter] = min(self.lowest.get(counter, MAX_ID), row["id"])
            self.highest[counter] = max(self.highest.get(counter, 0), row["id"])


def load(store: SqlStore, file: Path, slug: str | None = None) -> Imported:
    """Adds the tenant that `file` holds, under another `slug` where one is given; all of it or nothing.

    Raises Refused for a file that is no whole archive of ours, Duplicate when the slug is taken, Invalid, Unavailable.
    """
    with refusing(file), open(file, "rb") as opened:
        archive = Reading(opened, TABLES, schema.newest())
        tenant = _checked_tenant(archive.manifest.get("tenant"))
        name = checked_slug(slug if slug is not None else tenant["slug"])
        if store.reading(SYSTEM).select("tenant", {"slug": name}):
            raise Duplicate("tenant", name)
        seen = _Seen()
        for member, table in TABLES.items():
            for row in _checked(archive, member):
                seen.note(table.name, row)

        def work(system: SqlUnit) -> Imported:
            try:
                return _added(store, system, archive, seen, {**tenant, "slug": name})
            except Conflict as error:
                # Another attempt would fail in the same way, and take as long.
                raise Refused("a row is in it twice, or another writer was first") from error

        return store.write(SYSTEM, work)


def _added(store: SqlStore, system: SqlUnit, archive: Reading, seen: _Seen, tenant: Mapping[str, Any]) -> Imported:
    if system.select("tenant", {"slug": tenant["slug"]}):
        raise Duplicate("tenant", tenant["slug"])
    moved = _moves(system, archive, seen)
    id = system.next_value("tenant", shared=True)
    system.insert(
        "tenant",
        {"id": id, **{name: tenant[name] for name in ("slug", "settings")}, "created_at": tenant["created_at"]},
    )
    taken = tuple(host for host in tenant["hosts"] if system.select("tenant_host", {"host": host}))
    for host in tenant["hosts"]:
        if host not in taken:
            system.insert("tenant_host", {"host": host, "tenant_id": id})
    own = store._writing(system._connection, id)
    for member, table in TABLES.items():
        rows = _checked(archive, member)
        while page := list(islice(rows, PAGE)):
            own.insert_many(table.name, [_moved(table.name, row, moved) for row in page] if moved else page)
    for counter in set(_COUNTED.values()):
        highest = seen.highest.get(counter, 0) + moved.get(counter, 0)
        if highest := max(highest, seen.foreign.get(counter, 0)):
            system.raise_value(counter, highest)
    if seen.timed:
        system.raise_value("timed id", seen.timed)
    counts = {member.removesuffix(".jsonl"): archive.count(member) for member in TABLES}
    return Imported(tenant["slug"], counts, moved, taken)


def _checked_tenant(told: Any) -> Row:
    """What the manifest says of the tenant itself."""
    if (
        not isinstance(told, dict)
        or not isinstance(told.get("slug"), str)
        or not (told.get("settings") is None or _is_texts(told["settings"]))
        or not _is_number(told.get("created_at"))
        or not isinstance(told.get("hosts"), list)
        or not all(isinstance(host, str) and 0 < len(host) < 256 and "\0" not in host for host in told["hosts"])
        or len(set(told["hosts"])) != len(told["hosts"])
    ):
        raise Refused("its manifest does not tell of its tenant")
    return told


def _is_texts(settings: Any) -> bool:
    return isinstance(settings, dict) and all(isinstance(value, str) for value in settings.values())


def _is_json(text: str, column: str) -> bool:
    """Whether it can be written again as it is read; extras are by namespace."""
    try:
        value = orjson.loads(text)
        orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False
    return isinstance(value, dict) or (isinstance(value, list) and column != "extras")


def _is_number(value: Any) -> bool:
    return type(value) is int and -MAX_ID - 1 <= value <= MAX_ID


def _checked(archive: Reading, member: str) -> Iterator[Row]:
    """A member's rows, each with just the columns of its table and in each what that can hold. Raises Refused."""
    table = TABLES[member]
    checks = {name: _check_of(table.c[name]) for name in COLUMNS[member]}
    in_json = JSON_COLUMNS.intersection(checks)
    for at, row in enumerate(archive.rows(member), 1):
        if row.keys() != checks.keys():
            raise Refused(f"line {at} of {member} has other columns than its table")
        for name, is_good in checks.items():
            if not is_good(row[name]):
                raise Refused(f"line {at} of {member} has a {name} that cannot be stored")
        for name in in_json:
            row[name] = orjson.loads(row[name]) if row[name] is not None else {}
        yield row


def _check_of(column: sa.Column[Any]) -> Callable[[Any], bool]:
    may_miss = bool(column.nullable)
    if column.name in JSON_COLUMNS:
        return lambda value: value is None or (isinstance(value, str) and _is_json(value, column.name))
    if isinstance(column.type, sa.SmallInteger):
        return lambda value: type(value) is int and value in (0, 1)
    if isinstance(column.type, sa.Integer):
        return lambda value: (value is None and may_miss) or _is_number(value)
    if isinstance(column.type, sa.Float):
        return lambda value: (value is None and may_miss) or type(value) in (int, float)
    return lambda value: (value is None and may_miss) or (isinstance(value, str) and "\0" not in value)


# -- ids that another tenant has ------------------------------------------------------------------------


def _moves(system: SqlUnit, archive: Reading, seen: _Seen) -> dict[str, int]:
    """By how much the ids of which kind must move. Raises Refused for records of modules, whose ids stand in texts."""
    moved: dict[str, int] = {}
    for kind in UNIQUE:
        table = tables.TABLE_NAMES.get(kind, kind)
        if kind not in seen.lowest or not _any_taken(system, archive, table, seen.lowest[kind], seen.highest[kind]):
            continue
        if kind in TIMED:
            raise Refused("ids of its modules' records are taken here: is it here already?")
        first = max(system.next_value(kind, shared=True), seen.foreign.get(kind, 0)) + 1
        moved[kind] = first - seen.lowest[kind]
        if seen.highest[kind] + moved[kind] >= HIGHEST:
            raise Refused(f"there is no room for its {kind} ids")
    return moved


def _any_taken(system: SqlUnit, archive: Reading, table: str, lowest: int, highest: int) -> bool:
    """Whether any tenant has a row with one of the archive's ids."""
    ids = tables.metadata.tables[table].c.id
    tenants = tables.metadata.tables[table].c.tenant_id
    one, low, high = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("one", "low", "high"))
    within = system._statements.fixed(
        ("archive within", table), lambda: sa.select(sa.func.min(ids)).where(tenants == one, ids >= low, ids <= high)
    )
    near = []
    for row in system.select("tenant", {}, ("id",)):
        found: Any = system._run(within, {"one": row["id"], "low": lowest, "high": highest}).fetchone()
        if found[0] is not None:
            near.append(row["id"])
    if not near:
        return False
    rows = _checked(archive, f"{table}.jsonl")
    while page := [row["id"] for row in islice(rows, PAGE)]:
        if any(system.select(table, {"tenant_id": tenant, "id": tuple(page)}) for tenant in near):
            return True
    return False


def _moved(table: str, row: Row, moved: Mapping[str, int]) -> Row:
    """The row with the ids that its references have from now on."""
    for name, kind in _REFERS.get(table, {}).items():
        if kind in moved and row[name] is not None:
            row[name] += moved[kind]
    for kind_name, id_name in _PAIRS:
        if id_name in row and row.get(kind_name) in moved:
            row[id_name] += moved[row[kind_name]]
    if table == "alias" and row["kind"] in moved:
        row["local_id"] += moved[row["kind"]]
    if table == "change" and row["audience"] and "user" in moved:
        words = (str(int(word) + moved["user"]) if word.isdigit() else word for word in row["audience"].split(","))
        row["audience"] = ",".join(words)
    return row
