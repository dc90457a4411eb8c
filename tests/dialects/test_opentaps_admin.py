"""opentaps beside activities: logins, rights, tags, groups, the 2012 mount (opentaps dossier, section 8)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from adapter.wire import WireRequest
from canonical.model import Party, Tag, User
from tests.dialects.opentaps_client import Client, ann_fixture, local_id, refused, world_fixture
from tests.support.world import World

world = world_fixture()
ann = ann_fixture()
NO_RIGHT = "You do not have permission to do this."


# -- logins -----------------------------------------------------------------------------------------------


def test_a_login_for_a_contact(ann: Client) -> None:
    bo = ann.contact(emailsNumber="1", email0="bo@x.test")["_id"]
    made = ann.value("POST", "/admin/user", userId="Bo@X.test", userIdType="google_apps", contactId=bo)
    assert made == {"userId": "Bo@X.test", "userIdType": "GOOGLE_APPS", "contactId": bo}
    assert ann.bare(f"/contact-users/{bo}") == [{"userId": "Bo@X.test", "userIdType": "GOOGLE_APPS"}]
    assert [c["_id"] for c in ann.bare("/contacts-users")][-1] == bo
    token = ann.value("POST", "/admin/reset-token", userId="bo@x.test")["authToken"]
    created = ann.but(token=token).create()
    assert created["createdByUser"] == {"id": "Bo@X.test", "userType": "GOOGLE_APPS", "name": "Bo"}
    # The contact may have more than one.
    ann.value("POST", "/admin/user", userId="bo", contactId=bo)
    assert [u["userId"] for u in ann.bare(f"/contact-users/{bo}")] == ["Bo@X.test", "bo"]
    assert len(ann.bare("/contacts-users")) == 2
    message = ann.refusal("POST", "/admin/user", userId="BO", contactId=bo, expect=400)
    assert message == "A user with this name already exists."


def test_removing_a_login_ends_its_token_at_once(ann: Client) -> None:
    bo = ann.contact()["_id"]
    ann.value("POST", "/admin/user", userId="bo", contactId=bo)
    token = ann.value("POST", "/admin/reset-token", userId="bo")["authToken"]
    made = ann.but(token=token).create()
    ann.value("DELETE", "/admin/user", userId="bo")
    assert ann.but(token=token).refusal("GET", "/activities", expect=401) == "authToken is not valid."
    assert ann.bare(f"/contact-users/{bo}") == []
    assert ann.desk().get(Party, local_id(bo)).user_id is None
    # What it did keeps its name, and the same login may be made again, for another contact.
    assert ann.value("GET", f"/activities/{made['_id']}")["createdByUser"] == made["createdByUser"]
    cy = ann.contact(firstName="Cy")["_id"]
    ann.value("POST", "/admin/user", userId="bo", contactId=cy)
    assert ann.but(token=token).refusal("GET", "/activities", expect=401)
    assert ann.bare(f"/contact-users/{cy}") == [{"userId": "bo", "userIdType": "INTERNAL"}]
    assert ann.refusal("DELETE", "/admin/user", userId="ann", expect=400)
    assert ann.refusal("DELETE", "/admin/user", userId="nobody", expect=404)


def test_contact_and_login_at_once(ann: Client) -> None:
    made = ann.value(
        "POST", "/admin/user-contact", firstName="Bo", companyName="Fjord", emailAddress="bo@x.test", userId="bo"
    )
    contact = ann.value("GET", "/contact", contactId=made["contactId"])[0]
    assert (contact["firstName"], contact["companyName"]) == ("Bo", "Fjord")
    assert contact["emails"] == [{"email": "bo@x.test", "purpose": "PRIMARY"}]
    user = next(user for user in ann.desk().find(User).items if user.username == "bo")
    assert (user.email, user.person_id) == ("bo@x.test", local_id(made["contactId"]))
    # Both or neither.
    before = len(ann.value("GET", "/contact"))
    assert ann.refusal("POST", "/admin/user-contact", firstName="X", userId="bo", expect=400)
    assert len(ann.value("GET", "/contact")) == before


def test_bad_logins_are_refused(ann: Client) -> None:
    bo = ann.contact()["_id"]
    assert "\tuserId :" in ann.refusal("POST", "/admin/user", contactId=bo, expect=400)
    assert "\tcontactId :" in ann.refusal("POST", "/admin/user", userId="bo", expect=400)
    message = ann.refusal("POST", "/admin/user", userId="bo", contactId=bo, userIdType="FAX", expect=400)
    assert message.endswith("must be one of INTERNAL, GOOGLE_APPS, TWITTER_LOGIN")
    assert ann.refusal("POST", "/admin/user", userId="bo", contactId="x", expect=404)
    assert ann.refusal("POST", "/admin/user", userId="x" * 300, contactId=bo, expect=400)


def test_reset_token(ann: Client) -> None:
    token = ann.value("POST", "/admin/reset-token")["authToken"]
    assert ann.refusal("GET", "/activities", expect=401) == "authToken is not valid."
    assert ann.but(token=token).value("GET", "/activities") == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/admin/user"), ("DELETE", "/admin/user"), ("POST", "/admin/user-contact"),
        ("GET", "/admin/user-permission"), ("POST", "/admin/user-permission"), ("DELETE", "/admin/user-permission"),
        ("POST", "/admin/reset-token"), ("GET", "/admin/activity-type"), ("POST", "/admin/activity-type"),
        ("DELETE", "/admin/activity-type"),
    ],
)  # fmt: skip
def test_administration_is_for_administrators(ann: Client, method: str, path: str) -> None:
    assert ann.user("bea").refusal(method, path, userId="ann", activityType="X", expect=403) == NO_RIGHT


def test_permissions(ann: Client) -> None:
    bea = ann.user("bea")
    path = "/admin/user-permission"
    every = ["CONTACT_VIEW", "CONTACT_UPDATE", "ACTIVITY_VIEW", "ACTIVITY_UPDATE"]
    assert ann.value("GET", path, userId="bea") == {"userId": "bea", "permissions": every}
    taken = ann.value("DELETE", path, userId="bea", permission="activity_update")
    assert taken["permissions"] == ["CONTACT_VIEW", "ACTIVITY_VIEW"]
    assert bea.refusal("POST", "/activities", noteText="x", expect=403) == NO_RIGHT
    ann.value("POST", path, userId="bea", permission="CONTACT_UPDATE")
    assert bea.create()
    assert ann.value("POST", path, userId="bea", permission="DOMAIN_CONF")["permissions"] == [*every, "DOMAIN_CONF"]
    assert bea.value("GET", "/admin/activity-type")
    assert ann.value("POST", path, userId="bea", permission="CONTACT_VIEW")["permissions"] == [*every, "DOMAIN_CONF"]
    message = ann.refusal("POST", path, userId="bea", permission="FLY", expect=400)
    assert message.endswith(f"must be one of {', '.join([*every, 'DOMAIN_CONF'])}")
    assert ann.refusal("DELETE", path, userId="bea", permission="CONTACT_VIEW", expect=400)
    assert ann.refusal("DELETE", path, userId="ann", permission="DOMAIN_CONF", expect=400)


def test_activity_types(ann: Client) -> None:
    path = "/admin/activity-type"
    assert ann.value("GET", path) == ["NOTE", "EMAIL", "TASK"]
    for _ in range(2):
        assert ann.value("POST", path, activityType="pinned") == {"activityType": "PINNED"}
    assert ann.value("GET", path) == ["NOTE", "EMAIL", "TASK", "PINNED"]
    ann.value("DELETE", path, activityType="Pinned")
    assert ann.value("GET", path) == ["NOTE", "EMAIL", "TASK"]
    assert ann.refusal("DELETE", path, activityType="Pinned", expect=404)
    assert ann.refusal("POST", path, activityType=" ", expect=400)


# -- tags -------------------------------------------------------------------------------------------------


def test_tags(ann: Client) -> None:
    made = ann.value("POST", "/tag", tagName="Hot", tagUrl="http://x.test", tagKeywords="a b")
    assert list(made) == ["tagId"]
    id = made["tagId"]
    assert len(id) == 24
    expected = {"tagId": id, "tagName": "Hot", "tagUrl": "http://x.test", "tagKeywords": "a b"}
    assert ann.value("GET", "/tag", tagName="hO") == [expected]
    assert ann.value("GET", "/tag", tagName="cold") == []
    message = ann.refusal("POST", "/tag", tagName="HOT", expect=400)
    assert message == "A tag with this name already exists."
    changed = ann.value("PUT", "/tag", tagId=id, tagUrl="")
    assert changed == {"tagId": id, "tagName": "Hot", "tagKeywords": "a b"}
    ann.value("POST", "/tag", tagName="Cold")
    assert ann.refusal("PUT", "/tag", tagId=id, tagName="cold", expect=400) == "A tag with this name already exists."
    assert ann.value("PUT", "/tag", tagId=id, tagName="Warm")["tagName"] == "Warm"
    ann.value("DELETE", "/tag", tagId=id)
    assert ann.refusal("DELETE", "/tag", tagId=id, expect=404) == f"I cannot find the tag with id [{id}]."
    assert [tag["tagName"] for tag in ann.value("GET", "/tag")] == ["Cold"]


def test_bad_tags_are_refused(ann: Client) -> None:
    assert "\ttagName :" in ann.refusal("POST", "/tag", expect=400)
    assert "\ttagName :" in ann.refusal("POST", "/tag", tagName=" ", expect=400)
    assert ann.refusal("POST", "/tag", tagName="x" * 300, expect=400)
    assert "\ttagId :" in ann.refusal("PUT", "/tag", expect=400)
    for id in ("x", "0" * 24, "f" * 24, f"{1:08x}{1:016x}"):
        assert ann.refusal("PUT", "/tag", tagId=id, expect=404) == f"I cannot find the tag with id [{id}]."


def test_activities_of_a_tag(ann: Client) -> None:
    made = [ann.create(str(number), tagName="Hot") for number in range(3)]
    ann.create("other", tagName="Cold")
    id = made[0]["tags"][0]["tagId"]
    assert ann.value("GET", "/tagActivities", tagId=id) == made
    assert ann.value("GET", "/tagActivities", tagId=id, per_page="1", page="2", order="DESC") == [made[1]]
    assert ann.value("GET", "/tagActivities", tagId=id, status="STARTED") == []
    assert "\ttagId :" in ann.refusal("GET", "/tagActivities", expect=400)
    assert ann.refusal("GET", "/tagActivities", tagId="x", expect=404) == "I cannot find the tag with id [x]."


def test_the_parent_of_a_tag(ann: Client) -> None:
    ann.value("POST", "/tag", tagName="A::b")
    parent, child = ann.desk().find_tags()
    assert (parent.name, child.name, child.parent_id) == ("A", "A::b", parent.id)
    ann.value("POST", "/tag", tagName="::x")
    assert ann.desk().find_tags("::x")[0] == Tag(child.id + 1, "::x")


# -- groups -----------------------------------------------------------------------------------------------


def test_groups_and_members(ann: Client) -> None:
    group = ann.value("POST", "/contact-group", groupName="VIP")
    id = group["groupId"]
    assert group == {"groupId": id, "groupName": "VIP"}
    other = ann.value("POST", "/contact-group", groupName="Other")["groupId"]
    bo, cy = (ann.contact(firstName=name)["_id"] for name in ("Bo", "Cy"))
    path = "/contact-group-member"
    for contact in (bo, cy, bo):
        assert ann.value("POST", path, groupId=id, contactId=contact) == {"groupId": id, "contactId": contact}
    ann.value("POST", path, groupId=other, contactId=bo)
    assert [c["firstName"] for c in ann.value("GET", path, groupId=id)] == ["Bo", "Cy"]
    assert [g["groupName"] for g in ann.value("GET", path, contactId=bo)] == ["VIP", "Other"]
    for _ in range(2):
        ann.value("DELETE", path, groupId=id, contactId=cy)
    assert [c["firstName"] for c in ann.value("GET", path, groupId=id)] == ["Bo"]
    assert ann.value("PUT", "/contact-group", groupId=id, groupName="Gold")["groupName"] == "Gold"
    assert ann.value("GET", "/contact-group", groupName="gol") == [{"groupId": id, "groupName": "Gold"}]
    assert ann.value("GET", "/contact-group", groupId=other) == [{"groupId": other, "groupName": "Other"}]
    ann.value("DELETE", "/contact-group", groupId=id)
    assert [g["groupName"] for g in ann.value("GET", path, contactId=bo)] == ["Other"]
    assert [g["groupId"] for g in ann.value("GET", "/contact-group")] == [other]
    assert ann.desk().get(Party, local_id(bo)).extras["opentaps"]["groups"].split() == [str(local_id(other))]


def test_bad_groups_are_refused(ann: Client) -> None:
    id = ann.value("POST", "/contact-group", groupName="VIP")["groupId"]
    message = ann.refusal("POST", "/contact-group", groupName="vip", expect=400)
    assert message == "A contact group with this name already exists."
    assert ann.refusal("POST", "/contact-group", expect=400)
    assert ann.refusal("POST", "/contact-group", groupName="x" * 300, expect=400)
    assert ann.refusal("DELETE", "/contact-group", groupId="x", expect=404)
    assert ann.refusal("POST", "/contact-group-member", groupId=id, expect=400)
    assert ann.refusal("POST", "/contact-group-member", groupId=id, contactId="x", expect=404)
    assert ann.refusal("GET", "/contact-group-member", expect=400)


# -- the 2012 service ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/notes/notes"), ("POST", "/notes/note"), ("GET", "/notes/note/x"), ("GET", "/notes/user/x")],
)
def test_the_2012_service_is_off_unless_wanted(ann: Client, method: str, path: str) -> None:
    assert refused(ann.send(method, path), 404) == "Not Found"
    assert ann.refusal(method, path, noteText="x", expect=404) == "Not Found"


def everybody(world: World, slug: str, method: str, target: str, body: bytes = b"") -> tuple[int, Any]:
    """A call of nobody in particular to the tenant's host."""
    path, _, query = target.partition("?")
    response = world.endpoint("opentaps", slug).send(WireRequest(method, path, query, body=body))
    return response.status, orjson.loads(response.body)


def test_the_2012_service(world: World, ann: Client) -> None:
    world.set("opentaps.e1_user", "ann", ann.slug)
    status, data = everybody(world, ann.slug, "POST", "/notes/note", b"noteText=hello&note_field_color=red&userKey=k")
    assert status == 201
    note = data["result"]["resultValue"]["note"]
    assert (note["noteText"], note["note_field_color"]) == ("hello", "red")
    # An id makes no update of it: everybody may post here.
    again = everybody(world, ann.slug, "POST", "/notes/note", b"noteText=two&noteId=" + note["noteId"].encode())
    assert again[1]["result"]["resultValue"]["note"]["sequenceNum"] == 2
    one = everybody(world, ann.slug, "GET", f"/notes/note/{note['noteId']}")
    assert one[1]["result"]["resultValue"]["note"] == note
    for target, expected in (
        ("/notes/notes", [1, 2]),
        ("/notes/notes/1", [1]),
        ("/notes/notes/5/2", [2]),
        ("/notes/notes/5?order=DESC", [2, 1]),
    ):
        page = everybody(world, ann.slug, "GET", target)
        assert [item["note"]["sequenceNum"] for item in page[1]["result"]["resultValue"]] == expected
    for method, target in (("GET", "/notes/user/k%20x"), ("POST", "/notes/user/logout/k%20x")):
        status, data = everybody(world, ann.slug, method, target)
        assert (status, data["error"]) == (404, "I couldn't find a user with key [k x].  ")


def test_the_2012_service_needs_a_user_who_may_write(world: World, ann: Client) -> None:
    ann.user("vic", view_only=True)
    world.set("opentaps.e1_user", "vic", ann.slug)
    assert everybody(world, ann.slug, "GET", "/notes/notes")[0] == 200
    status, data = everybody(world, ann.slug, "POST", "/notes/note", b"noteText=x")
    assert (status, data["error"]) == (403, NO_RIGHT)
    world.set("opentaps.e1_user", "nobody", ann.slug)
    assert everybody(world, ann.slug, "GET", "/notes/notes")[0] == 404
