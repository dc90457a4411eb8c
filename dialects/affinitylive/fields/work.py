"""Tasks, issues and prospects (dossier, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from adapter.fields.expression import NOTHING, Attribute, Constant
from canonical.model import SEEN_BY_ALL, Activity, Case, Opportunity, Party, Record, is_subject
from canonical.operations import Include
from canonical.query import eq
from canonical.values import MICROS
from dialects.affinitylive.fields.activity import AGAINST, VISIBILITY, body_field, tags, title_field
from dialects.affinitylive.fields.formats import (
    COUNT,
    DAY,
    DECIMAL,
    MOMENT,
    MOMENT_OR_ISO,
    MONEY,
    YES_NO,
    BadValue,
    Format,
    read_percent,
    show_moment,
)
from dialects.affinitylive.fields.lookups import DEFAULT, TYPES, class_id, kept_id
from dialects.affinitylive.fields.people import DATES, ID, crumbs, status
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.fields.subjects import RESOURCE_OF_TYPE
from dialects.affinitylive.fields.table import (
    Field,
    Near,
    Resource,
    Sight,
    Target,
    column,
    derived,
    kept,
    linked,
    own,
)

TASKS = eq("type", "task")
LINKS: Include = ("links",)
STEPS: Include = ("steps",)


def _types(resource: str, name: str) -> tuple[Field, Field]:
    """The type under today's name and the old one (dossier, section 8.1)."""
    links = TYPES[resource]

    def target(record: Any, sight: Sight) -> Target:
        return links, kept_id(record, "type") or DEFAULT

    return linked(name, links, target), linked("type", links, target)


def _owner(name: str) -> Field:
    return linked(name, "staff", "owner_id")


def _manager(record: Any, sight: Sight) -> Target:
    return "staff", kept_id(record, "manager") or record.owner_id


def _priorities(name: str, links: str) -> tuple[Field, Field]:
    def target(record: Any, sight: Sight) -> Target | None:
        return (links, record.priority) if record.priority else None

    return linked(name, links, target), linked("priority", links, target)


def _unheld(name: str, links: str = "budgets") -> Field:
    """A reference to what is not held here."""
    return linked(name, links, lambda record, sight: None)


def _kept_moment(name: str) -> Field:
    return kept(name, None, Format(lambda value: value, lambda text: show_moment(MOMENT_OR_ISO.read(text))))


def _kept_count(name: str, unset: str = "0") -> Field:
    return kept(name, unset, Format(lambda value: value, lambda text: str(COUNT.read(text))))


# -- tasks -------------------------------------------------------------------------------------------


def _linked(kind: str, type_: str | None, resource: str) -> Callable[[Any, Sight], Target | None]:
    """The first thing of a kind that a task is about."""

    def target(record: Any, sight: Sight) -> Target | None:
        for link in record.links:
            if link.target.kind == kind and is_subject(link) and link.target_type == type_:
                return resource, link.target.id
        return None

    return target


def _company(record: Any) -> Near | None:
    """The name of the first company that a task is about, where everyone may see that."""
    for link in record.links:
        if link.target.kind == "party" and link.target_type == "organisation" and is_subject(link):
            return Near(link.target.id, link.target_name or "") if link.target_visibility in SEEN_BY_ALL else None
    return None


def _logged(record: Any, sight: Sight) -> str:
    return str(record.billable_seconds + record.nonbillable_seconds)


def _kept_against(word: str, resource: str) -> Callable[[Any, Sight], Target | None]:
    """What a task is against, where that is of the type and is not held here."""

    def target(record: Any, sight: Sight) -> Target | None:
        id = kept_id(record, "against_id") if own(record, "against_type") == word else None
        return None if id is None else (resource, id)

    return target


_RATE = Format(lambda value: value, lambda text: str(COUNT.read(text)))
TASK_FIELDS: tuple[Field, ...] = (
    ID,
    title_field("title"),
    body_field("description"),
    *AGAINST,
    linked("creator", "staff", "creator_id", show=lambda r, s: f"/staff/{r.creator_id or 0}"),
    derived("creator_type", Constant("staff")),
    derived("creator_id", COUNT.of(Attribute("creator_id"))),
    _owner("assignee"),
    linked("manager", "staff", _manager),
    *_types("tasks", "task_type"),
    *status("tasks", "task_status"),
    linked("contact", "contacts", _linked("party", "person", "contacts"), include=LINKS),
    linked("affiliation", "affiliations", _linked("party", "person", "affiliations"), include=LINKS),
    linked("company", "companies", _linked("party", "organisation", "companies"), include=LINKS, near=_company),
    linked("issue", "issues", _linked("case", None, "issues"), include=LINKS),
    linked("task_job", "jobs", _kept_against("job", "jobs")),
    linked("job", "jobs", _kept_against("job", "jobs")),
    linked("milestone", "milestones", _kept_against("milestone", "milestones")),
    *DATES,
    column("date_started", "start_at", MOMENT),
    _kept_moment("date_commenced"),
    _kept_moment("date_accepted"),
    column("date_due", "due_at", MOMENT),
    column("date_completed", "completed_at", MOMENT, params=()),
    column("billable", "billable_seconds", COUNT),
    column("nonbillable", "nonbillable_seconds", COUNT),
    derived("logged", _logged),
    _kept_count("budgeted"),
    _kept_count("remaining"),
    *_priorities("task_priority", "task priorities"),
    kept("rate_id", "0", _RATE, key="rate", params=()),
    kept("rate_charged", "0.00", DECIMAL, params=()),
    derived("ordering", Constant("0")),
    derived("skills", Constant([])),
    derived("staff_bookmarked", Constant("0")),
    _unheld("task_object_budget"),
    _unheld("task_object_schedule", "schedules"),
    derived("task_object_schedule_id", Constant("0")),
    column("visibility", "visibility", VISIBILITY, params=()),
    kept("custom_id"),
    derived("tag", tags, include=("tags",)),
)


def _load_tasks(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
    return {id: record for id, record in sight.many(Activity, ids, include).items() if record.type == "task"}


# -- issues ------------------------------------------------------------------------------------------


def prepare_parties(records: Sequence[Any], sight: Sight) -> None:
    """Loads the parties of a page, and the companies of those who are people."""
    people = sight.many(Party, [record.party_id for record in records if record.party_id is not None])
    sight.many(Party, [person.organisation_id for person in people.values() if person.organisation_id])


def against(record: Any, sight: Sight) -> tuple[str, str]:
    kept_type = own(record, "against_type")
    kept_against = own(record, "against_id")
    is_kept = isinstance(kept_type, str) and isinstance(kept_against, str)
    person = own(record, "against_person", kept_against)
    if is_kept and (kept_type != "affiliation" or person == str(record.party_id)):
        return str(kept_type), str(kept_against)
    party = sight.one(Party, record.party_id)
    if party is None:
        return "staff", str(record.owner_id)
    return "company" if party.type == "organisation" else "contact", str(party.id)


def _against_target(record: Any, sight: Sight) -> Target | None:
    word, id = against(record, sight)
    return (RESOURCE_OF_TYPE[word], int(id)) if word in RESOURCE_OF_TYPE else None


def _party(type_: str, resource: str) -> Callable[[Any, Sight], Target | None]:
    """The record's party when it is of that type; for a company also the one its person works for."""

    def target(record: Any, sight: Sight) -> Target | None:
        party = sight.one(Party, record.party_id)
        if party is None:
            return None
        if party.type == type_:
            return resource, (resource == "affiliations" and kept_id(record, "affiliation")) or party.id
        if type_ == "organisation" and party.organisation_id is not None:
            return resource, party.organisation_id
        return None

    return target


# -- who brought it there ------------------------------------------------------------------------------


def _mover(record: Any, word: str) -> int | None:
    """Who brought the record to a standing last."""
    return next((step.user_id for step in reversed(record.steps) if step.word == word), None)


def mover(resource: str, word: str, shown_in: tuple[str, ...]) -> Callable[[Any, Sight], Target | None]:
    """Who brought the record to a standing last, while it is in one of the standings."""
    standings = STANDINGS[resource]

    def target(record: Any, sight: Sight) -> Target | None:
        user_id = _mover(record, word) if standings.show(record) in shown_in else None
        return None if user_id is None else ("staff", user_id)

    return target


def _opener(record: Any, sight: Sight) -> Target | None:
    """Who opened the issue: who made it, if it was open from the start."""
    standing = STANDINGS["issues"].show(record)
    if standing == "submitted":
        return None
    user_id = _mover(record, "open")
    if user_id is None and (standing == "open" or own(record, "date_opened") is not None):
        user_id = record.creator_id
    return None if user_id is None else ("staff", user_id)


def _mover_id(name: str, word: str) -> Field:
    target = mover("prospects", word, (word,))

    def show(record: Any, sight: Sight) -> str | None:
        found = target(record, sight)
        return None if found is None else str(found[1])

    return derived(name, show, include=STEPS)


def _resolution(record: Any, sight: Sight) -> Target | None:
    """Shown once the issue is resolved (dossier, section 8.4)."""
    id = kept_id(record, "resolution") if STANDINGS["issues"].show(record) in ("resolved", "closed") else None
    return None if id is None else ("resolutions", id)


def _bare_resolution(record: Any, sight: Sight) -> str | None:
    found = _resolution(record, sight)
    return None if found is None else str(found[1])


def _probability(record: Any, sight: Sight) -> Target | None:
    id = kept_id(record, "prospect_probability")
    return None if id is None else ("probabilities", id)


_PARTIES = tuple(
    linked(name, resource, _party(type_, resource), prepare=prepare_parties)
    for name, resource, type_ in (
        ("contact", "contacts", "person"),
        ("affiliation", "affiliations", "person"),
        ("company", "companies", "organisation"),
    )
)
_SUBJECTS = tuple(dict.fromkeys(RESOURCE_OF_TYPE.values()))
ISSUE_FIELDS: tuple[Field, ...] = (
    ID,
    title_field("title"),
    body_field("description"),
    linked("against", _SUBJECTS, _against_target, show=lambda r, s: "/{}/{}".format(*against(r, s)),
           prepare=prepare_parties),
    derived("against_type", lambda r, s: against(r, s)[0], prepare=prepare_parties),
    derived("against_id", lambda r, s: against(r, s)[1], prepare=prepare_parties),
    *status("issues"),
    *_types("issues", "issue_type"),
    linked("class", "issue classes", lambda r, s: ("issue classes", class_id(r))),
    linked("resolution", "resolutions", _resolution, show=_bare_resolution),
    kept("resolution_detail"),
    _owner("assignee"),
    *_PARTIES,
    linked("submitted_by", "staff", "creator_id"),
    linked("opened_by", "staff", _opener, include=STEPS),
    linked("resolved_by", "staff", mover("issues", "resolved", ("resolved", "closed")), include=STEPS),
    linked("closed_by", "staff", mover("issues", "closed", ("closed",)), include=STEPS),
    column("date_submitted", "created_at", MOMENT, params=()),
    *DATES,
    _kept_moment("date_opened"),
    derived("date_resolved", lambda r, s: own(r, "date_resolved", DAY.show(r.closed_on))),
    column("date_closed", "closed_on", DAY, params=()),
    _kept_moment("date_started"),
    column("date_due", "due_at", MOMENT),
    derived("date_last_interacted", NOTHING),
    *_priorities("issue_priority", "issue priorities"),
    derived("referrer_type", Constant("")),
    derived("referrer_id", Constant("0")),
    derived("staff_bookmarked", Constant("0")),
    derived("billable_seconds", Constant("0")),
    _unheld("contract", "contracts"),
    _unheld("issue_object_budget"),
    kept("custom_id"),
    derived("tag", tags, include=("tags",)),
    crumbs(lambda record: record.party_id),
)  # fmt: skip


# -- prospects ---------------------------------------------------------------------------------------


def _weighting(record: Any, sight: Sight) -> str:
    """1 to 5: as it was given, else by the probability in fifths."""
    given = own(record, "weighting")
    return str(given if given is not None else max(1, min(5, -(-(record.probability or 0) // 20))))


def _read_weighting(text: str) -> str:
    if text.strip() not in ("0", "1", "2", "3", "4", "5"):
        raise BadValue("0 to 5 is needed")
    return text.strip()


def _value_weighted(record: Any, sight: Sight) -> str:
    """Value times progress, in whole units."""
    return str((record.amount or 0) * (record.probability or 0) // (100 * MICROS))


PROGRESS = Format(lambda percent: f"{(percent or 0) / 100:.4f}", read_percent)
WEIGHTING = Format(lambda value: value, _read_weighting)

PROSPECT_FIELDS: tuple[Field, ...] = (
    ID,
    title_field("title"),
    body_field("comments"),
    column("value", "amount", MONEY),
    Field("weighting", show=_weighting, extra="weighting", format=WEIGHTING, params=("weighting",)),
    column("progress", "probability", PROGRESS),
    derived("success", lambda r, s: YES_NO.show(r.state == "won")),
    *status("prospects"),
    *_types("prospects", "prospect_type"),
    derived("value_weighted", _value_weighted),
    *(_mover_id(f"{word}_by_id", word) for word in ("won", "cancelled", "abandoned")),
    derived("staff_bookmarked", Constant("0")),
    _owner("manager"),
    _owner("staff"),
    *_PARTIES,
    linked("prospect_probability", "probabilities", _probability, show=lambda r, s: own(r, "prospect_probability")),
    *DATES,
    column("date_due", "expected_close", DAY),
    column("date_actioned", "closed_on", DAY, params=()),
    derived("date_last_interacted", NOTHING),
    kept("custom_id"),
    derived("tag", tags, include=("tags",)),
    crumbs(lambda record: record.party_id),
)


def _loader(kind: type[Record]) -> Callable[[Sight, Iterable[int], Include], dict[int, Any]]:
    def load(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
        return dict(sight.many(kind, ids, include))

    return load


RESOURCES = (
    Resource("tasks", "task", TASK_FIELDS, _load_tasks, Activity, TASKS),
    Resource("issues", "issue", ISSUE_FIELDS, _loader(Case), Case),
    Resource("prospects", "prospect", PROSPECT_FIELDS, _loader(Opportunity), Opportunity),
)
