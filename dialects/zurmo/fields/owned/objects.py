"""E-mail and address objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapter.fields.row import Show
from adapter.formats.form_body import Nested
from canonical.model import ContactPoint
from canonical.query import Compare, First, Has, Node, Op, all_of, any_of, eq
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields import base, plain
from dialects.zurmo.fields.base import Draft, Field, View, kept
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import extra_column, known_node, related_node
from dialects.zurmo.fields.owned.points import (
    SECOND,
    Choose,
    billing_address,
    condition,
    first_address,
    first_email,
    second_address,
    second_email,
    shipping_address,
)
from dialects.zurmo.settings import NAME

# Yii's CEmailValidator; the length is bounded before it runs.
_ATOM = r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?\.)+[a-zA-Z0-9](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?\Z"
)
_EMAIL_LENGTH: Final = 255
_EMAIL_KEYS: Final = ("emailAddress", "isInvalid", "optOut")
_EMAIL_LABELS: Final = {"emailAddress": "Email Address", "isInvalid": "Is Invalid", "optOut": "Opt Out"}

# Attribute of the vendor's address, and the contact point's; None: kept in the point's extras.
ADDRESS: Final[dict[str, str | None]] = {
    "city": "city",
    "country": "country",
    "invalid": None,
    "latitude": None,
    "longitude": None,
    "postalCode": "postcode",
    "street1": "street",
    "street2": "street2",
    "state": "region",
}
_ADDRESS_LENGTHS: Final = {"city": 32, "country": 32, "postalCode": 16, "street1": 128, "street2": 128, "state": 32}
# Ids of e-mails and addresses are four times the point's, or the record's plus a slot: never the same in one record.
_FIRST_BLANK, _SECOND_BLANK = 3, 2


def is_email(text: str) -> bool:
    return len(text) <= _EMAIL_LENGTH and _EMAIL.match(text) is not None


def _mine(point: ContactPoint) -> dict[str, Any]:
    return point.extras.get(NAME) or {}


def email_object(point: ContactPoint) -> dict[str, Any]:
    """A point as the vendor's Email."""
    more = _mine(point)
    return {
        "id": point.id * 4,
        "emailAddress": point.value,
        "isInvalid": more.get("isInvalid"),
        "optOut": more.get("optOut"),
    }


def address_object(point: ContactPoint) -> dict[str, Any]:
    """A point as the vendor's Address; ``invalid`` is 0 from the start (recording 021)."""
    more = _mine(point)
    shown: dict[str, Any] = {"id": point.id * 4}
    for name, own in ADDRESS.items():
        shown[name] = more.get(name) if own is None else getattr(point, own)
    if shown["invalid"] is None:
        shown["invalid"] = "0"
    return shown


def _blank_object(record: Any, keys: Sequence[str], held: dict[str, Any], slot: int) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": record.id * 4 + slot}
    for name in keys:
        shown[name] = held.get(name)
    if "invalid" in shown and shown["invalid"] is None:
        shown["invalid"] = "0"
    return shown


def _show_with(
    name: str,
    choose: Choose,
    whole: Callable[[ContactPoint], dict[str, Any]],
    keys: Sequence[str],
    limits: Mapping[str, int],
    label: str | None,
) -> Show:
    slot = _SECOND_BLANK if label in (SECOND, "shipping") else _FIRST_BLANK

    def show(record: Any, view: View) -> dict[str, Any] | None:
        held = kept(record, name)
        if held is not None:
            return _blank_object(record, keys, held, slot)
        point = choose(record.points)
        if point is None:
            return None
        shown = whole(point)
        for key, limit in limits.items():
            shown[key] = base.shortened(record, view, "points", shown[key], limit)
        return shown

    return show


def checked_email(draft: Draft, name: str, value: dict[str, Nested]) -> dict[str, str | None] | None:
    """The sent keys of an e-mail object; None after noting what is wrong."""
    out: dict[str, str | None] = {}
    for key in _EMAIL_KEYS:
        sent = value.get(key)
        if sent is None:
            continue
        label = _EMAIL_LABELS[key]
        text = sent if isinstance(sent, str) else None
        if key == "emailAddress" and text and not (draft.whole or is_email(text)):
            draft.fail_below(name, key, base.NOT_EMAIL.format(label))
        elif key == "emailAddress" or text is None:
            out[key] = text
        else:
            _put_flag(draft, name, key, label, text, out)
    return None if name in draft.errors else out


def _put_flag(draft: Draft, name: str, key: str, label: str, text: str, out: dict[str, str | None]) -> None:
    flag = plain.flag_of(text)
    if flag is None:
        draft.fail_below(name, key, base.NOT_FLAG.format(label))
    else:
        out[key] = flag


def checked_address(draft: Draft, name: str, value: dict[str, Nested]) -> dict[str, str | None] | None:
    """The sent keys of an address object; None after noting what is wrong."""
    out: dict[str, str | None] = {}
    for key in ADDRESS:
        sent = value.get(key)
        if sent is None:
            continue
        label = base.label_of(key)
        text = sent if isinstance(sent, str) else None
        limit = _ADDRESS_LENGTHS.get(key, 32)
        if text is None:
            out[key] = None
        elif len(text) > limit and not draft.whole:
            draft.fail_below(name, key, base.TOO_LONG.format(label, limit))
        elif key == "invalid":
            _put_flag(draft, name, key, label, text, out)
        elif key in ("latitude", "longitude"):
            if text and plain.millionths(text) is None:
                draft.fail_below(name, key, base.MUST_BE.format(label, "float"))
            else:
                out[key] = text or "0"
        else:
            out[key] = text
    return None if name in draft.errors else out


def _merge_point(point: ContactPoint, sent: Mapping[str, str | None], places: dict[str, str | None]) -> ContactPoint:
    """The point with the sent keys in."""
    changed: dict[str, Any] = {}
    more = dict(_mine(point))
    for key, value in sent.items():
        own = places[key]
        if own is not None:
            changed[own] = value or "" if own == "value" else value
        else:
            more[key] = value
    extras = {name: held for name, held in point.extras.items() if name != NAME}
    if more:
        extras[NAME] = more
    return replace(point, **changed, extras=extras)


EMAIL_PLACES: Final[dict[str, str | None]] = {"emailAddress": "value", "isInvalid": None, "optOut": None}


def _take_with(
    choose: Choose,
    kind: str,
    label: str | None,
    places: dict[str, str | None],
    check: Callable[[Draft, str, dict[str, Nested]], dict[str, str | None] | None],
    content: tuple[str, ...],
) -> base.Take:
    def take(draft: Draft, row: Field, value: Nested) -> None:
        if not isinstance(value, dict):
            return
        point = None if draft.record is None else choose(draft.record.points)
        if point is not None:
            # What another dialect stored may be longer than what can be sent here.
            shown = row.show(draft.record, View(draft.profile)) or {}
            value = {key: text for key, text in value.items() if not base.written_back(shown.get(key), text)}
        sent = check(draft, row.name, value)
        if not sent:
            return
        held = draft.kept(row.name)
        merged = _merge_point(point or ContactPoint(kind, label=label), {**(held or {}), **sent}, places)
        if any(getattr(merged, name) for name in content):
            draft.points.append(merged)
            draft.extras[row.name] = None
        else:
            # Nothing that a contact point could hold: kept beside the record, as it was shown.
            stored = (
                {}
                if point is None
                else {key: getattr(point, own) if own else _mine(point).get(key) for key, own in places.items()}
            )
            draft.extras[row.name] = {
                key: held for key, held in {**stored, **(held or {}), **sent}.items() if held is not None
            }
            if point is not None:
                draft.dropped.append(point.id)

    return take


def email(name: str, choose: Choose, label: str | None, where: Node) -> Field:
    """An e-mail object."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below not in ((), ("emailAddress",)):
            if len(below) == 1 and below[0] in EMAIL_PLACES:
                return _flag_below(name, where, below[0], test, searching.strict)
            raise UnknownAttribute(below[0])
        return related_node("points", where, "value", test, strict=searching.strict)

    return Field(
        name,
        show=_show_with(name, choose, email_object, _EMAIL_KEYS, {"emailAddress": _EMAIL_LENGTH}, label),
        take=_take_with(choose, "email", label, EMAIL_PLACES, checked_email, ("value",)),
        search=search,
        order=(First("points", "value", (where,)),),
        element="EmailAddressInformation",
        default_operator="startsWith",
        choose=choose,
        new=ContactPoint("email", label=label),
        echo=lambda shown, sent: plain.echo_map(shown, sent, _EMAIL_KEYS),
    )


def _flag_below(name: str, where: Node, key: str, test: Comparison, strict: bool) -> Node:
    """A flag of an e-mail lies beside the point, or with the e-mail that has no address beside the record."""
    blank = extra_column(f"{name}.{key}")

    def hits(value: str) -> Node:
        beside = all_of(Compare(blank, Op.NOT_NULL), eq(blank, value))
        return any_of(Has("points", all_of(where, eq(extra_column(key), value))), beside)

    return known_node(test, hits, none=True, strict=strict)


def _invalid_below(name: str, where: Node, test: Comparison, strict: bool) -> Node:
    """``invalid`` of an address, which is 0 from the start."""
    held, blank = extra_column("invalid"), extra_column(f"{name}.invalid")
    unset = all_of(where, any_of(Compare(held, Op.NULL), eq(held, "0")))

    def hits(value: str) -> Node:
        beside = all_of(Compare(blank, Op.NOT_NULL), eq(blank, value))
        return any_of(Has("points", all_of(where, eq(held, "1")) if value == "1" else unset), beside)

    return known_node(test, hits, none=True, strict=strict)


def address(name: str, choose: Choose, label: str | None, where: Node) -> Field:
    """An address object."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if len(below) != 1 or below[0] not in ADDRESS:
            raise UnknownAttribute(below[0] if below else name)
        if below[0] == "invalid":
            return _invalid_below(name, where, test, searching.strict)
        column = ADDRESS[below[0]] or extra_column(below[0])
        return related_node("points", where, column, test, strict=searching.strict)

    return Field(
        name,
        show=_show_with(name, choose, address_object, tuple(ADDRESS), _ADDRESS_LENGTHS, label),
        take=_take_with(
            choose,
            "address",
            label,
            ADDRESS,
            checked_address,
            tuple(own for own in ADDRESS.values() if own is not None),
        ),
        search=search,
        element="Address",
        default_operator="startsWith",
        choose=choose,
        new=ContactPoint("address", label=label),
        echo=lambda shown, sent: plain.echo_map(shown, sent, tuple(ADDRESS)),
    )


def any_address(part: str) -> base.Search:
    """``anyCity`` and its like: any address of the record."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below:
            raise UnknownAttribute(below[0])
        return related_node("points", condition("address"), part, test, strict=searching.strict)

    return search


def any_email(searching: Searching, below: Below, test: Comparison) -> Node:
    """``anyEmail``: any e-mail of the record."""
    if below:
        raise UnknownAttribute(below[0])
    return (
        Has("points", condition("email"))
        if test.operator == "isNotNull"
        else related_node("points", condition("email"), "value", test, strict=searching.strict)
    )


PRIMARY_EMAIL = email("primaryEmail", first_email, None, condition("email", barred=(SECOND,)))
SECONDARY_EMAIL = email("secondaryEmail", second_email, SECOND, condition("email", (SECOND,)))
PRIMARY_ADDRESS = address("primaryAddress", first_address, None, condition("address", barred=(SECOND,)))
SECONDARY_ADDRESS = address("secondaryAddress", second_address, SECOND, condition("address", (SECOND,)))
BILLING_ADDRESS = address("billingAddress", billing_address, "billing", condition("address", barred=("shipping",)))
SHIPPING_ADDRESS = address("shippingAddress", shipping_address, "shipping", condition("address", ("shipping",)))
