"""Pages: blocks as they came, the tree, reorder, record pages (crust dossier, sections 4 to 7)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from tests.support.crust import CrustClient
from tests.support.world import World

ZERO = '{"pageID":"0","selfID":"0","moduleID":"0","title":"","description":"","blocks":{},"visible":false}'


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[CrustClient]:
    with World(tmp_path) as world:
        yield CrustClient(world)


def make(ann: CrustClient, title: str, under: str = "0", **more: object) -> str:
    return str(ann.post("/page/", {"title": title, "selfID": under, **more})["pageID"])


def titles(ann: CrustClient, under: str = "0") -> list[str]:
    return [page["title"] for page in ann.get(f"/page/?selfID={under}")]


def test_a_page_of_a_title_only(ann: CrustClient) -> None:
    made = ann.text("POST", "/page/", {"title": "Home & <x>"})
    id = orjson.loads(made)["response"]["pageID"]
    assert (
        made
        == ann.text("GET", f"/page/{id}")
        == (
            f'{{"response":{{"pageID":"{id}","selfID":"0","moduleID":"0","title":"Home \\u0026 \\u003cx\\u003e",'
            '"description":"","blocks":{},"visible":false}}'
        )
    )


def test_blocks_are_kept_as_they_came(ann: CrustClient) -> None:
    raw = b'[ {"x":1.50, "a":1, "options":{"body":"<p>\xc5\xbe \\u2028 \xe2\x80\xa9</p>",'
    raw += b'"big":12345678901234567890123}} ]'
    answer = ann.send("POST", "/page/", b'{"title":"B","blocks":' + raw + b"}").body.decode()
    kept = (
        '[{"x":1.50,"a":1,"options":{"body":"\\u003cp\\u003ež \\u2028 \\u2029\\u003c/p\\u003e",'
        '"big":12345678901234567890123}}]'
    )
    assert f'"blocks":{kept},"visible":false' in answer
    id = orjson.loads(answer)["response"]["pageID"]
    assert f'"blocks":{kept}' in ann.text("GET", f"/page/{id}")
    for sent, shown in ((b"null", "null"), (b"[]", "[]"), (b'"x"', '"x"'), (b"false", "false")):
        assert f'"blocks":{shown},' in ann.send("POST", "/page/", b'{"blocks":' + sent + b"}").body.decode()
    form = "application/x-www-form-urlencoded"
    assert '"title":"f","description":"","blocks":[1],"visible":true' in (
        ann.text("POST", "/page/", b"title=f&blocks=%5B+1%5D&visible=Yes", form)
    )
    assert "invalid character 'x' looking for beginning of value" in ann.text("POST", "/page/", b"blocks=x", form)


def test_an_edit_replaces_everything(ann: CrustClient) -> None:
    module = ann.make_module("a")
    of = module.removeprefix("/module/")
    parent = make(ann, "Parent")
    id = make(ann, "Old", parent, moduleID=of, description="d", visible=True, blocks=[1])
    assert (
        ann.text("POST", f"/page/{id}", {"title": "New"})
        == '{"response":'
        + ZERO.replace('"pageID":"0"', f'"pageID":"{id}"').replace('"title":""', '"title":"New"')
        + "}"
    )
    assert ann.get(module)["page"]["pageID"] == "0"
    # Posting back what was read keeps it.
    shown = ann.get(f"/page/{parent}")
    assert ann.post(f"/page/{parent}", shown) == shown


def test_an_edit_of_a_page_that_is_not_there_makes_it(ann: CrustClient) -> None:
    assert ann.post("/page/41", {"title": "Made"})["pageID"] == "41"
    assert ann.get("/page/41")["title"] == "Made"
    for id in ("0", "abc"):
        assert ann.post(f"/page/{id}", {"title": "x"}) == "Error when savig page, invalid ID"
    assert ann.post("/page/tree", {"title": "x"}) == "Error when savig page, invalid ID"


def test_a_missing_page_is_zero_and_deleting_it_is_a_success(ann: CrustClient) -> None:
    for id in ("41", "abc", "9" * 19, "9" * 30):
        assert ann.text("GET", f"/page/{id}") == f'{{"response":{ZERO}}}'
        assert ann.text("DELETE", f"/page/{id}") == '{"success":{"message":"OK"}}'


def test_titles_have_255_characters_at_most(ann: CrustClient) -> None:
    assert make(ann, "ž" * 255)
    for body in ({"title": "x" * 256}, {"title": "x", "description": "x" * 65_536}):
        assert "Data too long for column" in ann.post("/page/", body)


def test_reorder_counts_children_only_and_new_pages_come_first(ann: CrustClient) -> None:
    home = make(ann, "Home")
    a, b, c = (make(ann, title, home) for title in "abc")
    assert titles(ann, home) == ["a", "b", "c"]
    assert ann.text("POST", f"/page/{home}/reorder", {"pageIDs": [c, a, home, "abc", "41", c]}) == (
        '{"success":{"message":"OK"}}'
    )
    assert titles(ann, home) == ["c", "a", "b"]
    make(ann, "new", home)
    ann.post(f"/page/{b}", {"title": "b", "selfID": home})
    assert titles(ann, home) == ["b", "new", "c", "a"]
    # The real client names the root `undefined`.
    other = make(ann, "Other")
    ann.post("/page/undefined/reorder", {"pageIDs": [other, home]})
    assert titles(ann) == ["Other", "Home"]
    for body in ({}, {"pageIDs": None}, {"pageIDs": []}):
        assert ann.call("POST", f"/page/{home}/reorder", body) == {"message": "OK"}
    assert "PageReorder.PageIDs of type []string" in ann.post(f"/page/{home}/reorder", {"pageIDs": "1"})


def test_a_module_has_one_page_which_shows_in_both(ann: CrustClient) -> None:
    module = ann.make_module("a", name="Leads")
    of = module.removeprefix("/module/")
    id = make(ann, "Lead", moduleID=of, blocks=[])
    shown = ann.get(f"/page/{id}")
    assert list(shown) == ["pageID", "selfID", "moduleID", "module", "title", "description", "blocks", "visible"]
    assert (shown["module"]["moduleID"], "page" in shown["module"]) == (of, False)
    assert ann.get(module)["page"]["title"] == "Lead"
    content = ann.add(module, a="1")
    assert ann.get(f"{module}/content/{content}")["page"]["pageID"] == id
    assert ann.post("/page/", {"title": "x", "moduleID": of}) == "Page for module already exists"
    other = make(ann, "Other")
    assert ann.post(f"/page/{other}", {"title": "x", "moduleID": of}) == "Page for module already exists"
    assert "module" not in ann.post(f"/page/{id}", {"title": "again", "moduleID": of})
    assert [page["title"] for page in ann.get("/page/?recordPagesOnly=true")] == ["again", "Other"]


def test_the_tree(ann: CrustClient) -> None:
    assert ann.text("GET", "/page/tree") == '{"response":null}'
    assert ann.text("GET", "/page/") == '{"response":[]}'
    of = ann.make_module("a").removeprefix("/module/")
    home = make(ann, "Home", visible=True, blocks=[])
    make(ann, "Record", home, moduleID=of)
    news = make(ann, "News", home)
    old = make(ann, "Old", news)
    loop = make(ann, "Loop")
    ann.post(f"/page/{loop}", {"title": "Loop", "selfID": loop})
    node = '{{"pageID":"{}","selfID":"{}","moduleID":"0","title":"{}","description":"","blocks":{},{}"visible":{}}}'
    leaf = node.format(old, news, "Old", "{}", "", "false")
    inner = node.format(news, home, "News", "{}", f'"children":[{leaf}],', "false")
    assert ann.text("GET", "/page/tree") == (
        '{"response":[' + node.format(home, 0, "Home", "[]", f'"children":[{inner}],', "true") + "]}"
    )
    ann.call("DELETE", f"/page/{news}")
    assert "Old" not in ann.text("GET", "/page/tree")
    assert ann.get(f"/page/{old}")["title"] == "Old"


def test_a_tree_may_be_deep(ann: CrustClient) -> None:
    under = "0"
    for level in range(200):
        under = make(ann, f"level {level}", under)
    assert ann.text("GET", "/page/tree").count('"children":[') == 199
