"""Which contact point is which: chosen among a party's, and the same as a condition of a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from canonical.model import ContactPoint
from canonical.query import Compare, Node, Not, Op, all_of, any_of

Choose = Callable[[Sequence[ContactPoint]], ContactPoint | None]

SECOND: Final = "secondary"


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


SITES: Final = ("url", "URL", "")


def first_site(points: Sequence[ContactPoint]) -> ContactPoint | None:
    """The first web address; a profile at some service (Twitter, LinkedIn) is none."""
    plain_sites = (None, *SITES)
    return next((point for point in points if point.kind == "website" and point.service in plain_sites), None)


def unseen(points: Sequence[ContactPoint], chosen: Sequence[Choose]) -> int:
    """How many of the points no attribute shows."""
    shown = {id(point) for choose in chosen if (point := choose(points)) is not None}
    return sum(1 for point in points if id(point) not in shown)
