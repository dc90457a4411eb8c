"""The envelope: ``{"response":...}``, ``{"success":{"message":"OK"}}``, and how times and ids are written."""

from __future__ import annotations

from typing import Any, Final

import orjson

from adapter.formats import json_body
from adapter.wire import WireResponse
from canonical.values import SECOND, Instant, iso_time

JSON = ("Content-Type", "application/json")
VARY = ("Vary", "Origin")

Raw = orjson.Fragment
"""JSON text put into an answer as it is."""

ZERO_TIME: Final = "0001-01-01T00:00:00Z"
"""Go's zero time."""
OK: Final = b'{"success":{"message":"OK"}}'


def response(data: Any) -> WireResponse:
    """``{"response": data}`` as Go writes it. `data` is made of dicts in key order, lists, text, numbers and `Raw`."""
    return WireResponse(200, [JSON, VARY], b'{"response":' + json_body.render_go(data) + b"}")


def written(body: bytes) -> WireResponse:
    """``{"response": body}``, where `body` is JSON as orjson writes it, without a float."""
    return WireResponse(200, [JSON, VARY], b'{"response":' + json_body.escape_go(body) + b"}")


def success() -> WireResponse:
    """The answer to every delete and to reorder."""
    return WireResponse(200, [JSON, VARY], OK)


def raw(text: str | None) -> Raw:
    """A stored JSON value; ``{}`` where none was given."""
    return Raw(text or "{}")


def stamp(at: Instant) -> str:
    """A stored time: whole seconds, ``2018-12-09T10:11:12Z``."""
    return iso_time(at)


def fresh_stamp(at: Instant) -> str:
    """A stamp that this very request made: up to nine digits of fraction, trailing zeros cut, none when whole."""
    fraction = at % SECOND
    if not fraction:
        return iso_time(at)
    return f"{iso_time(at)[:-1]}.{f'{fraction:06d}'.rstrip('0')}Z"
