"""What tasks, issues and prospects can be filtered, ordered and searched by (dossier, section 8.4)."""

from __future__ import annotations

from collections.abc import Callable

from canonical.query import FALSE, Compare, Has, Node, Not, Op, Sort, all_of, any_of, contains, eq, one_of
from dialects.affinitylive.fields.formats import NO, YES, BadValue, read_percent
from dialects.affinitylive.fields.lookups import DEFAULT
from dialects.affinitylive.fields.standing import STANDINGS
from dialects.affinitylive.query import columns as by
from dialects.affinitylive.query.columns import HOLDS, NO_NUMBER, NO_TEXT, Column, Values
from dialects.affinitylive.query.filters import (
    CREATED,
    DATES,
    ID,
    ORDERS,
    PRIORITY,
    Filters,
    holds,
    standing_orders,
    stands,
)
from dialects.affinitylive.query.subjects import (
    against_columns,
    against_object,
    linked_against,
    party_against,
    staff_object,
)

# -- tasks -----------------------------------------------------------------------------------------------

_OWNED = by.number("owner_id")
_MANAGER_KEPT = by.kept_key("manager")
_OTHER_MANAGER = by.extra_number("manager", unset=-1)


def _managed(values: Values) -> Node:
    """The manager that was chosen, else the owner."""
    ids = by.integers(values)
    owned = all_of(Compare(_MANAGER_KEPT, Op.NULL), one_of("owner_id", ids))
    return any_of(owned, _OTHER_MANAGER.among(values)) if ids else FALSE


def _managed_range(op: Op, n: int) -> Node:
    owned = all_of(Compare(_MANAGER_KEPT, Op.NULL), Compare("owner_id", op, n))
    return any_of(owned, all_of(Compare(_MANAGER_KEPT, Op.NOT_NULL), by.text_range(_MANAGER_KEPT, op, n)))


def _about(*words: str) -> Column:
    """What a task is against, by the id of one kind of thing; 0 is nothing of that kind."""
    nothing = Not(linked_against(words, None))

    def among(values: Values) -> Node:
        ids = [id for id in by.integers(values) if id]
        found = linked_against(words, ids) if ids else FALSE
        return any_of(found, nothing) if 0 in by.integers(values) else found

    def ranged(op: Op, n: int) -> Node:
        found = linked_against(words, None, (op, n))
        return any_of(found, nothing) if HOLDS[op](0, n) else found

    return Column(among, ranged, nothing)


_MANAGER = Column(_managed, _managed_range)
_CREATOR = by.reference("creator_id")
_PERSON = _about("contact", "affiliation")
_ABOUT = {
    "contact": _PERSON,
    "affiliation": _PERSON,
    **{word: _about(word) for word in ("company", "issue", "job", "milestone")},
}
_TYPE = by.extra_number("type", DEFAULT)
_ASSIGNEE = dict.fromkeys(("assignee", "assignee_id"), _OWNED)
_RATE = by.extra_number("rate")
TASKS = Filters(
    columns={
        "id": ID,
        "title": Column(lambda values: one_of("title", values)),
        **_ASSIGNEE,
        **dict.fromkeys(("manager", "manager_id"), _MANAGER),
        **dict.fromkeys(("creator", "creator_id"), _CREATOR),
        **dict.fromkeys(("priority", "priority_id", "task_priority"), PRIORITY),
        "custom_id": by.kept_text("custom_id"),
        "billable": by.number("billable_seconds"),
        "nonbillable": by.number("nonbillable_seconds"),
        "budgeted": by.extra_number("budgeted"),
        "remaining": by.extra_number("remaining"),
        "child_of_job": _ABOUT["job"],
        **dict.fromkeys(("rate", "rate_id"), _RATE),
        "rate_charged": by.kept_decimal("rate_charged"),
        "ordering": NO_NUMBER,
        **dict.fromkeys(("type", "type_id", "task_type"), _TYPE),
        **stands("tasks", "task_status"),
        **_ABOUT,
        **{f"{name}_id": column for name, column in _ABOUT.items()},
        **against_columns(linked_against),
    },
    moments={
        **DATES,
        "date_started": by.moment("start_at"),
        "date_commenced": by.kept_moment("date_commenced"),
        "date_accepted": by.kept_moment("date_accepted"),
        "date_due": by.moment("due_at"),
        "date_completed": by.moment("completed_at"),
    },
    orders={
        **ORDERS,
        "title": (Sort("title"),),
        "date_started": (Sort("start_at"),),
        "date_commenced": by.number_order("date_commenced"),
        "date_accepted": by.number_order("date_accepted"),
        "date_due": (Sort("due_at"),),
        "date_completed": (Sort("completed_at"),),
        "billable": (Sort("billable_seconds"),),
        "nonbillable": (Sort("nonbillable_seconds"),),
        "task_priority": (Sort("priority"),),
        "rate_charged": by.number_order("rate_charged", range(7, 1, -1), "%.%"),
        "ordering": (),
        **standing_orders("tasks", "task_status"),
    },
    objects={"against": against_object(linked_against), "creator": staff_object("creator_id")},
    against=linked_against,
    search=lambda term: any_of(contains("title", term), holds("body", term)),
)

# -- issues and prospects ----------------------------------------------------------------------------------


def _at_party(of_party: Callable[[Callable[[str], Node]], Node], none: Node) -> Column:
    """A reference by way of the one party; 0 is `none`, those that show no such reference."""

    def holding(test: Callable[[str], Node]) -> Node:
        return all_of(_HAS_PARTY, Has("party", of_party(test)))

    def among(values: Values) -> Node:
        wanted = by.integers(values)
        there = [id for id in wanted if id]
        found = holding(lambda field: one_of(field, there)) if there else FALSE
        return any_of(found, none) if 0 in wanted else found

    def ranged(op: Op, n: int) -> Node:
        found = holding(lambda field: Compare(field, op, n))
        return any_of(found, none) if HOLDS[op](0, n) else found

    return Column(among, ranged, none)


_HAS_PARTY = Compare("party_id", Op.NOT_NULL)
_IS_COMPANY, _IS_PERSON = eq("type", "organisation"), eq("type", "person")
_EMPLOYED = all_of(_IS_PERSON, Compare("organisation_id", Op.NOT_NULL))
# As shown: a person's company is the one that he works for.
_COMPANY_OF_PARTY = _at_party(
    lambda test: any_of(all_of(_IS_COMPANY, test("id")), all_of(_EMPLOYED, test("organisation_id"))),
    Not(all_of(_HAS_PARTY, Has("party", any_of(_IS_COMPANY, _EMPLOYED)))),
)
_PARTY = _at_party(lambda test: all_of(_IS_PERSON, test("id")), Not(all_of(_HAS_PARTY, Has("party", _IS_PERSON))))
_CHOSEN = by.kept_key("affiliation")
_PLAIN = Compare(_CHOSEN, Op.NULL)
_OTHER = by.extra_number("affiliation", unset=-1)
# A further affiliation is kept beside its person.
_AFFILIATION = Column(
    lambda values: any_of(all_of(_PLAIN, _PARTY.among(values)), _OTHER.among(values)),
    lambda op, n: any_of(
        all_of(_PLAIN, FALSE if _PARTY.ranged is None else _PARTY.ranged(op, n)),
        all_of(Compare(_CHOSEN, Op.NOT_NULL), by.text_range(_CHOSEN, op, n)),
    ),
    all_of(_PLAIN, _PARTY.empty),
)
_MATTER = {
    "id": ID,
    "title": by.text("title"),
    "custom_id": by.kept_text("custom_id"),
    **dict.fromkeys(("contact", "contact_id"), _PARTY),
    **dict.fromkeys(("affiliation", "affiliation_id"), _AFFILIATION),
    **dict.fromkeys(("company", "company_id"), _COMPANY_OF_PARTY),
    **against_columns(party_against),
}


def _mover(resource: str, word: str, shown_in: tuple[str, ...], made: Node | None = None) -> Column:
    """Who brought it to a standing last, as long as it shows; `made`: those that came to it when they were made."""
    shows = STANDINGS[resource].among(shown_in)
    step = all_of(eq("word", word), eq("latest", 1))
    moved = Has("steps", step)
    nobody = Not(all_of(shows, moved if made is None else any_of(moved, made)))

    def holding(steps: Node, creator: Node) -> Node:
        found: Node = Has("steps", all_of(step, steps))
        if made is not None:
            found = any_of(found, all_of(Not(moved), made, Compare("creator_id", Op.NOT_NULL), creator))
        return all_of(shows, found)

    def among(values: Values) -> Node:
        wanted = by.integers(values)
        there = [id for id in wanted if id]
        found = holding(one_of("user_id", there), one_of("creator_id", there)) if there else FALSE
        return any_of(found, nobody) if 0 in wanted else found

    def ranged(op: Op, n: int) -> Node:
        found = holding(Compare("user_id", op, n), Compare("creator_id", op, n))
        return any_of(found, nobody) if HOLDS[op](0, n) else found

    return Column(among, ranged, nobody)


_MADE_OPEN = any_of(Compare(by.kept_key("date_opened"), Op.NOT_NULL), STANDINGS["issues"].among(("open",)))
_CLOSER = _mover("issues", "closed", ("closed",))
_ISSUE_DATES = {
    **DATES,
    "date_submitted": CREATED,
    "date_opened": by.kept_moment("date_opened"),
    "date_resolved": by.either_moment(by.kept_moment("date_resolved"), by.day("closed_on")),
    "date_started": by.kept_moment("date_started"),
    "date_due": by.moment("due_at"),
    "date_closed": by.day("closed_on"),
    "date_last_interacted": by.NO_MOMENT,
}
_RESOLUTION = by.extra_number("resolution")
_RESOLVED = STANDINGS["issues"].among(("resolved", "closed"))
ISSUES = Filters(
    columns={
        **_MATTER,
        **_ASSIGNEE,
        **dict.fromkeys(("priority", "priority_id", "issue_priority"), PRIORITY),
        **dict.fromkeys(("type", "type_id", "issue_type"), _TYPE),
        **dict.fromkeys(("class", "class_id"), by.extra_number("class", DEFAULT)),
        **dict.fromkeys(("resolution", "resolution_id"), by.shown_if(_RESOLVED, _RESOLUTION)),
        **dict.fromkeys(("referrer_id", "contract", "reopened_count", "billable_seconds", "rate"), NO_NUMBER),
        "rate_charged": by.NO_DECIMAL,
        "referrer_type": NO_TEXT,
        "submitted_by": by.reference("creator_id"),
        "opened_by": _mover("issues", "open", ("open", "resolved", "closed", "inactive"), _MADE_OPEN),
        "resolved_by": _mover("issues", "resolved", ("resolved", "closed")),
        **dict.fromkeys(("closed_by", "closed_by."), _CLOSER),
        **stands("issues", "issue_status"),
    },
    moments=_ISSUE_DATES,
    orders={
        **ORDERS,
        "title": (Sort("title"),),
        "date_submitted": (Sort("created_at"),),
        "date_opened": by.number_order("date_opened"),
        "date_resolved": by.number_order("date_resolved"),
        "date_started": by.number_order("date_started"),
        "date_due": (Sort("due_at"),),
        "date_closed": (Sort("closed_on"),),
        "date_last_interacted": (),
        **standing_orders("issues", "issue_status"),
    },
    objects={"against": against_object(party_against), "referrer": by.no_object},
    against=party_against,
    search=lambda term: contains("title", term),
)

# -- prospects ---------------------------------------------------------------------------------------------

_FIFTH = 20
_WEIGHED = by.kept_key("weighting")


def _weighting(test: Callable[[int], bool], kept: Node) -> Node:
    """As shown: what was given, else the probability in fifths, from 1 on."""
    nodes: list[Node] = []
    for fifth in range(1, 6):
        if test(fifth):
            low, high = _FIFTH * (fifth - 1), _FIFTH * fifth
            chance: list[Node] = [Compare("probability", Op.NOT_NULL)]
            chance.extend([Compare("probability", Op.GT, low)] if fifth > 1 else [])
            chance.extend([Compare("probability", Op.LE, high)] if fifth < 5 else [])
            nodes.append(all_of(*chance))
            nodes.extend([Compare("probability", Op.NULL)] if fifth == 1 else [])
    derived = all_of(Compare(_WEIGHED, Op.NULL), any_of(*nodes)) if nodes else FALSE
    return any_of(all_of(Compare(_WEIGHED, Op.NOT_NULL), kept), derived)


def _weighed(values: Values) -> Node:
    wanted = by.integers(values)
    return _weighting(lambda n: n in wanted, one_of(_WEIGHED, [str(n) for n in wanted])) if wanted else FALSE


_WEIGHTING = Column(
    _weighed, lambda op, n: _weighting(lambda fifth: HOLDS[op](fifth, n), by.text_range(_WEIGHED, op, n))
)
_CHANCE = by.reference("probability")


def _percent(text: str) -> int | None:
    try:
        return read_percent(text)
    except BadValue:
        return None


def _progress_range(op: Op, text: str) -> Node:
    percent = _percent(text)
    return FALSE if percent is None or _CHANCE.ranged is None else _CHANCE.ranged(op, percent)


_PROGRESS = Column(
    lambda values: _CHANCE.among(tuple(str(n) for value in values if (n := _percent(value)) is not None)),
    empty=_CHANCE.empty,
    spelled=_progress_range,
)
_WHOLE = 10**8
"""A unit of value in millionths, a hundred times, as progress is in percent."""


def _weighted_range(op: Op, n: int) -> Node:
    """Value times progress, in whole units: for each percent the value from which on it is more."""
    if op in (Op.LT, Op.LE):
        return Not(_weighted_range(Op.GE if op is Op.LT else Op.GT, n))
    least = n + 1 if op is Op.GT else n
    nothing = any_of(Compare("probability", Op.NULL), eq("probability", 0), Compare("amount", Op.NULL))
    there = (Compare("probability", Op.NOT_NULL), Compare("amount", Op.NOT_NULL))
    enough = (
        all_of(eq("probability", percent), Compare("amount", Op.GE, -(-least * _WHOLE // percent)))
        for percent in range(1, 101)
    )
    return any_of(nothing if least <= 0 else FALSE, all_of(*there, any_of(*enough)))


def _weighted(values: Values) -> Node:
    return any_of(
        *(all_of(_weighted_range(Op.GE, n), Not(_weighted_range(Op.GT, n))) for n in by.integers(values)[:1])
    )


_PROBABILITY = by.extra_number("prospect_probability")
PROSPECTS = Filters(
    columns={
        **_MATTER,
        **dict.fromkeys(("manager", "manager_id", "staff"), _OWNED),
        "weighting": _WEIGHTING,
        "value": by.money("amount"),
        "progress": _PROGRESS,
        "value_weighted": Column(_weighted, _weighted_range),
        "success": by.vocabulary(
            lambda word: eq("state", "won") if word in YES else Not(eq("state", "won")) if word in NO else None
        ),
        **dict.fromkeys(("type", "type_id", "prospect_type"), _TYPE),
        **dict.fromkeys(("prospect_probability", "probability_id"), _PROBABILITY),
        "won_by_id": _mover("prospects", "won", ("won",)),
        "cancelled_by_id": _mover("prospects", "cancelled", ("cancelled",)),
        "abandoned_by_id": _mover("prospects", "abandoned", ("abandoned",)),
        **stands("prospects", "prospect_status"),
    },
    moments={
        **DATES,
        "dated_created": CREATED,
        "date_due": by.day("expected_close"),
        **dict.fromkeys(("date_actioned", "dated_actioned"), by.day("closed_on")),
        "date_last_interacted": by.NO_MOMENT,
    },
    orders={
        **ORDERS,
        "title": (Sort("title"),),
        "value": (Sort("amount"),),
        "progress": (Sort("probability"),),
        "date_due": (Sort("expected_close"),),
        "date_actioned": (Sort("closed_on"),),
        "date_last_interacted": (),
        **standing_orders("prospects", "prospect_status"),
    },
    objects={"against": against_object(party_against)},
    against=party_against,
    search=lambda term: contains("title", term),
)
