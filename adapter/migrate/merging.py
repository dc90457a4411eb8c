"""Making a record that is there say what another says. Only what differs is sent; what was there is kept for undo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapter.client import Capability, can, record_of
from adapter.migrate import compare
from adapter.migrate.ledger import Entry
from adapter.migrate.plan import Plan
from adapter.migrate.sides import Side
from adapter.migrate.telling import Refused, Told
from canonical.operations import AddLink, AddTag, Get, Update
from canonical.values import Ref


def stamp(values: Mapping[str, Any], row: Capability) -> dict[str, Any]:
    """Who changed the source's record last and when, for targets that say it: to migrate is not to change."""
    return {name: values[name] for name in ("updated_at", "modifier_id") if name in values and name in row.fields}


def _keep(expected: dict[str, Any], got: Mapping[str, Any]) -> None:
    """What a record that was there before says beyond what it is told is expected to stay."""
    for name, value in got.items():
        if name in compare.PARTS:
            expected[name] = [*expected.get(name, ()), *(each for each in value if each not in expected.get(name, ()))]
        elif expected.get(name) is None and value is not None:
            expected.pop(name, None)


class Merger:
    def __init__(self, target: Side, plan: Plan) -> None:
        self.target = target
        self.plan = plan

    def merge(self, entry: Entry, told: Told, before: Entry | None) -> bool:
        """Gives whether anything was sent. `before` is the entry of what was told last. Raises `Refused`.

        What the target's record says and the source does not stays.
        """
        kind = record_of(entry.kind)
        row = can(self.target.traits, entry.kind, "update")
        if row is None:
            return False
        id = int(entry.target_id)
        parts = tuple(name for name in compare.PARTS if name in kind.__dataclass_fields__)
        there = self.target.perform(Get(kind, id, parts))
        got = compare.heard(there, told.expected)
        changed = self._changed(entry, told, before, got, row)
        if before is None:
            _keep(entry.expected, got)
        sent = False
        values = {name: told.operation.values.get(name) for name in changed if name in row.fields}
        if before is None:
            values = {name: value for name, value in values.items() if value is not None}
        points = self._missing_points(told, there) if "points" in row.fields else ()
        custom = tuple(
            value for value in told.operation.custom if compare.custom_said(value) not in got.get("custom", [])
        )
        custom = custom if "custom" in row.fields else ()
        if values or points or custom:
            entry.prior = {**{name: self._prior(there, name) for name in values}, **entry.prior}
            type_ = told.operation.values.get("type")
            if type_ is not None:
                values["type"] = type_
            values.update(stamp(told.operation.values, row))
            self.target.perform(Update(kind, id, values, points=points, custom=custom))
            sent = True
        sent = self._tags(Ref(kind.KIND, id), told, got) or sent
        return self._links(Ref(kind.KIND, id), entry, told, got) or sent

    def _changed(
        self, entry: Entry, told: Told, before: Entry | None, got: dict[str, Any], row: Capability
    ) -> list[str]:
        """The fields to send: that differ, and were not changed on the target by somebody meanwhile."""
        excused = {name: count for name, _, count in entry.losses}
        fields = [name for name in got if name not in compare.PARTS and name != "type"]
        differ = [name for name, _, _ in compare.differing(told.expected, {n: got[n] for n in fields}, excused)]
        if before is None or before.state == "found":
            return differ
        out = []
        for name in differ:
            last = before.expected.get(name)
            both = last != told.expected[name] and got[name] != last
            only_there = last == told.expected[name]
            if only_there or (both and self.plan.changed_both == "target"):
                continue
            if both and self.plan.changed_both == "quarantine":
                raise Refused(f"{name}: both sides changed it")
            out.append(name)
        return out

    @staticmethod
    def _prior(there: Any, name: str) -> Any:
        return getattr(there, name, None)

    @staticmethod
    def _missing_points(told: Told, there: Any) -> tuple[Any, ...]:
        have = [compare.point_said(point)[2].casefold() or compare.point_said(point) for point in there.points]
        return tuple(
            point
            for point in told.operation.points
            if (compare.point_said(point)[2].casefold() or compare.point_said(point)) not in have
        )

    def _tags(self, ref: Ref, told: Told, got: dict[str, Any]) -> bool:
        have = {name.casefold() for name in got.get("tags", ())}
        missing = [name for name in told.operation.tags if name.casefold() not in have]
        for name in missing:
            self.target.perform(AddTag(ref, name))
        return bool(missing)

    def _links(self, ref: Ref, entry: Entry, told: Told, got: dict[str, Any]) -> bool:
        if can(self.target.traits, entry.kind, "link") is None:
            return False
        have = {(kind, id) for kind, id, _ in got.get("links", ())}
        missing = [link for link in told.operation.links if (link.target.kind, str(link.target.id)) not in have]
        for link in missing:
            self.target.perform(AddLink(ref, link))
        return bool(missing)
