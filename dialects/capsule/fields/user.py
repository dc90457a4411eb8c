"""The elements `user`, `track`, `tag` and those of deleted records, all read-only (capsule dossier, section 8)."""

from __future__ import annotations

from dataclasses import dataclass

from canonical.model import PicklistItem, User
from dialects.capsule.fields.table import ID, TIME, Field, read_record
from dialects.capsule.wire.bodies import Tree


@dataclass(frozen=True, slots=True)
class UserContext:
    """The caller's username, and the account's defaults for what a user has not chosen."""

    caller: str
    currency: str
    time_zone: str


def _currency(user: User, context: UserContext) -> str:
    return user.currency or context.currency


def _time_zone(user: User, context: UserContext) -> str:
    return user.time_zone or context.time_zone


def _logged_in(user: User, context: UserContext) -> str | None:
    # Only on the caller's own entry, and only `true`.
    return "true" if user.username == context.caller else None


def _track(key: str, default: str) -> Field:
    def shows(item: PicklistItem, context: object) -> str:
        value = item.data.get(key)
        return value if isinstance(value, str) else default

    return Field(key, show=shows, read_only=True)


USER_FIELDS = (
    Field("id", "id", ID),
    Field("username", "username"),
    Field("name", "name"),
    Field("currency", show=_currency),
    Field("timezone", show=_time_zone),
    Field("loggedIn", show=_logged_in, safe=True),
    Field("partyId", "person_id", ID),
)
TRACK_FIELDS = (
    Field("id", "id", ID),
    Field("description", "value"),
    _track("captureRule", "OPPORTUNITY"),
    _track("direction", "START_DATE"),
)
# The id came in 2016, before the name.
TAG_FIELDS = (Field("id", "id", ID), Field("name", "name"))
DELETED_FIELDS = (
    Field("id", show=lambda change, context: str(change.record.id), safe=True),
    Field("deletedDate", "at", TIME),
)


def parse_user(tree: Tree) -> User:
    """The user that a server's answer shows; all but the last word of the name are first names."""
    user = User(**{name: value for name, value in read_record(USER_FIELDS, tree).items() if name != "name"})
    first, _, last = (tree.filled("name") or "").rpartition(" ")
    user.first_name, user.last_name = first or None, last or None
    user.currency, user.time_zone = tree.filled("currency"), tree.filled("timezone")
    return user
