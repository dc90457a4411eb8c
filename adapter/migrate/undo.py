"""Undo: what the migration made is removed, what it changed gets its prior values; what others changed since stays."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapter.client import KINDS, can, record_of
from adapter.migrate import compare
from adapter.migrate.ledger import SENDING, Entry, Ledger
from adapter.migrate.sides import Side
from adapter.migrate.verify import differences
from canonical.errors import CanonicalError, NotFound
from canonical.operations import Delete, Get, Update


@dataclass(slots=True)
class Undone:
    """Three counted lists: kind, the source's id, the target's id, and why."""

    reversed: list[tuple[str, str, str, str]] = field(default_factory=list)
    kept: list[tuple[str, str, str, str]] = field(default_factory=list)
    failed: list[tuple[str, str, str, str]] = field(default_factory=list)


def undo(ledger: Ledger, target: Side) -> Undone:
    """Those that refer to others go first. May be broken off and begun again: what is undone is so in the ledger."""
    done = Undone()
    for kind in reversed(KINDS):
        for entry in ledger.entries(kind=kind, backwards=True):
            if not entry.target_id or entry.state == SENDING:
                continue
            if entry.state == "undone":
                done.reversed.append((kind, entry.source_id, entry.target_id, "removed before"))
                continue
            if not entry.made and not entry.prior:
                continue
            _one(ledger, target, entry, done)
    return done


def _one(ledger: Ledger, target: Side, entry: Entry, done: Undone) -> None:
    told = (entry.kind, entry.source_id, entry.target_id)
    kind, id = record_of(entry.kind), int(entry.target_id)
    try:
        parts = tuple(name for name in compare.PARTS if name in kind.__dataclass_fields__)
        got = None if entry.canon == "user" else target.perform(Get(kind, id, parts))
        row = can(target.traits, entry.kind, "read")
        if got is not None and row is not None:
            said = compare.heard(got, [name for name in row.fields if hasattr(got, name)])
            changed = [each.field for each in differences(entry, said) if each.field != "links"]
            if changed:
                done.kept.append((*told, f"changed since: {', '.join(changed)}"))
                return
        if entry.made:
            target.perform(Delete(kind, id))
            reason = "removed"
        else:
            type_ = {"type": entry.expected["type"]} if "type" in entry.expected else {}
            target.perform(Update(kind, id, {**entry.prior, **type_}))
            reason = "restored"
    except NotFound:
        reason = "was gone"
    except CanonicalError as error:
        done.failed.append((*told, str(error) or type(error).__name__))
        return
    entry.state = "undone"
    ledger.put(entry)
    done.reversed.append((*told, reason))
