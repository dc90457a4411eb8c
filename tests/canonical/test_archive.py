"""Tenants in files: everything comes back as it was, or nothing does."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapter import cli
from canonical.errors import Duplicate, Invalid, NotFound
from canonical.model import Activity, Case, Opportunity, Party
from canonical.model.module import FieldValue, ModuleField
from canonical.operations import Create, Delete, Update
from canonical.query import Query, eq
from canonical.service import aliases, attachments, employments, jobs, lookups, modules, pages, workflows  # noqa: F401
from canonical.store.sql import archive, tables
from canonical.store.sql.archive_file import Refused
from tests.support.world import World, over_postgres

FULL = frozenset(name for name in tables.metadata.tables if name not in archive.LEFT_OUT)


def filled(world: World) -> World:
    """A row at least in every table that an archive has."""
    bob = world.add_user("bob", email="bob@acme.test")
    world.set("zurmo.profile", "v3")

    def work(desk: Any) -> None:
        void = desk.create(Create(Party, {"type": "organisation", "name": "Void Æther \u2028 ✓"}))
        kai = desk.create(Create(Party, {"first_name": "Kai", "organisation_id": void.id}))
        first = desk.create(Create(Activity, {"title": "a; 'b' \"c\"\n" + "long " * 5000}, extras={"x": {"y": [1]}}))
        task = desk.create(Create(Activity, {"title": "child", "parent_id": first.id, "owner_id": bob.user_id}))
        desk.create(Create(Opportunity, {"title": "o", "party_id": kai.id}))
        made = desk.create(Create(Case, {"title": "c"}))
        desk.update(Update(Case, made.id, {"state": "closed"}))
        hidden = desk.create(Create(Activity, {"title": "gone", "visibility": "private"}))
        desk.delete(Delete(Activity, hidden.id))
        unit = desk.unit
        aliases.set_alias(unit, "capsule", "activity", "77", task.id)
        for row in _rows(kai.id, void.id, first.id, task.id, bob.user_id):
            unit.insert(*row)
        module = modules.save_module(unit, None, "Cars", [ModuleField(name="n")], 5, make=True)
        modules.create_record(unit, module.id, [FieldValue("n", "12.5"), FieldValue("m", "Zoë")], bob.user_id, 6)

    world.write(work)
    return world


def _rows(kai: int, void: int, first: int, task: int, bob: int) -> Iterator[tuple[str, dict[str, Any]]]:
    pair = {"record_kind": "activity", "record_id": task}
    link = {**pair, "position": 1, "at": 3}
    yield "link", {**link, "id": 901, "target_kind": "party", "target_id": kai, "role": "about"}
    yield "link", {**link, "id": 902, "target_kind": "user", "target_id": bob, "role": "assignee"}
    yield "link", {**link, "id": 903, "target_kind": "activity", "target_id": first, "role": "about"}
    yield (
        "contact_point",
        {"id": 900, "party_id": kai, "kind": "email", "value": "K@x.test", "position": 1, "extras": {}},
    )
    yield "tag", {"id": 900, "name": "Blau", "url": None, "keywords": None, "parent_id": None}
    yield "tagging", {**pair, "tag_id": 900, "position": 1}
    yield (
        "custom_field",
        {
            **{"id": 900, "kind": "activity", "group": "", "name": "f", "label": "F", "type": "text", "position": 1},
            "options": ["a", "b"],
        },
    )
    value = {"group": "", "name": "f", "value": "Ä", "position": 1, "id": 900, "updated_at": 3, "modifier_id": bob}
    yield "custom_value", {**pair, **value}
    at = {"created_at": 1}
    yield "employment", {"id": 950, "version": 1, "person_id": kai, "organisation_id": void, "extras": {}, **at}
    yield (
        "layout_page",
        {
            **{"id": -5, "parent_id": 0, "module_id": 0, "title": "P", "description": "", "blocks": '{"a":1}'},
            **{"visible": 1, "position": 1, **at},
        },
    )
    yield "saved_chart", {"id": 2**40 | 1, "name": "ch", "config": "{}", "updated_at": None, **at}
    flow = {"version": 1, "created_at": 1, "updated_at": None, "creator_id": bob, "extras": {}}
    yield "workflow", {"id": 2**41 | 1, "name": "w", "tasks": "[]", "on_error": "[]", "timeout": 0, **flow}
    job = {"id": 2**42 | 1, "workflow_id": 2**41 | 1, "status": "queued", "parameters": "{}", "log_count": 1, **flow}
    yield "job", {**job, "actor_id": bob, "start_at": 9}
    yield "job_log", {"job_id": 2**42 | 1, "position": 1, "at": 4, "item": '"x"'}
    yield "job_agenda", {"job_id": 2**42 | 1, "due_at": 2**60, "holder": None}


def members(file: Path) -> dict[str, Any]:
    with zipfile.ZipFile(file) as opened:
        found: dict[str, Any] = json.loads(opened.read("manifest.json"))["members"]
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as made:
        yield filled(made)


@pytest.fixture
def file(world: World, tmp_path: Path) -> Path:
    archive.export(world.store, "acme", tmp_path / "acme.zip")
    return tmp_path / "acme.zip"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "b").mkdir()
    with World(tmp_path / "b", empty=True) as made:
        yield made


ROADS = [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite")]


@pytest.mark.parametrize("road", ROADS, ids="-".join)
def test_out_and_in_and_out_again_is_the_same_bytes(tmp_path: Path, road: tuple[str, str]) -> None:
    worlds = []
    for at, name in enumerate(road):
        folder = tmp_path / str(at)
        folder.mkdir()
        if name == "sqlite":
            worlds.append(World(folder, empty=at == 1))
        else:
            worlds.append(over_postgres(folder) if at == 0 else World(folder, url=_bare_postgres(), empty=True))
    source, target = worlds
    with source, target:
        filled(source)
        counts = archive.export(source.store, "acme", tmp_path / "one.zip")
        assert counts.keys() == FULL
        assert all(counts.values()), counts
        added = archive.load(target.store, tmp_path / "one.zip")
        assert (added.slug, added.moved, added.taken_hosts, added.rows) == ("acme", {}, (), counts)
        archive.export(target.store, "acme", tmp_path / "two.zip")
        assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
        unit = target.store.reading(1)
        assert unit.select("password", {}) == unit.select("token", {}) == []
        assert unit.select("party", {"name": "Kai"})[0]["name_fold"] == "kai"
        assert target.core.accounts.tenant_by_host("acme.com") is not None
        desk = target.core.everything(1, 0)
        assert desk.find(Activity, Query(eq("title", "child"))).items[0].owner_username == "bob"
        # New records go on after the old ones.
        new = target.store.write(1, lambda unit: unit.next_value("activity", shared=True))
        assert new > max(row["id"] for row in unit.select("activity", {}))
        assert target.store.write(1, lambda unit: unit.next_value("link", shared=True)) > 903


def _bare_postgres() -> str:
    from tests.support.postgres import new_database

    return new_database()


def test_a_copy_beside_the_original_gets_ids_of_its_own(world: World, tmp_path: Path) -> None:
    world.write(lambda desk: [desk.unit.delete(table, {}) for table in ("module_record", "record_value")])
    archive.export(world.store, "acme", tmp_path / "a.zip")
    added = archive.load(world.store, tmp_path / "a.zip", "copy")
    assert set(added.moved) == {"user", "activity"}
    assert added.taken_hosts == ("acme.com",)
    id = world.core.accounts.tenant_by_slug("copy").id  # type: ignore[union-attr]
    old, new = world.store.reading(1), world.store.reading(id)
    by = added.moved
    for table in ("activity", "app_user"):
        kind = "user" if table == "app_user" else table
        ids = [[row["id"] for row in unit.select(table, {}, ("id",))] for unit in (old, new)]
        assert ids[1] == [one + by[kind] for one in ids[0]]
        assert not set(ids[0]) & set(ids[1])
    assert min(row["id"] for row in new.select("activity", {})) > 77
    first, child = new.select("activity", {}, ("id",))
    bob = new.select("app_user", {"username": "bob"})[0]
    assert child["parent_id"] == first["id"]
    assert child["owner_id"] == bob["id"]
    assert new.select("alias", {})[0]["local_id"] == child["id"]
    assert {row["record_id"] for row in new.select("link", {"record_kind": "activity"})} == {child["id"]}
    targets = {row["target_kind"]: row["target_id"] for row in new.select("link", {"record_id": child["id"]})}
    assert targets["user"] == bob["id"]
    assert targets["activity"] == first["id"]
    assert new.select("tagging", {})[0]["record_id"] == child["id"]
    assert new.select("custom_value", {})[0]["modifier_id"] == bob["id"]
    assert new.select("workflow", {})[0]["creator_id"] == new.select("job", {})[0]["actor_id"] == bob["id"]
    told = [[row["audience"] for row in unit.select("change", {"action": "delete"})] for unit in (old, new)]
    assert told[0] != told[1]
    # Whoever has an id of the old tenant is still himself.
    assert world.core.accounts.by_user_id(bob["id"]).tenant_id == id  # type: ignore[union-attr]
    assert world.core.accounts.by_user_id(1).tenant_id == 1  # type: ignore[union-attr]
    assert world.core.everything(id, 0).find(Activity, Query(eq("title", "child"))).items[0].owner_username == "bob"


def test_the_same_archive_twice_is_refused(world: World, file: Path) -> None:
    with pytest.raises(Duplicate):
        archive.load(world.store, file)
    with pytest.raises(Refused, match="is it here already"):
        archive.load(world.store, file, "copy")
    with pytest.raises(Invalid):
        archive.load(world.store, file, "../x")
    assert world.core.directory.tenant_slugs() == ["acme"]


def test_a_tenant_that_is_not_there_leaves_no_file(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        archive.export(world.store, "nobody", tmp_path / "n.zip")
    assert [path.name for path in tmp_path.glob("n.zip*")] == []


def test_pages_end_where_they_should(world: World, elsewhere: World, tmp_path: Path, monkeypatch: Any) -> None:
    archive.export(world.store, "acme", tmp_path / "whole.zip")
    monkeypatch.setattr(archive, "PAGE", 1)
    world.store.statements.__init__(world.store.backend)  # type: ignore[misc]
    archive.export(world.store, "acme", tmp_path / "pages.zip")
    assert members(tmp_path / "whole.zip") == members(tmp_path / "pages.zip")
    archive.load(elsewhere.store, tmp_path / "pages.zip")
    assert elsewhere.core.directory.tenant_slugs() == ["acme"]


def test_texts_that_repeat_themselves_are_not_taken_for_a_bomb(world: World, elsewhere: World, tmp_path: Path) -> None:
    body = "x" * 3_000_000
    world.write(lambda desk: desk.create(Create(Activity, {"title": "long", "body": body})))
    archive.export(world.store, "acme", tmp_path / "long.zip")
    archive.load(elsewhere.store, tmp_path / "long.zip")
    assert elsewhere.store.reading(1).select("activity", {"title": "long"})[0]["body"] == body


def test_what_fails_half_way_leaves_nothing(elsewhere: World, file: Path, monkeypatch: Any) -> None:
    before = elsewhere.store.reading(0).select("counter", {})

    def fail(*_: object) -> None:
        raise Refused("stop")

    monkeypatch.setattr(archive.SqlUnit, "raise_value", fail)
    with pytest.raises(Refused, match="stop"):
        archive.load(elsewhere.store, file)
    assert elsewhere.core.directory.tenant_slugs() == []
    assert all(not elsewhere.store.reading(0).select(name, {}) for name in FULL - {"counter"})
    assert elsewhere.store.reading(0).select("counter", {}) == before


# -- hostile files ------------------------------------------------------------------------------------

Change = Callable[[dict[str, bytes]], None]


def remade(file: Path, change: Change, *, honest: bool = False, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The archive with other members; `honest` makes the manifest true again."""
    import hashlib

    with zipfile.ZipFile(file) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    change(parts)
    if honest:
        manifest = json.loads(parts["manifest.json"])
        for name in manifest["members"]:
            data = parts[name]
            told = {"rows": data.count(b"\n"), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            manifest["members"][name] = told
        parts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(file, "w", method) as out:
        for name, data in parts.items():
            out.writestr(name, data)
    return file


def set_in(name: str, /, **values: Any) -> Change:
    """A change of the first row of a member."""

    def change(parts: dict[str, bytes]) -> None:
        first, _, rest = parts[name].partition(b"\n")
        parts[name] = json.dumps({**json.loads(first), **values}).encode() + b"\n" + rest

    return change


def told(**values: Any) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        parts["manifest.json"] = json.dumps({**json.loads(parts["manifest.json"]), **values}).encode()

    return change


HOSTILE: list[tuple[str, Change, bool, str]] = [
    ("another-row", set_in("party.jsonl", version=7), False, "not as long|not what the manifest says"),
    ("same-length", lambda p: p.update({"tag.jsonl": p["tag.jsonl"].replace(b"Blau", b"Grau")}), False, "not what"),
    ("unknown-member", lambda p: p.update({"x.txt": b"x"}), False, "unknown member"),
    ("path", lambda p: p.update({"../../x.jsonl": b"x"}), False, "unknown member"),
    ("missing", lambda p: p.pop("tag.jsonl") and None, False, "members are missing"),
    ("no-manifest", lambda p: p.pop("manifest.json") and None, False, "members are missing"),
    ("bomb", lambda p: p.update({"tag.jsonl": b"0" * 50_000_000}), False, "more tightly"),
    (
        "long-manifest",
        lambda p: p.update({"manifest.json": b" " * 1_048_000 + bytes(range(256)) * 9}),
        False,
        "too long|tightly",
    ),
    ("no-json", lambda p: p.update({"tag.jsonl": b"{\n"}), True, "line 1 of tag.jsonl is no JSON"),
    ("deep", lambda p: p.update({"tag.jsonl": b"[" * 99_999 + b"\n"}), True, "is no JSON"),
    ("a-list", lambda p: p.update({"tag.jsonl": b"[]\n"}), True, "is no record"),
    ("version", told(version=2), False, "unknown version, 2"),
    ("schema", told(schema="9999"), False, "database schema 9999"),
    ("other-format", told(format="x"), False, "no archive of crmglot"),
    ("members", told(members=[]), False, "does not tell of its members"),
    ("tenant", told(tenant={"slug": 5}), False, "does not tell of its tenant"),
    ("column", set_in("party.jsonl", tenant_id=1), True, "other columns"),
    ("text-id", set_in("party.jsonl", id="1"), True, "a id that cannot be stored"),
    ("null-id", set_in("party.jsonl", id=None), True, "a id that cannot be stored"),
    ("far-id", set_in("party.jsonl", id=2**62), True, "out of range"),
    ("far-time", set_in("module_record.jsonl", id=2**62), True, "out of range"),
    ("huge", set_in("party.jsonl", created_at=2**63), True, "cannot be stored"),
    ("nul", set_in("party.jsonl", name="a\0b"), True, "cannot be stored"),
    ("extras", set_in("party.jsonl", extras='["x"]'), True, "cannot be stored"),
    ("deep-extras", set_in("party.jsonl", extras='{"a":' * 500 + "1" + "}" * 500), True, "cannot be stored"),
    ("no-json-extras", set_in("party.jsonl", extras="{"), True, "cannot be stored"),
    ("twice", lambda p: p.update({"tag.jsonl": p["tag.jsonl"] * 2}), True, "twice"),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("change", "honest", "why"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_a_hostile_file_is_refused_in_one_line(
    elsewhere: World, file: Path, change: Change, honest: bool, why: str
) -> None:
    remade(file, change, honest=honest)
    with pytest.raises(Refused, match=why) as refused:
        archive.load(elsewhere.store, file)
    assert str(refused.value).startswith("acme.zip")
    assert "\n" not in str(refused.value)
    assert elsewhere.core.directory.tenant_slugs() == []
    assert not elsewhere.store.reading(0).select("party", {})


def test_a_file_cut_or_damaged_anywhere_is_refused(elsewhere: World, file: Path) -> None:
    whole = file.read_bytes()
    for at in [0, 1, *range(100, len(whole), len(whole) // 25), len(whole) - 1]:
        file.write_bytes(whole[:at])
        with pytest.raises(Refused):
            archive.load(elsewhere.store, file)
    for data in (b"no zip", io.BytesIO(b"PK\x05\x06" + b"\0" * 18).getvalue()):
        file.write_bytes(data)
        with pytest.raises(Refused):
            archive.load(elsewhere.store, file)
    assert elsewhere.core.directory.tenant_slugs() == []


def test_another_packing_is_refused(elsewhere: World, file: Path) -> None:
    remade(file, lambda parts: None, method=zipfile.ZIP_LZMA)
    with pytest.raises(Refused, match="packed in a way"):
        archive.load(elsewhere.store, file)


def test_the_commands(world: World, elsewhere: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(url: str, *words: str, code: int = 0) -> str:
        monkeypatch.setenv("CRMGLOT_DATABASE_URL", url)
        result = CliRunner().invoke(cli.main, ("tenant", *words))
        assert result.exit_code == code, result.output
        return result.output.strip()

    file = str(tmp_path / "x.zip")
    assert run(world.url, "export", "acme", file) == ""
    assert run(world.url, "export", "nobody", file, code=1) == "crmglot: there is no tenant nobody"
    assert "database's own" in run(world.url, "export", "acme", str(tmp_path / "world.db"), code=1)
    assert "No such file" in run(world.url, "export", "acme", str(tmp_path / "none" / "x.zip"), code=1)
    assert run(world.url, "import", file, code=1) == "crmglot: tenant acme is taken"
    assert run(elsewhere.url, "import", file, "--as", "Again") == ""
    assert "again" in run(elsewhere.url, "list")
    missing = run(world.url, "import", str(tmp_path / "none.zip"), code=1)
    assert missing == "crmglot: none.zip: No such file or directory"
    assert (tmp_path / "x.zip").stat().st_mode & 0o777 == 0o600
