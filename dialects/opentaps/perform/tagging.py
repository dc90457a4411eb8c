"""Tags put on activities: made when new, and inherited from the task above (opentaps dossier, section 7)."""

from __future__ import annotations

from adapter.dialect import Call
from canonical.model import Activity, Tag
from canonical.values import fold
from dialects.opentaps.fields.activity import MAX_NAME, Given

PARENT_SEPARATOR = "::"


def tag_named(call: Call, name: str) -> Tag | None:
    """The tag of that name, letter case aside."""
    wanted = fold(name)
    return next((tag for tag in call.desk.find_tags(name) if fold(tag.name) == wanted), None)


def new_tag(call: Call, name: str, url: str | None, keywords: str | None) -> Tag:
    """A new tag; the text before ``::`` in its name is its parent, made when there is none.

    Raises Duplicate.
    """
    above, separator, _ = name.partition(PARENT_SEPARATOR)
    parent = None
    if separator and above.strip():
        parent = tag_named(call, above.strip()) or call.desk.save_tag(Tag(0, above.strip()))
    return call.desk.save_tag(Tag(0, name, url, keywords, parent.id if parent is not None else None))


def tag_names(call: Call, given: Given, parent: Activity | None) -> list[str]:
    """The names of the tags to put on: those of the parent, and the one given, made when new.

    Address and keywords of a tag that exists are ignored.
    """
    names = [tag.name for tag in parent.tags] if parent is not None else []
    if given.tag is not None and len(given.tag) <= MAX_NAME:
        known = tag_named(call, given.tag) or new_tag(call, given.tag, given.tag_url, given.tag_keywords)
        names.append(known.name)
    return names
