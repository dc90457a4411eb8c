"""Crust's client side at work on our own server: as a gateway with system modules, and as a live one with none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapter.client import Credentials, Session
from adapter.driver import Driver
from adapter.losses import Loss, LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import Denied, NotFound, Unauthenticated, UnknownReference, Unsupported
from canonical.model import Activity, Case, ContactPoint, CustomField, CustomValue, Opportunity, Party, User
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, SavedChart
from canonical.model.page import LayoutPage
from canonical.operations import (
    AddLink,
    AddTag,
    Create,
    Delete,
    DropLink,
    DropTag,
    Find,
    FindCustomFields,
    FindDeletions,
    FindTags,
    Get,
    NewLink,
    SaveCustomField,
    Update,
)
from canonical.query import And, Compare, Op, Query, Sort, Window, all_of, eq, starts_with
from canonical.values import SECOND, Ref, instant
from dialects.crust import DIALECT
from dialects.crust.client.operations import FindRecords, FindTree, Reorder
from dialects.crust.fields.system.modules import system_modules
from dialects.crust.perform.system import matching
from tests.support.world import World

AT = instant(2018, 12, 24, 9, 30)
ANN = Credentials(username="ann", password="ann-pw")
EVERY = ("links", "points", "tags", "custom")


class Listening:
    """An endpoint that remembers what was asked of it."""

    def __init__(self, world: World) -> None:
        self.endpoint = world.endpoint("crust")
        self.sent: list[str] = []

    def send(self, request: WireRequest) -> WireResponse:
        self.sent.append(f"{request.method} {request.target}")
        return self.endpoint.send(request)


class Client(Driver):
    """A driver that shows what it sent since it was last asked."""

    def __init__(self, world: World, names: Mapping[str, str] | None = None, credentials: Credentials = ANN) -> None:
        self.listening = Listening(world)
        session = Session("http://localhost", credentials, names=names or {})
        super().__init__(DIALECT, self.listening, session)

    def sent(self) -> list[str]:
        sent, self.listening.sent = self.listening.sent, []
        return sent

    def lost(self) -> dict[Loss, int]:
        losses, self.losses = self.losses, LossReport()
        return losses.counts()

    def all(self, kind: str, **how: Any) -> list[Any]:
        return [record for batch in self.pull(kind, **how) for record in batch.records]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as world:
        yield world


@pytest.fixture
def client(world: World) -> Client:
    client = Client(world)
    client.sign_in()
    client.sent()
    return client


def stored(world: World, kind: Any, id: int) -> Any:
    include = tuple(part for part in EVERY if hasattr(kind(), part))
    return world.desk().get(kind, id, include)


# -- records ----------------------------------------------------------------------------------------


def test_what_crust_cannot_say_is_told_part_by_part(world: World, client: Client) -> None:
    values = {
        "type": "person",
        "first_name": "Ada",
        "last_name": "Byron",
        "department": "Works",
        "company": "Fjord AS",
        "visibility": "owner",
    }
    points = (
        ContactPoint("email", "a@b.example", "work"),
        ContactPoint("email", "b@b.example", "home"),
        ContactPoint("phone", "+1", "mobile"),
        ContactPoint("phone", "+2", "fax"),
        ContactPoint("address", label="office", city="Leeds"),
    )
    custom = (CustomValue("Size", "5"), CustomValue("Height", "6", "G"))
    extras = {"capsule": {"a": 1, "b": 2}, "crust": {"Birthdate": "1815-12-10", "colour": "red"}}
    made = client.perform(Create(Party, values, (), points, ("hot",), custom, extras))
    assert client.lost() == {
        Loss("person", "department", "not_said"): 1,
        Loss("person", "company", "not_said"): 1,
        Loss("person", "visibility", "not_said"): 1,
        Loss("person", "points", "not_said"): 2,
        Loss("person", "points", "label_not_said"): 1,
        Loss("person", "tags", "not_said"): 1,
        Loss("person", "custom", "not_said"): 2,
        Loss("person", "extras.capsule", "not_said"): 2,
        Loss("person", "extras.crust", "not_said"): 1,
    }
    there = stored(world, Party, made.id)
    assert [(p.kind, p.value, p.label, p.city) for p in there.points] == [
        ("email", "a@b.example", "work", None),
        ("phone", "+1", "mobile", None),
        ("address", "", "mailing", "Leeds"),
    ]
    heard = client.perform(Get(Party, made.id))
    assert heard.extras["crust"]["Birthdate"] == "1815-12-10"
    assert heard.name == "Ada Byron"


def test_leads_are_people_in_another_module(world: World, client: Client) -> None:
    values = {"type": "person", "stage": "lead", "first_name": "Lea", "last_name": "Dee", "company": "Fjord AS"}
    lead = client.perform(Create(Party, {**values, "stage_word": "Contacted"}))
    assert not client.lost()
    there = stored(world, Party, lead.id)
    assert (there.stage, there.stage_word, there.company) == ("lead", "Contacted", "Fjord AS")
    person = client.perform(Create(Party, {"type": "person", "first_name": "Con", "last_name": "Tact"}))
    assert [(one.id, one.stage) for one in client.all("person")] == [(person.id, "contact"), (lead.id, "lead")]
    client.perform(Update(Party, lead.id, {"job_title": "Boss", "stage": "contact"}))
    assert client.lost() == {Loss("person", "stage", "not_said"): 1}
    assert stored(world, Party, lead.id).job_title == "Boss"
    client.perform(Delete(Party, lead.id))
    with pytest.raises(NotFound):
        client.perform(Get(Party, lead.id))
    # A task about each sort of party stands in the field for that sort.
    lead = client.perform(Create(Party, values))
    organisation = client.perform(Create(Party, {"type": "organisation", "name": "Fjord AS"}))
    links = tuple(NewLink(Ref("party", one.id)) for one in (person, lead, organisation))
    task = client.perform(Create(Activity, {"type": "task", "title": "x"}, links))
    assert {link.target.id for link in stored(world, Activity, task.id).links} == {person.id, lead.id, organisation.id}
    assert not client.lost()


def test_links_take_the_field_of_their_sort(world: World, client: Client) -> None:
    first, second = (
        client.perform(Create(Party, {"type": "person", "first_name": name, "last_name": "x"})).id for name in "ab"
    )
    deal = client.perform(Create(Opportunity, {"title": "Deal", "party_id": first})).id
    links = (
        NewLink(Ref("party", first)),
        NewLink(Ref("party", second)),
        NewLink(Ref("opportunity", deal)),
        NewLink(Ref("user", 1), "assignee"),
    )
    task = client.perform(Create(Activity, {"type": "task", "title": "x"}, links)).id
    assert client.lost() == {Loss("task", "links", "not_said"): 2}
    assert [link.target.id for link in stored(world, Activity, task).links] == [first, deal]
    client.perform(AddLink(Ref("activity", task), NewLink(Ref("party", second))))
    assert client.lost() == {Loss("task", "links", "not_said"): 1}
    client.perform(DropLink(Ref("activity", task), Ref("party", first)))
    client.perform(AddLink(Ref("activity", task), NewLink(Ref("party", second), "attendee")))
    assert client.lost() == {Loss("task", "links", "role_not_said"): 1}
    assert {link.target.id for link in stored(world, Activity, task).links} == {second, deal}
    client.perform(DropLink(Ref("opportunity", deal), Ref("party", first)))
    assert stored(world, Opportunity, deal).party_id is None
    with pytest.raises(UnknownReference):
        client.perform(Create(Activity, {"type": "task", "title": "x"}, (NewLink(Ref("party", 4_000)),)))
    for operation in (
        AddLink(Ref("party", first), NewLink(Ref("party", second))),
        AddLink(Ref("activity", task), NewLink(Ref("activity", task))),
        AddTag(Ref("party", first), "x"),
        DropTag(Ref("party", first), "x"),
        FindTags(),
        FindDeletions("party", 0),
        FindCustomFields("user"),
    ):
        client.sent()
        with pytest.raises(Unsupported, match="crust"):
            client.perform(operation)
        assert client.sent() == []


def test_another_party_takes_the_place_of_the_first(world: World, client: Client) -> None:
    person = client.perform(Create(Party, {"type": "person", "first_name": "a", "last_name": "x"})).id
    organisation = client.perform(Create(Party, {"type": "organisation", "name": "Fjord AS"})).id
    for kind in (Opportunity, Case):
        matter = client.perform(Create(kind, {"title": "Deal", "party_id": person})).id
        client.perform(Update(kind, matter, {"party_id": organisation}))
        there = stored(world, kind, matter)
        assert (there.party_id, there.links) == (organisation, [])
        assert client.perform(Get(kind, matter)).party_id == organisation
        assert not client.lost()


@pytest.mark.parametrize("states", [("won", "lost", "open", "lost", "won", "open")])
def test_opportunities_are_won_lost_and_opened_again(world: World, client: Client, states: tuple[str, ...]) -> None:
    deal = client.perform(Create(Opportunity, {"title": "Deal", "state": "lost"})).id
    assert stored(world, Opportunity, deal).state == "lost"
    for state in states:
        client.perform(Update(Opportunity, deal, {"state": state}))
        assert stored(world, Opportunity, deal).state == client.perform(Get(Opportunity, deal)).state == state


def test_only_what_changes_is_sent_after_a_look(world: World, client: Client) -> None:
    person = client.perform(
        Create(
            Party,
            {"type": "person", "first_name": "a", "last_name": "x", "about": "old"},
            points=(ContactPoint("email", "a@b.example", "work"), ContactPoint("phone", "+1", "work")),
        )
    )
    email, phone = client.perform(Get(Party, person.id)).points
    client.sent()
    client.perform(Update(Party, person.id, {"first_name": "a", "about": "old"}))
    assert [line.partition(" ")[0] for line in client.sent()] == ["GET", "GET"]
    client.perform(
        Update(
            Party,
            person.id,
            {"about": None, "type": "person"},
            points=(ContactPoint("email", "b@b.example", "work", id=email.id),),
            drop_points=(phone.id,),
        )
    )
    there = stored(world, Party, person.id)
    assert (there.about, [(p.kind, p.value) for p in there.points]) == (None, [("email", "b@b.example")])
    client.perform(Update(Party, person.id, points=(ContactPoint("email", "c@b.example", "work"),)))
    assert client.lost() == {Loss("person", "points", "not_said"): 1}
    with pytest.raises(NotFound):
        client.perform(Update(Activity, person.id, {"title": "x"}))
    for operation in (Update(Case, 4_000, {"title": "x"}), Delete(Case, 4_000), Get(Case, 4_000)):
        with pytest.raises(NotFound, match="case 4000"):
            client.perform(operation)


def test_what_is_none_of_these_types_is_a_note(world: World, client: Client) -> None:
    for type_ in ("email", "call", "letter"):
        note = client.perform(Create(Activity, {"type": type_, "title": type_}))
        assert note.type == "note"
        kind = type_ if type_ != "letter" else "note"
        assert client.lost() == {Loss(kind, "type", "shown_as_note"): 1}
        client.perform(Update(Activity, note.id, {"type": type_, "body": "x"}))
        assert not client.lost()
    assert [note.title for note in client.all("note")] == ["email", "call", "letter"]
    with pytest.raises(Unsupported, match="crust: email list"):
        client.all("email")


def test_custom_fields_are_defined_in_every_module_of_their_kind(world: World, client: Client) -> None:
    client.perform(
        SaveCustomField(CustomField("party", "Size", "Size of it", "choice", options={"values": ["S", "L"]}))
    )
    client.perform(SaveCustomField(CustomField("party", "Height", "", "number", "G")))
    found = {(one.group, one.name): one for one in client.perform(FindCustomFields("party"))}
    assert set(found) == {("", "Size"), ("G", "Height")}
    assert (found["", "Size"].type, found["", "Size"].options) == ("choice", {"values": ["S", "L"]})
    assert found["G", "Height"].type == "number"
    client.perform(SaveCustomField(CustomField("party", "Size", "Size of it", "text")))
    custom = (CustomValue("Size", "L"), CustomValue("Height", "6", "G"))
    for values in ({"type": "organisation", "name": "x"}, {"type": "person", "stage": "lead", "last_name": "x"}):
        made = client.perform(Create(Party, values, custom=custom))
        assert client.perform(Get(Party, made.id)).custom == [*custom]
        client.perform(Update(Party, made.id, custom=(CustomValue("Size", "S"),), drop_custom=(("G", "Height"),)))
        assert client.perform(Get(Party, made.id)).custom == [CustomValue("Size", "S")]
    assert not client.lost()
    with pytest.raises(Unsupported, match="crust: custom_field define of Title"):
        client.perform(SaveCustomField(CustomField("party", "Title")))


# -- lists ------------------------------------------------------------------------------------------


def test_since_takes_what_changed_and_what_was_made(world: World, client: Client) -> None:
    assert world.now is not None
    tasks = [client.perform(Create(Activity, {"type": "task", "title": str(n)})).id for n in range(4)]
    world.now += 100 * SECOND
    since = world.now
    client.perform(Update(Activity, tasks[1], {"title": "changed"}))
    new = client.perform(Create(Activity, {"type": "task", "title": "new"})).id
    assert {task.id for task in client.all("task", since=since)} == {tasks[1], new}
    assert client.all("task", since=since + SECOND) == []
    assert len(client.all("task", since=0)) == 5
    batches = list(client.pull("task", since=0))
    for number, batch in enumerate(batches):
        rest = {r.id for b in client.pull("task", since=0, cursor=batch.cursor) for r in b.records}
        assert {r.id for b in batches[number + 1 :] for r in b.records} <= rest


def test_records_that_go_meanwhile_hide_no_others(world: World, client: Client) -> None:
    ids = [
        world.write(lambda desk, n=n: desk.create(Create(Activity, {"type": "note", "title": str(n)}))).id
        for n in range(250)
    ]
    pulling = client.pull("note")
    heard = [record.id for record in next(pulling).records]
    for id in ids[:20]:
        world.write(lambda desk, id=id: desk.delete(Delete(Activity, id)))
    heard += [record.id for batch in pulling for record in batch.records]
    assert sorted(heard) == ids
    assert len(heard) == 250


def test_pages_that_never_end_are_told(world: World, client: Client) -> None:
    for n in range(120):
        world.write(lambda desk, n=n: desk.create(Create(Activity, {"type": "note", "title": str(n)})))
    endpoint = client.endpoint

    class Deaf:
        """A server that knows no pages."""

        def send(self, request: WireRequest) -> WireResponse:
            request.query = request.query.replace("page=1", "page=0")
            return endpoint.send(request)

    client.endpoint = Deaf()
    with pytest.raises(Exception, match="note list: status 200, /response/contents/0: the page before once more"):
        client.all("note")


def test_queries_that_crust_has_parameters_for(world: World, client: Client) -> None:
    ids = [client.perform(Create(Activity, {"type": "task", "title": f"Call {n:02}"})).id for n in range(25)]
    system = next(one for one in system_modules() if one.name == "Task")
    client.sent()
    found = client.perform(
        Find(Activity, Query(eq("type", "task"), (Sort("title", True),), Window(10, 10)), total=True)
    )
    assert ([task.id for task in found.items], found.total) == (ids[::-1][10:20], 25)
    (sent,) = client.sent()
    assert sent.endswith("/content?query=&page=1&perPage=10&sort=Subject+DESC%2Cid")
    wanted = Query(all_of(eq("type", "task"), matching(system, "ll 07")))
    assert [task.id for task in client.perform(Find(Activity, wanted)).items] == [ids[7]]
    odd = client.perform(Find(Activity, Query(eq("type", "task"), window=Window(7, 3))))
    assert ([task.id for task in odd.items], odd.total) == (ids[7:10], None)
    assert len(client.perform(Find(Activity, Query(eq("type", "task"), window=Window(3)))).items) == 22
    notes = And((Compare("type", Op.NE, "task"), Compare("type", Op.NE, "meeting")))
    assert client.perform(Find(Activity, Query(notes))).items == client.all("note") == []
    stage = all_of(eq("type", "person"), eq("stage", "contact"))
    assert client.perform(Find(Party, Query(stage))).items == []
    assert [user.username for user in client.perform(Find(User, Query(starts_with("username", "an")))).items] == [
        "ann"
    ]
    for query in (
        Query(),
        Query(eq("type", "email")),
        Query(all_of(eq("type", "task"), eq("priority", 1))),
        Query(eq("type", "task"), (Sort("location"),)),
    ):
        with pytest.raises(Unsupported, match=r"crust: (activity|task) list"):
            client.perform(Find(Activity, query))
    with pytest.raises(Unsupported, match="crust: party list"):
        client.perform(Find(Party, Query(eq("type", "person"))))


# -- users ------------------------------------------------------------------------------------------


def test_users_keep_what_an_update_does_not_name(world: World, client: Client) -> None:
    extras = {"crust": {"handle": "bb"}}
    values = {"username": "bob", "first_name": "Bob", "last_name": "Ray", "email": "b@x.test", "department": "x"}
    values["password"] = "bob-pw-1"
    bob = client.perform(Create(User, values, extras=extras))
    assert client.lost() == {Loss("user", "department", "not_said"): 1}
    client.perform(Update(User, bob.id, {"last_name": "Ng"}))
    heard = client.perform(Get(User, bob.id))
    assert (heard.username, heard.first_name, heard.last_name, heard.email) == ("bob", "Bob", "Ng", "b@x.test")
    assert heard.extras == extras
    bobs = Client(world, credentials=Credentials(username="bob", password="bob-pw-1"))
    assert bobs.perform(Get(User, bob.id)).username == "bob"
    with pytest.raises(Denied):
        bobs.perform(Create(User, {"username": "cy"}))
    with pytest.raises(Denied):
        bobs.perform(Update(User, 1, {"last_name": "x"}))
    client.perform(Delete(User, bob.id))
    with pytest.raises(NotFound):
        client.perform(Delete(User, bob.id))


def test_names_that_are_no_first_and_last_are_told(client: Client) -> None:
    client.perform(Create(User, {"username": "cher", "first_name": "Cher"}))
    assert client.lost() == {Loss("user", "first_name", "not_said"): 1}
    client.perform(Create(User, {"username": "jan", "first_name": "Jan", "last_name": "de Vries"}))
    assert client.lost() == {Loss("user", "first_name", "not_said"): 1, Loss("user", "last_name", "not_said"): 1}


def test_a_session_that_ended_is_renewed(world: World, client: Client) -> None:
    assert client.all("user")
    client.session = Session("http://localhost", ANN, state={**client.session.state, "token": "a.b.c"})
    assert client.all("task") == []
    assert any(line.startswith("POST /auth/login") for line in client.sent())
    broken = Client(world, credentials=Credentials(token="a.b.c"))
    with pytest.raises(Unauthenticated):
        broken.all("task")


# -- a server without system modules ----------------------------------------------------------------

OWN = {
    "module.task": "Opravila",
    "field.task.title": "Naslov",
    "field.task.IsClosed": "Končano",
    "field.task.due_at": "Rok",
    "field.task.ContactId": "Stranka",
    "module.person": "stranke",
    "field.person.last_name": "Priimek",
    "field.person.email": "Pošta",
    "module.email": "Sporočila",
    "field.note.Body": "Besedilo",
    "field.note.OpportunityId": "Posel",
}


def live(world: World) -> None:
    """A tenant with modules of his own, on a server that has no others."""
    world.set("crust.system_modules", "no")

    def work(desk: Any) -> None:
        for name, names in (
            ("Stranke", ("Priimek", "Pošta", "Title", "Barva")),
            ("Opravila", ("Naslov", "Končano", "Rok", "Stranka", "Subject", "Barva")),
            ("Sporočila", ("Title", "Besedilo")),
            ("Cases", ("colour",)),
            ("opportunities", ("Name", "Amount", "AccountId")),
        ):
            desk.save_module(None, name, [ModuleField(field, "String") for field in names])

    world.write(work)


def test_modules_of_one_s_own_are_what_the_operator_says(world: World) -> None:
    live(world)
    client = Client(world, OWN)
    person = client.perform(
        Create(
            Party,
            {"type": "person", "first_name": "Ada", "last_name": "Byron", "job_title": "Countess"},
            points=(ContactPoint("email", "a@b.example", "work"),),
            custom=(CustomValue("Barva", "rdeča"),),
        )
    )
    assert client.lost() == {Loss("person", "first_name", "not_said"): 1}
    heard = client.perform(Get(Party, person.id))
    assert (heard.last_name, heard.job_title, heard.points[0].value) == ("Byron", "Countess", "a@b.example")
    assert heard.custom == [CustomValue("Barva", "rdeča")]
    assert (heard.owner_id, heard.owner_username, heard.creator_username) == (1, "ann", "ann")
    values = {"type": "task", "title": "Call", "due_at": AT, "owner_id": 1, "state": "in_progress"}
    task = client.perform(
        Create(
            Activity,
            values,
            (NewLink(Ref("party", person.id)),),
            custom=(CustomValue("Subject", "none of theirs"),),
        )
    )
    assert client.lost() == {Loss("task", "state", "not_said"): 1}
    record = world.desk().module_record(task.id)
    assert record is not None
    assert {value.name: value.value for value in record.values} == {
        "Naslov": "Call",
        "Rok": "2018-12-24 09:30",
        "Stranka": str(person.id),
        "Subject": "none of theirs",
    }
    client.perform(Update(Activity, task.id, {"state": "completed"}))
    client.perform(Update(Activity, task.id, {"title": "Called"}, custom=(CustomValue("Subject", "theirs"),)))
    (heard,) = client.all("task")
    assert (heard.title, heard.state, heard.due_at) == ("Called", "completed", AT)
    assert heard.custom == [CustomValue("Subject", "theirs")]
    assert [(link.target, link.target_type) for link in heard.links] == [(Ref("party", person.id), "person")]
    client.perform(Update(Activity, task.id, {"state": "open"}))
    assert client.perform(Get(Activity, task.id)).state == "open"
    mail = client.perform(Create(Activity, {"type": "email", "title": "Hi", "body": "Dear"}))
    assert not client.lost()
    assert [(one.id, one.type, one.body) for one in client.all("email")] == [(mail.id, "email", "Dear")]
    deal = client.perform(Create(Opportunity, {"title": "Deal", "amount": 5_000_000}))
    assert client.perform(Get(Opportunity, deal.id)).amount == 5_000_000
    with pytest.raises(Unsupported, match="crust: opportunity list by 'amount'"):
        client.perform(Find(Opportunity, Query(sort=(Sort("amount"),))))
    client.perform(Delete(Activity, task.id))
    assert client.all("task") == []
    with pytest.raises(NotFound):
        client.perform(Get(Activity, person.id))


def test_a_module_that_is_not_there_is_named(world: World) -> None:
    live(world)
    client = Client(world, OWN)
    for kind, module in (("organisation", "Account"), ("meeting", "Event"), ("note", "Note")):
        with pytest.raises(Unsupported, match=f"crust: no module {module} for {kind}"):
            client.all(kind)
    with pytest.raises(Unsupported, match="crust: no module Note"):
        client.perform(Create(Activity, {"type": "note", "title": "x"}))
    # It has nothing of what a case is, so it is the tenant's own business.
    with pytest.raises(Unsupported, match="crust: no module Case"):
        client.perform(Get(Case, 5))


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({"module.task": "Naloge"}, "no module 'Naloge' on that server, which module.task names"),
        ({**OWN, "field.task.title": "Nasov"}, "module 'Opravila' has no field 'Nasov' for task's Subject"),
        ({**OWN, "field.task.tile": "Naslov"}, "field.task.tile is no field of Task"),
        ({"module.tasks": "Opravila"}, "nothing is called module.tasks"),
        ({"field.user.email": "x"}, "nothing is called field.user.email"),
    ],
)
def test_names_that_fit_nothing_are_told(world: World, names: dict[str, str], text: str) -> None:
    live(world)
    with pytest.raises(Unsupported, match=f"crust: {text}"):
        Client(world, names).all("task")


def test_a_module_may_be_named_by_its_id(world: World) -> None:
    live(world)
    id = next(module.id for module in world.desk().modules() if module.name == "Opravila")
    assert Client(world, {**OWN, "module.task": str(id)}).all("task") == []


# -- what tenants make ------------------------------------------------------------------------------

FIELD = ModuleField("city", "Select", "City <&>", "help", "x", 5, '{"options":["a"]}', True, True, True)
PAGE = {"module_id": 0, "title": "Home", "description": "d", "blocks": '[{"b":1.5}]', "visible": True}
VALUES = (FieldValue("city", "ž & <b>"), FieldValue("zip", "", ("5", "6")))


def test_modules_records_pages_and_charts(client: Client) -> None:
    made = client.perform(Create(Module, {"name": "Leads", "fields": (FIELD,)}))
    assert (made.name, made.fields) == ("Leads", (FIELD,))
    assert made.id in [module.id for module in client.perform(Find(Module)).items]
    edited = client.perform(Update(Module, made.id, {"name": "Leads", "fields": (FIELD, ModuleField("zip"))}))
    assert [field.name for field in client.perform(Get(Module, made.id)).fields] == ["city", "zip"]
    assert edited.updated_at is not None
    record = client.perform(Create(ModuleRecord, {"module_id": made.id, "values": VALUES}))
    assert (record.owner_id, record.module_id) == (1, made.id)
    change = {"values": (FieldValue("city", "Bled"),)}
    assert client.perform(Update(ModuleRecord, record.id, change)).values == change["values"]
    values = {value.name: value.value for value in client.perform(Get(ModuleRecord, record.id)).values}
    assert values == {"city": "Bled", "zip": ""}
    page = client.perform(FindRecords(made.id, "ble"))
    assert ([one.id for one in page.items], page.total) == ([record.id], 1)
    home = client.perform(Create(LayoutPage, {**PAGE, "parent_id": 0}))
    assert (home.title, home.description, home.blocks, home.visible) == ("Home", "d", '[{"b":1.5}]', True)
    below = client.perform(Create(LayoutPage, {**PAGE, "parent_id": home.id}))
    assert client.perform(Reorder(home.id, (below.id,))) is None
    assert [one.id for one in client.perform(FindTree()).items] == [home.id, below.id]
    assert [one.id for one in client.perform(Find(LayoutPage, Query(eq("parent_id", home.id)))).items] == [below.id]
    chart = client.perform(Create(SavedChart, {"name": "c", "config": '{"a":[1]}'}))
    assert client.perform(Update(SavedChart, chart.id, {"name": "d", "config": "[]"})).name == "d"
    assert client.perform(Get(SavedChart, chart.id)).config == "[]"
    for kind, id in ((ModuleRecord, record.id), (Module, made.id), (LayoutPage, below.id), (SavedChart, chart.id)):
        assert client.perform(Delete(kind, id)) is None
        with pytest.raises(NotFound):
            client.perform(Get(kind, id))
    assert not client.lost()
