"""Content codings of request bodies: gzip and deflate, decoded no further than allowed."""

from __future__ import annotations

import zlib

from adapter.formats.errors import Malformed, TooLarge

MAX_CODINGS = 2
"""One on top of the other."""
MAX_MEMBERS = 16
"""Of a gzip body: some libraries write one for each flush."""

_GZIP = zlib.MAX_WBITS | 16
_BEGINS = b"\x1f\x8b"


def decoded(body: bytes, codings: str, limit: int) -> bytes:
    """The body without the codings that a Content-Encoding header lists.

    A coding that is not known is none: clients name character sets there. Raises Malformed for what is not coded as
    it says, TooLarge when more than `limit` bytes come of it.
    """
    known = [_DECODERS[name] for name in codings.lower().replace(" ", "").split(",") if name in _DECODERS]
    if len(known) > MAX_CODINGS:
        raise Malformed("too many content codings")
    for decode in reversed(known):
        if body:
            body = decode(body, limit)
    return body


def _gunzipped(body: bytes, limit: int) -> bytes:
    pieces: list[bytes] = []
    for _ in range(MAX_MEMBERS):
        piece, body = _inflated(body, _GZIP, limit)
        limit -= len(piece)
        pieces.append(piece)
        # Some writers fill up their last block.
        body = body.lstrip(b"\0")
        if not body:
            return b"".join(pieces)
        if not body.startswith(_BEGINS):
            break
    raise Malformed("the body is no gzip data")


def _deflated(body: bytes, limit: int) -> bytes:
    """With zlib's head, as RFC 9110 has it, or without, as many clients had it."""
    headed = body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    data, rest = _inflated(body, zlib.MAX_WBITS if headed else -zlib.MAX_WBITS, limit)
    if rest:
        raise Malformed("the body is no deflate data")
    return data


def _inflated(body: bytes, window: int, limit: int) -> tuple[bytes, bytes]:
    """What comes of the body, and what follows its end."""
    inflater = zlib.decompressobj(window)
    try:
        data = inflater.decompress(body, limit + 1)
    except zlib.error:
        raise Malformed("the body is not compressed as it says") from None
    if len(data) > limit:
        raise TooLarge(len(data), limit)
    if not inflater.eof:
        raise Malformed("the compressed body breaks off")
    return data, inflater.unused_data


_DECODERS = {"gzip": _gunzipped, "x-gzip": _gunzipped, "deflate": _deflated}
