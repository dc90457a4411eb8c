"""Ids on the wire: 24 hex digits, 8 of the creation time (seconds) and 16 of the record's id.

They look like the MongoDB ObjectIds of the vendor (opentaps dossier, section 4). A *number* is the same 96 bits as an
int: what operations carry where no record is at hand.
"""

from __future__ import annotations

import re

from canonical.values import SECOND, Instant

_WIRE = re.compile(r"[0-9a-fA-F]{24}\Z")
_LOW = 2**64 - 1
_TIME = 2**32 - 1


def is_wire_id(text: str) -> bool:
    """Whether `text` is an id rather than a count (exactly 24 hex digits)."""
    return len(text) == 24 and _WIRE.match(text) is not None


def wire_id(id: int, created_at: Instant = 0) -> str:
    """The id of a record as clients see it; tags and groups have no creation time and begin with zeros."""
    # Half the time of an f-string, and a page has two hundred.
    return "%08x%016x" % (created_at // SECOND & _TIME, id)  # noqa: UP031


def number_of(text: str) -> int | None:
    """The 96 bits of an id; None when it is none."""
    return int(text, 16) if is_wire_id(text) else None


def text_of(number: int) -> str:
    """The way back from `number_of`."""
    return f"{number:024x}"


def local_part(number: int) -> int:
    """The record's id in a number."""
    return number & _LOW


def agrees(number: int, created_at: Instant) -> bool:
    """Whether the time in a number is the creation time of the record."""
    return number >> 64 == created_at // SECOND & _TIME
