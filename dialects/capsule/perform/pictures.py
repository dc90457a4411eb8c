"""The default avatars that every party's `pictureURL` leads to: one grey square."""

from __future__ import annotations

import struct
import zlib

from adapter.dialect import Call
from adapter.routes import RouteNotFound
from adapter.wire import WireResponse
from dialects.capsule.fields.picture import ORGANISATION, PERSON

_SIDE = 70
_GREY = 0xCC


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _square() -> bytes:
    """A PNG: 8-bit greyscale, each row led by its filter byte."""
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([_GREY]) * _SIDE) * _SIDE
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 9)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


AVATAR = _square()


def avatar(call: Call) -> WireResponse:
    if call.params["name"] not in (PERSON, ORGANISATION):
        raise RouteNotFound(call.request.path)
    return WireResponse(200, [("Content-Type", "image/png"), ("Cache-Control", "max-age=86400")], AVATAR)
