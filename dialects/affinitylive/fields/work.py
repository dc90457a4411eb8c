"""Tasks, issues and prospects (dossier, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from canonical.model import SEEN_BY_ALL, Activity, Case, Opportunity, Party, Record, is_subject
from canonical.operations import Include
from canonical.query import eq
from dialects.affinitylive.fields.activity import AGAINST, VISIBILITY, body_field, tags, title_field
from dialects.affinitylive.fields.formats import (
    COUNT,
    DAY,
    MOMENT,
    MOMENT_OR_ISO,
    MONEY,
    YES_NO,
    BadValue,
    Format,
    show_moment,
)
from dialects.affinitylive.fields.lookups import kept_id
from dialects.affinitylive.fields.people import DATES, ID, crumbs, status
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


def _type() -> Field:
    return linked("type", "types", lambda record, sight: ("types", kept_id(record, "type") or 1))


def _owner(name: str) -> Field:
    return linked(name, "staff", "owner_id")


def _manager(record: Any, sight: Sight) -> Target:
    return "staff", kept_id(record, "manager") or record.owner_id


def _priority(record: Any, sight: Sight) -> Target | None:
    return ("priorities", record.priority) if record.priority else None


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


TASK_FIELDS: tuple[Field, ...] = (
    ID,
    title_field("title"),
    body_field("description"),
    *AGAINST,
    linked("creator", "staff", "creator_id", show=lambda r, s: f"/staff/{r.creator_id or 0}"),
    derived("creator_type", "'staff'"),
    derived("creator_id", "str(r.creator_id or 0)"),
    _owner("assignee"),
    linked("manager", "staff", _manager),
    _type(),
    *status("tasks"),
    linked("contact", "contacts", _linked("party", "person", "contacts"), include=LINKS),
    linked("affiliation", "affiliations", _linked("party", "person", "affiliations"), include=LINKS),
    linked("company", "companies", _linked("party", "organisation", "companies"), include=LINKS, near=_company),
    linked("issue", "issues", _linked("case", None, "issues"), include=LINKS),
    derived("job", lambda r, s: _kept_against(r, "job")),
    derived("milestone", lambda r, s: _kept_against(r, "milestone")),
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
    linked("task_priority", "priorities", _priority),
    linked("priority", "priorities", _priority),
    column("visibility", "visibility", VISIBILITY, params=()),
    kept("custom_id"),
    derived("tag", tags, include=("tags",)),
)


def _kept_against(record: Any, word: str) -> str:
    return str(own(record, "against_id", "0")) if own(record, "against_type") == word else "0"


def _load_tasks(sight: Sight, ids: Iterable[int], include: Include) -> dict[int, Any]:
    return {id: record for id, record in sight.many(Activity, ids, include).items() if record.type == "task"}


# -- issues ------------------------------------------------------------------------------------------


def prepare_parties(records: Sequence[Any], sight: Sight) -> None:
    """Loads the parties of a page, and the companies of those who are people."""
    people = sight.many(Party, [record.party_id for record in records if record.party_id is not None])
    sight.many(Party, [person.organisation_id for person in people.values() if person.organisation_id])


def _against(record: Any, sight: Sight) -> tuple[str, str]:
    kept_type = own(record, "against_type")
    kept_against = own(record, "against_id")
    is_kept = isinstance(kept_type, str) and isinstance(kept_against, str)
    if is_kept and (kept_type != "affiliation" or kept_against == str(record.party_id)):
        return str(kept_type), str(kept_against)
    party = sight.one(Party, record.party_id)
    if party is None:
        return "staff", str(record.owner_id)
    return "company" if party.type == "organisation" else "contact", str(party.id)


def _against_target(record: Any, sight: Sight) -> Target | None:
    word, id = _against(record, sight)
    return (RESOURCE_OF_TYPE[word], int(id)) if word in RESOURCE_OF_TYPE else None


def _party(type_: str, resource: str) -> Callable[[Any, Sight], Target | None]:
    """The record's party when it is of that type; for a company also the one its person works for."""

    def target(record: Any, sight: Sight) -> Target | None:
        party = sight.one(Party, record.party_id)
        if party is None:
            return None
        if party.type == type_:
            return resource, party.id
        if type_ == "organisation" and party.organisation_id is not None:
            return resource, party.organisation_id
        return None

    return target


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
    linked("against", _SUBJECTS, _against_target, show=lambda r, s: "/{}/{}".format(*_against(r, s)),
           prepare=prepare_parties),
    derived("against_type", lambda r, s: _against(r, s)[0], prepare=prepare_parties),
    derived("against_id", lambda r, s: _against(r, s)[1], prepare=prepare_parties),
    *status("issues"),
    _type(),
    _owner("assignee"),
    *_PARTIES,
    linked("submitted_by", "staff", "creator_id"),
    column("date_submitted", "created_at", MOMENT, params=()),
    *DATES,
    _kept_moment("date_opened"),
    derived("date_resolved", lambda r, s: own(r, "date_resolved", DAY.show(r.closed_on))),
    column("date_closed", "closed_on", DAY, params=()),
    column("date_due", "due_at", MOMENT),
    linked("priority", "priorities", _priority),
    linked("issue_priority", "priorities", _priority),
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
    if text.strip() not in ("1", "2", "3", "4", "5"):
        raise BadValue("1 to 5 is needed")
    return text.strip()


def _read_progress(text: str) -> int | None:
    """``"0.2500"`` is 25 percent."""
    millionths = MONEY.read(text)
    if millionths is None:
        return None
    if not 0 <= millionths <= 1_000_000:
        raise BadValue("0 to 1 is needed")
    return (int(millionths) + 5_000) // 10_000


PROGRESS = Format(lambda percent: f"{(percent or 0) / 100:.4f}", _read_progress)
WEIGHTING = Format(lambda value: value, _read_weighting)

PROSPECT_FIELDS: tuple[Field, ...] = (
    ID,
    title_field("title"),
    body_field("comments"),
    column("value", "amount", MONEY),
    Field("weighting", _weighting, extra="weighting", format=WEIGHTING, params=("weighting",)),
    column("progress", "probability", PROGRESS),
    derived("success", lambda r, s: YES_NO.show(r.state == "won")),
    *status("prospects"),
    _type(),
    _owner("manager"),
    _owner("staff"),
    *_PARTIES,
    derived("prospect_probability", lambda r, s: str(r.probability or 0)),
    *DATES,
    column("date_due", "expected_close", DAY),
    column("date_actioned", "closed_on", DAY, params=()),
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
