"""What hangs on records: links, tags and custom values in one statement, contact points in another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement

from canonical.model import ContactPoint, CustomValue, Link, Tag
from canonical.store.sql import tables
from canonical.store.sql.compile import TENANT, among, named_to_all
from canonical.store.sql.connected import Connected
from canonical.values import Ref

KIND: Final = sa.bindparam("record_kind", type_=sa.Text())
POINT_COLUMNS: Final = (
    *("kind", "value", "label", "id", "service", "street", "street2", "city", "region", "postcode", "country"),
    *("position", "party_id", "extras"),
)
Row = Sequence[Any]


_NUMBER, _TEXT = sa.BigInteger(), sa.Text()
_TYPES: Final[tuple[Any, ...]] = (*(_NUMBER,) * 3, *(_TEXT,) * 4, *(_NUMBER,) * 3, *(_TEXT,) * 2, _NUMBER)
WIDTH: Final = 1 + len(_TYPES)
"""The columns of every part of one statement: the part, the record, what it is ordered by, and the rest."""


def _columns(part: str, *own: Any) -> list[Any]:
    """The part's name and its own columns; a null of the right type where it has None, and where it has no more."""
    filled = zip((*own, *(None,) * (len(_TYPES) - len(own))), _TYPES, strict=True)
    nulls_too = [sa.cast(sa.null(), type_) if column is None else column for column, type_ in filled]
    return [sa.literal_column(f"'{part}'"), *nulls_too]


def _target_columns(link: sa.Table) -> tuple[Any, list[Any]]:
    """Where links come from; what their targets are called and, of parties, type, age, visibility, stage and the user
    whose contact card it is.

    A target that not everybody sees has no name here; the desk names it to those who see it.
    """
    party = tables.RECORDS["party"].alias("t_party")
    origin = link.outerjoin(party, sa.and_(_points_at(link, "party"), _is_target(link, party)))
    named: list[tuple[Any, Any]] = [(_points_at(link, "party"), named_to_all(party, party.c.name))]
    for kind, column in (("user", "username"), ("opportunity", "title"), ("case", "title"), ("activity", "title")):
        # Looked up only for links to that kind, which costs less than a join for each.
        other = tables.RECORDS[kind].alias(f"t_{kind}")
        name = sa.select(named_to_all(other, other.c[column])).where(_is_target(link, other)).scalar_subquery()
        named.append((_points_at(link, kind), name))
    told = (party.c.type, party.c.created_at, party.c.visibility, party.c.stage, party.c.user_id)
    return origin, [sa.case(*named), *told]


def _points_at(link: sa.Table, kind: str) -> Any:
    """Whether a link's target is of that kind."""
    return link.c.target_kind == sa.literal_column(f"'{kind}'")


def _is_target(link: sa.Table, other: Any) -> Any:
    """Whether a record of the right kind is a link's target."""
    return sa.and_(other.c.tenant_id == link.c.tenant_id, other.c.id == link.c.target_id)


def _links(chosen: Callable[[Any], Any]) -> sa.Select[Any]:
    link = tables.link
    origin, (name, type_, *more) = _target_columns(link)
    own = (link.c.record_id, link.c.position, link.c.id, link.c.target_kind, link.c.role, name, type_)
    return (
        sa.select(*_columns("links", *own, link.c.target_id, link.c.at, *more))
        .select_from(origin)
        .where(link.c.tenant_id == TENANT, link.c.record_kind == KIND, chosen(link.c.record_id))
    )


def _tags(chosen: Callable[[Any], Any]) -> sa.Select[Any]:
    rows, tag = tables.tagging, tables.tag
    origin = rows.join(tag, sa.and_(tag.c.tenant_id == rows.c.tenant_id, tag.c.id == rows.c.tag_id))
    own = (rows.c.record_id, rows.c.position, tag.c.id, tag.c.name, tag.c.url, tag.c.keywords, None, tag.c.parent_id)
    return (
        sa.select(*_columns("tags", *own))
        .select_from(origin)
        .where(rows.c.tenant_id == TENANT, rows.c.record_kind == KIND, chosen(rows.c.record_id))
    )


def _custom(chosen: Callable[[Any], Any]) -> sa.Select[Any]:
    rows = tables.custom_value
    own = (rows.c.record_id, rows.c.position, rows.c.id, rows.c.name, rows.c.value, rows.c.group, None)
    return sa.select(*_columns("custom", *own, rows.c.updated_at, rows.c.modifier_id)).where(
        rows.c.tenant_id == TENANT, rows.c.record_kind == KIND, chosen(rows.c.record_id)
    )


_PARTS: Final = {"links": _links, "tags": _tags, "custom": _custom}


def part_rows(part: str, chosen: Callable[[Any], Any]) -> sa.Select[Any]:
    """The rows of one part, of the records that `chosen` makes a condition for."""
    return _PARTS[part](chosen)


def _made_links(kind: str, rows: list[Row]) -> list[Link]:
    record = Ref(kind, rows[0][1])
    return [
        Link(r[3], record, Ref(r[4], r[8]), r[5], r[2], r[9], r[6], r[7], r[10], r[11], r[12], r[13] is not None)
        for r in rows
    ]


def _made_tags(kind: str, rows: list[Row]) -> list[Tag]:
    return [Tag(row[3], row[4], row[5], row[6], row[8]) for row in rows]


def _made_custom(kind: str, rows: list[Row]) -> list[CustomValue]:
    return [CustomValue(row[4], row[5], row[6], row[3], row[8], row[9]) for row in rows]


# From the rows of one record, of which there is at least one.
_MADE: Final[dict[str, Callable[[str, list[Row]], list[Any]]]] = {
    "links": _made_links,
    "tags": _made_tags,
    "custom": _made_custom,
}
_ORDER: Final = {"links": itemgetter(2, 3), "tags": itemgetter(2, 3), "custom": itemgetter(2, 4)}


def made_of(part: str, kind: str, rows: list[Any]) -> list[Any]:
    """What the rows of one part and one record are, in order."""
    if len(rows) > 1:
        rows.sort(key=_ORDER[part])
    return _MADE[part](kind, rows) if rows else rows


def _point(row: Row) -> ContactPoint:
    values = dict(zip(POINT_COLUMNS, row, strict=True))
    values["value"] = values["value"] or ""
    values["extras"] = orjson.loads(values["extras"]) if values["extras"] else {}
    return ContactPoint(**values)


class Attached(Connected):
    """The part of a unit that reads what hangs on records."""

    __slots__ = ()

    def attached(
        self, record_kind: str, ids: Iterable[int], parts: tuple[str, ...]
    ) -> dict[str, dict[int, list[Any]]]:
        wanted = list(dict.fromkeys(ids))
        out: dict[str, dict[int, list[Any]]] = {part: {id: [] for id in wanted} for part in parts}
        if not wanted:
            return out
        one = len(wanted) == 1

        def chosen(column: Any) -> Any:
            if one:
                return column == sa.bindparam("record_id", type_=sa.BigInteger())
            return among(self._backend, column, "record_id")

        def build() -> ClauseElement:
            first, *others = (part_rows(part, chosen) for part in parts)
            return first.union_all(*others) if others else first

        sql = self._statements.fixed(("attached", parts, one), build)
        params = {"tenant_id": self.tenant_id, "record_kind": record_kind}
        rows = self._run(sql, {**params, "record_id": wanted[0] if one else self._ids(wanted)}).fetchall()
        for row in rows:
            out[row[0]][row[1]].append(row)
        for part, by_record in out.items():
            for id, found in by_record.items():
                if found:
                    by_record[id] = made_of(part, record_kind, found)
        return out

    def links_of(self, record_kind: str, ids: Iterable[int]) -> dict[int, list[Link]]:
        return self.attached(record_kind, ids, ("links",))["links"]

    def links_to(self, target_kind: str, target_id: int, record_kind: str | None) -> list[Link]:
        link = tables.link

        def build() -> ClauseElement:
            origin, told = _target_columns(link)
            columns = (link.c.id, link.c.record_kind, link.c.record_id, link.c.role, link.c.position, link.c.at)
            where = [
                link.c.tenant_id == TENANT,
                link.c.target_kind == sa.bindparam("target_kind", type_=sa.Text()),
                link.c.target_id == sa.bindparam("target_id", type_=sa.BigInteger()),
            ]
            if record_kind is not None:
                where.append(link.c.record_kind == KIND)
            return sa.select(*columns, *told).select_from(origin).where(*where).order_by(link.c.id)

        params: dict[str, Any] = {"tenant_id": self.tenant_id, "target_kind": target_kind, "target_id": target_id}
        if record_kind is not None:
            params["record_kind"] = record_kind
        rows = self._run(self._statements.fixed(("links to", record_kind is None), build), params).fetchall()
        target = Ref(target_kind, target_id)
        return [Link(*(r[0], Ref(r[1], r[2]), target, *r[3:-1], r[-1] is not None)) for r in rows]

    def points_of(self, ids: Iterable[int]) -> dict[int, list[ContactPoint]]:
        out: dict[int, list[ContactPoint]] = {id: [] for id in ids}
        if not out:
            return out

        def build() -> ClauseElement:
            rows = tables.point
            chosen = rows.c.tenant_id == TENANT, among(self._backend, rows.c.party_id, "party_id")
            columns = [rows.c[name] for name in POINT_COLUMNS]
            return sa.select(*columns).where(*chosen).order_by(rows.c.party_id, rows.c.position, rows.c.id)

        params = {"tenant_id": self.tenant_id, "party_id": self._ids(list(out))}
        for row in self._run(self._statements.fixed("points", build), params).fetchall():
            point = _point(row)
            out[point.party_id].append(point)
        return out
