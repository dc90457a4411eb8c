"""Contact points that the vendor has as one text: telephone numbers and a website."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from adapter.formats.form_body import Nested
from canonical.model import ContactPoint
from canonical.query import Compare, First, Has, Node, Not, Op, all_of, any_of
from dialects.zurmo.errors import UnknownAttribute
from dialects.zurmo.fields import base, plain
from dialects.zurmo.fields.base import Draft, Field, View, kept
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.nodes import related_node
from dialects.zurmo.fields.owned.points import (
    SITES,
    Choose,
    condition,
    first_site,
    labelled,
)


def single(name: str, choose: Choose, new: ContactPoint, where: Node, limit: int, **more: Any) -> Field:
    """A contact point that the vendor has as one text; `new` is what a sent text becomes where there is none yet."""
    read: Callable[[str], str | None] = more.pop("read", str)

    def show(record: Any, view: View) -> str | None:
        point = choose(record.points)
        if point is not None:
            return base.shortened(record, view, "points", point.value, limit)
        # Sent empty: the vendor keeps "" apart from null (zurmo dossier, section 3).
        return "" if name in kept(record, "empty", ()) else None

    def take(draft: Draft, row: Field, value: Nested) -> None:
        text = plain.as_text(draft, row, value)
        if text is None:
            return
        whole = read(text) if text and not draft.whole else text
        if whole is None:
            draft.fail(row.name, base.NOT_URL.format(row.label))
            return
        put(draft, whole, {name} if whole == "" else set())

    def put(draft: Draft, text: str, emptied: set[str]) -> None:
        point = None if draft.record is None else choose(draft.record.points)
        empty = set(draft.kept("empty", ()))
        wanted = empty - {name} | emptied
        if wanted != empty:
            draft.extras["empty"] = sorted(wanted) or None
        if text:
            draft.points.append(replace(point or new, value=text))
        elif point is not None:
            draft.dropped.append(point.id)

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        if below:
            raise UnknownAttribute(below[0])
        if test.operator == "isEmpty":
            return Not(Has("points", where))
        return related_node("points", where, "value", test, strict=searching.strict)

    more.setdefault("default_operator", "startsWith")
    more.setdefault("order", (First("points", "value", (where,)),))
    return Field(
        name,
        show=show,
        take=take,
        search=search,
        max_length=limit,
        clear=lambda draft: put(draft, "", set()),
        choose=choose,
        new=new,
        **more,
    )


WORK_PHONE: Final = ("work", "office", "direct", None)


def phone(name: str, label: str, *also: str | None) -> Field:
    """A telephone number by its label; `also` are further labels that count as it."""
    labels = (label, *also)
    new, where = ContactPoint("phone", label=label), condition("phone", labels)
    order = (First("points", "value", tuple(condition("phone", (one,)) for one in labels)),)
    return single(name, labelled("phone", *labels), new, where, 24, element="Phone", order=order)


def website() -> Field:
    """The first web address that belongs to no service."""
    return single(
        "website",
        first_site,
        ContactPoint("website"),
        all_of(condition("website"), any_of(Compare("service", Op.NULL), Compare("service", Op.IN, SITES))),
        255,
        element="Url",
        audited=False,
        default_operator="contains",
        read=plain.as_url,
        echo=lambda shown, sent: shown,
    )


MOBILE_PHONE = phone("mobilePhone", "mobile")
OFFICE_PHONE = phone("officePhone", "work", *WORK_PHONE[1:])
OFFICE_FAX = phone("officeFax", "fax")
WEBSITE = website()
