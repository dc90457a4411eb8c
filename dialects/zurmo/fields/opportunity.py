"""Opportunities: the probability follows the stage, and so does whether it is won or lost."""

from __future__ import annotations

from typing import Any, Final

from adapter.formats.form_body import Nested
from canonical.model import Opportunity
from canonical.query import Compare, Node, Op, any_of
from dialects.zurmo.codec.parameters import php_int
from dialects.zurmo.errors import Failure
from dialects.zurmo.fields import base, common, plain
from dialects.zurmo.fields.base import Draft, Field, View
from dialects.zurmo.fields.currency import code_by_id, code_of, id_of, rate_of
from dialects.zurmo.fields.inline import expression
from dialects.zurmo.fields.references import account
from dialects.zurmo.query.comparison import Below, Comparison, Searching, UnknownAttribute
from dialects.zurmo.query.nodes import money_node, number_node

PROBABILITIES: Final = {
    "Prospecting": 10,
    "Qualification": 25,
    "Negotiating": 50,
    "Verbal": 75,
    "Closed Won": 100,
    "Closed Lost": 0,
}
STATES: Final = {"Closed Won": "won", "Closed Lost": "lost"}
FIRST_STAGE: Final = "Prospecting"


def _show_amount(record: Opportunity, view: View) -> dict[str, Any] | None:
    if record.amount is None:
        return None
    code = code_of(record.currency, view.profile)
    return {
        "id": record.id,
        "value": plain.decimal_text(record.amount),
        "rateToBase": rate_of(code, view.profile),
        "currency": {"id": id_of(code, view.profile)},
    }


def _take_amount(draft: Draft, row: Field, value: Nested) -> None:
    if not isinstance(value, dict):
        if draft.creating:
            _missing_amount(draft, row)
        return
    sent = value.get("value")
    if isinstance(sent, str):
        amount = plain.millionths(sent)
        if sent == "":
            draft.fail_below(row.name, "value", base.BLANK.format("Value"))
        elif amount is None:
            draft.fail_below(row.name, "value", base.MUST_BE.format("Value", "float"))
        else:
            plain.note_rounding(draft, row, sent, amount)
            draft.values["amount"] = amount
    elif draft.creating:
        _missing_amount(draft, row)
    currency = value.get("currency")
    id = currency.get("id") if isinstance(currency, dict) else None
    if isinstance(id, str) and id:
        code = code_by_id(php_int(id), draft.profile)
        if code is None:
            raise Failure("")
        # An amount without a currency shows the base; that written back, it stays without.
        if (
            draft.record is None
            or draft.record.amount is None
            or code != code_of(draft.record.currency, draft.profile)
        ):
            draft.values["currency"] = code
    elif draft.creating or (draft.record is not None and (draft.record.amount, draft.record.currency) == (None, None)):
        draft.values["currency"] = draft.profile.currencies[0][0]


def _missing_amount(draft: Draft, row: Field) -> None:
    draft.fail_below(row.name, "value", base.BLANK.format("Value"))


def _search_amount(searching: Searching, below: Below, test: Comparison) -> Node:
    if below in ((), ("value",)):
        return money_node("amount", test)
    if below == ("currency", "id"):
        profile = searching.profile
        known = {id_of(code, profile): code for code, _ in profile.currencies}
        wanted = [code for id, code in known.items() if test.accepts(str(id))]
        base_too = Compare("currency", Op.NULL) if profile.currencies[0][0] in wanted else None
        return any_of(Compare("currency", Op.IN, tuple(wanted)), *([base_too] if base_too else []))
    raise UnknownAttribute(below[0])


def _take_probability(draft: Draft, row: Field, value: Nested) -> None:
    number = plain.as_integer(draft, row, value)
    if number is not None and number < 0:
        draft.fail(row.name, base.TOO_SMALL.format(row.label, 0))
    elif number is not None and number > 100:
        draft.fail(row.name, base.TOO_BIG.format(row.label, 100))
    else:
        draft.scratch["probability"] = number


def settle(draft: Draft) -> None:
    """On update a sent probability is dropped: only the stage moves it (zurmo dossier, section 8, recording 031)."""
    before: Opportunity | None = draft.record
    stage = draft.values.get("stage")
    moved = stage is not None and (before is None or stage != before.stage)
    if moved and stage in PROBABILITIES:
        draft.values["probability"] = draft.memory["probability"] = PROBABILITIES[stage]
    elif before is None and not draft.partial:
        draft.values["probability"] = draft.scratch.get("probability")
    elif "probability" in draft.scratch:
        draft.lose("probability", "follows_the_stage")
        shown = None if before is None or before.probability is None else str(before.probability)
        draft.memory["probability"] = shown
    if moved:
        draft.values["state"] = STATES.get(str(stage), "open")


FIELDS: tuple[Field, ...] = (
    common.OWNER,
    common.PERMISSIONS,
    *common.AUDIT,
    plain.day("closeDate", "expected_close", required=True),
    plain.text_area("description", "body"),
    plain.text("name", "title", required=True),
    Field(
        "probability",
        show=expression("None if record.probability is None else str(record.probability)"),
        take=_take_probability,
        search=plain.column_search("probability", number_node),
        sort="probability",
        element="Integer",
        required=True,
    ),
    plain.read_only_moment("stageModifiedDateTime", "stage_changed_at", v3_only=True, required=True),
    account("account", "party_id", "party"),
    Field(
        "amount",
        show=_show_amount,
        take=_take_amount,
        search=_search_amount,
        sort="amount",
        columns=("amount", "currency"),
        element="CurrencyValue",
        required=True,
        missing=_missing_amount,
        echo=lambda shown, sent: plain.echo_map(shown, sent, ("value",)),
    ),
    plain.dropdown("stage", "stage", 5, "SalesStages", start=FIRST_STAGE, required=True),
    plain.dropdown("source", "source", 6, "LeadSources"),
)
