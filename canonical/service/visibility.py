"""What the caller sees, reads and may change of records that are loaded: `canonical.model.visibility` over a unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from canonical.errors import Denied, NotFound
from canonical.model import KINDS, Party, Record, Viewer
from canonical.model.visibility import (
    ADMIN,
    CREATOR,
    DECIDED_BY,
    LINKED,
    PROTECTED,
    READ_BY_ALL,
    SEEN_BY,
    SEEN_BY_ALL,
    TEXTS,
    UNTOLD,
    acts_as_owner,
    has_texts,
    mask,
    reads,
    sees,
    takes_part,
)
from canonical.store.port import Unit
from canonical.values import Ref

R = TypeVar("R", bound=Record)
MASKABLE = frozenset(kind for kind, spec in KINDS.items() if has_texts(spec))
"""The kinds of records that have a text to mask."""


class Visibility:
    """Answers for one viewer in one unit of work."""

    __slots__ = ("unit", "viewer")

    def __init__(self, unit: Unit, viewer: Viewer) -> None:
        self.unit = unit
        self.viewer = viewer

    # -- seeing and reading -------------------------------------------------------------------------

    def sees(self, record: Record) -> bool:
        # Most are; so much is asked of every record that is read.
        if getattr(record, "visibility", "everyone") in SEEN_BY_ALL:
            return True
        if record.KIND in DECIDED_BY:
            kind, field = DECIDED_BY[record.KIND]
            other = self.unit.load(KINDS[kind].record, (getattr(record, field),)).values()
            return any(map(self.sees, other))
        return sees(self.viewer, record, lambda: self._is_linked(record))

    def require_seen(self, record: Record) -> None:
        """Raises NotFound where nobody but those who take part may learn of the record, else Denied."""
        if self.sees(record):
            return
        if getattr(record, "visibility", "") in UNTOLD:
            raise NotFound(record.KIND, record.id)
        raise Denied(f"{record.KIND} {record.id} is not the caller's to see", "record")

    def is_told(self, record: Record) -> bool:
        """Whether the caller may learn that the record is there."""
        return getattr(record, "visibility", "everyone") not in UNTOLD or self.sees(record)

    def seen(self, records: Iterable[R]) -> list[R]:
        return [record for record in records if self.sees(record)]

    def reads(self, record: Record) -> bool:
        """Whether its text is his to read; of kinds without one there is nothing to keep from him."""
        return record.KIND not in MASKABLE or reads(self.viewer, record, lambda: self._is_linked(record))

    def acts_as_owner(self, record: Record) -> bool:
        return acts_as_owner(self.viewer, record)

    def takes_part(self, record: Record) -> bool:
        return takes_part(self.viewer, record, lambda: self._is_linked(record))

    def _is_linked(self, record: Record) -> bool:
        return record.id in self.unit.linked(type(record), (record.id,), self.viewer)

    def mask(self, records: Sequence[Record]) -> None:
        """Masks, of records of one kind that the caller sees, those whose text is not his to read."""
        if not records or records[0].KIND not in MASKABLE:
            return
        closed: list[Any] = [r for r in records if r.visibility not in READ_BY_ALL]  # type: ignore[attr-defined]
        if not closed:
            return
        ids: set[int] = set()
        asked = [r.id for r in closed if not reads(self.viewer, r, lambda: False)]
        if asked:
            ids = self.unit.linked(type(closed[0]), asked, self.viewer)
        for record in closed:
            if not reads(self.viewer, record, partial(ids.__contains__, record.id)):
                mask(self.viewer, KINDS[record.KIND], record)

    # -- changing -------------------------------------------------------------------------------------

    def permitted(
        self, before: Record, values: dict[str, Any], extras: Mapping[str, Mapping[str, Any]]
    ) -> tuple[dict[str, Any], Mapping[str, Mapping[str, Any]]]:
        """New values and extras as the caller may set them.

        Of a text that is masked to him he can only repeat that it is empty, which changes nothing. Raises Denied for
        all else that is for those who read the text, also for the very text: whether it is that he is not to learn.
        """
        if self.reads(before):
            return values, extras
        allowed = {name: value for name, value in values.items() if value or name not in TEXTS}
        for name in PROTECTED.intersection(allowed):
            if name in TEXTS or allowed[name] != getattr(before, name, None):
                raise self.denied(before)
        shown: dict[str, dict[str, Any]] = {}
        for namespace, changes in extras.items():
            kept = before.extras.get(namespace, {})
            for key, value in changes.items():
                if not self.viewer.guards(namespace, key):
                    shown.setdefault(namespace, {})[key] = value
                elif value != (None if self.viewer.is_text(f"extras.{namespace}.{key}") else kept.get(key)):
                    raise self.denied(before)
        return allowed, shown

    def require_linkable(self, record: Record, target: Ref) -> None:
        """Raises Denied for a link between a record and a user or a person, where only those who read may say so."""
        if target.kind not in ("user", Party.KIND) or self.reads(record):
            return
        if target.kind == Party.KIND:
            party = self.unit.load(Party, (target.id,)).get(target.id)
            if party is not None and party.type != "person":
                return
        raise self.denied(record)

    def require_deletable(self, record: Record) -> None:
        if not self.reads(record):
            raise self.denied(record)

    @staticmethod
    def denied(record: Record) -> Denied:
        return Denied(f"{record.KIND} {record.id} is confidential", "text")

    # -- what is told of what is gone -------------------------------------------------------------------

    def audience(self, record: Record) -> str | None:
        """Who saw a record that is about to go, ``,12,15,admin,``; None for everyone."""
        visibility = getattr(record, "visibility", "everyone")
        if visibility in SEEN_BY_ALL:
            return None
        roles = SEEN_BY.get(visibility, frozenset())
        who: list[Any] = [getattr(record, "owner_id", None)]
        if CREATOR in roles:
            who.append(record.creator_id)
        if LINKED in roles:
            targets = [link.target for link in self.unit.links_of(record.KIND, (record.id,))[record.id]]
            who += [target.id for target in targets if target.kind == "user"]
            cards = tuple(target.id for target in targets if target.kind == Party.KIND)
            if cards:
                who += [row["id"] for row in self.unit.select("app_user", {"person_id": cards})]
        if ADMIN in roles:
            who.append(ADMIN)
        return f",{','.join(str(name) for name in dict.fromkeys(who) if name)},"

    def was_told(self, audience: str | None) -> bool:
        """Whether the caller is of an audience."""
        if audience is None or self.viewer.operator or f",{self.viewer.user_id}," in audience:
            return True
        return self.viewer.admin and f",{ADMIN}," in audience
