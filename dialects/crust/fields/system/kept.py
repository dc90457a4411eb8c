"""Texts of clients: what of them the core takes, and what is kept as it came and shown while it fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final

from canonical.model import Party
from canonical.values import UNSET, fold
from dialects.crust.fields.system.table import Draft, SystemModule, Targets
from dialects.crust.settings import NAME

UNKNOWN: Final = "values"
"""The extra that holds values of fields that the module does not have."""
FOLDED: Final = "folded"
"""The extra that holds every kept text in the form in which search compares."""
SEPARATOR: Final = "\x1f"


def take_fixed(
    system: SystemModule,
    draft: Draft,
    sent: MutableMapping[str, str],
    kept: Mapping[str, Any],
    check: Callable[[str, str], None],
) -> None:
    """Takes what was sent in fixed fields into the draft, and out of `sent`; what is already shown changes nothing.

    In the module's order, whatever the client's: of two fields that mean one thing the later counts. `check` raises
    for a name and a text that may not be.
    """
    for field in system.fields:
        text = sent.pop(field.name, None)
        if text is None or text == draft.shown.get(field.name, ""):
            continue
        check(field.name, text)
        says = field.write(draft, text)
        if says == text:
            if field.name in kept:
                draft.extras.update({field.name: None, f"{field.name}_of": None})
        else:
            draft.extras.update({field.name: text or None, f"{field.name}_of": (says or None) if text else None})
    if draft.values.get("party_id", UNSET) is None:
        _fill_party(draft)


def _fill_party(draft: Draft) -> None:
    """Of a record that lost the party it was for, the first that it is linked to now takes the place."""
    for link in draft.links:
        if link.target.kind == Party.KIND:
            draft.values["party_id"] = link.target.id
            draft.links.remove(link)
            return


def folded(system: SystemModule, kept: Mapping[str, Any]) -> str | None:
    """All kept texts as search compares them, None for none."""
    texts = [kept[field.name] for field in system.fields if kept.get(field.name)]
    return SEPARATOR.join(fold(str(text)) for text in (*texts, *(kept.get(UNKNOWN) or {}).values())) or None


def fixed_texts(system: SystemModule, record: Any, targets: Targets) -> dict[str, str]:
    """The texts of the fixed fields. One that a client wrote is shown as long as it still fits what the core says."""
    kept: Mapping[str, Any] = record.extras.get(NAME) or {}
    out = {}
    for name, text in system.texts(record, targets).items():
        still = name in kept and kept.get(f"{name}_of", "") == text
        out[name] = str(kept[name]) if still else text
    return out
