"""What the contract of the client side counts by itself."""

from __future__ import annotations

from adapter.client import Capability, kind_name, kind_of, note_losses
from adapter.losses import Loss, LossReport
from canonical.model import Activity, ContactPoint, Party, User
from canonical.operations import Create


def test_activities_of_other_types_count_as_notes() -> None:
    assert [kind_of(Activity(type=type_)) for type_ in ("call", "letter", "pinned")] == ["call", "note", "note"]
    assert kind_name(Activity, {"type": "letter"}) == "note"
    assert kind_name(Activity, {}) == "task"
    assert (kind_of(Party(type="organisation")), kind_of(User())) == ("organisation", "user")


def test_points_of_kinds_that_a_row_does_not_say_are_lost() -> None:
    points = tuple(ContactPoint(kind, "x") for kind in ("email", "address", "website"))
    operation = Create(Party, {"type": "person"}, points=points)
    lost = []
    for row in (
        Capability("person", "create", frozenset({"points"})),
        Capability("person", "create", frozenset({"points"}), points=frozenset({"email", "phone"})),
        Capability("person", "create"),
    ):
        losses = LossReport()
        note_losses(row, operation, losses)
        lost.append(losses.counts().get(Loss("person", "points", "not_said"), 0))
    assert lost == [0, 2, 3]
