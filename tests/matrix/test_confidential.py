"""What may not be read is not found, sorted, counted or changed either, nor made readable by a write; case by case.

`tests/matrix/test_visibility.py` tries it for every route and caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from canonical.errors import Denied
from canonical.model import Activity, Employment, Party, Record, User
from canonical.operations import Create, Delete, JobUpdate, NewLink, Update
from canonical.query import Query, Sort, Window
from canonical.values import SECOND, Ref
from tests.matrix.clients import CLIENTS, AffinityLive, Capsule, Crust, Opentaps, Zurmo
from tests.support.jobs import Jobs, jobs_in, task
from tests.support.world import World

NAMES = sorted(CLIENTS)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The administrator ann, and bob and eve, who are none."""
    with World(tmp_path) as made:
        for name in ("bob", "eve"):
            made.add_user(name)
        yield made


def make(
    world: World, user: str, kind: type[Record] = Activity, links: tuple[NewLink, ...] = (), **values: Any
) -> int:
    return world.write(lambda desk: desk.create(Create(kind, values, links)), f"{user}-token").id


def user_id(world: World, user: str) -> int:
    return world.principal(f"{user}-token").user_id


def card_of(world: World, user: str) -> int:
    return world.desk().get(User, user_id(world, user)).person_id or 0


def kept(world: World, number: int) -> tuple[str, str | None, int, list[Ref]]:
    record = world.desk("bob-token").get(Activity, number, ("links",))
    return record.title, record.body, record.owner_id, [link.target for link in record.links]


@contextmanager
def jobs_about_bobs_note(folder: Path) -> Iterator[tuple[Jobs, int]]:
    """Jobs of bob and eve, and a confidential note of bob's."""
    with jobs_in(folder) as made:
        for name in ("bob", "eve"):
            made.world.add_user(name)
        values = {"type": "note", "title": "Merger", "body": "Initech", "visibility": "confidential"}
        yield made, make(made.world, "bob", **values)


# -- finding and sorting ------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", ["startsWith", "endsWith", "equals", "contains"])
def test_z1_a_hidden_account_is_not_found_by_its_contacts(world: World, operator: str) -> None:
    account = make(world, "bob", Party, type="organisation", name="SecretAcct", industry="Arms", visibility="owner")
    contact = make(world, "bob", Party, first_name="Zoë", last_name="Lund", organisation_id=account)
    value = {"startsWith": "Secret", "endsWith": "Acct", "equals": "SecretAcct", "contains": "cretAc"}[operator]
    clause = "[search][searchAttributeData][clauses][1]"
    search = {
        "[search][modelClassName]": "Contact",
        f"{clause}[attributeName]": "account",
        f"{clause}[relatedAttributeName]": "name",
        f"{clause}[operatorType]": operator,
        f"{clause}[value]": value,
        "[search][searchAttributeData][structure]": "1",
    }
    dynamic = {
        "[dynamicSearch][dynamicClauses][0][attributeIndexOrDerivedType]": "account",
        "[dynamicSearch][dynamicClauses][0][structurePosition]": "1",
        "[dynamicSearch][dynamicClauses][0][account][name]": value,
        "[dynamicSearch][dynamicStructure]": "1",
    }
    found = {}
    for user in ("bob", "eve", "ann"):
        zurmo = Zurmo(world, user)
        asked = [("search/filter/", search)]
        if operator == "startsWith":
            asked += [("list/filter/", {"[search][account][name]": value}), ("list/filter/", dynamic)]
        found[user] = {
            contact
            in [item["id"] for item in zurmo.done("POST", f"contacts/contact/api/{path}", data).get("items", [])]
            for path, data in asked
        }
    assert found == {"bob": {True}, "eve": {False}, "ann": {True}}


def notes(world: World, secret: str) -> list[int]:
    """Two of eve's, and between them by title a confidential one of bob's."""
    return [
        make(world, "eve", type="note", title="Merger w/ A", body="a"),
        make(world, "bob", type="note", title=secret, body=secret, visibility="confidential"),
        make(world, "eve", type="note", title="Merger w/ Z", body="z"),
    ]


@pytest.mark.parametrize("field", ["Title", "Body"])
def test_c2_what_may_not_be_read_is_not_sorted_by_in_crust(world: World, field: str) -> None:
    first, hidden, last = notes(world, "Merger w/ Initech" if field == "Title" else "initech")
    seen = {}
    for user in ("bob", "eve"):
        crust = Crust(world, user)
        path = f"{crust.path('note')}?sort="
        seen[user] = [
            [int(row["contentID"]) for row in crust.done("GET", f"{path}{field}{order}")["contents"]]
            for order in ("", "%20DESC")
        ]
    assert seen == {
        "bob": [[first, hidden, last], [last, hidden, first]],
        "eve": [[hidden, first, last], [last, first, hidden]],
    }


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", ["title", "body"])
def test_c2_pages_by_a_masked_text_are_whole_and_in_order(world: World, field: str, descending: bool) -> None:
    """Two sorts of records are merged: no page lacks or repeats any, and ties are broken by id alone."""
    texts = ["b", None, "a", "", "b", "c", None, "a", "", "d", "b", None]
    numbers = []
    for at, text in enumerate(texts):
        values = {"title": text or ""} if field == "title" else {"body": text}
        numbers.append(make(world, "bob", visibility="everyone" if at % 3 else "confidential", **values))
    desk = world.desk("eve-token")
    shown = {record.id: getattr(record, field) for record in desk.find(Activity).items}
    # Missing ones come first; `sorted` keeps the order of the ids.
    wanted = sorted(numbers, key=lambda id: (shown[id] is not None, shown[id] or ""), reverse=descending)
    if descending:
        wanted = sorted(numbers, reverse=True)
        wanted = sorted(wanted, key=lambda id: (shown[id] is not None, shown[id] or ""))[::-1]
    pages = []
    for offset in range(0, len(numbers), 5):
        query = Query(sort=(Sort(field, descending),), window=Window(offset, 5))
        pages += [record.id for record in desk.find(Activity, query).items]
    assert pages == wanted


def test_c2_scripts_neither_find_nor_sort_by_what_they_may_not_read(tmp_path: Path) -> None:
    with jobs_in(tmp_path) as made:
        made.world.add_user("bob")
        made.world.add_user("eve")
        first, hidden, last = notes(made.world, "Merger w/ Initech")
        body = "\n".join(
            (
                'log([found["id"] for found in crm.find("note", {}, sort="title")])',
                'log([found["id"] for found in crm.find("note", {}, sort="title desc")])',
                'log([found["id"] for found in crm.find("note", {"title like": "Merger%"})])',
                'log([found["id"] for found in crm.find("note", {"body >": "h"})])',
                f'log(crm.get("note", {hidden})["title"])',
            )
        )
        job = made.run(task(body), token="eve-token")
        assert made.said(job.id) == [
            f"[{hidden}, {first}, {last}]",
            f"[{last}, {first}, {hidden}]",
            f"[{first}, {last}]",
            f"[{last}]",
            "",
        ]


# -- the contact card ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["to", "", "assignee", "Büyer"])
@pytest.mark.parametrize("visibility", ["confidential", "private"])
def test_h7_a_users_contact_card_counts_as_the_user_in_every_dialect(world: World, visibility: str, role: str) -> None:
    link = (NewLink(Ref("party", card_of(world, "eve")), role),)
    number = make(world, "bob", links=link, type="note", title="Merger", body="Initech", visibility=visibility)
    world.add_user("mallory")
    for name in NAMES:
        seen = CLIENTS[name](world, "eve").read("note", number)
        assert seen is not None, name
        assert seen.text == "Merger\nInitech", name
        other = CLIENTS[name](world, "mallory").read("note", number)
        assert (other is None) == (visibility == "private"), name
        assert other is None or "Initech" not in other.text, name
    assert world.desk("eve-token").count(Activity) == 1


@pytest.mark.parametrize("visibility", ["confidential", "private"])
def test_who_made_a_record_takes_part_whoever_owns_it_by_now(world: World, visibility: str) -> None:
    bob = user_id(world, "bob")
    number = make(world, "eve", type="note", title="Merger", body="Initech", visibility=visibility, owner_id=bob)
    for name in NAMES:
        seen = CLIENTS[name](world, "eve").read("note", number)
        assert seen is not None, name
        assert seen.text == "Merger\nInitech", name


# -- writes that would let one read ---------------------------------------------------------------------


def zurmo_owner(world: World, number: int) -> Any:
    return Zurmo(world, "eve").call(
        "PUT", f"notes/note/api/update/{number}", {"[owner][id]": str(user_id(world, "eve"))}
    )


def zurmo_card(world: World, number: int) -> Any:
    return Zurmo(world, "eve").call("PUT", f"notes/note/api/update/{number}", Zurmo.link(card_of(world, "eve")))


def zurmo_public(world: World, number: int) -> Any:
    data = {
        "[explicitReadWriteModelPermissions][type]": "2",
        "[explicitReadWriteModelPermissions][nonEveryoneGroup]": "1",
    }
    return Zurmo(world, "eve").call("PUT", f"notes/note/api/update/{number}", data)


def crust_owner(world: World, number: int) -> Any:
    crust = Crust(world, "eve")
    return crust.call("POST", f"{crust.path('note')}/{number}", crust.fields(OwnerId=str(user_id(world, "eve"))))


def crust_contact(world: World, number: int) -> Any:
    crust = Crust(world, "eve")
    return crust.call("POST", f"{crust.path('note')}/{number}", crust.fields(ContactId=str(card_of(world, "eve"))))


def opentaps_contact(world: World, number: int) -> Any:
    client = Opentaps(world, "eve")
    link = {"activityId": client.hex(number), "contactId": client.person_hex(card_of(world, "eve")), "role": "to"}
    return client.call("POST", "/activities/contact/add", link)


def opentaps_responsible(world: World, number: int) -> Any:
    client = Opentaps(world, "eve")
    data = {"responsibleContactId": client.person_hex(card_of(world, "eve")), "partial": "Yes"}
    return client.call("PUT", f"/activities/{client.hex(number)}", data)


def opentaps_assign(world: World, number: int) -> Any:
    client = Opentaps(world, "eve")
    data = {"assignedToContactId": client.person_hex(card_of(world, "eve")), "partial": "Yes"}
    return client.call("PUT", f"/activities/{client.hex(number)}", data)


def capsule_creator(world: World, number: int) -> Any:
    answer = Capsule(world, "eve").call(
        "PUT", f"history/{number}", "<historyItem><creator>eve</creator></historyItem>"
    )
    return answer.status, answer.body


def affinitylive_visibility(world: World, number: int) -> Any:
    return AffinityLive(world, "eve").call("PUT", f"activities/{number}", {"visibility": "all"})


TAKING: dict[Callable[[World, int], Any], Any] = {
    zurmo_owner: "You do not have permissions for this action.",
    zurmo_card: "You do not have permissions for this action.",
    zurmo_public: None,
    crust_owner: "Not allowed: ",
    crust_contact: "Not allowed: ",
    opentaps_contact: "You do not have permission to do this.",
    opentaps_responsible: "You do not have permission to do this.",
    opentaps_assign: "You do not have permission to do this.",
    capsule_creator: "forbidden",
    affinitylive_visibility: "You do not have permission to perform this request.",
}
"""By what eve tries: the vendor's words for "may not"."""


@pytest.mark.parametrize("taking", TAKING, ids=lambda taking: taking.__name__)
def test_nobody_makes_himself_the_reader_of_a_confidential_note(world: World, taking: Any) -> None:
    number = make(world, "bob", type="note", title="Merger", body="Initech", visibility="confidential")
    before = kept(world, number)
    said = str(taking(world, number))
    assert TAKING[taking] is None or TAKING[taking] in said
    assert "Initech" not in said
    assert kept(world, number) == before
    seen = CLIENTS["crust"](world, "eve").read("note", number)
    assert seen is not None
    assert seen.text == "\n"


@pytest.mark.parametrize(
    "call",
    [
        'crm.update("note", {id}, owner_id={me})',
        'crm.update("note", {id}, requester_id={me})',
        'crm.update("note", {id}, visibility="everyone")',
        'crm.update("note", {id}, title="Mine")',
        'crm.update("note", {id}, title="Merger")',
        'crm.link("note", {id}, "user", {me})',
        'crm.link("note", {id}, "person", {card}, role="cc")',
    ],
)
def test_no_script_makes_its_user_the_reader_of_a_confidential_note(tmp_path: Path, call: str) -> None:
    with jobs_about_bobs_note(tmp_path) as (made, number):
        world = made.world
        before = kept(world, number)
        body = call.format(id=number, me=user_id(world, "eve"), card=card_of(world, "eve"))
        job = made.run(task(body), token="eve-token")
        assert job.status == "error"
        assert kept(world, number) == before
        # Whoever may read it may do all this.
        assert made.run(task(body), token="bob-token").status == "ok"


@pytest.mark.parametrize("how", ["workflow", "parameters", "another workflow"])
def test_nobody_has_his_script_run_with_the_rights_of_another(tmp_path: Path, how: str) -> None:
    """By changing what a queued job of the other will run."""
    with jobs_about_bobs_note(tmp_path) as (made, number):
        world = made.world
        spying = task(f'log(crm.get("note", {number})["title"] + params.get("x", ""))')
        later = {"start_at": made.now + SECOND}
        id = made.start(spying if how == "parameters" else task('log("harmless")'), token="bob-token", job=later)
        workflow = world.desk().job(id).workflow_id
        if how == "workflow":
            changed = replace(world.desk().workflow(workflow), tasks=(spying,))
            world.write(lambda desk: desk.save_workflow(changed), "eve-token")
        elif how == "parameters":
            world.write(lambda desk: desk.update_job(JobUpdate(id, parameters={"x": "y"})), "eve-token")
        else:
            other = made.workflow(spying, token="eve-token").id
            world.write(lambda desk: desk.update_job(JobUpdate(id, workflow_id=other)), "eve-token")
        made.wait(2)
        made.run_due()
        assert made.job(id).status == "ok"
        assert "Merger" not in "".join(made.said(id))
        assert made.job(id).creator_id == user_id(world, "bob")
        # Untouched, it is bob's.
        own = made.run(spying, token="bob-token")
        assert made.said(own.id) == ["Merger"]


def test_whether_a_guess_at_a_masked_text_is_right_is_not_told(world: World) -> None:
    number = make(world, "bob", type="task", title="Merger", body="Initech", visibility="confidential")
    for name in NAMES:
        answers = set()
        for guess in ("Merger", "Nonsense"):
            client: Any = CLIENTS[name](world, "eve")
            try:
                client.retitle("task", number, guess, "Initech")
                answers.add("taken")
            except AssertionError as error:
                answers.add(str(error).replace(guess, ""))
        assert len(answers) == 1, name
        assert answers != {"taken"}, name


def test_what_is_shown_of_a_masked_record_may_be_written_back(world: World) -> None:
    """Clients send whole records: an empty text says only that it is not shown."""
    number = make(world, "bob", type="task", title="Merger", body="Initech", visibility="confidential", state="open")
    zurmo = Zurmo(world, "eve")
    zurmo.done("PUT", f"tasks/task/api/update/{number}", {"[name]": "", "[description]": "", "[completed]": "1"})
    assert kept(world, number)[:2] == ("Merger", "Initech")
    crust = Crust(world, "eve")
    values = crust.values("task", number)
    assert values is not None
    crust.done("POST", f"{crust.path('task')}/{number}", crust.fields(**{**values, "Status": "Not Started"}))
    assert world.desk("bob-token").get(Activity, number).state == "open"
    shown = AffinityLive(world, "eve").done("GET", f"tasks/{number}?_fields=_ALL")
    assert (shown["title"], shown["description"]) == ("Confidential", "Confidential")
    same = {"title": "Confidential", "description": "Confidential", "priority_id": "2"}
    AffinityLive(world, "eve").done("PUT", f"tasks/{number}", same)
    assert kept(world, number)[:2] == ("Merger", "Initech")
    assert world.desk("bob-token").get(Activity, number).priority == 2


# -- deleting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["task", "note"])
def test_nobody_deletes_what_he_may_not_read(world: World, name: str, kind: str) -> None:
    about = make(world, "eve", Party, first_name="Zoë")
    link = (NewLink(Ref("party", about)),)
    number = make(world, "bob", links=link, type=kind, title="Merger", visibility="confidential")
    with pytest.raises(AssertionError):
        CLIENTS[name](world, "eve").delete(kind, number, about)
    assert kept(world, number)[0] == "Merger"


@pytest.mark.parametrize("visibility", ["confidential", "private", "owner"])
@pytest.mark.parametrize("name", ["capsule", "opentaps"])
def test_a_cascade_leaves_what_its_caller_may_not_read_cleared_of_what_went(
    world: World, name: str, visibility: str
) -> None:
    about = make(world, "eve", Party, first_name="Zoë")
    link = (NewLink(Ref("party", about)),)
    number = make(world, "bob", links=link, type="task", title="Merger", visibility=visibility)
    if name == "capsule":
        assert Capsule(world, "eve").call("DELETE", f"party/{about}").status == 200
    else:
        client = Opentaps(world, "eve")
        client.done("DELETE", f"/contact?contactId={client.person_hex(about)}")
    title, _, _, targets = kept(world, number)
    assert (title, targets) == ("Merger", [])


def test_a_cascade_to_children_leaves_a_confidential_one_without_its_parent(world: World) -> None:
    parent = make(world, "eve", type="note", title="Root")
    child = make(world, "bob", type="note", title="Merger", visibility="confidential", parent_id=parent)
    AffinityLive(world, "eve").done("DELETE", f"activities/{parent}")
    record = world.desk("bob-token").get(Activity, child)
    assert (record.title, record.parent_id) == ("Merger", None)


# -- what is told of what is there ------------------------------------------------------------------------


def test_a_private_record_is_as_unknown_as_one_that_is_not_there(world: World) -> None:
    """By its id, as a parent, as a target, in references and links, and after it was deleted."""
    about = make(world, "bob", Party, first_name="Zoë", visibility="private")
    link = (NewLink(Ref("party", about)), NewLink(Ref("party", card_of(world, "eve"))))
    world.write(lambda desk: desk.unit.raise_value("activity", 5000))
    hidden = make(world, "bob", type="note", title="Merger", visibility="private")
    child = make(world, "bob", links=link, type="note", title="Open", parent_id=hidden)
    opentaps = Opentaps(world, "eve")
    for name, ask in {
        "affinitylive": lambda number: AffinityLive(world, "eve").call("GET", f"activities/{number}"),
        "parent": lambda number: AffinityLive(world, "eve").call(
            "POST", "activities", {"subject": "x", "parent_id": number}
        ),
        "capsule": lambda number: Capsule(world, "eve").call("GET", f"history/{number}"),
        "zurmo": lambda number: Zurmo(world, "eve").call("GET", f"notes/note/api/read/{number}"),
        "crust": lambda number: Crust(world, "eve").call("GET", f"{Crust(world, 'eve').path('note')}/{number}"),
        "opentaps": lambda number: opentaps.call("GET", f"/activities/{0:08x}{number:016x}"),
    }.items():
        answers = [
            str(ask(number)).replace(f"{number:016x}", "N").replace(str(number), "N") for number in (hidden, 4711)
        ]
        assert answers[0] == answers[1], name
    record = world.desk("eve-token").get(Activity, child, ("links",))
    assert record.parent_id is None
    assert [kept.target.id for kept in record.links] == [card_of(world, "eve")]
    assert world.desk("bob-token").get(Activity, child).parent_id == hidden


def test_a_list_of_what_was_deleted_tells_only_those_who_saw_it(world: World) -> None:
    made = {}
    for visibility in ("everyone", "owner", "group", "private", "confidential"):
        links = (NewLink(Ref("party", card_of(world, "eve"))),)
        made[visibility] = make(world, "bob", Party, type="organisation", name=visibility, visibility=visibility)
        made[f"{visibility} with eve"] = make(
            world, "bob", Party, links, type="organisation", name="e", visibility=visibility
        )
    for number in made.values():
        world.write(lambda desk, id=number: desk.delete(Delete(Party, id)), "bob-token")  # type: ignore[misc]
    path = "party/deleted?since=2014-01-01T00:00:00Z"
    seen = {}
    for user in ("ann", "bob", "eve"):
        element = Capsule(world, user).xml(path)
        assert element is not None
        ids = {int(Capsule.texts(item)["id"]) for item in element.children}
        seen[user] = {name for name, id in made.items() if id in ids}
    assert seen["bob"] == set(made)
    assert seen["ann"] == {name for name in made if not name.startswith("private")}
    open_ = {"everyone", "everyone with eve", "confidential", "confidential with eve"}
    assert seen["eve"] == open_ | {"private with eve"}


def test_an_employment_is_seen_by_whoever_sees_its_person(world: World) -> None:
    """Also by nobody else who made it while the person was everybody's."""
    company = make(world, "bob", Party, type="organisation", name="Fjord AS")
    links = (NewLink(Ref("user", world.add_user("dee").user_id)),)
    person = make(world, "bob", Party, links, first_name="Zoë", last_name="Lund", organisation_id=company)
    number = make(world, "eve", Employment, person_id=person, organisation_id=company, job_title="Spy")

    def found(user: str) -> list[list[int]]:
        desk = world.desk(f"{user}-token")
        lists = [desk.find(Employment).items, list(desk.get_many(Employment, [number]).values())]
        return [[record.id for record in records] for records in lists]

    assert [found(user) for user in ("ann", "bob", "dee", "eve")] == [[[number], [number]]] * 4
    world.write(lambda desk: desk.update(Update(Party, person, {"visibility": "private"})), "bob-token")
    assert [found(user) for user in ("bob", "dee")] == [[[number], [number]]] * 2
    assert [found(user) for user in ("ann", "eve")] == [[[], []]] * 2


def test_an_administrator_changes_what_is_owner_only_in_every_dialect(world: World) -> None:
    for name in NAMES:
        for visibility in ("owner", "group"):
            number = make(world, "bob", type="note", title="Old", body="same", visibility=visibility)
            CLIENTS[name](world, "ann").retitle("note", number, f"By {name}", "same")
            assert kept(world, number)[0] == f"By {name}", (name, visibility)
            CLIENTS[name](world, "ann").delete("note", number, 0)
            assert world.desk("bob-token").get_many(Activity, [number]) == {}, name


def test_confidential_is_no_less_for_an_administrator(world: World) -> None:
    number = make(world, "bob", type="note", title="Merger", visibility="confidential")
    with pytest.raises(Denied):
        world.write(lambda desk: desk.delete(Delete(Activity, number)))
    assert world.desk().get(Activity, number).masked
