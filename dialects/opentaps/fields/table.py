"""Rows of the field tables: which canonical fields a name on the wire shows, and which it is given by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """`shown` in an answer, `given` in a request; what is not given is the server's own."""

    name: str
    shown: tuple[str, ...] = ()
    given: tuple[str, ...] = ()


def both(name: str, *fields: str) -> Field:
    return Field(name, fields, fields)


def names_of(rows: Iterable[Field]) -> frozenset[str]:
    return frozenset(row.name for row in rows)


def shown_by(rows: Iterable[Field]) -> frozenset[str]:
    return frozenset(field for row in rows for field in row.shown)


def given_by(rows: Iterable[Field]) -> frozenset[str]:
    return frozenset(field for row in rows for field in row.given)
