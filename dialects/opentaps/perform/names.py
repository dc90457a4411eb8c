"""Ids on the wire to records of the tenant and back, aliases included."""

from __future__ import annotations

from typing import TypeVar

from adapter.dialect import Call
from adapter.formats.json_body import ascii_string
from canonical.errors import Denied, NotFound
from canonical.model import Activity, Party, Record
from canonical.operations import Include
from canonical.values import MAX_ID
from dialects.opentaps.errors import Unknown
from dialects.opentaps.wire.ids import agrees, local_part, number_of, wire_id

R = TypeVar("R", bound=Record)


class TenantNames:
    """The ids of one call. A record migrated with a foreign id is known by that and by no other."""

    def __init__(self, call: Call) -> None:
        self._desk = call.desk
        self._aliased = call.tenant is not None and call.tenant.settings.get("opentaps.aliases") == "yes"

    def shown(self, kind: str, id: int, created_at: int = 0) -> str:
        """The id that clients know."""
        known = self._desk.foreign_id(kind, id) if self._aliased else None
        return known or wire_id(id, created_at)

    def quoted(self, kind: str, id: int, created_at: int = 0) -> str:
        """As `shown`, as JSON."""
        return ascii_string(self.shown(kind, id, created_at)) if self._aliased else f'"{wire_id(id, created_at)}"'

    def local(self, kind: str, text: str) -> tuple[int, int | None] | None:
        """The record's id, and the number whose time must agree with it (None for an alias)."""
        if self._aliased:
            found = self._desk.local_id(kind, text)
            if found is not None:
                return found, None
        number = number_of(text)
        if number is None or not 0 < local_part(number) <= MAX_ID:
            return None
        if self._aliased and self._desk.foreign_id(kind, local_part(number)) is not None:
            return None
        return local_part(number), number

    def find(self, kind: type[R], text: str, include: Include = ()) -> R | None:
        """The record, None where there is none or it is hidden from the caller."""
        found = self.local(kind.KIND, text)
        if found is None:
            return None
        id, number = found
        try:
            record = self._desk.get(kind, id, include)
        except (NotFound, Denied):
            return None
        return record if number is None or agrees(number, record.created_at) else None

    def note(self, text: str, include: Include = ()) -> Activity:
        """Raises `Unknown`."""
        found = self.find(Activity, text, include)
        if found is None:
            raise Unknown("note", text)
        return found

    def party(self, text: str, include: Include = ()) -> Party:
        """Raises `Unknown`."""
        found = self.find(Party, text, include)
        if found is None:
            raise Unknown("contact", text)
        return found

    def plain(self, kind: str, text: str) -> int | None:
        """The id of a tag or group, which have no creation time."""
        found = self.local(kind, text)
        if found is None:
            return None
        id, number = found
        return id if number is None or agrees(number, 0) else None

    # For `query.Names`
    def activity(self, text: str) -> int | None:
        found = self.find(Activity, text)
        return None if found is None else found.id

    def contact(self, text: str) -> int | None:
        found = self.find(Party, text)
        return None if found is None else found.id
