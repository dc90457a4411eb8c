"""What an activity is about: party, opportunity and case, each at most once on Capsule's wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapter.losses import LossReport
from canonical.model import SUBJECT, Activity, Link
from canonical.values import Ref
from dialects.capsule.bodies import Tree
from dialects.capsule.fields.table import ID, Field, Show, read_text

# Whoever has to do a task is not what it is about.
ASSIGNEE: Final = "assignee"
# Element prefix by canonical kind: caseId, never kaseId (capsule dossier, section 4).
PREFIXES: Final = (("party", "party"), ("opportunity", "opportunity"), ("case", "case"))


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


def _shows_id(kind: str) -> Show:
    def shows(activity: Activity, context: object) -> str | None:
        links = activity.links
        if not links:
            return None
        link = subject(links, kind)
        return None if link is None else str(link.target.id)

    return shows


def _shows_name(kind: str) -> Show:
    def shows(activity: Activity, context: object) -> str | None:
        links = activity.links
        if not links:
            return None
        link = subject(links, kind)
        return None if link is None else link.target_name or None

    return shows


def id_field(kind: str, prefix: str) -> Field:
    return Field(f"{prefix}Id", show=_shows_id(kind), read_only=True, safe=True)


def name_field(kind: str, prefix: str) -> Field:
    return Field(f"{prefix}Name", show=_shows_name(kind), read_only=True)


def note_losses(links: Sequence[Link], losses: LossReport) -> None:
    """Reports the links that Capsule's one party, one opportunity and one case leave out."""
    if len(links) > 1:
        shown = {id(subject(links, kind)) for kind, _ in PREFIXES}
        for link in links:
            if id(link) not in shown:
                losses.add("activity", "links", "only_first_shown")
    elif links and links[0].role == ASSIGNEE:
        losses.add("activity", "links", "only_first_shown")


def read_links(tree: Tree, record: Ref) -> list[Link]:
    """The links that a server's answer shows, with the ids of that server. Raises `BadRequest`."""
    links: list[Link] = []
    for kind, prefix in PREFIXES:
        text = tree.filled(f"{prefix}Id")
        if text is not None:
            target = Ref(kind, read_text(f"{prefix}Id", ID, text))
            links.append(Link(0, record, target, position=len(links), target_name=tree.filled(f"{prefix}Name")))
    return links
