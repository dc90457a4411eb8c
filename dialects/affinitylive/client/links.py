"""What things are about and who took part, as answers show it: ``against``, ``interacts`` (dossier, section 4)."""

from __future__ import annotations

from typing import Any, Final

from canonical.model import Link
from canonical.values import Ref
from dialects.affinitylive.client.shown import Shown
from dialects.affinitylive.fields.formats import BadValue, seconds
from dialects.affinitylive.fields.subjects import INTERACT_TYPES, KIND_OF_TYPE

_PARTY_TYPES: Final = {"company": "organisation", "contact": "person", "affiliation": "person"}


def read_links(
    record: Any,
    shown: Shown,
    against: tuple[str | None, int | None],
    extras: dict[str, Any],
    beside: Shown | None,
    also: tuple[str, ...],
) -> list[Link]:
    """The subject, the references `also` that say what else it is about, and the interacts."""
    links: list[Link] = []
    own = Ref(record.KIND, record.id)
    contact = shown.key("contact").reference() if "contact" in also else None
    word, id = against
    # Against its own owner means against nothing in particular.
    if word is not None and id and not (word == "staff" and id in (record.owner_id, record.creator_id)):
        kind = KIND_OF_TYPE.get(word)
        if word == "affiliation":
            # Whose it is stands beside it, for a task; an activity does not tell.
            links.append(Link(0, own, Ref("party", contact or id), target_type="person"))
        elif kind is not None:
            links.append(Link(0, own, Ref(kind, id), target_type=_PARTY_TYPES.get(word)))
        if kind is None or word == "affiliation":
            extras.update(against_type=word, against_id=str(id))
    for name in also:
        target = shown.key(name).reference()
        if target is not None and not any(link.target == Ref(KIND_OF_TYPE[name], target) for link in links):
            links.append(Link(0, own, Ref(KIND_OF_TYPE[name], target), target_type=_PARTY_TYPES.get(name)))
    _interacts(own, shown, beside, links, extras)
    return links


def _interacts(own: Ref, shown: Shown, beside: Shown | None, links: list[Link], extras: dict[str, Any]) -> None:
    for interact in shown.key("interacts").items():
        role, owner = interact.key("type").text() or "", interact.key("owner_id").reference()
        owner_type = interact.key("owner_type").text()
        if owner_type == "affiliation" and owner is not None:
            owner = _contact_of(owner, beside)
        if owner is None or role not in INTERACT_TYPES or owner_type not in ("staff", "contact", "affiliation"):
            extras.setdefault("interacts", []).append(interact.value)
            continue
        target = Ref("user" if owner_type == "staff" else "party", owner)
        links.append(
            Link(interact.key("id").number() or 0, own, target, role, len(links), _at(interact.key("date_actioned")))
        )


def _at(shown: Shown) -> int:
    try:
        return seconds(shown.text() or "") or 0
    except BadValue as error:
        raise shown.fail(str(error)) from None


def _contact_of(affiliation: int, beside: Shown | None) -> int | None:
    """Whose affiliation it is, by what today's servers list beside the activities."""
    if beside is None:
        return None
    for one in beside.key("affiliations").items():
        if one.id() == affiliation:
            return one.key("contact").reference()
    return None
