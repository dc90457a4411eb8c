"""What routes of several nouns need: ids of the path, parents, owners, paging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapter.dialect import Call
from canonical.model import Case, Opportunity, Party, Record, User
from canonical.operations import Include
from canonical.query import Query, Window, eq
from canonical.values import MAX_ID, Ref
from dialects.capsule.errors import BadRequest, Missing


@dataclass(frozen=True, slots=True)
class Parent:
    """What tasks, history, tags and custom fields hang on. `noun` is its word in paths."""

    noun: str
    kind: type[Party] | type[Opportunity] | type[Case]

    def ref(self, call: Call) -> Ref:
        return Ref(self.kind.KIND, path_id(call, "id", self.noun))

    def load(self, call: Call, include: Include = ()) -> Record:
        """The parent that the path names. Raises `NotFound`, `Missing`, `Denied`."""
        record: Record = call.desk.get(self.kind, path_id(call, "id", self.noun), include)
        return record


PARTY = Parent("party", Party)
OPPORTUNITY = Parent("opportunity", Opportunity)
KASE = Parent("kase", Case)
PARENTS = (PARTY, OPPORTUNITY, KASE)


def path_id(call: Call, name: str, noun: str) -> int:
    """A number out of the path. Raises `Missing` for one that no record can have."""
    text = call.params[name]
    if len(text) > 19 or not 0 < int(text) <= MAX_ID:
        raise Missing(noun)
    return int(text)


def page_cap(call: Call) -> int:
    return int(call.settings["page_cap"])


def user_id(call: Call, username: str, element: str) -> int:
    """The user of that name. Raises `BadRequest` when there is none."""
    found = call.desk.find(User, Query(eq("username", username.strip()), window=Window(limit=1))).items
    if not found:
        raise BadRequest(f"{element} is unknown")
    return found[0].id


def settle_owner(call: Call, values: dict[str, Any], current: Record | None = None) -> None:
    """Puts the user's id in the place of ``owner_username``. Raises `BadRequest` for an unknown user."""
    username = values.pop("owner_username", None)
    if username is not None:
        owner = user_id(call, username, "owner")
        if current is None or owner != getattr(current, "owner_id", None):
            values["owner_id"] = owner


def url(call: Call, path: str) -> str:
    """An absolute link under the address that the client used: some clients cut its length off."""
    return call.request.base_url + path
