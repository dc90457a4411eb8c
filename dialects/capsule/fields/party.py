"""The elements `person` and `organisation` (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canonical.model import ContactPoint, Party
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.contacts import parse_contacts, show_contacts, write_contacts
from dialects.capsule.fields.picture import picture_url
from dialects.capsule.fields.table import ID, TIME, Field, read_record, read_simple, write_simple
from dialects.capsule.wire.bodies import Tree

PERSON = "person"
ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class PartyContext:
    """`base_url` is for the pictures; `tags` says that the client wants ``embed=tags``."""

    base_url: str
    tags: bool = False


def _contacts(party: Party, context: object) -> object:
    return show_contacts(party.points)


def _picture(party: Party, context: PartyContext) -> str:
    return picture_url(context.base_url, party.type)


def _tags(party: Party, context: PartyContext) -> object | None:
    """Each tag is an element of this name, and without tags there is none: Java's XStream, the one client that embeds
    them, takes an inner element for an unknown field and an empty one for a tag without a name."""
    if not context.tags or not party.tags:
        return None
    return [[("id", str(tag.id)), ("name", tag.name)] for tag in party.tags]


def _last_name(party: Party, context: object) -> str | None:
    # A person from a dialect with one name for everything still has a name here.
    return party.last_name or (None if party.first_name else party.name or None)


def _organisation_name(party: Party, context: object) -> str | None:
    # A mere name is no organisation: name and id come together (capsule dossier, section 9).
    return party.organisation_name or None


_COMMON = (
    Field("id", "id", ID, read_only=True),
    Field("contacts", show=_contacts),
    Field("about", "about"),
    Field("pictureURL", show=_picture, read_only=True),
    Field("createdOn", "created_at", TIME, read_only=True),
    Field("updatedOn", "updated_at", TIME, read_only=True),
    Field("lastContactedOn", "last_contacted_at", TIME, read_only=True),
    Field("tags", show=_tags, read_only=True, repeats=True),
)
PERSON_FIELDS = (
    *_COMMON,
    Field("title", "salutation"),
    Field("firstName", "first_name"),
    Field("lastName", "last_name", show=_last_name),
    Field("jobTitle", "job_title"),
    Field("organisationId", "organisation_id", ID, read_only=True),
    Field("organisationName", show=_organisation_name),
)
ORGANISATION_FIELDS = (*_COMMON, Field("name", "name", required=True))
FIELDS = {PERSON: PERSON_FIELDS, ORGANISATION: ORGANISATION_FIELDS}


def read_party(type_: str, body: Tree, current: Party | None = None, *, new: bool) -> dict[str, Any]:
    """Canonical values of a `new` party, or of what changes; without its contacts and its organisation.

    Raises `BadRequest`: a person needs a first or a last name, an organisation its name.
    """
    values = read_simple(FIELDS[type_], body, current, new=new)
    # A person that another dialect left without a name may be written back, and stays without one.
    named = new or (current is not None and not values.keys().isdisjoint(("first_name", "last_name")))
    if type_ == PERSON and named:
        # Support Bee sends a first name alone; either will do.
        first = values.get("first_name", current.first_name if current else None)
        last = values.get("last_name", _last_name(current, None) if current else None)
        if not first and not last:
            raise BadRequest("firstName or lastName is required")
    return values


def parse_party(type_: str, tree: Tree) -> Party:
    """The party that a server's answer shows, with that server's ids. Raises `BadRequest`."""
    values = read_record(FIELDS[type_], tree)
    party = Party(**values, type=type_)
    if type_ == PERSON:
        party.name = " ".join(part for part in (party.first_name, party.last_name) if part)
        party.organisation_name = tree.filled("organisationName")
    party.points = parse_contacts(tree)
    return party


def write_party(type_: str, values: Mapping[str, Any], points: Sequence[ContactPoint] = ()) -> list[tuple[str, Any]]:
    """Elements for canonical values, to create or to update a party on a server."""
    pairs: list[tuple[str, Any]] = []
    if points:
        pairs.append(("contacts", write_contacts(points)))
    pairs += write_simple(FIELDS[type_], values)
    if type_ == PERSON:
        if values.get("organisation_id"):
            pairs.append(("organisationId", str(values["organisation_id"])))
        elif "organisation_name" in values or values.get("company"):
            pairs.append(("organisationName", values.get("organisation_name") or values.get("company") or ""))
    return pairs
