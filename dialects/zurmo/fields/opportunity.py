"""Opportunities: the probability follows the stage, and so does whether it is won or lost."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from adapter.fields.expression import IT, Attribute, Call, Given
from adapter.formats.form_body import Nested
from canonical.model import Opportunity
from canonical.query import Compare, Node, Op, any_of
from dialects.zurmo.errors import Failure, UnknownAttribute
from dialects.zurmo.fields import base, common, plain
from dialects.zurmo.fields.base import Draft, Field, View
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.currency import code_by_id, code_of, id_of, rate_of
from dialects.zurmo.fields.nodes import money_node, number_node
from dialects.zurmo.fields.references import NONE, account
from dialects.zurmo.wire.parameters import php_int

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
            base.blank(draft, row)
        return
    sent = value.get("value")
    if isinstance(sent, str):
        amount = plain.millionths(sent)
        if sent == "":
            _blank_value(draft, row)
        elif amount is None:
            draft.fail_below(row.name, "value", base.MUST_BE.format("Value", "float"))
        else:
            plain.note_rounding(draft, row, sent, amount)
            draft.values["amount"] = amount
    elif draft.creating:
        _blank_value(draft, row)
    currency = value.get("currency")
    id = currency.get("id") if isinstance(currency, dict) else None
    if isinstance(id, str) and id in NONE:
        _blank_currency(draft, row)
    elif isinstance(id, str):
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


def _blank_value(draft: Draft, row: Field) -> None:
    draft.fail_below(row.name, "value", base.BLANK.format("Value"))


def _blank_currency(draft: Draft, row: Field) -> None:
    """The vendor validates an empty currency of its own, and misses its rate (zurmo dossier, section 6)."""
    rate = [base.BLANK.format("Rate To Base")]
    draft.errors.setdefault(row.name, {}).update(
        currency={"code": [base.BLANK.format("Code")], "rateToBase": rate}, rateToBase=rate
    )


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


_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]{0,40}\.)?[0-9]{1,40}(?:[eE][+-]?[0-9]{1,3})?\Z")


def _take_probability(draft: Draft, row: Field, value: Nested) -> None:
    """All of the vendor's rules that fail, in its order."""
    text = value if isinstance(value, str) else ""
    whole = plain.integer_of(text or "0")
    if whole is None:
        draft.fail(row.name, base.MUST_BE.format(row.label, "integer"))
    if text and not _NUMBER.match(text):
        draft.fail(row.name, base.MUST_BE.format(row.label, "a number"))
    elif text and Decimal(text.strip()) < 0:
        draft.fail(row.name, base.TOO_SMALL.format(row.label, 0))
    elif text and Decimal(text.strip()) > 100:
        draft.fail(row.name, base.TOO_BIG.format(row.label, 100))
    draft.scratch["probability"] = whole if isinstance(value, str) else None


def settle(draft: Draft) -> None:
    """The probability by the vendor's rules (zurmo dossier, section 7, recording 031), and won or lost by the stage.

    3.x sets it from the stage whatever was sent, a stage without a rule being 0; but what another dialect made of it
    stays while neither stage nor probability is sent. 2.x sets it where the stage moves and none was sent.
    """
    before: Opportunity | None = draft.record
    stage = draft.values.get("stage", None if before is None else before.stage)
    moved = "stage" in draft.values and (before is None or stage != before.stage)
    sent = "probability" in draft.scratch
    number = draft.scratch.get("probability")
    if draft.whole or (not draft.profile.v3 and sent):
        if sent:
            draft.values["probability"] = number
    elif draft.profile.v3 and (moved or sent):
        if sent and number != PROBABILITIES.get(str(stage), 0):
            draft.lose("probability", "follows_the_stage")
        draft.values["probability"] = PROBABILITIES.get(str(stage), 0)
    elif moved and stage in PROBABILITIES:
        draft.values["probability"] = draft.memory["probability"] = PROBABILITIES[stage]
    if draft.profile.v3:
        held = None if before is None else before.probability
        draft.memory["probability"] = draft.values.get("probability", held)
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
        show=Given(Attribute("probability"), Call(str, IT)),
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
        missing=base.blank,
        echo=lambda shown, sent: plain.echo_map(shown, sent, ("value",)),
    ),
    plain.dropdown("stage", "stage", 5, "SalesStages", start=FIRST_STAGE, required=True),
    plain.dropdown("source", "source", 6, "LeadSources"),
)
