"""Records are written in one go, by functions made from the field tables: the same bytes as field by field."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.fields.expression import Call
from canonical.model import KINDS, SEEN_BY_ALL, Activity, ContactPoint, CustomField, CustomValue, Link, Party, User
from canonical.model.module import FieldValue
from canonical.operations import Create, NewLink, Update
from canonical.service.core import CanonicalCore
from canonical.store.sql.store import SqlStore
from canonical.values import MICROS, Ref
from dialects.crust.fields import objects
from dialects.crust.fields.system.layout import Layout
from dialects.crust.fields.system.modules import custom_name, system_modules
from dialects.crust.fields.system.sight import Sight
from dialects.crust.fields.system.table import SystemModule
from dialects.crust.fields.system.writer import writer
from tests.support.crust import CrustClient
from tests.support.world import World

ODD = ("", "Call", 'a "b" \\ c', "<x>&y\u2028", "\t\b\f\n\x01\x7f", "Ž’s – €", "{r} %s {{'''", "back\\u003c")
TEXTS = st.sampled_from(ODD) | st.text(max_size=20)
LINKS = st.lists(
    st.builds(
        lambda kind, id, role, type_, stage, who: Link(
            0, Ref("activity", 1), Ref(kind, id), role, 0, 0, "x", type_, 0, who, stage
        ),
        st.sampled_from(("party", "party", "opportunity", "case", "user", "activity")),
        st.integers(1, 9),
        st.sampled_from(("", "buyer")),
        st.sampled_from(("person", "organisation", None)),
        st.sampled_from(("lead", "contact")),
        st.sampled_from((*sorted(SEEN_BY_ALL), "owner")),
    ),
    max_size=4,
)
POINTS = st.lists(
    st.builds(
        lambda kind, label, text: ContactPoint(kind, text, label, street=text, city=text or None),
        st.sampled_from(("email", "phone", "website", "address")),
        st.sampled_from((None, "work", "mobile", "home", "fax", "billing", "shipping", "mailing")),
        TEXTS,
    ),
    max_size=4,
)
CUSTOM = st.lists(
    st.builds(CustomValue, st.sampled_from(("Budget", "Size", "Free")), TEXTS, st.sampled_from(("", "g"))), max_size=3
)
EXTRAS = st.sampled_from(
    ({}, {"zurmo": {"a": 1}}, {"crust": {"values": {"odd": "<"}}}, {"crust": {"Status": "Odd", "Rating": "Hot"}})
)
DEFINED = ("Budget", "g.Size")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield made


def laid_out(system: SystemModule, shuffled: random.Random | None) -> Layout:
    """The module with two custom fields, which come last unless the order is shuffled."""
    names = [*system.by_name, *DEFINED]
    if shuffled is not None:
        shuffled.shuffle(names)
    fixed = tuple(name for name in names if name in system.by_name)
    last = frozenset(DEFINED) if shuffled is None else frozenset[str]()
    places = {name: at for at, name in enumerate(names)}
    return Layout(system, SimpleNamespace(id=1), places, writer(system, fixed), last)  # type: ignore[arg-type]


@pytest.mark.parametrize("system", system_modules(), ids=lambda system: system.name)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_all_at_once_is_the_same_as_field_by_field(system: SystemModule, data: st.DataObject) -> None:
    record = system.kind(id=7)
    for spec in KINDS[record.KIND].fields:
        if spec.type == "text" and spec.name not in ("type", "visibility", "state", "stage"):
            setattr(record, spec.name, data.draw(TEXTS))
    for name in ("due_at", "start_at", "end_at"):
        if hasattr(record, name):
            setattr(record, name, data.draw(st.sampled_from((None, 1_545_609_600 * MICROS, 1_545_609_661 * MICROS))))
    record.extras = data.draw(EXTRAS)
    for part, made in (("links", LINKS), ("points", POINTS), ("custom", CUSTOM)):
        if part in system.include:
            setattr(record, part, data.draw(made))
    if hasattr(record, "visibility"):
        record.visibility = data.draw(st.sampled_from(("everyone", "confidential")))
    if hasattr(record, "party_id"):
        record.party_id = data.draw(st.sampled_from((None, 4, 5)))
    seed = data.draw(st.none() | st.integers(0, 99))
    layout = laid_out(system, None if seed is None else random.Random(seed))
    parties = {4: Party(id=4, type="organisation"), 6: Party(id=6, type="person", stage="lead")}
    sight = Sight(layout, parties)
    texts = [FieldValue(name, text) for name, text in sight.texts(record).items() if text]
    assert sight.values(record) == orjson.dumps(objects.in_order(texts, layout.places))
    # Of the record no more is looked at than is read.
    parts = {part: getattr(record, part) for part in system.include}
    read = system.kind(id=7, **{name: getattr(record, name) for name in system.looked_at}, **parts)
    assert sight.values(read) == sight.values(record)
    customs = {custom_name(value): value.value for value in getattr(record, "custom", ())}
    shown = {field["name"]: field["value"] for field in orjson.loads(sight.values(record))}
    assert all(name in shown for name, text in customs.items() if text)
    assert "" not in shown.values()


@pytest.mark.parametrize("system", system_modules(), ids=lambda system: system.name)
def test_clean_texts_need_no_escaping(system: SystemModule) -> None:
    for field in system.fields:
        if field.clean and field.kind == "Select" and isinstance(field.show, Call):
            words = field.show.function.__self__.values()
            assert words, field.name
            assert all(orjson.dumps(word) == f'"{word}"'.encode() for word in words), field.name
    assert any(not field.clean for field in system.fields)


def test_links_to_parties_that_are_not_the_callers_are_not_shown(world: World) -> None:
    world.add_user("bob")
    ann, bob = CrustClient(world), CrustClient(world, "bob-token")
    task = ann.system("Task")
    hidden, firm = (
        world.write(lambda desk, who=who: desk.create(Create(Party, {"type": "organisation", "visibility": who})))
        for who in ("private", "everyone")
    )
    links = tuple(NewLink(Ref("party", party.id)) for party in (hidden, firm))
    id = str(world.write(lambda desk: desk.create(Create(Activity, {"title": "x"}, links))).id)
    for client, seen in ((ann, hidden), (bob, firm)):
        assert client.values(task, id)["AccountId"] == str(seen.id)
        assert client.names(f"{task}/content", "AccountId") == [str(seen.id)]
        # What was shown, written back, drops no link.
        form = client.get(f"{task}/content/{id}")["fields"]
        client.post(f"{task}/content/{id}", {"fields": form})
    assert ann.values(task, id)["AccountId"] == str(hidden.id)


def test_what_another_process_commits_shows_at_once(world: World) -> None:
    ann = CrustClient(world)
    task = ann.system("Task")
    module_id = int(task.rpartition("/")[2])
    id = ann.add(task, Subject="x")
    other = CanonicalCore(SqlStore(world.url))

    def commit(work: Any) -> None:
        other.write(world.principal(), "crust", world.time(), work)

    def shown() -> tuple[Any, ...]:
        one = ann.get(f"{task}/content/{id}")
        (listed,) = ann.get(f"{task}/content")["contents"]
        assert listed["user"] == one["user"]
        return one["user"]["username"], one["page"]["title"], [field["name"] for field in one["fields"]][-1]

    assert shown() == ("ann", "", "OwnerId")
    me = world.principal().user_id
    commit(lambda desk: desk.update(Update(User, me, {"username": "anna"})))
    assert shown() == ("anna", "", "OwnerId")
    page = ann.post("/page/", {"selfID": "0", "moduleID": str(module_id), "title": "One"})["pageID"]
    assert shown() == ("anna", "One", "OwnerId")
    ann.post(f"/page/{page}", {"selfID": "0", "moduleID": str(module_id), "title": "Two"})
    assert shown() == ("anna", "Two", "OwnerId")
    ann.call("DELETE", f"/page/{page}")
    commit(lambda desk: desk.save_custom_field(CustomField("activity", "Budget", "Budget")))
    world.write(lambda desk: desk.update(Update(Activity, int(id), {}, custom=(CustomValue("Budget", "9"),))))
    assert shown() == ("anna", "", "Budget")
    module = ann.get(task)
    ann.post(task, {"name": "Task", "fields": list(reversed(module["fields"]))})
    assert shown() == ("anna", "", "Subject")
    other.close()


def test_owners_are_known_by_the_ids_of_the_moment(world: World) -> None:
    ann = CrustClient(world)
    task = ann.system("Task")
    id = ann.add(task, Subject="x")
    me = world.principal().user_id
    assert ann.get(f"{task}/content/{id}")["userID"] == str(me)
    world.write(lambda desk: desk.set_alias("user", "4711", me), dialect="crust")
    world.core.accounts.forget_tenants()
    for _ in range(2):
        record = ann.get(f"{task}/content/{id}")
        assert (record["userID"], record["user"]["userID"]) == ("4711", "4711")
