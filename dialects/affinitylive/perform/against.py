"""``against_type`` and ``against_id`` as they come in: a link to a canonical kind, else kept as they are."""

from __future__ import annotations

from dataclasses import dataclass

from adapter.dialect import Call
from canonical.errors import NotFound
from canonical.operations import NewLink
from canonical.values import Ref
from dialects.affinitylive.errors import BadRequest
from dialects.affinitylive.fields.people import person_of
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.fields.subjects import KIND_OF_TYPE, RESOURCE_OF_TYPE, type_word
from dialects.affinitylive.perform.shared import sight_of
from dialects.affinitylive.wire.parameters import Parameters, whole


@dataclass(frozen=True, slots=True)
class Against:
    """What a new thing is against: `link` when it has a canonical kind; `kept` what the extras must say of it."""

    word: str
    id: int
    kept: dict[str, str]
    link: NewLink | None


def read(call: Call, given: Parameters) -> Against | None:
    """None when nothing was said. Raises BadRequest (half of it, an unknown type), NotFound (nothing there)."""
    type_text, id_text = given.text("against_type") or "", given.text("against_id") or ""
    if not type_text.strip() and not id_text.strip():
        return None
    word, id = type_word(type_text), whole(id_text)
    if word is None or not id:
        raise BadRequest("against_type" if word is None else "against_id")
    resource = RESOURCE_OF_TYPE.get(word)
    if resource is None:
        return Against(word, id, {"against_type": word, "against_id": str(id)}, None)
    if word == "affiliation":
        person = person_of(sight_of(call), id)
        if person is None:
            raise NotFound(resource, id)
        kept = {"against_type": word, "against_id": str(id)}
        if person != id:
            kept["against_person"] = str(person)
        return Against(word, id, kept, NewLink(Ref("party", person)))
    if id not in RESOURCES[resource].load(sight_of(call), (id,), ()):
        raise NotFound(resource, id)
    return Against(word, id, {}, NewLink(Ref(KIND_OF_TYPE[word], id)))
