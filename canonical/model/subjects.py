"""What an activity is about and who takes part in it, which the role of a link tells.

Dialects without roles show what it is about: plain links, and links to people and organisations in any role that does
not mean taking part (``buyer``). A user's contact card takes part, in whatever role.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from canonical.model.related import SUBJECT, Link
from canonical.query import Compare, Has, Node, Not, Op, all_of, any_of, eq, one_of

TAKING_PART: Final = (
    *("assignee", "attendee", "attended", "did_not_attend", "creator", "from", "to", "cc", "bcc"),
    # A client's own word, kept apart from the assignees.
    "~assignee",
)
"""The roles in which somebody takes part in an activity."""


def is_subject(link: Link) -> bool:
    """Whether the activity is about the link's target."""
    if link.role == SUBJECT:
        return True
    return link.target.kind == "party" and link.role not in TAKING_PART and not link.target_is_card


def first_subject(links: Iterable[Link]) -> Link | None:
    """What an activity is about, where one thing is shown: the first plain link, else the first in a free role."""
    return min(filter(is_subject, links), key=lambda link: link.role != SUBJECT, default=None)


IS_SUBJECT: Final[Node] = any_of(
    eq("role", SUBJECT),
    all_of(
        eq("target_kind", "party"),
        Not(one_of("role", TAKING_PART)),
        # Asked so that the few cards are read from their index.
        Not(Has("party", Compare("user_id", Op.GT, 0))),
    ),
)
"""`is_subject`, of the links of a search."""
