"""Ids of records as the clients of a dialect have them, and ours behind them."""

from __future__ import annotations

import dataclasses
from typing import Any

from canonical.model import KINDS, Record, User
from canonical.query import Query, eq
from canonical.values import Ref
from dialects.opentaps.wire.ids import local_part, number_of, wire_id
from dialects.zurmo.client.ids import canonical_id
from dialects.zurmo.client.ids import number_of as zurmo_number
from tests.support.world import World


class Ids:
    """Of dialects that show our own."""

    def __init__(self, world: World) -> None:
        self.world = world

    def theirs(self, ref: Ref) -> int:
        return ref.id

    def ours(self, ref: Ref) -> int:
        return ref.id

    def heard(self, record: Any) -> Any:
        """A copy of a record that a client heard, with our ids in all of its references."""
        changes: dict[str, Any] = {"id": self.ours(Ref(record.KIND, record.id))}
        for spec in KINDS[record.KIND].fields:
            value = getattr(record, spec.name)
            if spec.ref is not None and value:
                changes[spec.name] = self.ours(Ref(spec.ref, value))
        if getattr(record, "links", ()):
            changes["links"] = [
                dataclasses.replace(link, target=Ref(link.target.kind, self.ours(link.target)))
                for link in record.links
            ]
        return dataclasses.replace(record, **changes)


class OpentapsIds(Ids):
    """96 bits, the moment of creation among them; a user is known by the contact card."""

    def theirs(self, ref: Ref) -> int:
        desk = self.world.desk()
        if ref.kind == "user":
            ref = Ref("party", desk.get(User, ref.id).person_id or 0)
        record: Record = desk.get(KINDS[ref.kind].record, ref.id)
        found = number_of(wire_id(record.id, record.created_at))
        assert found is not None
        return found

    def ours(self, ref: Ref) -> int:
        id = local_part(ref.id)
        if ref.kind != "user":
            return id
        return next((user.id for user in self.world.desk().find(User, Query(eq("person_id", id))).items), 0)


class ZurmoIds(Ids):
    """Numbers of each model for itself: an account's, a meeting's and a note's stand apart from the others'."""

    def theirs(self, ref: Ref) -> int:
        if ref.kind not in ("party", "activity"):
            return ref.id
        record: Any = self.world.desk().get(KINDS[ref.kind].record, ref.id)
        models = {"organisation": "Account", "person": "Contact", "task": "Task", "meeting": "Meeting"}
        return canonical_id(models.get(record.type, "Note"), ref.id)

    def ours(self, ref: Ref) -> int:
        return zurmo_number(ref.id)


IDS: dict[str, type[Ids]] = {"opentaps": OpentapsIds, "zurmo": ZurmoIds}
"""By dialect, where they are not ours."""


def ids_of(dialect: str, world: World) -> Ids:
    return IDS.get(dialect, Ids)(world)
