"""What an activity is about: party, opportunity and case, each at most once on Capsule's wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from adapter.fields.expression import IT, Attribute, Call, Constant, Entry, Given, Once, Part
from adapter.losses import LossReport
from canonical.model import SUBJECT, Activity, Link
from canonical.values import Ref
from dialects.capsule.fields.table import ID, Field, read_text
from dialects.capsule.wire.bodies import Tree

# Whoever has to do a task is not what it is about.
ASSIGNEE: Final = "assignee"
# Element prefix by canonical kind: caseId, never kaseId (capsule dossier, section 4).
PREFIXES: Final = (("party", "party"), ("opportunity", "opportunity"), ("case", "case"))
_NONE: Final[Mapping[str, Link]] = {}


def subject(links: Sequence[Link], kind: str) -> Link | None:
    """The link of that kind to show: the first plain one, else the first in a role other than the assignee's."""
    other: Link | None = None
    for link in links:
        if link.target.kind == kind:
            if link.role == SUBJECT:
                return link
            if other is None and link.role != ASSIGNEE:
                other = link
    return other


def subjects(links: Sequence[Link]) -> Mapping[str, Link]:
    """The links to show, by the kind of their target."""
    if not links:
        return _NONE
    if len(links) == 1:
        link = links[0]
        return {link.target.kind: link} if link.role != ASSIGNEE else _NONE
    shown = ((kind, subject(links, kind)) for kind, _ in PREFIXES)
    return {kind: link for kind, link in shown if link is not None}


_SUBJECTS = Once("links", Call(subjects, Attribute("links")))


def id_field(kind: str, prefix: str) -> Field:
    return Field(f"{prefix}Id", value=_of_link(kind, "target.id"), type=ID, read_only=True)


def name_field(kind: str, prefix: str) -> Field:
    return Field(f"{prefix}Name", value=_of_link(kind, "target_name"), read_only=True)


def _of_link(kind: str, path: str) -> Given:
    return Given(Entry(_SUBJECTS, Constant(kind)), Part(IT, path))


def note_losses(activities: Iterable[Activity], losses: LossReport) -> None:
    """Reports the links that Capsule's one party, one opportunity and one case leave out."""
    left_out = 0
    for activity in activities:
        links = activity.links
        if len(links) > 1:
            shown = {id(link) for link in subjects(links).values()}
            left_out += sum(id(link) not in shown for link in links)
        elif links and links[0].role == ASSIGNEE:
            left_out += 1
    if left_out:
        losses.add("activity", "links", "only_first_shown", left_out)


def read_links(tree: Tree, record: Ref) -> list[Link]:
    """The links that a server's answer shows, with the ids of that server. Raises `BadRequest`."""
    links: list[Link] = []
    for kind, prefix in PREFIXES:
        text = tree.filled(f"{prefix}Id")
        if text is not None:
            target = Ref(kind, read_text(f"{prefix}Id", ID, text))
            links.append(Link(0, record, target, position=len(links), target_name=tree.filled(f"{prefix}Name")))
    return links
