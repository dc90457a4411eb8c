"""What operations do: defaults, transitions, partial updates, visibility, tenants, aliases, the change log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canonical.errors import Denied, Duplicate, Invalid, NotFound, UnknownReference
from canonical.model import (
    Activity,
    Case,
    ContactPoint,
    CustomField,
    CustomValue,
    Opportunity,
    Party,
    PicklistItem,
    Tag,
    User,
)
from canonical.operations import AddLink, AddTag, Create, Delete, DropLink, DropTag, Find, Get, NewLink, Update
from canonical.query import And, Has, Query, Window, contains, eq
from canonical.values import DAY, Ref, midnight
from tests.support.world import NOON, World, over_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: Any, tmp_path: Path) -> Iterator[World]:
    with over_postgres(tmp_path) if request.param == "postgresql" else World(tmp_path) as made:
        yield made


def make(world: World, kind: Any = Activity, token: str = "ann-token", **values: Any) -> Any:
    return world.write(lambda desk: desk.create(Create(kind, values)), token)


# -- creating ---------------------------------------------------------------------------------------


def test_a_new_record_belongs_to_its_maker(world: World) -> None:
    task = make(world, title="Call")
    ann = world.principal()
    assert (task.owner_id, task.creator_id, task.modifier_id) == (ann.user_id,) * 3
    assert (task.owner_username, task.owner_chosen, task.state) == ("ann", False, "open")
    assert task.created_at == task.updated_at == NOON
    assert make(world, title="Chosen", owner_id=ann.user_id).owner_chosen is True


def test_ids_and_sequence_numbers_count_up(world: World) -> None:
    world.add_tenant("other")
    world.add_user("bob", tenant="other")
    first, second = make(world), make(world)
    theirs = make(world, token="bob-token")
    assert [first.id, second.id, theirs.id] == [first.id, first.id + 1, first.id + 2]
    assert [first.sequence, second.sequence, theirs.sequence] == [1, 2, 1]


def test_a_refused_create_leaves_no_gap(world: World) -> None:
    make(world)
    with pytest.raises(UnknownReference):
        make(world, parent_id=999)
    with pytest.raises(UnknownReference):
        world.write(lambda desk: desk.create(Create(Activity, {}, links=(NewLink(Ref("party", 999)),))))
    assert make(world).sequence == 2


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"state": "done"}, ("state", "not_a_choice")),
        ({"visibility": "secret"}, ("visibility", "not_a_choice")),
        ({"title": 5}, ("title", "not_text")),
        ({"due_at": 10**30}, ("due_at", "out_of_range")),
        ({"due_at": "soon"}, ("due_at", "out_of_range")),
        ({"priority": 2**64}, ("priority", "out_of_range")),
        ({"owner_id": None}, ("owner_id", "required")),
        ({"due_date_only": 1}, ("due_date_only", "not_a_flag")),
    ],
)
def test_what_cannot_be_stored_is_refused(world: World, values: dict[str, Any], problem: tuple[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        make(world, **values)
    assert [(each.field, each.code) for each in caught.value.problems] == [problem]


def test_dates_must_exist(world: World) -> None:
    for text in ("2015-02-30", "20150101", "tomorrow", "2015-1-1"):
        with pytest.raises(Invalid):
            make(world, Opportunity, title="Deal", expected_close=text)
    assert make(world, Opportunity, title="Deal", expected_close="2015-02-28").expected_close == "2015-02-28"


def test_the_cores_own_fields_cannot_be_set(world: World) -> None:
    for name in ("id", "version", "sequence", "extras", "no_such_field"):
        with pytest.raises(KeyError):
            make(world, **{name: 1})


def test_text_that_no_database_keeps_is_cleaned(world: World) -> None:
    assert make(world, title="a\0b\ud800c").title == "ab?c"


def test_names_of_people_follow_their_parts(world: World) -> None:
    person = make(world, Party, first_name="Zoë", last_name="Lund")
    assert person.name == "Zoë Lund"
    renamed = world.write(lambda desk: desk.update(Update(Party, person.id, {"first_name": None})))
    assert renamed.name == "Lund"


def test_extras_with_nul_characters_do_not_break_a_search(world: World) -> None:
    made = world.write(
        lambda desk: desk.create(Create(Activity, {}, extras={"test": {"word": "a\0b", "path": "c:\\u0000"}}))
    )
    assert made.extras["test"] == {"word": "ab", "path": "c:\\u0000"}
    assert world.desk().count(Activity, eq("extras.test.word", "ab")) == 1


def test_texts_of_any_length_are_kept_and_found(world: World) -> None:
    noise = "".join(chr(97 + (n * n * 7919 + n // 7) % 26) for n in range(20_000))
    task = make(world, title=noise, body=noise)
    assert world.desk().get(Activity, task.id).title == noise
    for where in (eq("title", noise), eq("body", noise), contains("body", noise[9000:9100])):
        assert world.desk().count(Activity, where) == 1
    tagged = Ref("activity", task.id)
    for added in (True, False):
        assert world.write(lambda desk: desk.add_tag(tagged, noise))[1] is added
    with pytest.raises(Invalid):
        world.write(lambda desk: desk.add_link(tagged, NewLink(Ref("user", 1), noise)))
    with pytest.raises(Invalid):
        world.write(lambda desk: desk.update(Update(Activity, task.id, custom=(CustomValue(noise, "x"),))))


# -- updating ---------------------------------------------------------------------------------------


def test_an_update_touches_what_it_says_and_no_more(world: World) -> None:
    task = make(world, title="Call", body="text", due_at=NOON, category="Call")
    world.write(lambda desk: desk.update(Update(Activity, task.id, extras={"one": {"a": 1, "b": 2}})))
    world.now = NOON + DAY
    after = world.write(lambda desk: desk.update(Update(Activity, task.id, {"title": "Ring"}, {"one": {"a": None}})))
    assert (after.title, after.body, after.due_at, after.category) == ("Ring", "text", NOON, "Call")
    assert after.extras == {"one": {"b": 2}}
    assert (after.created_at, after.updated_at, after.version) == (NOON, NOON + DAY, 3)


@pytest.mark.parametrize(
    ("values", "due", "day"),
    [
        ({"due_at": NOON + DAY}, NOON + DAY, False),
        ({"due_at": midnight(NOON) + DAY}, midnight(NOON) + DAY, True),
        ({"due_at": midnight(NOON)}, midnight(NOON), True),
        ({"due_at": midnight(NOON), "due_date_only": False}, midnight(NOON), False),
        ({"due_at": None}, None, False),
        ({"title": "other"}, midnight(NOON), True),
    ],
)
def test_a_due_that_is_a_day_becomes_a_moment_when_it_is_given_a_time(
    world: World, values: dict[str, Any], due: int | None, day: bool
) -> None:
    """Dialects that know moments only say nothing of days."""
    task = make(world, due_at=midnight(NOON), due_date_only=True)
    after = world.write(lambda desk: desk.update(Update(Activity, task.id, values)))
    assert (after.due_at, after.due_date_only) == (due, day)


def test_an_update_that_changes_nothing_is_no_change(world: World) -> None:
    task = make(world, title="Call")
    world.now = NOON + DAY
    same = world.write(lambda desk: desk.update(Update(Activity, task.id, {"title": "Call"})))
    assert (same.version, same.updated_at) == (1, NOON)
    touched = world.write(lambda desk: desk.update(Update(Activity, task.id, touch=True)))
    assert (touched.version, touched.updated_at) == (2, NOON + DAY)


def test_completing_and_reopening(world: World) -> None:
    task = make(world, title="Call")

    def change(**values: Any) -> Any:
        return world.write(lambda desk: desk.update(Update(Activity, task.id, values)))

    assert change(state="completed").completed_at == NOON
    assert change(state="open").completed_at is None
    assert change(state="completed", completed_at=NOON - DAY).completed_at == NOON - DAY
    assert make(world, state="completed").completed_at == NOON


def test_closing_an_opportunity_and_a_case(world: World) -> None:
    deal = make(world, Opportunity, title="Deal")
    won = world.write(lambda desk: desk.update(Update(Opportunity, deal.id, {"state": "won"})))
    assert won.closed_on == "2014-06-01"
    case = make(world, Case, title="Till", state="closed")
    assert case.closed_on == "2014-06-01"
    assert world.write(lambda desk: desk.update(Update(Case, case.id, {"state": "open"}))).closed_on is None


def test_contact_points_are_replaced_by_id_added_and_dropped(world: World) -> None:
    points = (ContactPoint("email", "a@x.test"), ContactPoint("phone", "1"))
    person = world.write(lambda desk: desk.create(Create(Party, {"first_name": "A"}, points=points), ("points",)))
    email, phone = person.points
    change = Update(
        Party,
        person.id,
        points=(ContactPoint("email", "b@x.test", id=email.id), ContactPoint("website", "x.test")),
        drop_points=(phone.id,),
    )
    after = world.write(lambda desk: desk.update(change, ("points",)))
    assert [(point.kind, point.value) for point in after.points] == [("email", "b@x.test"), ("website", "x.test")]
    other = make(world, Party, first_name="B")
    with pytest.raises(NotFound):
        world.write(
            lambda desk: desk.update(Update(Party, other.id, points=(ContactPoint("email", "c", id=email.id),)))
        )


def test_custom_values_merge_by_group_and_name(world: World) -> None:
    given = (CustomValue("Region", "North"), CustomValue("Region", "South", "Sales"))
    task = world.write(lambda desk: desk.create(Create(Activity, {}, custom=given), ("custom",)))
    assert list(task.custom) == list(given)
    change = Update(Activity, task.id, custom=(CustomValue("Region", "West"),), drop_custom=(("Sales", "Region"),))
    assert list(world.write(lambda desk: desk.update(change, ("custom",))).custom) == [CustomValue("Region", "West")]


# -- links and tags -----------------------------------------------------------------------------------


def test_links_tell_what_a_party_is_and_who_sees_it(world: World) -> None:
    lead = make(world, Party, type="person", last_name="Lund", stage="lead", visibility="owner")
    firm = make(world, Party, type="organisation", name="Oak")
    deal = make(world, Opportunity, title="Deal")
    targets = [Ref("party", lead.id), Ref("party", firm.id), Ref("opportunity", deal.id)]
    made = world.write(lambda desk: desk.create(Create(Activity, {}, links=tuple(map(NewLink, targets)))))
    world.write(lambda desk: desk.create(Create(Activity, {}, tags=("x",))))
    both = world.desk().get(Activity, made.id, ("links", "tags", "custom")).links
    assert both == world.desk().get(Activity, made.id, ("links",)).links
    assert [(link.target_type, link.target_stage, link.target_visibility) for link in both] == [
        ("person", "lead", "owner"),
        ("organisation", "contact", "everyone"),
        (None, None, None),
    ]
    (found,) = world.desk().links_to(Ref("party", lead.id))
    assert (found.target_type, found.target_stage, found.target_visibility) == ("person", "lead", "owner")
    assert found.target_created_at == NOON


def test_links_are_once_per_role_and_ordered(world: World) -> None:
    person = make(world, Party, first_name="Zoë")
    task = make(world, title="Call")
    record, target = Ref("activity", task.id), Ref("party", person.id)
    for role in ("buyer", "", "buyer"):
        world.write(lambda desk, role=role: desk.add_link(record, NewLink(target, role)))
    links = world.desk().get(Activity, task.id, ("links",)).links
    assert [(link.role, link.target_name, link.target_type) for link in links] == [
        ("buyer", "Zoë", "person"),
        ("", "Zoë", "person"),
    ]
    assert [link.record.id for link in world.desk().links_to(target, "activity")] == [task.id, task.id]
    assert world.write(lambda desk: desk.drop_link(record, target, "buyer")) == 1
    assert world.write(lambda desk: desk.drop_link(record, target)) == 1
    assert world.write(lambda desk: desk.drop_link(record, target)) == 0


def test_tags_are_one_whatever_the_letter_case(world: World) -> None:
    task = Ref("activity", make(world).id)
    tag, added = world.write(lambda desk: desk.add_tag(task, "Key Account", "http://x.test"))
    again, added_again = world.write(lambda desk: desk.add_tag(task, "KEY ACCOUNT"))
    assert (tag.id, added, added_again) == (again.id, True, False)
    with pytest.raises(Duplicate):
        world.write(lambda desk: desk.save_tag(Tag(0, "key account")))
    renamed = world.write(lambda desk: desk.save_tag(Tag(tag.id, "Key", "http://y.test")))
    assert [each.name for each in world.desk().find_tags("ke")] == ["Key"]
    assert renamed.url == "http://y.test"
    assert world.write(lambda desk: desk.drop_tag(task, "key")) is True
    assert world.write(lambda desk: desk.drop_tag(task, "key")) is False
    world.write(lambda desk: desk.delete_tag(tag.id))
    assert world.desk().find_tags() == []


def test_every_operation_can_be_executed_by_its_type(world: World) -> None:
    person = make(world, Party, first_name="Zoë")
    made = world.write(lambda desk: desk.execute(Create(Activity, {"title": "x"})))
    ref = Ref("activity", made.id)
    results = world.write(
        lambda desk: [
            desk.execute(AddLink(ref, NewLink(Ref("party", person.id), "r"))).role,
            desk.execute(AddTag(ref, "t"))[1],
            desk.execute(Get(Activity, made.id)).title,
            desk.execute(Find(Activity, Query(eq("title", "x")), total=True)).total,
            desk.execute(Update(Activity, made.id, {"title": "y"})).title,
            desk.execute(DropTag(ref, "t")),
            desk.execute(DropLink(ref, Ref("party", person.id))),
            desk.execute(Delete(Activity, made.id)),
        ]
    )
    assert results == ["r", True, "x", 1, "y", True, 1, None]
    with pytest.raises(TypeError):
        world.desk().execute("not an operation")


# -- deleting -----------------------------------------------------------------------------------------


def test_deleting_a_person_keeps_activities_unless_it_cascades(world: World) -> None:
    def about(person: Any) -> tuple[Any, Any]:
        link = (NewLink(Ref("party", person.id)),)
        task = world.write(lambda desk: desk.create(Create(Activity, {}, links=link)))
        return task, make(world, Case, title="Till", party_id=person.id)

    person = make(world, Party, first_name="Zoë")
    task, case = about(person)
    world.write(lambda desk: desk.delete(Delete(Party, person.id)))
    assert world.desk().get(Activity, task.id, ("links",)).links == []
    assert world.desk().get(Case, case.id).party_id is None
    person = make(world, Party, first_name="Kai")
    task, case = about(person)
    world.write(lambda desk: desk.delete(Delete(Party, person.id, cascade=True)))
    assert world.desk().get_many(Activity, [task.id]) == {}
    assert world.desk().get_many(Case, [case.id]) == {}


def test_a_deleted_record_is_gone_from_searches(world: World) -> None:
    task = make(world, title="needle in hay")
    world.write(lambda desk: desk.delete(Delete(Activity, task.id)))
    assert world.desk().count(Activity) == 0
    with pytest.raises(NotFound):
        world.write(lambda desk: desk.delete(Delete(Activity, task.id)))


def test_the_change_log_tells_what_became_of_records(world: World) -> None:
    one, two = make(world, title="a"), make(world, title="b", type="note")
    world.write(lambda desk: desk.update(Update(Activity, one.id, {"title": "c"})), "ann-token")
    world.write(lambda desk: desk.delete(Delete(Activity, two.id)))
    entries, count = world.desk().changes("activity", ("create", "update", "delete"), 0)
    assert [(entry.action, entry.record.id) for entry in entries] == [("update", one.id), ("delete", two.id)]
    assert count == 2
    assert entries[0].fields == ("modifier_id", "title", "updated_at") or "title" in entries[0].fields
    assert world.desk().changes("activity", ("delete",), 0, types=("task",)) == ([], 0)
    assert world.desk().changes("activity", ("delete",), NOON + 1)[1] == 0


# -- who sees and writes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visibility", "owner", "admin", "other", "participant"),
    [
        ("everyone", True, True, True, True),
        ("confidential", True, True, True, True),
        ("owner", True, True, False, False),
        ("group", True, True, False, False),
        ("private", True, False, False, True),
    ],
)
def test_who_sees_a_record(
    world: World, visibility: str, owner: bool, admin: bool, other: bool, participant: bool
) -> None:
    bea = world.add_user("bea")
    world.add_user("cy")
    dee = world.add_user("dee")
    task = world.write(
        lambda desk: desk.create(
            Create(Activity, {"visibility": visibility}, links=(NewLink(Ref("user", dee.user_id), "attendee"),))
        ),
        "bea-token",
    )
    assert task.owner_id == bea.user_id
    tokens = {"bea-token": owner, "ann-token": admin, "cy-token": other, "dee-token": participant}
    for token, seen in tokens.items():
        desk = world.desk(token)
        assert [record.id for record in desk.find(Activity).items] == ([task.id] if seen else [])
        assert desk.count(Activity) == seen
        assert bool(desk.get_many(Activity, [task.id])) == seen
        if seen:
            assert desk.get(Activity, task.id).id == task.id
        else:
            # That a private record is there nobody else learns.
            refusal = NotFound if visibility == "private" else Denied
            with pytest.raises(refusal) as caught:
                desk.get(Activity, task.id)
            assert visibility == "private" or caught.value.scope == "record"
            with pytest.raises(refusal):
                world.write(lambda desk: desk.update(Update(Activity, task.id, {"title": "x"})), token)


def test_a_view_only_user_writes_nothing(world: World) -> None:
    world.add_user("viewer", view_only=True)
    task = Ref("activity", make(world, title="Call").id)
    attempts = [
        lambda desk: desk.create(Create(Activity, {})),
        lambda desk: desk.update(Update(Activity, task.id, {"title": "x"})),
        lambda desk: desk.delete(Delete(Activity, task.id)),
        lambda desk: desk.add_tag(task, "x"),
        lambda desk: desk.drop_tag(task, "x"),
        lambda desk: desk.add_link(task, NewLink(task)),
        lambda desk: desk.drop_link(task, task),
        lambda desk: desk.save_tag(Tag(0, "x")),
        lambda desk: desk.delete_tag(1),
        lambda desk: desk.save_custom_field(CustomField("activity", "x")),
        lambda desk: desk.delete_custom_field("activity", "x"),
        lambda desk: desk.save_picklist_item(PicklistItem("x", "y")),
        lambda desk: desk.delete_picklist_item(1),
        lambda desk: desk.set_alias("activity", "1", 1),
    ]
    for attempt in attempts:
        with pytest.raises(Denied):
            world.write(attempt, "viewer-token")
    assert world.desk("viewer-token").get(Activity, task.id).title == "Call"


def test_tenants_never_see_each_other(world: World) -> None:
    world.add_tenant("other")
    world.add_user("bob", tenant="other", admin=True)
    person = make(world, Party, first_name="Zoë")
    task = world.write(lambda desk: desk.create(Create(Activity, {"title": "Secret"}, tags=("t",))))
    theirs = world.desk("bob-token")
    with pytest.raises(NotFound):
        theirs.get(Activity, task.id)
    assert theirs.find(Activity, total=True).total == 0
    assert theirs.get_many(Activity, [task.id]) == {}
    assert theirs.find_tags() == []
    assert theirs.find(Activity, Query(Has("tags", eq("name", "t")))).items == []
    assert theirs.links_to(Ref("party", person.id)) == []
    assert theirs.changes("activity", ("create",), 0) == ([], 0)
    for values in ({"parent_id": task.id}, {"owner_id": world.principal().user_id}):
        with pytest.raises(UnknownReference):
            make(world, token="bob-token", **values)
    with pytest.raises(UnknownReference):
        world.write(
            lambda desk: desk.create(Create(Activity, {}, links=(NewLink(Ref("party", person.id)),))), "bob-token"
        )
    for operation in (Update(Activity, task.id, {"title": "x"}), Delete(Activity, task.id)):
        with pytest.raises(NotFound):
            world.write(lambda desk, op=operation: desk.execute(op), "bob-token")
    assert world.desk().get(Activity, task.id).title == "Secret"


@pytest.mark.parametrize("id", [0, -1, 2**63, 10**40])
def test_ids_that_cannot_be_are_not_found(world: World, id: int) -> None:
    with pytest.raises(NotFound):
        world.desk().get(Activity, id)
    assert world.desk().get_many(Activity, [id]) == {}
    assert world.desk().find(Activity, Query(eq("id", id))).items == []


# -- users, lookups, aliases ------------------------------------------------------------------------------


def test_every_user_has_a_contact_card(world: World) -> None:
    ann = world.desk().find(User).items[0]
    card = world.desk().get(Party, ann.person_id or 0)
    assert (card.name, card.user_id, card.owner_id) == ("Ann Lee", ann.id, ann.id)
    nameless = world.write(lambda desk: desk.create(Create(User, {"username": "kim"})))
    assert world.desk().get(Party, nameless.person_id or 0).name == "kim"


def test_usernames_are_unique_in_a_tenant(world: World) -> None:
    with pytest.raises(Duplicate):
        make(world, User, username="ANN")
    bea = make(world, User, username="bea")
    with pytest.raises(Duplicate):
        world.write(lambda desk: desk.update(Update(User, bea.id, {"username": "ann"})))
    world.add_tenant("other")
    world.add_user("ann", tenant="other", token="another-ann")


def test_picklists_and_custom_fields(world: World) -> None:
    for value in ("b", "a"):
        world.write(lambda desk, value=value: desk.save_picklist_item(PicklistItem("colour", value, data={"x": 1})))
    items = world.desk().picklist("colour")
    assert [(item.value, item.position, item.data) for item in items] == [("b", 1, {"x": 1}), ("a", 2, {"x": 1})]
    world.write(lambda desk: desk.delete_picklist_item(items[0].id))
    assert [item.value for item in world.desk().picklist("colour")] == ["a"]
    saved = world.write(
        lambda desk: desk.save_custom_field(CustomField("party", "region", "Region", options={"o": [1]}))
    )
    again = world.write(lambda desk: desk.save_custom_field(CustomField("party", "region", "Area", position=4)))
    assert saved.id == again.id
    assert [(field.label, field.position) for field in world.desk().custom_fields("party")] == [("Area", 4)]
    world.write(lambda desk: desk.delete_custom_field("party", "region"))
    with pytest.raises(NotFound):
        world.write(lambda desk: desk.delete_custom_field("party", "region"))


def test_aliases_replace_ids_everywhere_for_their_dialect(world: World) -> None:
    person = make(world, Party, first_name="Zoë")
    links = (NewLink(Ref("party", person.id)),)
    task = world.write(lambda desk: desk.create(Create(Activity, {"title": "Call"}, links=links)))
    world.write(lambda desk: desk.set_alias("party", "4711", person.id))
    world.write(lambda desk: desk.set_alias("activity", "99", task.id))
    aliased = world.core.reading(world.principal(), "test", NOON, aliased=True)
    assert aliased.get(Party, 4711).id == 4711
    assert aliased.get(Activity, 99, ("links",)).links[0].target == Ref("party", 4711)
    with pytest.raises(NotFound):
        aliased.get(Party, person.id)
    found = aliased.find(Activity, Query(Has("links", And((eq("target_kind", "party"), eq("target_id", 4711))))))
    assert [record.id for record in found.items] == [99]
    assert [record.id for record in aliased.find(Activity, Query(eq("id", 99))).items] == [99]
    made = world.core.write(
        world.principal(),
        "test",
        NOON,
        lambda desk: desk.create(
            Create(Activity, {"parent_id": 99}, links=(NewLink(Ref("party", 4711)),)), ("links",)
        ),
        aliased=True,
    )
    assert (made.parent_id, made.links[0].target.id) == (99, 4711)
    assert made.id > 99
    assert aliased.changes("activity", ("create",), 0)[0][0].record.id == 99
    assert world.desk(dialect="another").get(Party, person.id).id == person.id
    assert world.desk().foreign_id("party", person.id) == "4711"
    assert world.desk().local_id("party", "4711") == person.id
    with pytest.raises(Duplicate):
        world.write(lambda desk: desk.set_alias("party", "4711", task.id))
    assert world.core.accounts.tenant(world.principal().tenant_id).settings.get("test.aliases") in ("yes", None)


def test_lists_are_cut_and_counted(world: World) -> None:
    for at in range(5):
        make(world, title=f"task {at}")
    page = world.desk().find(Activity, Query(window=Window(3, 10)), total=True)
    assert ([record.title for record in page.items], page.total) == (["task 3", "task 4"], 5)
    assert world.desk().find(Activity, Query(window=Window(0, 0)), total=True).items == []
    make(world, title="one more")
    assert world.desk().find(Activity, Query(window=Window(0, 1)), total=True).total == 6
