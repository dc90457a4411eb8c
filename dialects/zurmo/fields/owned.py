"""Contact points as the vendor has them: e-mail and address objects, phone numbers, one website.

The label says which is which: ``secondary`` for the second e-mail and address of a contact, ``billing`` and
``shipping`` for an account's, ``mobile``, ``work`` and ``fax`` for numbers. What other dialects add without these
labels fills the first free place. An object with nothing in it that a contact point could hold (an e-mail of only
``optOut``) is kept in the record's extras under the attribute's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from adapter.formats.form_body import Nested
from canonical.model import ContactPoint
from canonical.query import Compare, Has, Node, Not, Op, all_of, any_of
from dialects.zurmo.fields import base, plain
from dialects.zurmo.fields.base import Draft, Field, View, kept
from dialects.zurmo.query.comparison import (
    Below,
    Comparison,
    NotSearchable,
    Searching,
    UnknownAttribute,
    related_node,
)
from dialects.zurmo.settings import NAME

Choose = Callable[[Sequence[ContactPoint]], ContactPoint | None]

SECOND: Final = "secondary"
# Yii's CEmailValidator; the length is bounded before it runs.
_ATOM = r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?\.)+[a-zA-Z0-9](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?\Z"
)
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
POINT_IDS, BLANK_IDS = 0, 3
"""Ids of e-mails and addresses are four times the point's, or the record's plus a slot: never the same twice."""


def is_email(text: str) -> bool:
    return len(text) <= 255 and _EMAIL.match(text) is not None


def _of(points: Sequence[ContactPoint], kind: str) -> list[ContactPoint]:
    return [point for point in points if point.kind == kind]


def first_email(points: Sequence[ContactPoint]) -> ContactPoint | None:
    """The primary e-mail: the first that nobody marked as the second."""
    return next((point for point in points if point.kind == "email" and point.label != SECOND), None)


def second_email(points: Sequence[ContactPoint]) -> ContactPoint | None:
    emails = _of(points, "email")
    marked = next((point for point in emails if point.label == SECOND), None)
    return marked or (emails[1] if len(emails) > 1 else None)


def first_address(points: Sequence[ContactPoint]) -> ContactPoint | None:
    return next((point for point in points if point.kind == "address" and point.label != SECOND), None)


def second_address(points: Sequence[ContactPoint]) -> ContactPoint | None:
    addresses = _of(points, "address")
    marked = next((point for point in addresses if point.label == SECOND), None)
    return marked or (addresses[1] if len(addresses) > 1 else None)


def billing_address(points: Sequence[ContactPoint]) -> ContactPoint | None:
    addresses = _of(points, "address")
    marked = next((point for point in addresses if point.label == "billing"), None)
    return marked or next((point for point in addresses if point.label != "shipping"), None)


def shipping_address(points: Sequence[ContactPoint]) -> ContactPoint | None:
    return next((point for point in points if point.kind == "address" and point.label == "shipping"), None)


def labelled(kind: str, *labels: str | None) -> Choose:
    """The first point of a kind with one of the labels, the labels in order of preference."""

    def choose(points: Sequence[ContactPoint]) -> ContactPoint | None:
        for label in labels:
            for point in points:
                if point.kind == kind and point.label == label:
                    return point
        return None

    return choose


def condition(kind: str, labels: tuple[str | None, ...] | None = None, barred: tuple[str, ...] = ()) -> Node:
    """Points of a kind with one of the labels, or with none of the barred ones."""
    terms: list[Node] = [Compare("kind", Op.EQ, kind)]
    if labels is not None:
        named = tuple(label for label in labels if label is not None)
        options: list[Node] = [Compare("label", Op.IN, named)] if named else []
        if None in labels:
            options.append(Compare("label", Op.NULL))
        terms.append(any_of(*options))
    if barred:
        terms.append(any_of(Compare("label", Op.NULL), Not(Compare("label", Op.IN, barred))))
    return all_of(*terms)


# -- e-mail and address objects ------------------------------------------------------------------------


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
    name: str, choose: Choose, whole: Callable[[ContactPoint], dict[str, Any]], keys: Sequence[str]
) -> base.Show:
    def show(record: Any, view: View) -> dict[str, Any] | None:
        held = kept(record, name)
        if held is not None:
            return _blank_object(record, keys, held, BLANK_IDS)
        point = choose(record.points)
        return None if point is None else whole(point)

    return show


def checked_email(draft: Draft, name: str, value: dict[str, Nested]) -> dict[str, str] | None:
    """The sent keys of an e-mail object; None after noting what is wrong."""
    out: dict[str, str] = {}
    for key in _EMAIL_KEYS:
        sent = value.get(key)
        if sent is None:
            continue
        label = _EMAIL_LABELS[key]
        if not isinstance(sent, str):
            draft.fail_below(name, key, base.MUST_BE.format(label, "string"))
        elif key == "emailAddress" and sent and not is_email(sent):
            draft.fail_below(name, key, base.NOT_EMAIL.format(label))
        elif key != "emailAddress" and sent not in ("", "0", "1"):
            draft.fail_below(name, key, base.NOT_FLAG.format(label))
        else:
            out[key] = sent
    return None if name in draft.errors else out


def checked_address(draft: Draft, name: str, value: dict[str, Nested]) -> dict[str, str] | None:
    """The sent keys of an address object; None after noting what is wrong."""
    out: dict[str, str] = {}
    for key in ADDRESS:
        sent = value.get(key)
        if sent is None:
            continue
        label = base.label_of(key)
        limit = _ADDRESS_LENGTHS.get(key, 32)
        if not isinstance(sent, str):
            draft.fail_below(name, key, base.MUST_BE.format(label, "string"))
        elif len(sent) > limit:
            draft.fail_below(name, key, base.TOO_LONG.format(label, limit))
        elif key == "invalid" and sent not in ("", "0", "1"):
            draft.fail_below(name, key, base.NOT_FLAG.format(label))
        elif key in ("latitude", "longitude") and sent and plain.millionths(sent) is None:
            draft.fail_below(name, key, base.MUST_BE.format(label, "float"))
        else:
            out[key] = sent
    return None if name in draft.errors else out


def _merge_point(point: ContactPoint, sent: dict[str, str], places: dict[str, str | None]) -> ContactPoint:
    """The point with the sent keys in."""
    changed: dict[str, Any] = {}
    more = dict(_mine(point))
    for key, value in sent.items():
        own = places[key]
        if own is not None:
            changed[own] = value
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
    check: Callable[[Draft, str, dict[str, Nested]], dict[str, str] | None],
    content: tuple[str, ...],
) -> base.Take:
    def take(draft: Draft, row: Field, value: Nested) -> None:
        if not isinstance(value, dict):
            return
        sent = check(draft, row.name, value)
        if not sent:
            return
        point = None if draft.record is None else choose(draft.record.points)
        held = draft.kept(row.name)
        merged = _merge_point(point or ContactPoint(kind, label=label), {**(held or {}), **sent}, places)
        if any(getattr(merged, name) for name in content):
            draft.points.append(merged)
            draft.extras[row.name] = None
        else:
            # Nothing that a contact point could hold: kept beside the record, as it was shown.
            shown = (
                {}
                if point is None
                else {key: getattr(point, own) if own else _mine(point).get(key) for key, own in places.items()}
            )
            draft.extras[row.name] = {
                key: held for key, held in {**shown, **(held or {}), **sent}.items() if held is not None
            }
            if point is not None:
                draft.dropped.append(point.id)

    return take


def email(name: str, choose: Choose, label: str | None, where: Node) -> Field:
    """An e-mail object."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below not in ((), ("emailAddress",)):
            if below and below[0] in EMAIL_PLACES:
                return flag_below(name, below[0], test)
            raise UnknownAttribute(below[0])
        return related_node("points", where, "value", test)

    return Field(
        name,
        show=_show_with(name, choose, email_object, _EMAIL_KEYS),
        take=_take_with(choose, "email", label, EMAIL_PLACES, checked_email, ("value",)),
        search=search,
        element="EmailAddressInformation",
        default_operator="startsWith",
        echo=lambda shown, sent: plain.echo_map(shown, sent, _EMAIL_KEYS),
    )


def flag_below(name: str, key: str, test: Comparison) -> Node:
    """The flags of an e-mail lie beside the point, where the core cannot search."""
    raise NotSearchable(f"{name}.{key}")


def address(name: str, choose: Choose, label: str | None, where: Node) -> Field:
    """An address object."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        own = ADDRESS.get(below[0]) if len(below) == 1 else None
        if own is None:
            if below and below[0] in ADDRESS:
                raise NotSearchable(f"{name}.{below[0]}")
            raise UnknownAttribute(below[0] if below else name)
        return related_node("points", where, own, test)

    return Field(
        name,
        show=_show_with(name, choose, address_object, tuple(ADDRESS)),
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
        echo=lambda shown, sent: plain.echo_map(shown, sent, tuple(ADDRESS)),
    )


def any_address(part: str) -> base.Search:
    """``anyCity`` and its like: any address of the record."""

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below:
            raise UnknownAttribute(below[0])
        return related_node("points", condition("address"), part, test)

    return search


def any_email(searching: Searching, below: Below, test: Comparison) -> Node:
    """``anyEmail``: any e-mail of the record."""
    if below:
        raise UnknownAttribute(below[0])
    return (
        Has("points", condition("email"))
        if test.operator == "isNotNull"
        else related_node("points", condition("email"), "value", test)
    )


# -- numbers and websites --------------------------------------------------------------------------------


def single(name: str, kind: str, choose: Choose, label: str | None, where: Node, limit: int, **more: Any) -> Field:
    """A contact point that the vendor has as one text."""
    check: Callable[[str], bool] | None = more.pop("check", None)

    def show(record: Any, view: View) -> str | None:
        point = choose(record.points)
        if point is not None:
            return point.value
        # Sent empty: the vendor keeps "" apart from null (zurmo dossier, section 3).
        return "" if name in kept(record, "empty", ()) else None

    def take(draft: Draft, row: Field, value: Nested) -> None:
        text = plain.as_text(draft, row, value)
        if text is None:
            return
        if text and check is not None and not check(text):
            draft.fail(row.name, base.NOT_URL.format(row.label))
            return
        point = None if draft.record is None else choose(draft.record.points)
        empty = set(draft.kept("empty", ()))
        wanted = empty - {name} if text else empty | {name}
        if wanted != empty:
            draft.extras["empty"] = sorted(wanted) or None
        if text:
            draft.points.append(replace(point, value=text) if point else ContactPoint(kind, text, label))
        elif point is not None:
            draft.dropped.append(point.id)

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below:
            raise UnknownAttribute(below[0])
        if test.operator == "isEmpty":
            return Not(Has("points", where))
        return related_node("points", where, "value", test)

    more.setdefault("default_operator", "startsWith")
    return Field(name, show=show, take=take, search=search, max_length=limit, **more)


WORK_PHONE: Final = ("work", "office", "direct", None)


def phone(name: str, label: str, *also: str | None) -> Field:
    """A telephone number by its label; `also` are further labels that count as it."""
    labels = (label, *also)
    return single(name, "phone", labelled("phone", *labels), label, condition("phone", labels), 24, element="Phone")


def website() -> Field:
    """The first web address that belongs to no service."""

    return single(
        "website",
        "website",
        first_site,
        None,
        all_of(condition("website"), any_of(Compare("service", Op.NULL), Compare("service", Op.IN, _SITES))),
        255,
        element="Url",
        default_operator="contains",
        check=plain.is_url,
    )


_SITES: Final = ("url", "URL", "")


def first_site(points: Sequence[ContactPoint]) -> ContactPoint | None:
    """The first web address; a profile at some service (Twitter, LinkedIn) is none."""
    plain_sites = (None, *_SITES)
    return next((point for point in points if point.kind == "website" and point.service in plain_sites), None)


MOBILE_PHONE = phone("mobilePhone", "mobile")
OFFICE_PHONE = phone("officePhone", "work", *WORK_PHONE[1:])
OFFICE_FAX = phone("officeFax", "fax")
WEBSITE = website()
PRIMARY_EMAIL = email("primaryEmail", first_email, None, condition("email", barred=(SECOND,)))
SECONDARY_EMAIL = email("secondaryEmail", second_email, SECOND, condition("email", (SECOND,)))
PRIMARY_ADDRESS = address("primaryAddress", first_address, None, condition("address", barred=(SECOND,)))
SECONDARY_ADDRESS = address("secondaryAddress", second_address, SECOND, condition("address", (SECOND,)))
BILLING_ADDRESS = address("billingAddress", billing_address, "billing", condition("address", barred=("shipping",)))
SHIPPING_ADDRESS = address("shippingAddress", shipping_address, "shipping", condition("address", ("shipping",)))


def unseen(points: Sequence[ContactPoint], chosen: Sequence[Choose]) -> int:
    """How many of the points no attribute shows."""
    shown = {id(point) for choose in chosen if (point := choose(points)) is not None}
    return sum(1 for point in points if id(point) not in shown)
