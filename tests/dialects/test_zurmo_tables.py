"""The functions that show whole records, against the rows that they are generated from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.dialect import Call
from adapter.fields.expression import Expression, Told
from adapter.wire import WireRequest
from canonical.model import KINDS, STATES, VISIBILITIES, ContactPoint, Link
from canonical.model.spec import FieldSpec
from canonical.values import Ref, instant
from dialects.zurmo.fields.base import View
from dialects.zurmo.fields.modules import MODULES, Module
from dialects.zurmo.settings import NAME, profile_of

PROFILES = [profile_of({"profile": "seed"}), profile_of({"profile": "v3", "first_contact_state": "2"})]
DAY = instant(2014, 1, 20, 20, 42, 56)
# Around the vendor's limits: 24, 32, 64, 128, 255 and 65,535 characters.
TEXTS = ["", "Lead", 'a "b"/é\u2028\U0001f600'] + [
    "x" * n for n in (24, 25, 32, 33, 64, 65, 128, 129, 255, 256, 65_536)
]
CLOSED = {"state": STATES, "visibility": VISIBILITIES, "stage": ("lead", "contact")}
NEVER_NONE = {"created_at", "updated_at", "title", "state", "type", "visibility"}
MOMENT_NAMES = ["dueDateTime", "completedDateTime", "startDateTime", "endDateTime", "occurredOnDateTime", "closeDate"]
OUR_EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "zero": st.lists(st.sampled_from(MOMENT_NAMES)),
        "latest": st.just("2014-02-01 00:00:00"),
        "done": st.just("2014-02-02 00:00:00"),
        "completed": st.sampled_from(["0", "1", ""]),
        "status": st.sampled_from(["open:2:", "completed:1:", f"completed:1:{DAY}-", "open:x:"]),
        "description": st.sampled_from(TEXTS[:3]),
        "project": st.integers(1, 9),
        "logged": st.sampled_from(["0", "1"]),
        "twitterId": st.sampled_from(TEXTS[:3]),
        "isRootUser": st.just("1"),
        "secondaryEmail": st.just({"emailAddress": "a@example.com"}),
    },
)
EXTRAS = st.fixed_dictionaries({}, optional={NAME: OUR_EXTRAS, "capsule": st.just({"latest": "theirs"})})


def values_of(field: FieldSpec, types: tuple[str, ...]) -> st.SearchStrategy[Any]:
    if field.name == "type":
        return st.sampled_from(types)
    known = {
        "text": st.sampled_from(CLOSED.get(field.name, TEXTS)),
        "int": st.integers(1, 2**53),
        "flag": st.booleans(),
        "instant": st.sampled_from([0, DAY, DAY + 999_999, -1]),
        "date": st.sampled_from(["2014-01-20", "0001-01-01"]),
        "money": st.integers(-(10**12), 10**12),
        "extras": EXTRAS,
    }[field.type]
    return known if field.name in NEVER_NONE or field.type in ("flag", "extras") else st.none() | known


@st.composite
def records(draw: st.DrawFn, module: Module) -> Any:
    spec = KINDS[module.kind.KIND]
    types = ("task", "meeting", "note", "call") if spec.name == "activity" else ("person", "organisation")
    record = module.kind(**{field.name: draw(values_of(field, types)) for field in spec.fields})
    record.id = draw(st.integers(1, 2**53))
    for join in spec.joins:
        setattr(record, join.attribute, draw(st.sampled_from(["super", "d'été"])))
    if "points" in module.include:
        point = st.builds(
            ContactPoint,
            id=st.integers(1, 99),
            kind=st.sampled_from(["email", "phone", "website", "address"]),
            label=st.sampled_from(["", "mobile", "work", "fax", "billing"]),
            value=st.sampled_from(["a@example.com", "1" * 25]),
        )
        record.points = draw(st.lists(point, max_size=4))
    if "links" in module.include:
        target = Ref(draw(st.sampled_from(["opportunity", "party", "user"])), 3)
        record.links = [Link(1, Ref(spec.name, record.id), target, role=draw(st.sampled_from(["", "attendee"])))]
    return record


def seen() -> tuple[Call, View]:
    call = Call(WireRequest("GET", "/"), None, 0)  # type: ignore[arg-type]
    return call, View(PROFILES[0], losses=call.losses)


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES, ids=["seed", "v3"])
@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.path)
def test_whole_records_are_what_their_rows_say(module: Module, profile: Any) -> None:
    table = module.table(profile.v3)

    @settings(max_examples=60, deadline=None)
    @given(records(module))
    def check(record: Any) -> None:
        at_once, whole = seen()
        row_by_row, single = seen()
        whole.profile = single.profile = profile
        shown = table.show(record, whole)
        assert list(shown.items()) == [(row.name, row.show(record, single)) for row in table.fields]
        assert at_once.losses.counts() == row_by_row.losses.counts()

    check()


def test_most_of_a_task_is_shown_without_a_call() -> None:
    rows = MODULES[0].table(False).fields
    assert all(isinstance(row.show, Expression) and not isinstance(row.show, Told) for row in rows)


class Watched:
    """A record that tells which of its attributes were looked at."""

    def __init__(self, record: Any) -> None:
        self.record = record
        self.seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.seen.add(name)
        return getattr(self.record, name)


@pytest.mark.parametrize("profile", PROFILES, ids=["seed", "v3"])
@pytest.mark.parametrize("module", [module for module in MODULES if module.reads], ids=lambda module: module.path)
@settings(max_examples=200)
@given(data=st.data())
def test_showing_looks_at_no_more_than_is_read(profile: Any, module: Module, data: st.DataObject) -> None:
    watched = Watched(data.draw(records(module)))
    module.belongs(watched)
    module.table(profile.v3).show(watched, View(profile))
    assert watched.seen <= {"id", "KIND", *(module.reads or ())}
