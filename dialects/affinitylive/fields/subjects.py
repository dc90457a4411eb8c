"""What things are against, who owns them, and who took part: ``against``, ``owner``, ``interacts``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from canonical.model import Activity, Case, Link, Opportunity, Party, first_subject, is_subject
from canonical.values import SECOND
from dialects.affinitylive.fields.table import Sight, Target, own

INTERACT_TYPES = ("creator", "from", "to", "cc", "bcc", "attendee", "attended", "did_not_attend")
"""[seed] the types of an interact: the role of a link."""

RECIPIENTS = ("to", "cc", "bcc")
"""The types that a create names, by id (dossier, section 3)."""

BILLABLE = frozenset({"issue", "job", "milestone", "contract", "contract_period"})
"""What time can be billed for (dossier, section 7)."""

OWNER_TYPES = ("staff", "affiliation", "lead")
"""What may own an activity; leads only where they came from elsewhere [noojee]."""

AGAINST_TYPES = frozenset(
    {
        "affiliation",
        "annex",
        "campaign",
        "account_invoice",
        "campaign_action",
        "component",
        "company",
        "contact",
        "contract",
        "contract_period",
        "deployment",
        "event",
        "invoice",
        "issue",
        "job",
        "membership",
        "prospect",
        "request",
        "task",
        "staff",
        "activity_event",
        "asset",
        "account_purchase",
        "milestone",
    }
)
"""What a thing may be against (dossier, section 7)."""

PLURALS = {"companies": "company", "staffs": "staff", **{f"{word}s": word for word in AGAINST_TYPES}}

KIND_OF_TYPE = {
    "company": "party",
    "contact": "party",
    "affiliation": "party",
    "prospect": "opportunity",
    "issue": "case",
    "task": "activity",
    "staff": "user",
}
"""Types with a canonical kind: they are links. All others are kept in the extras."""

RESOURCE_OF_TYPE = {
    "company": "companies",
    "contact": "contacts",
    "affiliation": "affiliations",
    "prospect": "prospects",
    "issue": "issues",
    "task": "tasks",
    "staff": "staff",
}
_TYPE_OF_KIND = {"opportunity": "prospect", "case": "issue", "activity": "task", "user": "staff"}


def type_word(text: str) -> str | None:
    """The singular type that a text names; None for an unknown one."""
    word = text.strip().lower()
    word = PLURALS.get(word, word)
    return word if word in AGAINST_TYPES else None


def type_of_link(link: Link) -> str:
    if link.target.kind == "party":
        return "company" if link.target_type == "organisation" else "contact"
    return _TYPE_OF_KIND[link.target.kind]


def against(record: Any, sight: Sight) -> tuple[str, str]:
    """Type and id of what an activity or task is against: the first it is about, else its owner [wiki]."""
    kept_type = own(record, "against_type")
    kept_id = own(record, "against_id")
    link = first_subject(record.links)
    if isinstance(kept_type, str) and isinstance(kept_id, str):
        # An affiliation is also a link to its person; it shows as long as the link is there.
        if kept_type not in KIND_OF_TYPE:
            return kept_type, kept_id
        # A further affiliation has an id of its own beside its person's.
        linked = kept_id if kept_type != "affiliation" else own(record, "against_person", kept_id)
        if link is not None and link.target.kind == KIND_OF_TYPE[kept_type] and str(link.target.id) == linked:
            return kept_type, kept_id
    if link is not None:
        return type_of_link(link), str(link.target.id)
    return "staff", str(record.owner_id)


def _target(word: str, id: str) -> Target | None:
    """The object of a type and an id; None where there is no such resource (a lead, a job)."""
    resource = RESOURCE_OF_TYPE.get(word)
    return (resource, int(id)) if resource is not None and id.isascii() and id.isdigit() else None


def against_target(record: Any, sight: Sight) -> Target | None:
    return _target(*against(record, sight))


def owner(record: Any, sight: Sight) -> tuple[str, str]:
    """``staff`` and the canonical owner, or the affiliation that was given as the owner."""
    kept_type = own(record, "owner_type")
    kept_id = own(record, "owner_id")
    if isinstance(kept_type, str) and isinstance(kept_id, str):
        return kept_type, kept_id
    return "staff", str(record.owner_id)


def owner_target(record: Any, sight: Sight) -> Target | None:
    return _target(*owner(record, sight))


def interact_links(record: Any, sight: Sight) -> list[Link]:
    """The links that are interacts. Roles without a word here are a loss."""
    found = []
    for link in record.links:
        if link.role in INTERACT_TYPES and link.target.kind in ("user", "party"):
            if sight.interact_types is None or link.role in sight.interact_types:
                found.append(link)
        elif not is_subject(link):
            sight.losses.add("activity", "participation", "role_not_shown")
    return found


def interact_owner(link: Link) -> Target:
    """The resource and id of who an interact is with."""
    return ("staff" if link.target.kind == "user" else "contacts", link.target.id)


def interacts(record: Any, sight: Sight) -> list[dict[str, Any]]:
    return [
        {
            "id": str(link.id),
            "type": link.role,
            "date_actioned": str(link.at // SECOND),
            "owner_type": "staff" if link.target.kind == "user" else "contact",
            "owner_id": str(link.target.id),
        }
        for link in interact_links(record, sight)
    ]


# -- breadcrumbs --------------------------------------------------------------------------------------


def prepare_breadcrumbs(records: Sequence[Any], sight: Sight) -> None:
    """Loads what the page is against, and the companies of that, a kind at a time."""
    wanted: dict[str, set[int]] = {"party": set(), "opportunity": set(), "case": set(), "activity": set()}
    for record in records:
        link = first_subject(record.links)
        if link is not None and link.target.kind in wanted:
            wanted[link.target.kind].add(link.target.id)
    deals: list[Opportunity | Case] = list(sight.many(Opportunity, wanted["opportunity"]).values())
    deals.extend(sight.many(Case, wanted["case"]).values())
    wanted["party"].update(deal.party_id for deal in deals if deal.party_id)
    people = sight.many(Party, wanted["party"])
    sight.many(Party, [person.organisation_id for person in people.values() if person.organisation_id])
    sight.many(Activity, wanted["activity"])


def breadcrumbs(record: Any, sight: Sight) -> list[dict[str, str]]:
    """[{id, table, title}], nearest parent first; of what the caller may not see, no title (dossier, section 5)."""
    word, id = against(record, sight)
    link = first_subject(record.links)
    if word not in KIND_OF_TYPE:
        return [{"id": id, "table": word, "title": ""}]
    if link is None:
        return [{"id": id, "table": word, "title": record.owner_username or ""}]
    kind, number = link.target
    found: Any = None
    title = link.target_name or "" if kind == "user" else ""
    party_id: int | None = None
    if kind == "party":
        found = sight.one(Party, number)
        title, party_id = (found.name, found.organisation_id) if found is not None else ("", None)
    elif kind in ("opportunity", "case"):
        found = sight.one(Opportunity, number) if kind == "opportunity" else sight.one(Case, number)
        title, party_id = (found.title, found.party_id) if found is not None else ("", None)
    elif kind == "activity":
        found = sight.one(Activity, number)
        title = found.title if found is not None else ""
    return [{"id": id, "table": word, "title": title}, *party_trail(party_id, sight)]


def party_trail(party_id: int | None, sight: Sight) -> list[dict[str, str]]:
    """A party, then the company of a person."""
    party = sight.one(Party, party_id)
    if party is None:
        return []
    table = "company" if party.type == "organisation" else "contact"
    trail = [{"id": str(party.id), "table": table, "title": party.name}]
    return trail + party_trail(party.organisation_id, sight) if party.type == "person" else trail
