"""What the records of a system module show, and to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from adapter.dialect import Call
from canonical.model import KINDS, Party
from canonical.model.module import FieldValue
from canonical.operations import Desk
from dialects.crust.fields import objects
from dialects.crust.fields.system.kept import UNKNOWN, fixed_texts
from dialects.crust.fields.system.layout import Layout
from dialects.crust.fields.system.modules import custom_name
from dialects.crust.fields.system.related import sort_of, targets_of, unseen
from dialects.crust.fields.system.table import NO_TARGETS, Targets
from dialects.crust.settings import NAME


@dataclass(frozen=True, slots=True)
class OnDesk:
    """The records that the caller sees (`dialects.crust.fields.system.table.Look`)."""

    desk: Desk

    @property
    def me(self) -> int:
        return self.desk.principal.user_id

    def has(self, kind: str, id: int, sort: str = "") -> bool:
        record: Any = self.desk.get_many(KINDS[kind].record, (id,)).get(id)
        return record is not None and (not sort or sort_of(record.type, record.stage) == sort)


@dataclass(slots=True)
class Sight:
    """What records are shown by: the module, and the parties of which the records do not tell enough."""

    layout: Layout
    parties: Mapping[int, Any]

    @classmethod
    def of(cls, call: Call, layout: Layout, records: Sequence[Any]) -> Sight:
        """Loads what the records' fields need to be shown, in one look."""
        wanted = unseen(records) if "links" in layout.system.include else None
        parties = call.desk.get_many(Party, wanted) if wanted else {}
        return cls(layout, parties)

    def targets(self, record: Any) -> Targets:
        return targets_of(record, self.parties) if "links" in self.layout.system.include else NO_TARGETS

    def texts(self, record: Any) -> dict[str, str]:
        """Every field's text."""
        system = self.layout.system
        out = fixed_texts(system, record, self.targets(record))
        for value in record.custom:
            name = custom_name(value)
            if name not in system.by_name:
                out[name] = value.value
        unknown = (record.extras.get(NAME) or {}).get(UNKNOWN)
        if isinstance(unknown, dict):
            out.update({name: str(value) for name, value in unknown.items() if name not in out})
        return out

    def values(self, record: Any) -> bytes:
        """The record's values as JSON: of the module's own fields those that are set.

        The vendor's clients take a field that is there for one that has a value.
        """
        if NAME not in record.extras:
            if not record.custom:
                return self.layout.write(record, self.targets(record))
            customs = {custom_name(value): value.value for value in record.custom}
            if customs.keys() <= self.layout.last:
                fixed = self.layout.write(record, self.targets(record))
                own = self._ordered({name: text for name, text in customs.items() if text})
                return fixed[:-1] + (b"," if len(fixed) > 2 and len(own) > 2 else b"") + own[1:]
        # A client that wrote a field of its own choice wrote it also when it is empty.
        chosen = (record.extras.get(NAME) or {}).get(UNKNOWN) or ()
        return self._ordered({name: text for name, text in self.texts(record).items() if text or name in chosen})

    def _ordered(self, texts: Mapping[str, str]) -> bytes:
        values = (FieldValue(name, text) for name, text in texts.items())
        return orjson.dumps(objects.in_order(values, self.layout.places))
