"""Tags as things of their own (opentaps dossier, section 8, item 7)."""

from __future__ import annotations

from dataclasses import replace

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.errors import Duplicate
from canonical.model import Tag
from dialects.opentaps.auth import parameters
from dialects.opentaps.errors import NameTaken, Rejected, Unknown
from dialects.opentaps.fields.activity import MAX_NAME
from dialects.opentaps.fields.element import tag_element
from dialects.opentaps.perform.names import TenantNames
from dialects.opentaps.perform.tagging import new_tag
from dialects.opentaps.wire.envelope import answer

SAVE = "save tag"


def _name(call: Call) -> str:
    """Raises Rejected."""
    sent = parameters(call).get("tagName")
    if sent is None or not sent.strip():
        raise Rejected(SAVE, "tagName", sent)
    if len(sent) > MAX_NAME:
        raise Rejected(SAVE, "tagName", sent, "is too long")
    return sent.strip()


def _tag(call: Call) -> tuple[Tag, str]:
    """The tag that `tagId` names, and the id as it was given."""
    text = parameters(call).given("tagId")
    if text is None:
        raise Rejected(SAVE, "tagId", None)
    id = TenantNames(call).plain("tag", text)
    found = call.desk.find_tags(ids=(id,)) if id is not None else []
    if not found:
        raise Unknown("tag", text)
    return found[0], text


def create(call: Call) -> WireResponse:
    params = parameters(call)
    name = _name(call)
    try:
        tag = new_tag(call, name, params.given("tagUrl"), params.given("tagKeywords"))
    except Duplicate:
        raise NameTaken("tag", name) from None
    return answer({"tagId": TenantNames(call).shown("tag", tag.id)})


def update(call: Call) -> WireResponse:
    """Only what is given; an empty address or keywords removes it."""
    tag, text = _tag(call)
    params = parameters(call)
    url, keywords = params.get("tagUrl"), params.get("tagKeywords")
    changed = replace(
        tag,
        name=tag.name if params.get("tagName") is None else _name(call),
        url=tag.url if url is None else url or None,
        keywords=tag.keywords if keywords is None else keywords or None,
    )
    try:
        saved = call.desk.save_tag(changed)
    except Duplicate:
        raise NameTaken("tag", changed.name) from None
    return answer(tag_element(saved, text))


def delete(call: Call) -> WireResponse:
    tag, text = _tag(call)
    call.desk.delete_tag(tag.id)
    return answer({"tagId": text})


def find(call: Call) -> WireResponse:
    """Tags whose name contains `tagName`, letter case aside; all of them without it."""
    names = TenantNames(call)
    found = call.desk.find_tags(parameters(call).given("tagName"))
    return answer([tag_element(tag, names.shown("tag", tag.id)) for tag in found])
