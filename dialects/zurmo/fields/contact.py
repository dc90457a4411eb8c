"""Contacts and leads: one kind of record, told apart by the contact state (zurmo dossier, section 8)."""

from __future__ import annotations

from typing import Any, Final

from adapter.formats.form_body import Nested
from canonical.model import Party
from canonical.query import Compare, Node, Not, Op, all_of, any_of, eq, one_of
from dialects.zurmo.errors import Failure, UnknownAttribute
from dialects.zurmo.fields import base, common, owned, plain
from dialects.zurmo.fields.base import Draft, Field, View
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import text_node
from dialects.zurmo.fields.references import NONE, account, sent_id
from dialects.zurmo.wire.parameters import php_int

STATES: Final = ("New", "In Progress", "Recycled", "Dead", "Qualified", "Customer")
"""In their order; the ids follow it, from 1 in 3.x, from 2 in 2.2.5."""
LEADS: Final = STATES[:4]
CONTACTS: Final = STATES[4:]
_WORDS: Final = {"lead": LEADS, "contact": CONTACTS}


def state_of(party: Party) -> str:
    """The contact state: our word where it fits the stage, else the first of the stage."""
    words = _WORDS.get(party.stage, CONTACTS)
    return party.stage_word if party.stage_word in words else words[0]


def state_id(name: str, first: int) -> int:
    return STATES.index(name) + first


def state_by_id(id: int, first: int) -> str | None:
    at = id - first
    return STATES[at] if 0 <= at < len(STATES) else None


def _show_state(record: Party, view: View) -> dict[str, int]:
    return {"id": state_id(state_of(record), view.profile.first_state)}


def _take_state(draft: Draft, row: Field, value: Nested) -> None:
    sent = sent_id(draft, value)
    if sent is None:
        draft.lose(row.name, "relation_with_other_keys")
        if draft.creating:
            _missing_state(draft, row)
        return
    if sent in NONE:
        _missing_state(draft, row)
        return
    word = state_by_id(php_int(sent), draft.profile.first_state)
    if word is None:
        raise Failure("")
    draft.values["stage"] = "lead" if word in LEADS else "contact"
    draft.values["stage_word"] = word


def _missing_state(draft: Draft, row: Field) -> None:
    # The vendor validates an empty state of its own (recording 024).
    draft.fail_below(row.name, "name", base.BLANK.format("Name"))
    draft.fail_below(row.name, "order", base.BLANK.format("Order"))


def has_state(word: str) -> Node:
    """Whether a person is in that contact state."""
    stage = "lead" if word in LEADS else "contact"
    words = _WORDS[stage]
    in_stage = eq("stage", stage)
    named = all_of(in_stage, eq("stage_word", word))
    if word != words[0]:
        return named
    return any_of(named, all_of(in_stage, any_of(Compare("stage_word", Op.NULL), Not(one_of("stage_word", words)))))


def _search_state(searching: Searching, below: Below, test: Comparison) -> Node:
    first = searching.profile.first_state
    if below in ((), ("id",)):
        if test.operator in ("isNull", "isNotNull"):
            return text_node("stage", test)
        return any_of(*(has_state(word) for word in STATES if test.accepts(str(state_id(word, first)))))
    if below == ("name",):
        return any_of(*(has_state(word) for word in STATES if test.accepts(word)))
    raise UnknownAttribute(below[0])


def _show_description(record: Any, view: View) -> str | None:
    _count_unseen(record, view)
    return record.about  # type: ignore[no-any-return]


_CHOSEN = (
    owned.first_email,
    owned.second_email,
    owned.first_address,
    owned.second_address,
    owned.labelled("phone", "mobile"),
    owned.labelled("phone", *owned.WORK_PHONE),
    owned.labelled("phone", "fax"),
    owned.first_site,
)


def _count_unseen(record: Any, view: View) -> None:
    if len(record.points) > 1 and owned.unseen(record.points, _CHOSEN):
        view.lose("party", "points", "not_shown")


PERSON: tuple[Field, ...] = (
    plain.text("department", "department"),
    plain.text("firstName", "first_name", 32),
    plain.text("jobTitle", "job_title"),
    plain.text("lastName", "last_name", 32, required=True),
    owned.MOBILE_PHONE,
    owned.OFFICE_PHONE,
    owned.OFFICE_FAX,
    owned.PRIMARY_ADDRESS,
    owned.PRIMARY_EMAIL,
    plain.dropdown("title", "salutation", 2, "Titles", label="Salutation"),
)

FIELDS: tuple[Field, ...] = (
    common.OWNER,
    common.PERMISSIONS,
    *common.AUDIT,
    *PERSON,
    plain.text("companyName", "company"),
    Field(
        "description",
        show=_show_description,
        take=plain.set_column("about"),
        search=plain.column_search("about", text_node),
        sort="about",
        element="TextArea",
        default_operator="contains",
        audited=False,
        max_length=plain.TEXT_LIMIT,
        clear=base.clear_column("about"),
    ),
    plain.read_only_moment("latestActivityDateTime", "last_contacted_at", v3_only=True, audited=False),
    owned.WEBSITE,
    plain.own_text("googleWebTrackingId"),
    plain.own_text("twitterId", v3_only=True, label="Twitter ID"),
    plain.own_text("facebookId", v3_only=True, label="Facebook ID"),
    account("account", "organisation_id", "organisation"),
    plain.dropdown("industry", "industry", 1, "Industries"),
    owned.SECONDARY_ADDRESS,
    owned.SECONDARY_EMAIL,
    plain.dropdown("source", "source", 3, "LeadSources"),
    Field(
        "state",
        show=_show_state,
        take=_take_state,
        search=_search_state,
        sort="stage_word",
        columns=("stage", "stage_word"),
        label="Status",
        element="ContactState",
        required=True,
        missing=_missing_state,
        echo=lambda shown, sent: shown,
    ),
)


def _search_full_name(searching: Searching, below: Below, test: Comparison) -> Node:
    if below:
        raise UnknownAttribute(below[0])
    return any_of(*(text_node(column, test) for column in ("name", "first_name", "last_name")))


FULL_NAME = Field(
    "fullName",
    show=lambda record, view: None,
    search=_search_full_name,
    sort="name",
    default_operator="startsWith",
    listed=False,
)
"""Only searched."""
ANY: tuple[Field, ...] = (
    FULL_NAME,
    Field(
        "anyEmail",
        show=lambda record, view: None,
        search=owned.any_email,
        default_operator="startsWith",
        listed=False,
    ),
    *(
        Field(
            name,
            show=lambda record, view: None,
            search=owned.any_address(part),
            default_operator="startsWith",
            listed=False,
        )
        for name, part in (
            ("anyCity", "city"),
            ("anyStreet", "street"),
            ("anyState", "region"),
            ("anyPostalCode", "postcode"),
            ("anyCountry", "country"),
        )
    ),
)
