"""opentaps activities: the seed's operations row by row (seed 000; opentaps dossier, sections 3, 4 and 7)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from canonical.model import Activity, CustomValue, Party
from canonical.operations import Create, NewLink, Update
from canonical.values import Ref, instant
from tests.dialects.opentaps_client import Client, ann_fixture, local_id, world_fixture
from tests.support.world import World

world = world_fixture()
ann = ann_fixture()


def unknown(id: str) -> str:
    return f"I cannot find the note with id [{id}]."


# -- create -----------------------------------------------------------------------------------------


def test_create_answers_as_the_dossier_prints_it(world: World, ann: Client) -> None:
    world.now = instant(2014, 1, 20, 20, 42, 56, 500_000)
    body = (
        b"authToken=T0K&clientDomain=acme.com&noteText=Caf%C3%A9+visit"
        b"&note_field_activityType=note&note_field_mood=good"
    )
    answer = ann.send("POST", "/activities", body)
    # Example 1 of the dossier, with the id that is ours: creation time and number.
    expected = (
        b'{"result":{"resultValue":{"note":{"noteId":"52dd8a10e4b0aa11bb22cc01","noteText":"Caf\\u00e9 visit",'
        b'"sequenceNum":1,"clientDomain":"acme.com","dateTimeCreated":"2014-01-20 20:42:56.5",'
        b'"createdByUser":{"id":"ann","userType":"INTERNAL","name":"Ann Lee"},"note_field_activityType":"NOTE",'
        b'"note_field_mood":"good","note_field_status":"CREATED"},"_id":"52dd8a10e4b0aa11bb22cc01",'
        b'"activityId":"52dd8a10e4b0aa11bb22cc01","noteId":"52dd8a10e4b0aa11bb22cc01","noteText":"Caf\\u00e9 visit",'
        b'"sequenceNum":1,"clientDomain":"acme.com","dateTimeCreated":"2014-01-20 20:42:56.5",'
        b'"createdByUser":{"id":"ann","userType":"INTERNAL","name":"Ann Lee"},"activityType":"NOTE",'
        b'"status":"CREATED","contacts":[],"tags":[],"attributes":{"mood":"good"}},'
        b'"successMessage":"I have created your note successfully.","errorMessage":""}}'
    )
    id = orjson.loads(answer.body)["result"]["resultValue"]["_id"].encode()
    assert answer.status == 201
    assert answer.body == expected.replace(b"52dd8a10e4b0aa11bb22cc01", id).replace(
        b"acme.com", f"{ann.slug}.com".encode()
    )
    assert id == b"52dd8a50" + b"%016x" % ann.desk().find(Activity).items[0].id


def test_unknown_names_come_back_verbatim(ann: Client) -> None:
    names = {"note_field_a b": "1", "note_field_Ünï.x": "ž\n", "note_field_mood": "", "note_field_Mood": "<&>\"'"}
    made = ann.create(**names, unprefixed="ignored", note_field_="ignored too")
    assert made["attributes"] == {"a b": "1", "Ünï.x": "ž\n", "mood": "", "Mood": "<&>\"'"}
    fields = [name for name in made["note"] if name.startswith("note_field_")]
    assert fields == sorted(fields)
    assert {name: made["note"][name] for name in names} == names
    assert ann.value("GET", f"/activities/{made['_id']}") == made


def test_core_names_work_with_and_without_prefix_and_without_wins(ann: Client) -> None:
    made = ann.value("POST", "/activities", note_field_noteText="only prefixed", expect=201)
    assert made["noteText"] == "only prefixed"
    made = ann.create("plain", note_field_noteText="prefixed", note_field_status="A", status_="x")
    assert (made["noteText"], made["status"]) == ("plain", "A")
    assert ann.create(status="B", note_field_status="A")["status"] == "B"


def test_server_owned_names_are_ignored(ann: Client) -> None:
    made = ann.create(
        note_field_sequenceNum="99",
        note_field_dateTimeCreated="2000-01-01",
        note_field_clientDomain="evil.com",
        note_field_createdByUser="x",
    )
    assert (made["sequenceNum"], made["clientDomain"], made["attributes"]) == (1, ann.domain, {})


def test_created_by_user_sets_keys(ann: Client) -> None:
    made = ann.create(created_by_user_userLoginId="admin", created_by_user_name="Alan")
    assert list(made["createdByUser"].items()) == [
        ("id", "ann"), ("userType", "INTERNAL"), ("name", "Alan"), ("userLoginId", "admin"),
    ]  # fmt: skip
    assert made["note"]["createdByUser"] == made["createdByUser"]


def test_stray_semicolon_and_empty_pairs_of_mag(ann: Client) -> None:
    body = (
        b"&noteText=Order&authToken=T0K&clientDomain=acme.com&note_field_activityType=NOTE"
        b"&&created_by_user_name=a@b&note_field_url=a@b;"
    )
    made = orjson.loads(ann.send("POST", "/activities", body).body)["result"]["resultValue"]
    assert made["attributes"] == {"url": "a@b;"}
    assert made["createdByUser"]["name"] == "a@b"


@pytest.mark.parametrize(
    "text",
    ["one", "one\ntwo", "one\n", "\nbody", "\n\n x ", "a\r\nb", "a\r\n", "a\rb\r\nc\r", "\r\n\r\nx", "a\n\nb\n",
     " x ", "😀\n☃"],
)  # fmt: skip
def test_text_is_kept_to_the_byte(ann: Client, text: str) -> None:
    made = ann.create(text)
    assert made["noteText"] == text
    assert ann.value("GET", f"/activities/{made['_id']}")["noteText"] == text
    again = ann.value("PUT", f"/activities/{made['_id']}", noteText=text, partial="Yes")
    assert again["noteText"] == text


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [("a\r\nb\r\nc", "a", "b\r\nc"), ("a\rb\rc", "a", "b\rc"), ("a\r\n", "a", None), ("\r\na", "", "a"),
     ("a\n\rb", "a", "\rb"), ("a\u2028b", "a\u2028b", None)],
)  # fmt: skip
def test_the_first_line_is_the_title_however_lines_end(ann: Client, text: str, title: str, body: str | None) -> None:
    ann.create(text)
    kept = ann.desk().find(Activity).items[0]
    assert (kept.title, kept.body) == (title, body)
    ann.write(lambda desk: desk.update(Update(Activity, kept.id, {"title": "new"})))
    assert ann.value("GET", "/activities/1")[0]["noteText"] == (f"new\n{body}" if body else "new")


def test_a_text_that_elsewhere_was_broken_by_cr_is_shown_as_it_is(ann: Client) -> None:
    made = ann.write(lambda desk: desk.create(Create(Activity, {"title": "a\rb\r", "body": "c\r\n"})))
    shown = ann.value("GET", "/activities/1")[0]
    assert shown["noteText"] == "a\rb\r\nc\r\n"
    ann.value("PUT", f"/activities/{shown['_id']}", noteText=shown["noteText"], status="STARTED")
    now = ann.desk().get(Activity, made.id)
    assert (now.title, now.body, now.state) == ("a\rb\r", "c\r\n", "in_progress")


@pytest.mark.parametrize(("sent", "shown"), [(None, "null"), ("", ""), ("  ", "  "), ("\n", "\n")])
def test_blank_text_is_the_validation_error_of_2012(ann: Client, sent: str | None, shown: str) -> None:
    answer = ann.ask("POST", "/activities", {} if sent is None else {"noteText": sent})
    message = (
        "Validation Error Cannot create note.\n Also messages on the list:\n"
        f'\ttext :  was given "{shown}", must not be empty'
    )
    detail = [{"field": "text", "message": "must not be empty", "value": sent}]
    expected = {
        "error": message,
        "message": message,
        "errors": detail,
        "result": {"errorMessage": message, "errorDetail": detail},
    }
    assert answer.status == 400
    assert answer.body.decode("ascii") == _ascii(expected)


def _ascii(data: object) -> str:
    import json

    return json.dumps(data, separators=(",", ":"))


def test_sequence_is_contiguous_under_concurrency_and_never_reused(ann: Client) -> None:
    client = ann
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: client.create(f"n{n}")["sequenceNum"], range(40)))
    assert sorted(made) == list(range(1, 41))
    last = client.value("GET", "/activities/1", order="DESC")[0]
    client.value("DELETE", f"/activities/{last['_id']}")
    # What fails uses up no number either.
    client.refusal("POST", "/activities", noteText="x", scheduledDateTime="never", expect=400)
    assert client.create()["sequenceNum"] == 41


def test_sequence_counts_per_tenant(world: World, ann: Client) -> None:
    ann.create()
    ann.create()
    gil = Client.fresh(world)
    made = gil.create()
    assert made["sequenceNum"] == 1
    assert ann.refusal("GET", f"/activities/{made['_id']}", expect=404) == unknown(made["_id"])


def test_sequence_counts_activities_of_every_dialect(world: World, ann: Client) -> None:
    ann.create()
    ann.write(lambda desk: desk.create(Create(Activity, {"type": "meeting", "title": "Met", "body": "Bo"})))
    shown = ann.value("GET", "/activities/10/2")
    assert [(a["sequenceNum"], a["activityType"], a["noteText"]) for a in shown] == [(2, "MEETING", "Met\nBo")]


def test_types(ann: Client) -> None:
    assert ann.create()["activityType"] == "NOTE"
    assert ann.create(activityType="followup_email")["activityType"] == "FOLLOWUP_EMAIL"
    assert ann.create(activityType="")["activityType"] == "NOTE"
    assert ann.create(path="/task", activityType="NOTE")["activityType"] == "TASK"


# -- update -----------------------------------------------------------------------------------------


def test_update_by_post_touches_only_what_is_given(world: World, ann: Client) -> None:
    made = ann.create(note_field_mood="good", note_field_kept="1", scheduledDateTime="2014-02-03 10:00")
    assert "dateTimeUpdated" not in made
    world.now = instant(2014, 6, 2)
    id = made["_id"]
    changed = ann.value("POST", "/activities", activityId=id, note_field_mood="", note_field_status="STARTED")
    expected = {**made, "status": "STARTED", "attributes": {"kept": "1"}, "dateTimeUpdated": "2014-06-02 00:00:00.0"}
    expected["note"] = {k: v for k, v in made["note"].items() if k != "note_field_mood"}
    expected["note"]["note_field_status"] = "STARTED"
    assert changed == expected


@pytest.mark.parametrize("name", ["activityId", "noteId", "_id", "note_field_activityId", "note_field_noteId"])
def test_every_spelling_of_the_id_updates(ann: Client, name: str) -> None:
    made = ann.create()
    changed = ann.value("POST", "/activities", {name: made["_id"], "note_field_x": "1"})
    assert (changed["_id"], changed["attributes"]) == (made["_id"], {"x": "1"})


def test_an_empty_id_creates(ann: Client) -> None:
    first = ann.create()
    assert ann.create(activityId="", noteId=" ")["sequenceNum"] == first["sequenceNum"] + 1


def test_post_to_an_id_updates(ann: Client) -> None:
    made = ann.create(note_field_a="1")
    assert ann.value("POST", f"/activities/{made['_id']}", status="X")["attributes"] == {"a": "1"}


@pytest.mark.parametrize("partial", ["Yes", "YES", "y", "true", "1"])
def test_partial_put(ann: Client, partial: str) -> None:
    made = ann.create(note_field_a="1")
    changed = ann.value("PUT", f"/activities/{made['_id']}", partial=partial, status="COMPLETED")
    assert (changed["status"], changed["noteText"], changed["attributes"]) == ("COMPLETED", "Call Bo", {"a": "1"})


def test_full_put_replaces(ann: Client) -> None:
    bo = ann.contact()["contactId"]
    made = ann.create(
        path="/task", note_field_a="1", note_field_b="2", status="STARTED", scheduledDateTime="2014-02-03",
        assignedToContactId=bo, responsibleContactId=bo, tagName="hot",
    )  # fmt: skip
    id = made["_id"]
    ann.value("POST", "/activities/contact/add", activityId=id, contactId=bo)
    changed = ann.value("PUT", f"/activities/{id}", noteText="New", note_field_b="3")
    assert changed["attributes"] == {"b": "3"}
    assert (changed["activityType"], changed["status"]) == ("NOTE", "CREATED")
    assert not changed.keys() & {"scheduledDateTime", "assignedToContact"}
    # Tags, contacts and who took it are not among what a PUT replaces.
    assert [tag["tagName"] for tag in changed["tags"]] == ["hot"]
    assert changed["contacts"] == [{"contactId": bo}]
    assert changed["responsibleContactId"] == bo
    message = ann.refusal("PUT", f"/activities/{id}", note_field_b="3", expect=400)
    assert message.startswith("Validation Error Cannot update note.\n")


def test_put_to_task_keeps_the_type(ann: Client) -> None:
    made = ann.create(path="/task")
    assert ann.value("PUT", f"/task/{made['_id']}", noteText="x", activityType="NOTE")["activityType"] == "TASK"


def test_update_never_changes_what_the_server_owns(world: World, ann: Client) -> None:
    bea = ann.user("bea", first_name="Bea")
    made = ann.create()
    changed = bea.value(
        "PUT", f"/activities/{made['_id']}", noteText="x", note_field_sequenceNum="7", created_by_user_name="y"
    )
    for name in ("_id", "sequenceNum", "dateTimeCreated", "createdByUser", "clientDomain", "contacts"):
        assert changed[name] == made[name]


def test_what_was_shown_and_is_written_back_changes_nothing(world: World, ann: Client) -> None:
    due = instant(2014, 2, 3)
    made = ann.write(
        lambda desk: desk.create(
            Create(
                Activity,
                {
                    "title": "T",
                    "body": "B",
                    "due_at": due,
                    "due_date_only": True,
                    "state": "awaiting",
                    "location": "Rome",
                },
                custom=(CustomValue("n", "v"), CustomValue("n", "grouped", "set")),
                extras={"zurmo": {"x": 1}},
            )
        )
    )
    shown = ann.value("GET", "/activities/1")[0]
    fields = {k: v for k, v in shown["note"].items() if k.startswith("note_field_")}
    ann.value("PUT", f"/activities/{shown['_id']}", {"noteText": shown["noteText"], **fields})
    now = ann.desk().get(Activity, made.id, ("custom",))
    for name in ("title", "body", "due_at", "due_date_only", "state", "type", "location", "owner_id", "owner_chosen"):
        assert getattr(now, name) == getattr(made, name), name
    assert now.extras == {"zurmo": {"x": 1}}
    assert {(c.group, c.name, c.value) for c in now.custom} == {("", "n", "v"), ("set", "n", "grouped")}


@pytest.mark.parametrize(
    ("word", "state"),
    [("CREATED", "open"), ("STARTED", "in_progress"), ("COMPLETED", "completed"), ("done", "completed"),
     ("Closed", "completed"), ("cancelled", "cancelled"), ("On Hold", "open"), ("started", "in_progress")],
)  # fmt: skip
def test_any_status_is_kept_and_means_a_state(world: World, ann: Client, word: str, state: str) -> None:
    made = ann.create(status=word)
    assert made["status"] == word
    activity = ann.desk().find(Activity).items[0]
    assert activity.state == state
    # Changed elsewhere, the word no longer fits; changed back, it does.
    ann.write(lambda desk: desk.update(Update(Activity, activity.id, {"state": "rejected"})))
    assert ann.value("GET", f"/activities/{made['_id']}")["status"] == "REJECTED"
    ann.write(lambda desk: desk.update(Update(Activity, activity.id, {"state": state})))
    assert ann.value("GET", f"/activities/{made['_id']}")["status"] == word


def test_a_type_that_is_written_back_as_shown_stays(ann: Client) -> None:
    made = ann.write(lambda desk: desk.create(Create(Activity, {"title": "T", "type": "straße"})))
    shown = ann.value("GET", "/activities/1")[0]
    assert shown["activityType"] == "STRASSE"
    ann.value("PUT", f"/activities/{shown['_id']}", noteText="T", activityType=shown["activityType"])
    assert ann.desk().get(Activity, made.id).type == "straße"


def test_completing_sets_the_moment_and_reopening_clears_it(world: World, ann: Client) -> None:
    id = ann.create()["_id"]
    ann.value("PUT", f"/activities/{id}", partial="Yes", status="COMPLETED")
    assert ann.desk().find(Activity).items[0].completed_at == world.time()
    ann.value("PUT", f"/activities/{id}", partial="Yes", status="STARTED")
    assert ann.desk().find(Activity).items[0].completed_at is None


# -- dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2014-02-03 10:20:30", "2014-02-03 10:20:30.0"),
        ("2014-02-03 10:20:30.50", "2014-02-03 10:20:30.5"),
        ("2014-02-03 10:20:30.501999", "2014-02-03 10:20:30.501"),
        ("2014-02-03 10:20", "2014-02-03 10:20:00.0"),
        ("2014-02-03", "2014-02-03 00:00:00.0"),
        ("2014-02-03T10:20:30Z", "2014-02-03 10:20:30.0"),
        ("2014-02-03T10:20:30+02:00", "2014-02-03 08:20:30.0"),
        ("2014-02-03T10:20:30-0130", "2014-02-03 11:50:30.0"),
        ("2014-02-03 10:20:30+02", "2014-02-03 08:20:30.0"),
        ("2014-02-03T10:20:30 02:00", "2014-02-03 08:20:30.0"),
        ("2014-02-03 10:20:30 +0200", "2014-02-03 08:20:30.0"),
        ("2014-02-03 10:20:30 -0130", "2014-02-03 11:50:30.0"),
        ("2014-02-03 10:20:30  0200", "2014-02-03 08:20:30.0"),
        ("1391422830123", "2014-02-03 10:20:30.123"),
        ("0900-02-03", "0900-02-03 00:00:00.0"),
    ],
)
def test_dates_in_and_out(ann: Client, sent: str, shown: str) -> None:
    made = ann.create(scheduledDateTime=sent)
    assert made["scheduledDateTime"] == made["note"]["note_field_scheduledDateTime"] == shown
    again = ann.value("POST", "/activities", activityId=made["_id"], scheduledDateTime=shown)
    assert again["scheduledDateTime"] == shown


@pytest.mark.parametrize(
    "sent",
    ["tomorrow", "2014-02-30", "0000-01-01", "99999-01-01", "2014-02-03 25:00", "2014-02-03 10:20:60", "139142283012",
     "２０１４-02-03", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2014-02-03T10:00:00+99:00",
     "2014-02-03 10:20 30", "2014-02-03\n", "2014-13-01", "1" * 400],
)  # fmt: skip
def test_anything_else_is_no_date(ann: Client, sent: str) -> None:
    if sent.endswith("\n"):
        sent += "x"
    message = ann.refusal("POST", "/activities", noteText="x", scheduledDateTime=sent, expect=400)
    assert message.endswith(f'\tscheduledDateTime :  was given "{sent}", must be a date')


def test_milliseconds_shown_do_not_cut_a_finer_due(world: World, ann: Client) -> None:
    due = instant(2014, 2, 3, 4, 5, 6, 123_456)
    made = ann.write(lambda desk: desk.create(Create(Activity, {"title": "T", "due_at": due})))
    shown = ann.value("GET", "/activities/1")[0]
    assert shown["scheduledDateTime"] == "2014-02-03 04:05:06.123"
    ann.value("PUT", f"/activities/{shown['_id']}", noteText="T2", scheduledDateTime=shown["scheduledDateTime"])
    assert ann.desk().get(Activity, made.id).due_at == due


def test_an_empty_date_clears_it(ann: Client) -> None:
    made = ann.create(scheduledDateTime="2014-02-03")
    assert "scheduledDateTime" not in ann.value("POST", "/activities", activityId=made["_id"], scheduledDateTime="")


# -- tasks: people and parents ------------------------------------------------------------------------


def test_assignees(ann: Client) -> None:
    one, two, three = (ann.contact(firstName=name)["contactId"] for name in ("A", "B", "C"))
    made = ann.create(path="/task", assignedToContactId=f"{one},{two}")
    assert made["assignedToContact"] == [one, two]
    assert made["note"]["note_field_assignedToContactId"] == f"{one},{two}"
    assert made["contacts"] == []
    id = made["_id"]
    assert ann.value("POST", "/task", activityId=id, assignedToContactId=f"{two} {three}")["assignedToContact"] == [
        two, three,
    ]  # fmt: skip
    repeated = [("assignedToContactId", three), ("assignedToContactId", two), ("activityId", id)]
    assert ann.value("POST", "/task", repeated)["assignedToContact"] == [three, two]
    assert "assignedToContact" not in ann.value("POST", "/task", activityId=id, assignedToContactId="")
    missing = "52dd8a10e4b0aa11bb22cc01"
    message = ann.refusal("POST", "/task", noteText="x", assignedToContactId=missing, expect=404)
    assert message == f"I cannot find the contact with id [{missing}]."


def test_assignees_whom_the_caller_cannot_see_stay(ann: Client) -> None:
    bea = ann.user("bea")
    bo = ann.contact()["contactId"]
    secret = ann.write(lambda desk: desk.create(Create(Party, {"first_name": "S", "visibility": "private"}))).id
    links = tuple(NewLink(Ref("party", id), "assignee") for id in (secret, local_id(bo)))
    made = ann.write(lambda desk: desk.create(Create(Activity, {"title": "T"}, links)))
    shown = bea.value("GET", "/activities/1")[0]
    assert shown["assignedToContact"] == [bo]
    bea.value("PUT", f"/activities/{shown['_id']}", noteText="T", assignedToContactId=bo)
    assert "assignedToContact" not in bea.value("PUT", f"/activities/{shown['_id']}", noteText="T")
    left = ann.desk().get(Activity, made.id, ("links",)).links
    assert [link.target.id for link in left] == [secret]


def test_responsible_is_the_owner_when_the_contact_is_a_user(world: World, ann: Client) -> None:
    bea = ann.user("bea").principal
    cards = {contact["fullName"]: contact["_id"] for contact in ann.bare("/contacts-users")}
    made = ann.create(path="/task")
    assert "responsibleContactId" not in made  # never set automatically
    id = made["_id"]
    taken = ann.value("PUT", f"/task/{id}", partial="Yes", responsibleContactId=cards["bea"])
    assert taken["responsibleContactId"] == taken["note"]["note_field_responsibleContactId"] == cards["bea"]
    assert ann.desk().find(Activity).items[0].owner_id == bea.user_id
    freed = ann.value("PUT", f"/task/{id}", partial="Yes", responsibleContactId="")
    assert "responsibleContactId" not in freed


def test_responsible_may_be_any_contact(world: World, ann: Client) -> None:
    bo = ann.contact()["contactId"]
    made = ann.create(path="/task", responsibleContactId=bo)
    assert made["responsibleContactId"] == bo
    assert ann.desk().find(Activity).items[0].owner_chosen is False
    assert [a["_id"] for a in ann.value("GET", "/task", responsibleContactId=bo)] == [made["_id"]]
    missing = "0" * 24
    assert missing in ann.refusal("POST", "/task", noteText="x", responsibleContactId=missing, expect=404)


def test_an_owner_chosen_elsewhere_is_responsible(world: World, ann: Client) -> None:
    bea = ann.user("bea").principal
    ann.write(lambda desk: desk.create(Create(Activity, {"title": "T", "owner_id": bea.user_id})))
    card = next(c["_id"] for c in ann.bare("/contacts-users") if c["fullName"] == "bea")
    assert ann.value("GET", "/activities/1")[0]["responsibleContactId"] == card
    assert len(ann.value("GET", "/activities", responsibleContactId=card)) == 1


def test_parents(ann: Client) -> None:
    parent = ann.create(path="/task", tagName="hot")
    child = ann.create("sub", parentActivityId=parent["_id"])
    assert child["parentActivityId"] == child["note"]["note_field_parentActivityId"] == parent["_id"]
    assert [tag["tagName"] for tag in child["tags"]] == ["hot"]
    assert [a["_id"] for a in ann.value("GET", "/activities", parentActivityId=parent["_id"])] == [child["_id"]]
    grandchild = ann.create("subsub", parentActivityId=child["_id"])
    for id in (parent["_id"], child["_id"], grandchild["_id"]):
        message = ann.refusal("POST", "/activities", activityId=parent["_id"], parentActivityId=id, expect=400)
        assert "\tparentActivityId :  was given" in message
    missing = "52dd8a10e4b0aa11bb22cc01"
    assert ann.refusal("POST", "/activities", noteText="x", parentActivityId=missing, expect=404) == unknown(missing)
    ann.value("DELETE", f"/task/{parent['_id']}")
    orphan = ann.value("GET", f"/activities/{child['_id']}")
    assert "parentActivityId" not in orphan


def test_moving_under_a_task_adds_its_tags_and_keeps_its_own(ann: Client) -> None:
    parent = ann.create(path="/task", tagName="hot")
    other = ann.create(tagName="own")
    moved = ann.value("POST", "/activities", activityId=other["_id"], parentActivityId=parent["_id"])
    assert [tag["tagName"] for tag in moved["tags"]] == ["own", "hot"]
    freed = ann.value("POST", "/activities", activityId=other["_id"], parentActivityId="")
    assert "parentActivityId" not in freed


def test_tags_on_post(ann: Client) -> None:
    made = ann.create(tagName="Client::VIP", tagUrl="http://x.test", tagKeywords="a b")
    tag = made["tags"][0]
    assert tag == {"tagId": tag["tagId"], "tagName": "Client::VIP", "tagUrl": "http://x.test", "tagKeywords": "a b"}
    # An existing name, letter case aside, is attached; address and keywords are ignored.
    again = ann.create(tagName="client::vip", tagUrl="http://other.test")
    assert again["tags"] == [tag]
    assert [t["tagName"] for t in ann.value("GET", "/tag")] == ["Client", "Client::VIP"]


def test_legacy_names_of_the_template(ann: Client) -> None:
    bo = ann.contact(attribute_opentapsPartyId="10001")["contactId"]
    made = ann.create(opentapsPartyId="10001", contactTagName="lead")
    assert made["attributes"] == {"opentapsPartyId": "10001", "contactTagName": "lead"}
    assert made["contacts"] == [{"contactId": bo}]
    assert ann.create(opentapsPartyId="unknown")["contacts"] == []


# -- contacts in roles --------------------------------------------------------------------------------


def test_contact_add_and_remove(ann: Client) -> None:
    id = ann.create()["_id"]
    bo, cy = (ann.contact(firstName=name)["contactId"] for name in ("Bo", "Cy"))
    add = {"activityId": id, "contactId": bo, "role": "buyer"}
    assert ann.value("POST", "/activities/contact/add", add)["contacts"] == [{"contactId": bo, "role": "buyer"}]
    updated = ann.value("POST", "/activities/contact/add", {**add, "contactId": cy, "role": ""})
    assert updated["contacts"] == [{"contactId": bo, "role": "buyer"}, {"contactId": cy}]
    # Repeating is a no-op; roles differ by letter case; a contact may hold several.
    assert ann.value("POST", "/activities/contact/add", add) == updated
    for role in ("Buyer", "assignee", "~assignee", "rôle 😀 " + "x" * 200):
        more = ann.value("POST", "/activities/contact/add", {**add, "role": role})["contacts"]
        assert more[-1] == {"contactId": bo, "role": role}
    gone = ann.value("POST", "/activities/contact/remove", add)["contacts"]
    assert gone == more[1:]
    assert ann.value("POST", "/activities/contact/remove", add)["contacts"] == gone
    left = ann.value("POST", "/activities/contact/remove", activityId=id, contactId=bo)
    assert left["contacts"] == [{"contactId": cy}]
    assert "assignedToContact" not in left


def test_removing_a_contact_leaves_the_assignment(ann: Client) -> None:
    bo = ann.contact()["contactId"]
    task = ann.create(path="/task", assignedToContactId=bo)
    left = ann.value("POST", "/activities/contact/remove", activityId=task["_id"], contactId=bo)
    assert left["assignedToContact"] == [bo]


@pytest.mark.parametrize("path", ["/activities/contact/add", "/activities/contact/remove"])
def test_contact_calls_refuse_what_is_missing_or_unknown(world: World, ann: Client, path: str) -> None:
    id, bo = ann.create()["_id"], ann.contact()["contactId"]
    assert "\tactivityId :" in ann.refusal("POST", path, contactId=bo, expect=400)
    assert "\tcontactId :" in ann.refusal("POST", path, activityId=id, expect=400)
    assert ann.refusal("POST", path, activityId="x", contactId=bo, expect=404) == unknown("x")
    message = ann.refusal("POST", path, activityId=id, contactId="x", expect=404)
    assert message == "I cannot find the contact with id [x]."
    theirs = Client.fresh(world).contact()["contactId"]
    assert theirs in ann.refusal("POST", path, activityId=id, contactId=theirs, expect=404)
    assert "\trole :" in ann.refusal("POST", path, activityId=id, contactId=bo, role="x" * 300, expect=400)


def test_links_of_other_dialects_survive_and_show(world: World, ann: Client) -> None:
    bo = ann.contact()
    id, me = local_id(bo["contactId"]), ann.principal.user_id
    ann.write(
        lambda desk: desk.create(
            Create(Activity, {"title": "T"}, (NewLink(Ref("party", id), "attendee"), NewLink(Ref("user", me), "from")))
        )
    )
    shown = ann.value("GET", "/activities/1")[0]
    assert shown["contacts"] == [{"contactId": bo["contactId"], "role": "attendee"}]
    ann.value("PUT", f"/activities/{shown['_id']}", noteText="T2")
    links = ann.desk().find(Activity, include=("links",)).items[0].links
    assert [(link.target.kind, link.role) for link in links] == [("party", "attendee"), ("user", "from")]


# -- delete and unknown ids -----------------------------------------------------------------------------


def test_delete(ann: Client) -> None:
    id = ann.create()["_id"]
    response = ann.send("DELETE", f"/activities/{id}?authToken=T0K")
    assert response.body == (
        b'{"result":{"resultValue":{"note":{"noteId":"%b"},"_id":"%b","activityId":"%b"},'
        b'"successMessage":"","errorMessage":""}}' % ((id.encode(),) * 3)
    )
    again = ann.send("DELETE", f"/activities/{id}", b"authToken=T0K")
    assert again.status == 404
    assert again.body.decode() == _ascii(
        {
            "error": unknown(id),
            "result": {"resultValue": {"note": ""}, "successMessage": "", "errorMessage": unknown(id)},
        }
    )
    assert ann.value("GET", "/activities") == []


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_ids_that_mean_nothing_are_unknown(ann: Client, method: str) -> None:
    real = ann.create()["_id"]
    # The time must fit the record: nobody finds records by counting.
    wrong_time = f"{int(real[:8], 16) + 1:08x}{real[8:]}"
    for id in ("x", "1", wrong_time, "f" * 24, "0" * 24, real + "0", real[:-1], f"{real[:8]}{2**63:016x}"):
        assert ann.refusal(method, f"/activities/{id}", noteText="x", expect=404) == unknown(id)
    for id in (wrong_time, "f" * 24, "0" * 24):
        assert ann.refusal("GET", f"/activities/{id}", expect=404) == unknown(id)
    assert ann.value("GET", f"/activities/{real.upper()}")["_id"] == real


def test_aliases_override_ids(world: World, ann: Client) -> None:
    made, bo = ann.create(), ann.contact()["contactId"]
    foreign, party = "52dd8a10e4b0aa11bb22cc01", "52dd8a10e4b0aa11bb22cd07"
    ann.write(lambda desk: desk.set_alias("activity", foreign, local_id(made["_id"])), dialect="opentaps")
    ann.write(lambda desk: desk.set_alias("party", party, local_id(bo)), dialect="opentaps")
    world.core.accounts.forget_tenants()
    shown = ann.value("GET", f"/activities/{foreign}")
    assert (shown["_id"], shown["note"]["noteId"]) == (foreign, foreign)
    assert ann.refusal("GET", f"/activities/{made['_id']}", expect=404) == unknown(made["_id"])
    added = ann.value("POST", "/activities/contact/add", activityId=foreign, contactId=party, role="r")
    assert added["contacts"] == [{"contactId": party, "role": "r"}]
    assert len(ann.value("GET", "/activities", contactId=party)) == 1
    assert ann.value("DELETE", f"/activities/{foreign}")["_id"] == foreign
    assert ann.refusal("GET", f"/activities/{foreign}", expect=404) == unknown(foreign)


# -- visibility -----------------------------------------------------------------------------------------


def test_what_others_hide_is_unknown(world: World, ann: Client) -> None:
    bea = ann.user("bea")
    made = ann.write(lambda desk: desk.create(Create(Activity, {"title": "T", "visibility": "private"})))
    shown = ann.value("GET", "/activities/1")[0]
    assert local_id(shown["_id"]) == made.id
    assert bea.value("GET", "/activities") == []
    for method in ("GET", "PUT", "DELETE"):
        assert bea.refusal(method, f"/activities/{shown['_id']}", noteText="x", expect=404) == unknown(shown["_id"])


def test_confidential_text_is_for_its_people(world: World, ann: Client) -> None:
    bea = ann.user("bea")
    values = {"title": "secret @bea", "visibility": "confidential"}
    ann.write(lambda desk: desk.create(Create(Activity, values)))
    assert ann.value("GET", "/activities/1")[0]["noteText"] == "secret @bea"
    shown = bea.value("GET", "/activities/1")[0]
    assert (shown["noteText"], shown["note"]["noteText"]) == ("", "")
    assert bea.value("GET", "/activities", mentionedUserIds="bea") == []
