"""Users: the people who sign in. Credentials are not here but with the accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from canonical.model.related import CustomValue, Link, Tag
from canonical.model.spec import Join, Record, flag, joined, moment, ref, related, text
from canonical.values import Instant


@dataclass(slots=True)
class User(Record):
    """`username` is unique in its tenant and lower case; `person_id` is the user's own contact card.

    When the card was made and who sees it is read along, so that it need not be loaded to be named.
    """

    KIND: ClassVar[str] = "user"

    username: str = text("", folded=True, required=True)
    first_name: str | None = text(folded=True)
    last_name: str | None = text(folded=True)
    email: str | None = text(folded=True)
    is_admin: bool = flag()
    view_only: bool = flag()
    active: bool = flag(True)
    person_id: int | None = ref("party")
    manager_id: int | None = ref("user")
    job_title: str | None = text(folded=True)
    department: str | None = text(folded=True)
    salutation: str | None = text(folded=True)
    mobile_phone: str | None = text(folded=True)
    office_phone: str | None = text(folded=True)
    fax: str | None = text(folded=True)
    time_zone: str | None = text()
    locale: str | None = text()
    language: str | None = text()
    currency: str | None = text()
    last_sign_in_at: Instant | None = moment()
    sessions_from: Instant | None = moment()
    """Tokens that say themselves who holds them (JWT) are no longer good when they were made before."""

    creator_username: str | None = joined()
    modifier_username: str | None = joined()
    manager_username: str | None = joined()
    person_created_at: Instant | None = joined()
    person_visibility: str | None = joined()

    links: Sequence[Link] = related()
    tags: Sequence[Tag] = related()
    custom: Sequence[CustomValue] = related()

    @property
    def name(self) -> str:
        """``First Last``, or the username when there is no name."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.username


JOINS = (
    Join("creator_id", "user", "username", "creator_username"),
    Join("modifier_id", "user", "username", "modifier_username"),
    Join("manager_id", "user", "username", "manager_username"),
    Join("person_id", "party", "created_at", "person_created_at"),
    Join("person_id", "party", "visibility", "person_visibility"),
)
RELATIONS = ("links", "tags", "custom", "creator", "modifier", "manager", "person")
