"""Pages: list, tree, create, read, edit, reorder, delete."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapter.dialect import Call
from adapter.formats import json_body
from adapter.wire import WireResponse
from canonical.errors import Duplicate
from canonical.model.page import LayoutPage
from dialects.crust.errors import Refused, too_long
from dialects.crust.fields import objects
from dialects.crust.perform import lookup
from dialects.crust.wire import envelope
from dialects.crust.wire.binding import Get, Path, Post, Request, bind, uint64
from dialects.crust.wire.envelope import Raw
from dialects.crust.wire.gojson import BOOL, RAW, TOO_LARGE, UINT64

_FORM = (
    Post("selfID", UINT64),
    Post("moduleID", UINT64),
    Post("title"),
    Post("description"),
    Post("visible", BOOL),
    Post("blocks", RAW),
)
LIST = Request("PageList", (Get("selfID", UINT64),))
TREE = Request("PageTree", ())
CREATE = Request("PageCreate", _FORM)
READ = Request("PageRead", (Path("pageID"),))
EDIT = Request("PageEdit", (Path("pageID"), *_FORM))
REORDER = Request("PageReorder", (Path("selfID"), Post("pageIDs", objects.IDS)))
DELETE = Request("PageDelete", (Path("pageID"),))
MAX_DESCRIPTION = 65_535


def _with_module(call: Call, page: LayoutPage) -> dict[str, Any]:
    found = lookup.find(call, page.module_id) if page.module_id else None
    return objects.page(page, None if found is None else objects.module(found.module))


def listed(call: Call) -> WireResponse:
    """The children of a page, record pages too, by position."""
    parent = bind(call, LIST)["selfID"]
    return envelope.response([_with_module(call, page) for page in call.desk.pages(parent)])


def tree(call: Call) -> WireResponse:
    """Ordinary pages below the root; ``null`` when there are none."""
    bind(call, TREE)
    return envelope.response(nested(call.desk.pages()))


def nested(pages: Iterable[LayoutPage]) -> list[Raw] | None:
    """The tree of the ordinary pages among `pages`, siblings in their order; None when nothing is below the root."""
    below: dict[int, list[LayoutPage]] = {}
    for page in pages:
        if not page.module_id:
            below.setdefault(page.parent_id, []).append(page)
    # From the leaves up, so that no depth of nesting is a depth of calls.
    order = list(below.pop(0, ()))
    roots = len(order)
    at = 0
    inner: dict[int, list[LayoutPage]] = {}
    while at < len(order):
        inner[order[at].id] = below.pop(order[at].id, [])
        order += inner[order[at].id]
        at += 1
    shown: dict[int, Raw] = {}
    for page in reversed(order):
        node = objects.page(page)
        visible = node.pop("visible")
        if inner[page.id]:
            node["children"] = [shown.pop(child.id) for child in inner[page.id]]
        node["visible"] = visible
        shown[page.id] = Raw(json_body.render_go(node))
    return [shown[page.id] for page in order[:roots]] or None


def sent_page(id: int, sent: Mapping[str, Any]) -> LayoutPage:
    """The page that was sent. Raises Refused for what the vendor's columns do not hold."""
    if len(sent["title"]) > objects.MAX_TITLE:
        raise too_long("title")
    if len(sent["description"].encode("utf-8", "replace")) > MAX_DESCRIPTION:
        raise too_long("description")
    blocks = sent["blocks"]
    if blocks:
        blocks = objects.json_column(blocks, 6)
    return LayoutPage(
        id, sent["selfID"], sent["moduleID"], sent["title"], sent["description"], blocks or None, sent["visible"]
    )


def _save(call: Call, page: LayoutPage) -> WireResponse:
    try:
        return envelope.response(objects.page(call.desk.save_page(page)))
    except Duplicate:
        raise Refused("Page for module already exists") from None


def create(call: Call) -> WireResponse:
    return _save(call, sent_page(0, bind(call, CREATE)))


def read(call: Call) -> WireResponse:
    """A page, with its module if it is a record page; a missing one is zero, not an error."""
    page = call.desk.page(bind(call, READ)["pageID"])
    if page is None:
        return envelope.response(objects.zero_page())
    shown = _with_module(call, page)
    if page.module_id and "module" not in shown:
        # In lists a module that is not there is left out.
        shown = objects.page(page, objects.zero_module(page=None))
    return envelope.response(shown)


def edit(call: Call) -> WireResponse:
    """A replacement: what is not sent becomes empty. A page of an id that nobody has is made."""
    sent = bind(call, EDIT)
    if not sent["pageID"]:
        raise Refused("Error when savig page, invalid ID")
    return _save(call, sent_page(sent["pageID"], sent))


def reorder(call: Call) -> WireResponse:
    """A success even for nonsense."""
    # The route table has one name for this place of the path, the vendor two.
    call.params.setdefault("selfID", call.params["pageID"])
    sent = bind(call, REORDER)
    ids = sent["pageIDs"] or ()
    if len(ids) > objects.MAX_IDS:
        raise Refused(TOO_LARGE)
    call.desk.reorder_pages(sent["selfID"], [uint64(id) for id in ids])
    return envelope.success()


def delete(call: Call) -> WireResponse:
    call.desk.delete_page(bind(call, DELETE)["pageID"])
    return envelope.success()
