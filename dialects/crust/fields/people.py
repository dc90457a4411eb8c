"""Users as other objects show them."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.dialect import Call
from canonical.errors import Denied
from canonical.model import User
from canonical.values import MAX_ID
from dialects.crust.fields import objects
from dialects.crust.settings import NAME


def require_admin(call: Call, user_id: int | None = None) -> None:
    """Only administrators change users; everybody may change himself. Raises Denied.

    The vendor let any user change any other, passwords included; here that would hand over the other dialects too.
    """
    caller = call.caller
    if not caller.is_admin and (user_id is None or user_id != shown_id(call, caller.user_id)):
        raise Denied("only administrators change users")


def is_aliased(call: Call) -> bool:
    """Whether clients of this tenant know some records by ids of another system."""
    return call.tenant is not None and call.tenant.settings.get(f"{NAME}.aliases") == "yes"


def shown_id(call: Call, id: int) -> int:
    """The id under which clients know a user."""
    if not is_aliased(call):
        return id
    foreign = call.desk.foreign_id("user", id)
    return int(foreign) if foreign is not None and foreign.isascii() and foreign.isdigit() else id


def stored_id(call: Call, id: int) -> int:
    """The user whom clients know under that id."""
    local = call.desk.local_id("user", str(id)) if is_aliased(call) else None
    return id if local is None else local


def owners(call: Call, ids: Sequence[int | None]) -> list[bytes]:
    """What records say of their owners, who are told by their stored ids: `fields.owner`."""
    known: dict[int | None, bytes] = call.desk.remembered("owners by alias" if is_aliased(call) else "owners")
    missing = set(ids) - known.keys()
    if missing:
        shown = {id: shown_id(call, id) for id in missing if id}
        found = call.desk.get_many(User, [id for id in shown.values() if id <= MAX_ID])
        known.update({id: objects.owner(found.get(other)) for id, other in shown.items()})
        known[None] = objects.owner(None)
    return [known[id or None] for id in ids]
