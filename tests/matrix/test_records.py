"""Every ordered pair of dialects over people, organisations, opportunities and cases: what one writes the other shows
at once, and what the other changes takes nothing away.

A dialect may lack a fact (`Speaker.WORDS`); what it has, it must show whole, keep, and take back unchanged.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

import dialects
from canonical.model import Case, CustomField, Opportunity, Party
from canonical.operations import Create
from tests.matrix.facts import KINDS, MOODS, OTHER, facts
from tests.matrix.speakers import SPEAKERS, speakers
from tests.matrix.speakers.speaker import CUSTOM, Facts, Speaker
from tests.support.world import World

pytestmark = pytest.mark.slow
RECORDS: dict[str, Any] = {"person": Party, "organisation": Party, "opportunity": Opportunity, "case": Case}
PAIRS = [
    pytest.param(kind, *pair, id="-".join((kind, *pair)))
    for kind in KINDS
    for pair in permutations(sorted(SPEAKERS), 2)
    if all(SPEAKERS[name].WORDS[kind] for name in pair)
]
_STAGE = ("stage", "stage_changed_at", "probability", "state", "closed_on")
COLUMNS: dict[str, tuple[str, ...]] = {
    "": (),
    **dict.fromkeys(("email", "second_email", "phone", "mobile", "fax", "website"), ("points",)),
    **dict.fromkeys(("street", "city", "region", "postcode", "country"), ("points",)),
    "first_name": ("first_name", "name"),
    "last_name": ("last_name", "name"),
    "title": ("title", "name"),
    "organisation": ("organisation_id", "organisation_name"),
    "company": ("party_id", "party_name"),
    "owner": ("owner_id", "owner_username", "owner_chosen"),
    "closes": ("expected_close",),
    "stage": _STAGE,
    "milestone": _STAGE,
    "state": ("state", "closed_on"),
}
"""The core's fields that a fact stands in, where they are not of its name."""
_NUMBERS = itertools.count(1)


class Scene:
    """One world with all speakers, two organisations and two users to name."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.add_user("bob", first_name="Bob", last_name="Ng")
        self.users = [str(world.principal(token).user_id) for token in ("bob-token", "ann-token")]
        organisations = [{"type": "organisation", "name": name} for name in ("First", "Second")]
        self.companies = [
            str(world.write(lambda desk, values=values: desk.create(Create(Party, values))).id)
            for values in organisations
        ]
        for kind in {record.KIND for record in RECORDS.values()}:
            world.write(lambda desk, kind=kind: desk.save_custom_field(CustomField(kind, CUSTOM)))
        self.speakers = speakers(world)
        # Only fields that this dialect's clients made have a name there.
        self.speakers["zurmo"].create("person", {"last_name": "Maker", "custom": "x"})
        self.speakers["zurmo"].create("organisation", {"title": "Maker", "custom": "x"})
        maker = {"title": "Maker", "amount": "1", "closes": "2030-01-01", "custom": "x"}
        self.speakers["zurmo"].create("opportunity", maker)

    def facts(self, kind: str, mood: str, writer: Speaker) -> Facts:
        """Facts of a new record; plain ones where the writer's columns end. No two organisations have one name."""
        words, plain = writer.WORDS[kind], facts(kind, "plain")
        made = {
            fact: plain[fact] if fact in words and 0 < words[fact].limit < len(text) + 5 else text
            for fact, text in facts(kind, mood).items()
        }
        made |= {"owner": self.users[0], "company": self.companies[0]}
        made["organisation"] = self.companies[0]
        if kind == "organisation":
            made["title"] = f"{next(_NUMBERS)} {made['title']}"
        return made

    def other(self, kind: str, fact: str) -> str:
        """Another text for a fact."""
        if fact == "title" and kind == "organisation":
            return f"{next(_NUMBERS)} {OTHER[fact]}"
        if fact == "state":
            return "lost" if kind == "opportunity" else "closed"
        named = {"owner": self.users, "company": self.companies, "organisation": self.companies}
        return named[fact][1] if fact in named else OTHER[fact]

    def stored(self, kind: str, number: int) -> dict[str, Any]:
        """All that the core has of a record, but when it was changed and by whom."""
        record = RECORDS[kind]
        include = ("links", "tags", "custom", *(("points",) if record is Party else ()))
        kept = dataclasses.asdict(self.world.desk().get(record, number, include))
        for name in ("version", "updated_at", "modifier_id", "modifier_username"):
            del kept[name]
        return kept


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with World(tmp_path_factory.mktemp("matrix")) as world:
        yield Scene(world)


def test_every_dialect_has_a_speaker() -> None:
    assert set(SPEAKERS) == set(dialects.names())
    assert all(set(speaker.WORDS) == set(KINDS) for speaker in SPEAKERS.values())


def shown(reader: Speaker, kind: str, written: Facts) -> Facts:
    """What of `written` the reader has to show: all it knows, cut where its vendor's columns end."""
    words = reader.WORDS[kind]
    known = {fact: text for fact, text in written.items() if fact in words and words[fact].read}
    return {fact: text[: words[fact].limit or None] for fact, text in known.items()}


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize(("kind", "one", "other"), PAIRS)
def test_what_one_writes_the_other_shows_and_may_write_back(
    scene: Scene, kind: str, one: str, other: str, mood: str
) -> None:
    writer, reader = scene.speakers[one], scene.speakers[other]
    made = scene.facts(kind, mood, writer)
    number = writer.create(kind, made)
    expected = shown(reader, kind, writer.sayable(kind, made))
    told = reader.tell(kind, number)
    assert {fact: told[fact] for fact in expected} == expected
    before = scene.stored(kind, number)
    reader.change(kind, number, {fact: text for fact, text in told.items() if text})
    only_this_changed(before, scene.stored(kind, number), "", other)


@pytest.mark.parametrize(("kind", "one", "other"), PAIRS)
def test_what_the_other_changes_is_seen_and_takes_nothing_away(scene: Scene, kind: str, one: str, other: str) -> None:
    writer, changer = scene.speakers[one], scene.speakers[other]
    number = writer.create(kind, scene.facts(kind, "marked", writer))
    for fact, word in changer.WORDS[kind].items():
        seen, own, stored = writer.tell(kind, number), changer.tell(kind, number), scene.stored(kind, number)
        if not word.write or (word.needs and not own[word.needs]):
            continue
        text = scene.other(kind, fact)
        changer.change(kind, number, {fact: text})
        expected = {name: text if name == fact else old for name, old in seen.items() if name not in word.moves}
        now = writer.tell(kind, number)
        assert {name: now[name] for name in expected} == expected, fact
        assert changer.tell(kind, number)[fact] == text
        only_this_changed(stored, scene.stored(kind, number), fact, other)


def only_this_changed(before: dict[str, Any], after: dict[str, Any], fact: str, dialect: str) -> None:
    """That the core changed in what the fact is, and in what the changing dialect keeps for itself."""
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"extras", *COLUMNS.get(fact, (fact,))}, (fact, changed)
    others = [{name: kept for name, kept in record["extras"].items() if name != dialect} for record in (before, after)]
    assert others[0] == others[1], fact
    for name in ("points", "custom"):
        gone = [item for item in before.get(name, ()) if item not in after[name]]
        come = [item for item in after.get(name, ()) if item not in before[name]]
        assert len(gone) <= 1, (fact, gone)
        assert len(come) <= 1, (fact, come)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", sorted(SPEAKERS))
def test_what_one_deletes_is_gone_everywhere(scene: Scene, kind: str, name: str) -> None:
    speaker = scene.speakers[name]
    if not speaker.WORDS[kind]:
        assert kind in ("opportunity", "case")
        return
    number = speaker.create(kind, scene.facts(kind, "plain", speaker))
    others = [other for other in scene.speakers.values() if other.WORDS[kind]]
    assert all(other.there(kind, number) for other in others)
    speaker.delete(kind, number)
    # A contact that AffinityLive deletes is only inactive.
    stays = (name, kind) == ("affinitylive", "person")
    assert [other.there(kind, number) for other in others] == [stays] * len(others)
