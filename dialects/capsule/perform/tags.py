"""Tags of parties, opportunities and cases (capsule dossier, section 8)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.formats import charsets
from adapter.wire import WireResponse
from canonical.model import Case, Opportunity, Party
from canonical.values import clean_text, fold
from dialects.capsule.errors import BadRequest, Missing
from dialects.capsule.fields import writers
from dialects.capsule.perform.common import Parent, url
from dialects.capsule.perform.replies import answer_for, created, done, reply_list, there_already
from dialects.capsule.wire.texts import quoted


def listing(call: Call, parent: Parent) -> WireResponse:
    answer = answer_for(call)
    record = parent.load(call, ("tags",))
    tags = record.tags if isinstance(record, Party | Opportunity | Case) else ()
    return reply_list(answer, "tags", writers.TAG, tags)


def _name(call: Call) -> str:
    """The tag that the path names.

    The PHP library writes spaces as `+`: a plus sign is one only where there is a tag of that very name.
    """
    name = call.params["name"]
    raw = call.request.path.rstrip("/").rpartition("/")[2]
    if "+" in raw and not any(fold(tag.name) == fold(name) for tag in call.desk.find_tags(name)):
        name = charsets.unquoted(raw.replace("+", " "))
    name = clean_text(name).strip()
    if not name:
        raise BadRequest("tag is required")
    return name


def add(call: Call, parent: Parent) -> WireResponse:
    """201, or 200 with the same Location when the record has the tag already. The body is never read."""
    parent.load(call)
    target = parent.ref(call)
    tag, added = call.desk.add_tag(target, _name(call))
    location = url(call, f"/api/{parent.noun}/{target.id}/tag/{quoted(tag.name)}")
    return created(location) if added else there_already(location)


def drop(call: Call, parent: Parent) -> WireResponse:
    parent.load(call)
    if not call.desk.drop_tag(parent.ref(call), _name(call)):
        raise Missing("tag")
    return done()
