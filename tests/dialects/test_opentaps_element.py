"""The element of an activity: its bytes against a slow and plain reference, and who is named in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.formats.json_body import ascii_string, render_ascii
from canonical.model import STATES, Activity, CustomValue, Link, Party, Tag, User
from canonical.operations import NewLink, Update
from canonical.values import DAY, Ref
from dialects.opentaps.fields.activity import PREFIX, note_text, role_out
from dialects.opentaps.fields.element import activity_element, creator_element, tag_element
from dialects.opentaps.fields.status import shown_status
from dialects.opentaps.wire.ids import wire_id
from dialects.opentaps.wire.times import stamp
from tests.dialects.opentaps_client import Client, ann_fixture, local_id, quick_world
from tests.support.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with quick_world(tmp_path_factory.mktemp("opentaps")) as made:
        yield made


ann = ann_fixture()

# -- bytes ----------------------------------------------------------------------------------------------

TEXT = st.one_of(st.text(max_size=20), st.text('"\\/\n\r\t\x08\x0c\x7f\x85éŽ\u2028\U0001f600a ', max_size=20))
IDS = st.integers(1, 2**63 - 1)
MOMENTS = st.integers(-DAY, 20_000 * DAY)
NAMES = st.one_of(TEXT, st.sampled_from(["status", "activityType", "assignedToContactId", "z", "a", "Zoë"]))
LINKS = st.builds(
    Link,
    id=st.just(0),
    record=st.just(Ref("activity", 1)),
    target=st.builds(Ref, st.sampled_from(["party", "party", "user"]), IDS),
    role=st.sampled_from(["", "assignee", "~assignee", "ow\x7fner", "Käufer"]),
)
ACTIVITIES = st.builds(
    Activity,
    id=IDS,
    version=st.integers(1, 3),
    created_at=MOMENTS,
    updated_at=MOMENTS,
    type=st.one_of(st.just("task"), TEXT),
    title=TEXT,
    body=st.none() | TEXT,
    state=st.sampled_from(STATES),
    due_at=st.none() | MOMENTS,
    parent_id=st.none() | IDS,
    sequence=IDS,
    extras=st.just({}) | st.fixed_dictionaries({"opentaps": st.dictionaries(st.just("status"), TEXT)}),
    links=st.lists(LINKS, max_size=4),
    tags=st.lists(st.builds(Tag, IDS, TEXT, st.none() | TEXT, st.none() | TEXT), max_size=2),
    custom=st.lists(st.builds(CustomValue, NAMES, TEXT, st.sampled_from(["", "", "set"])), max_size=4),
)
CREATORS = st.none() | st.dictionaries(TEXT, TEXT, max_size=3)


class PlainScene:
    """Ids, names and texts as they are; `Quoted` gives them as the element wants them."""

    def __init__(self, domain: str, creator: dict[str, str] | None, responsible: str | None) -> None:
        self.domain = domain
        self.created_by = creator
        self.responsible = responsible

    def contact(self, link: Link) -> str | None:
        return wire_id(link.target.id) if link.target.kind == "party" else None

    def tag_id(self, tag: Tag) -> str:
        return wire_id(tag.id)

    def text(self, activity: Activity) -> str:
        return note_text(activity)


class Quoted(PlainScene):
    def __init__(self, plain: PlainScene) -> None:
        super().__init__(ascii_string(plain.domain), plain.created_by, plain.responsible)

    def note_id(self, activity: Activity) -> str:
        return ascii_string(wire_id(activity.id))

    def contact_id(self, link: Link) -> str | None:
        contact = self.contact(link)
        return None if contact is None else ascii_string(contact)

    def parent_id(self, activity: Activity) -> str | None:
        return None if activity.parent_id is None else ascii_string(wire_id(activity.parent_id))

    def responsible_id(self, activity: Activity) -> str | None:
        return None if self.responsible is None else ascii_string(self.responsible)

    def creator(self, activity: Activity) -> str | None:
        return None if self.created_by is None else creator_element(self.created_by)


def reference(activity: Activity, scene: PlainScene) -> dict[str, Any]:
    """The element as plain data (opentaps dossier, section 4)."""
    id = wire_id(activity.id)
    shown: dict[str, Any] = {
        "noteText": scene.text(activity),
        "sequenceNum": activity.sequence,
        "clientDomain": scene.domain,
        "dateTimeCreated": stamp(activity.created_at),
    }
    if scene.created_by is not None:
        shown["createdByUser"] = scene.created_by
    core: dict[str, Any] = {"activityType": activity.type.upper(), "status": shown_status(activity)}
    if activity.due_at is not None:
        core["scheduledDateTime"] = stamp(activity.due_at)
    known = [(link.role, contact) for link in activity.links if (contact := scene.contact(link)) is not None]
    assignees = [contact for role, contact in known if role == "assignee"]
    if assignees:
        core["assignedToContact"] = assignees
    if scene.responsible is not None:
        core["responsibleContactId"] = scene.responsible
    if activity.parent_id is not None:
        core["parentActivityId"] = wire_id(activity.parent_id)
    attributes = {custom.name: custom.value for custom in activity.custom if not custom.group}
    fields = {f"{PREFIX}{name}": value for name, value in attributes.items()}
    for name, value in core.items():
        fields[f"{PREFIX}{name}" + "Id" * (name == "assignedToContact")] = (
            ",".join(value) if name == "assignedToContact" else value
        )
    updated = {"dateTimeUpdated": stamp(activity.updated_at)} if activity.version > 1 else {}
    contacts = [
        {"contactId": contact, "role": role_out(role)} if role else {"contactId": contact}
        for role, contact in known
        if role != "assignee"
    ]
    return {
        "note": {"noteId": id, **shown, **dict(sorted(fields.items()))},
        **dict.fromkeys(("_id", "activityId", "noteId"), id),
        **shown,
        **updated,
        **core,
        "contacts": contacts,
        "tags": [tag_element(tag, scene.tag_id(tag)) for tag in activity.tags],
        "attributes": attributes,
    }


@given(ACTIVITIES, TEXT, CREATORS, st.none() | IDS)
def test_the_bytes_are_those_of_plain_data(
    activity: Activity, domain: str, creator: dict[str, str] | None, responsible: int | None
) -> None:
    scene = PlainScene(domain, creator, None if responsible is None else wire_id(responsible))
    assert orjson.dumps(activity_element(activity, Quoted(scene))) == render_ascii(reference(activity, scene))


# -- who is named ---------------------------------------------------------------------------------------


def test_a_new_name_of_the_creator_is_told_at_once(ann: Client) -> None:
    made = ann.create()
    path = f"/activities/{made['_id']}"
    assert ann.value("GET", path)["createdByUser"]["name"] == "Ann Lee"
    ann.write(lambda desk: desk.update(Update(User, ann.principal.user_id, {"last_name": "Zed"})))
    assert ann.value("GET", path)["createdByUser"]["name"] == "Ann Zed"
    assert ann.value("PUT", path, partial="Yes")["createdByUser"]["name"] == "Ann Zed"


def test_a_card_that_is_hidden_is_no_longer_named(ann: Client) -> None:
    bea = ann.user("bea", first_name="Bea")
    card = bea.principal.person_id
    assert card is not None
    shown = wire_id(card, ann.desk().get(Party, card).created_at)
    made = ann.create(responsibleContactId=shown, assignedToContactId=shown)
    path = f"/activities/{made['_id']}"
    ann.write(lambda desk: desk.add_link(Ref("activity", local_id(made["_id"])), NewLink(Ref("party", card), "buyer")))
    for hidden in (False, True, False):
        visibility = "private" if hidden else "everyone"
        bea.write(
            lambda desk, visibility=visibility: desk.update(
                Update(Party, card, {"visibility": visibility, "owner_id": bea.principal.user_id})
            )
        )
        for answer in (
            ann.value("GET", path),
            ann.value("GET", "/activities")[0],
            ann.value("PUT", path, partial="Yes"),
        ):
            assert ("responsibleContactId" in answer, "assignedToContact" in answer) == (not hidden, not hidden)
            assert [contact["contactId"] for contact in answer["contacts"]] == ([] if hidden else [shown])
        # To himself it is shown.
        assert bea.value("GET", path)["responsibleContactId"] == shown
