"""The client side of every dialect, asked of our own gateway: what a row of its capabilities says is true.

A record is made in the core with a value in every field; whatever field a row of ``read`` or ``list`` names, the
client hears with that very value. The other way round, whatever field a row of ``create`` or ``update`` names arrives
in the core as it was said, and all others are losses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import dialects
from adapter.client import (
    KINDS,
    Capability,
    ClientSide,
    Credentials,
    Session,
    UnexpectedAnswer,
    can,
    kind_of,
    record_of,
)
from adapter.driver import Driver
from adapter.losses import LossReport
from adapter.wire import WireRequest, WireResponse
from canonical.errors import CanonicalError, Denied, NotFound, Unauthenticated, Unsupported
from canonical.model import Activity, Case, ContactPoint, CustomField, CustomValue, Opportunity, Party, Record, User
from canonical.operations import (
    AddLink,
    AddTag,
    Create,
    Delete,
    DropLink,
    DropTag,
    FindCustomFields,
    FindDeletions,
    FindTags,
    Get,
    NewLink,
    SaveCustomField,
    Update,
)
from canonical.service.desk import CoreDesk
from canonical.values import SECOND, Ref, instant
from tests.matrix.ids import Ids, ids_of
from tests.support.world import World

SIDES: Mapping[str, ClientSide] = {
    name: side for name in dialects.names() if (side := dialects.load(name).client) is not None
}
SECRET = "oauth-secret-1"
CREDENTIALS = Credentials(
    token="ann-token",
    username="ann",
    password="ann-pw",
    domain="acme.com",
    client_id="client-1",
    client_secret=SECRET,
)
DUE = instant(2031, 4, 5, 9, 30)
VERSIONS: Mapping[str, tuple[str, Mapping[str, str]]] = {"zurmo 3": ("zurmo", {"profile": "v3"})}
"""Further servers of a dialect: those of another version, by its settings."""
DEFINED: Mapping[str, dict[str, str]] = {"zurmo": {"zurmo": "text"}}
"""Options of the custom field, by dialect, where its clients see only those of its own."""
BUYERS = {"zurmo": "organisation"}
"""Whom an opportunity is with, by dialect, where it cannot be a person."""
LINKABLE = ("person", "organisation", "opportunity", "case")


@dataclass(frozen=True)
class Setting:
    """A world with its driver, and the ids of what records refer to: ours, and as the dialect's clients have them."""

    world: World
    driver: Driver
    ids: Mapping[str, int]
    theirs: Mapping[str, int]
    wire: Ids

    def load(self, kind: type[Record], id: int) -> Any:
        return self.world.write(lambda desk: desk.get(kind, id, parts(kind)))

    def loaded(self, heard: Record) -> Any:
        """The record that a client heard of, as it stands in the core."""
        return self.load(type(heard), self.wire.ours(Ref(heard.KIND, heard.id)))

    def wire_id(self, record: Record) -> int:
        """The id of our record as the dialect's clients have it."""
        return self.wire.theirs(Ref(record.KIND, record.id))


def parts(kind: type[Record]) -> tuple[str, ...]:
    return tuple(name for name in ("links", "points", "tags", "custom") if hasattr(kind(), name))


def driver(world: World, name: str, credentials: Credentials = CREDENTIALS) -> Driver:
    return Driver(dialects.load(name), world.endpoint(name), Session("http://localhost", credentials))


@pytest.fixture(params=[*SIDES, *VERSIONS])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setting]:
    name, settings = VERSIONS.get(request.param, (request.param, {}))
    with World(tmp_path) as world:
        for key, value in settings.items():
            world.set(f"{name}.{key}", value)
        world.add_user("bob", first_name="Bob", last_name="Ray", email="bob@acme.test")
        world.core.directory.add_application("client-1", "acme", SECRET, "ann")

        def work(desk: CoreDesk) -> dict[str, int]:
            made = {"organisation": desk.create(Create(Party, {"type": "organisation", "name": "Fjord AS"})).id}
            values = {
                "type": "person",
                "first_name": "Zoë",
                "last_name": "Lund",
                "organisation_id": made["organisation"],
            }
            point = ContactPoint("email", "zoe@fjord.example", "work")
            made["person"] = desk.create(Create(Party, values, points=(point,))).id
            made["opportunity"] = desk.create(Create(Opportunity, {"title": "Deal", "party_id": made["person"]})).id
            made["case"] = desk.create(Create(Case, {"title": "Matter", "party_id": made["person"]})).id
            for kind in ("party", "opportunity", "case", "activity"):
                desk.save_custom_field(CustomField(kind, "Region", "Region", options=DEFINED.get(name, {})))
            return made

        ids = world.write(work)
        wire = ids_of(name, world)
        ids["buyer"] = ids[BUYERS.get(name, "person")]
        ids["owner"] = world.principal("bob-token").user_id
        kinds = {"organisation": "party", "person": "party", "buyer": "party", "owner": "user"}
        theirs = {name: wire.theirs(Ref(kinds.get(name, name), id)) for name, id in ids.items() if name in kinds}
        yield Setting(world, driver(world, name), ids, {**ids, **theirs}, wire)


def sample(kind: str, ids: Mapping[str, int], *, other: bool = False) -> Create[Any]:
    """A record of a kind with all that the core can hold of it; `other` values for an update."""
    word = "other" if other else "first"
    text = (
        {"about": f"About {word}", "industry": "Retail"}
        if other
        else {"about": f"About {word}", "industry": "Banking"}
    )
    links: tuple[NewLink, ...] = (NewLink(Ref("party", ids["person"])),)
    points: tuple[ContactPoint, ...] = ()
    match kind:
        case "person":
            values: dict[str, Any] = {
                **text,
                "type": kind,
                "first_name": f"Ada {word}",
                "last_name": "Byron",
                "salutation": "Ms",
                "job_title": f"Engineer {word}",
                "department": "Works",
                "organisation_id": ids["organisation"],
            }
            links = ()
        case "organisation":
            values = {
                **text,
                "type": kind,
                "name": f"Works {word}",
                "employees": 12,
                "annual_revenue": 5_000_000 * SECOND,
            }
            links = ()
        case "opportunity":
            values = {
                "title": f"Sale {word}",
                "body": f"Body {word}",
                "party_id": ids["buyer"],
                "amount": 120_500_000,
                "currency": "GBP",
                "stage": "Bid",
                "probability": 50,
                "expected_close": "2031-06-07",
                "state": "open",
            }
            links = ()
        case "case":
            values = {"title": f"Case {word}", "body": f"Body {word}", "party_id": ids["person"], "state": "open"}
            links = ()
        case "task":
            values = {
                "type": kind,
                "title": f"Call {word}",
                "body": f"Body {word}",
                "due_at": DUE,
                "due_date_only": False,
                "category": "Call",
                "state": "open",
            }
        case _:
            values = {
                "type": kind,
                "title": f"Title {word}",
                "body": f"Body {word}",
                "start_at": DUE - 3600 * SECOND,
                "end_at": DUE,
                "location": "Oslo",
            }
    if kind == "email":
        links = (*links, NewLink(Ref("party", ids["person"]), "to"))
    if kind in ("person", "organisation"):
        points = (
            ContactPoint("email", f"{word}@works.example", "work"),
            ContactPoint("phone", "+47 22 00 00 00", "work"),
            ContactPoint(
                "address", label="office", street="1 High St", city="Leeds", postcode="LS1", country="Norway"
            ),
        )
    custom = (CustomValue("Region", f"North {word}"),)
    return Create(record_of(kind), values, links, points, ("hot",), custom)


def said(record: Any, field: str, row: Capability | None = None) -> Any:
    """A field as the two sides can compare it: whole seconds, names for ids, what hangs on it without our ids."""
    value = getattr(record, field)
    if field.endswith("_at") and value is not None:
        return value // SECOND
    if field == "links":
        # Some vendors write by themselves that the owner made it or sent it; `owner_id` says so already.
        owner = Ref("user", record.owner_id)
        told = [link for link in value if link.role not in ("creator", "from") or link.target != owner]
        return sorted({(link.target.kind, link.target.id) for link in told})
    if field == "points":
        return sorted(
            (
                p.kind,
                "" if row and p.kind in row.unlabelled else p.label or "",
                p.value,
                p.street or "",
                p.city or "",
                p.postcode or "",
                p.country or "",
            )
            for p in value
            if row is None or row.says_point(p.kind)
        )
    if field == "tags":
        return sorted(tag.name for tag in value)
    if field == "custom":
        return sorted((item.name, item.value) for item in value)
    return value if value != "" else None


def differences(row: Capability, expected: Any, arrived: Any, fields: Collection[str]) -> dict[str, Any]:
    """Of these fields those that differ, with both values."""
    pairs = {field: (said(expected, field, row), said(arrived, field, row)) for field in fields}
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}


def rows(side: ClientSide, verb: str) -> list[str]:
    return [row.kind for row in side.capabilities if row.verb == verb and row.kind in KINDS]


def made(setting: Setting, kind: str, owner: int | None = None) -> Any:
    """A record in the core, somebody else's to look after, or that user's."""
    operation = sample(kind, setting.ids)
    values = {**operation.values, "owner_id": owner or setting.ids["owner"], "owner_chosen": True}
    owned = dataclasses.replace(operation, values=values)
    return setting.world.write(lambda desk: desk.create(owned, parts(owned.kind)))


def test_every_record_is_heard_as_it_stands(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "read"):
        if kind == "user":
            continue
        record = made(setting, kind)
        expected = setting.load(type(record), record.id)
        row = can(setting.driver.side, kind, "read")
        assert row is not None
        assert row.fields
        id = setting.wire_id(record)
        heard = setting.driver.perform(Get(type(record), id, parts(type(record))))
        assert heard.id == id
        differ = differences(row, expected, setting.wire.heard(heard), row.fields)
        assert not differ, (kind, differ)
    assert not setting.driver.losses, setting.driver.losses.summary()


def test_every_list_is_heard_to_its_end(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "list"):
        if kind == "user":
            continue
        first, second = made(setting, kind), made(setting, kind)
        row = can(setting.driver.side, kind, "list")
        assert row is not None
        heard = [record for batch in setting.driver.pull(kind) for record in batch.records]
        ids = [record.id for record in heard]
        assert len(ids) == len(set(ids)), kind
        wanted = setting.wire_id(second)
        assert {setting.wire_id(first), wanted} <= set(ids), kind
        assert {kind_of(record) for record in heard} == {kind}
        record = next(record for record in heard if record.id == wanted)
        expected = setting.load(type(second), second.id)
        differ = differences(row, expected, setting.wire.heard(record), row.fields)
        assert not differ, (kind, differ)


def test_users_are_listed(setting: Setting) -> None:
    users = [record for batch in setting.driver.pull("user") for record in batch.records]
    assert {user.username for user in users if isinstance(user, User)} >= {"ann", "bob"}
    row = can(setting.driver.side, "user", "list")
    assert row is not None
    heard = next(user for user in users if isinstance(user, User) and user.username == "bob")
    expected = setting.loaded(heard)
    assert expected.username == "bob"
    for field in row.fields & {"username", "first_name", "last_name", "email"}:
        assert said(heard, field) == said(expected, field), field


def test_a_list_goes_on_where_it_was_broken_off(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "list"):
        if kind == "user":
            continue
        for _ in range(3):
            made(setting, kind)
        batches = list(setting.driver.pull(kind))
        whole = [record.id for batch in batches for record in batch.records]
        for number, batch in enumerate(batches):
            later = {r.id for b in batches[number + 1 :] for r in b.records}
            rest = {r.id for b in setting.driver.pull(kind, cursor=batch.cursor) for r in b.records}
            assert later <= rest <= set(whole), (kind, number)


def test_what_is_created_arrives_and_what_is_not_said_is_a_loss(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "create"):
        if kind == "user":
            continue
        operation = sample(kind, setting.ids)
        row = can(setting.driver.side, kind, "create")
        assert row is not None
        setting.driver.losses = losses = LossReport()
        arrived = setting.loaded(setting.driver.perform(sample(kind, setting.theirs)))
        expected = setting.world.write(lambda desk, op=operation: desk.create(op, parts(op.kind)))
        expected = setting.load(operation.kind, expected.id)
        given = {*operation.values} | {p for p in ("links", "points", "tags", "custom") if getattr(operation, p)}
        differ = differences(row, expected, arrived, given & row.fields - {"type"})
        assert not differ, (kind, differ)
        lost = {loss.field for loss in losses.counts()}
        # Whatever did not arrive was told.
        silent = {f for f in given - lost - {"name"} if said(expected, f) != said(arrived, f)}
        assert not silent, (kind, silent, losses.summary())


def test_what_is_updated_arrives(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "update"):
        if kind == "user":
            continue
        record = made(setting, kind)
        change = sample(kind, setting.theirs, other=True)
        expected = sample(kind, setting.ids, other=True).values
        row = can(setting.driver.side, kind, "update")
        assert row is not None
        values = {name: value for name, value in change.values.items() if name in row.fields or name == "type"}
        custom = change.custom if "custom" in row.fields else ()
        setting.driver.losses = losses = LossReport()
        try:
            setting.driver.perform(Update(change.kind, setting.wire_id(record), values, custom=custom))
        except Denied:
            # A vendor that lets nobody but the owner change what a thing says.
            record = made(setting, kind, setting.world.principal().user_id)
            setting.driver.perform(Update(change.kind, setting.wire_id(record), values, custom=custom))
        arrived = setting.load(change.kind, record.id)
        wrong = {f: (expected[f], getattr(arrived, f)) for f in values if getattr(arrived, f) != expected[f]}
        assert not wrong, (kind, wrong)
        assert [(c.name, c.value) for c in custom] == ([("Region", "North other")] if custom else [])
        if custom:
            assert said(arrived, "custom") == [("Region", "North other")]
        untouched = {"owner_id", "creator_id", "created_at"}
        assert {f: getattr(arrived, f) for f in untouched} == {f: getattr(record, f) for f in untouched}
        assert not losses, (kind, losses.summary())


def test_the_owner_is_said(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "create"):
        row = can(setting.driver.side, kind, "create")
        if row is None or "owner_id" not in row.fields:
            continue
        operation = sample(kind, setting.theirs)
        values = {**operation.values, "owner_id": setting.theirs["owner"], "owner_chosen": True}
        record = setting.driver.perform(dataclasses.replace(operation, values=values))
        arrived = setting.loaded(record)
        assert (arrived.owner_id, arrived.owner_username) == (setting.ids["owner"], "bob"), kind


def test_users_are_made_changed_and_removed(setting: Setting) -> None:
    side = setting.driver.side
    row = can(side, "user", "create")
    if row is None:
        return
    values = {"username": "cy", "first_name": "Cy", "last_name": "Orr", "email": "cy@acme.test", "is_admin": False}
    user = setting.driver.perform(Create(User, values))
    arrived = setting.loaded(user)
    told = {loss.field for loss in setting.driver.losses.counts()}
    assert {name: getattr(arrived, name) for name in values if name not in told} == {
        name: value for name, value in values.items() if name not in told
    }
    change = can(side, "user", "update")
    if change is not None:
        other = {"first_name": "Cyd", "last_name": "Ore", "is_admin": True, "view_only": False}
        other = {name: value for name, value in other.items() if name in change.fields}
        setting.driver.perform(Update(User, user.id, other))
        changed = setting.loaded(user)
        assert {name: getattr(changed, name) for name in other} == other
    if can(side, "user", "delete") is not None:
        setting.driver.perform(Delete(User, user.id))
        assert setting.load(User, arrived.id).active is False


def test_what_is_deleted_is_gone(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "delete"):
        if kind == "user":
            continue
        record = made(setting, kind)
        setting.driver.perform(Delete(type(record), setting.wire_id(record)))
        try:
            left = setting.load(type(record), record.id)
        except NotFound:
            continue
        # A vendor whose deletion makes a record inactive.
        assert getattr(left, "active", True) is False, kind


def test_tasks_are_completed_and_reopened(setting: Setting) -> None:
    side = setting.driver.side
    record = made(setting, "task")
    id = setting.wire_id(record)
    if can(side, "task", "complete") is not None:
        setting.driver.perform(Update(Activity, id, {"state": "completed"}))
        assert setting.load(Activity, record.id).state == "completed"
    if can(side, "task", "reopen") is not None:
        setting.driver.perform(Update(Activity, id, {"state": "open"}))
        assert setting.load(Activity, record.id).state == "open"


def test_tags_are_put_on_and_taken_off(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "tag"):
        record = made(setting, kind)
        ref = Ref(type(record).KIND, setting.wire_id(record))
        setting.driver.perform(AddTag(ref, "new & odd/tag"))
        assert "new & odd/tag" in said(setting.load(type(record), record.id), "tags")
        if can(setting.driver.side, kind, "untag") is not None:
            setting.driver.perform(DropTag(ref, "new & odd/tag"))
            assert "new & odd/tag" not in said(setting.load(type(record), record.id), "tags")


def test_links_are_made_and_taken_away(setting: Setting) -> None:
    for kind in rows(setting.driver.side, "link"):
        record = made(setting, kind)
        ref = Ref(type(record).KIND, setting.wire_id(record))
        target = Ref("party", setting.theirs["organisation"])
        ours = ("party", setting.ids["organisation"])
        setting.driver.perform(AddLink(ref, NewLink(target)))
        assert ours in said(setting.load(type(record), record.id), "links"), kind
        if can(setting.driver.side, kind, "unlink") is not None:
            setting.driver.perform(DropLink(ref, target))
            assert ours not in said(setting.load(type(record), record.id), "links"), kind


def test_definitions_tags_and_deletions(setting: Setting) -> None:
    side = setting.driver.side
    if can(side, "custom_field", "list") is not None:
        names = {field.name for field in setting.driver.perform(FindCustomFields("party"))}
        assert "Region" in names
    if can(side, "custom_field", "define") is not None:
        setting.driver.perform(SaveCustomField(CustomField("party", "Size", "Size", "text")))
        assert "Size" in {field.name for field in setting.world.desk().custom_fields("party")}
    if can(side, "tag", "list") is not None:
        made(setting, "person")
        made(setting, "task")
        assert "hot" in {tag.name for tag in setting.driver.perform(FindTags())}
    for kind in rows(side, "deletions"):
        record = made(setting, kind)
        id = setting.wire_id(record)
        setting.world.write(lambda desk, record=record: desk.delete(Delete(type(record), record.id)))
        gone = setting.driver.perform(FindDeletions(type(record).KIND, setting.world.time() - SECOND))
        assert Ref(type(record).KIND, id) in gone, kind


def test_wrong_credentials_are_told(setting: Setting) -> None:
    wrong = Credentials("nobody-token", "ann", "wrong", "acme.com", "client-1", "wrong")
    with pytest.raises(Unauthenticated):
        driver(setting.world, setting.driver.dialect.name, wrong).sign_in()


def test_what_cannot_be_asked_raises_unsupported_before_anything_is_sent(setting: Setting) -> None:
    setting.driver.sign_in()
    sent: list[WireRequest] = []
    endpoint = setting.driver.endpoint

    class Counting:
        def send(self, request: WireRequest) -> WireResponse:
            sent.append(request)
            return endpoint.send(request)

    setting.driver.endpoint = Counting()
    name = setting.driver.dialect.name
    for kind in KINDS:
        record = record_of(kind)
        typed = {"type": kind} if record in (Activity, Party) else {}
        asked = {"create": Create(record, {**typed, "title": "x"} if record is not User else {"username": "x"})}
        if kind == "user":
            asked |= {"update": Update(record, 1, {"last_name": "x"}), "delete": Delete(record, 1)}
        for verb, operation in asked.items():
            if can(setting.driver.side, kind, verb) is None:
                with pytest.raises(Unsupported, match=name):
                    setting.driver.perform(operation)
        if can(setting.driver.side, kind, "list") is None:
            with pytest.raises(Unsupported, match=name):
                list(setting.driver.pull(kind))
    assert not sent


NONSENSE = [
    b"<html><body>Bad gateway</body></html>",
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe\x00",
    b'{"status":"SUCCESS","data":{"id":"x"}}',
    b'{"response":{"id":[]},"meta":{"status":"ok"}}',
    b"<task><id>x</id></task>",
    b"<tasks size='1'><task>",
]


@pytest.mark.parametrize("body", NONSENSE)
def test_an_answer_that_is_none_is_one_typed_error(setting: Setting, body: bytes) -> None:
    setting.driver.sign_in()

    class Nonsense:
        def send(self, request: WireRequest) -> WireResponse:
            return WireResponse(200, [("Content-Type", "text/html")], body)

    setting.driver.endpoint = Nonsense()
    for kind in rows(setting.driver.side, "list"):
        with pytest.raises((UnexpectedAnswer, CanonicalError)):
            list(setting.driver.pull(kind))
    for kind in rows(setting.driver.side, "create"):
        with pytest.raises((UnexpectedAnswer, CanonicalError)):
            setting.driver.perform(sample(kind, setting.theirs))
    for kind in rows(setting.driver.side, "read"):
        with pytest.raises((UnexpectedAnswer, CanonicalError)):
            setting.driver.perform(Get(record_of(kind), 1))


def test_secrets_are_not_shown(setting: Setting) -> None:
    session = setting.driver.sign_in()
    text = repr(session) + repr(dataclasses.replace(session.credentials))
    for secret in ("ann-token", "ann-pw", SECRET):
        assert secret not in text
