"""JSON Web Tokens under HMAC-SHA256, refused in the words of the vendor's library (crust dossier, section 1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from canonical.values import SECOND, Instant
from dialects.crust.errors import Refused
from dialects.crust.wire.gojson import RAW, decode_all, decode_first, go_quoted
from dialects.crust.wire.gojson import Mapping as GoMap

MAX_TOKEN = 8192
MAX_GOOD = 4096
"""Tokens that are remembered; when there are more, all go."""
_HEADER = b'{"alg":"HS256","typ":"JWT"}'
_HASHES = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
_KEYLESS = frozenset(("RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"))
"""Algorithms that the library knows but that take another sort of key."""
_TOKEN_HEADER = GoMap("map[string]interface {}", RAW)
_CLAIMS = GoMap("jwt.MapClaims", RAW)
_NO_BASE64 = re.compile(r"[^A-Za-z0-9_-]")


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _refused(reason: str) -> Refused:
    return Refused(f"failed to authorize request: {reason}")


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part.encode("ascii") + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        wrong = _NO_BASE64.search(part)
        at = len(part) if wrong is None else wrong.start()
        raise _refused(f"illegal base64 data at input byte {at}") from None


def sign(user_id: int, expires: int, key: bytes, issued: float | None = None) -> str:
    """A token for a user, good until `expires` (seconds since 1970); claims in the order that Go gives a map.

    `issued` says when it was made, where that counts; the vendor's tokens do not say it.
    """
    when = {} if issued is None else {"iat": issued}
    claims = orjson.dumps({"exp": expires, **when, "sub": str(user_id)})
    signed = _encode(_HEADER) + b"." + _encode(claims)
    return (signed + b"." + _encode(hmac.digest(key, signed, "sha256"))).decode("ascii")


def _object(part: str, kind: GoMap) -> dict[str, Any]:
    data = _decode(part)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    return value if isinstance(value, dict) else _read_slowly(data, kind)


def _read_slowly(data: bytes, kind: GoMap) -> dict[str, Any]:
    """What the quick parser does not take, as Go reads it. Raises Refused with Go's words."""
    try:
        if kind is _TOKEN_HEADER:
            members = decode_all(data.decode("utf-8", "replace"), kind)
        elif data.strip(b" \t\r\n"):
            members = decode_first(data, kind)
        else:
            raise Refused("EOF")
    except Refused as error:
        raise _refused(error.message) from None
    return {name: _scalar(text) for name, text in (members or {}).items() if _is_plain(text)}


def _scalar(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _refused(f"json: cannot unmarshal number {text} into Go value of type float64") from None


def _is_plain(text: str) -> bool:
    """Whether a member's text may be one that counts: a number, or text without an odd escape."""
    return text[0] not in "[{" and len(text) < 400 and "\\u" not in text


@dataclass(slots=True)
class Token:
    """What a token says. `signed_by` is the key that its signature was found to be of, None before."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed_by: bytes | None = None


_good: dict[bytes, Token] = {}
"""Tokens whose signature was good, by digest: clients send the same one with every call."""


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("ascii")).digest()


def read(text: str) -> Token:
    """A token, not verified. Raises Refused for what is none at all."""
    if len(text) > MAX_TOKEN or not text.isascii():
        raise _refused("token contains an invalid number of segments")
    kept = _good.get(_digest(text))
    if kept is not None:
        return kept
    parts = text.split(".")
    if len(parts) != 3:
        raise _refused("token contains an invalid number of segments")
    return Token(_object(parts[0], _TOKEN_HEADER), _object(parts[1], _CLAIMS))


def verify(text: str, token: Token, key: bytes, now: int) -> None:
    """Raises Refused unless the token was signed with `key` and is good at `now` (seconds since 1970)."""
    algorithm, claims = token.header.get("alg"), token.claims
    if not isinstance(algorithm, str):
        raise _refused("signing method (alg) is unspecified.")
    if algorithm not in _HASHES and algorithm not in _KEYLESS and algorithm != "none":
        raise _refused("signing method (alg) is unavailable.")
    # The library looks at the times before the signature, and tells of them first.
    for claim, past, reason in (
        ("exp", False, "jwtauth: token is expired"),
        ("iat", True, "jwtauth: token iat validation failed"),
        ("nbf", True, "jwtauth: token nbf validation failed"),
    ):
        at = claims.get(claim)
        # Zero and what is no number count as not there; the library cuts fractions of a second off.
        if isinstance(at, int | float) and not isinstance(at, bool) and at and (now < int(at) if past else now > at):
            raise _refused(reason)
    if token.signed_by is None or not hmac.compare_digest(token.signed_by, key):
        _check_signature(text, algorithm, key)
        token.signed_by = key
        if len(_good) >= MAX_GOOD:
            _good.clear()
        _good[_digest(text)] = token


def is_since(token: Token, moment: Instant) -> bool:
    """Whether the token says that it was made at `moment` or later."""
    issued = token.claims.get("iat")
    if not isinstance(issued, int | float) or isinstance(issued, bool):
        return False
    return round(issued * SECOND) >= moment


def _check_signature(token: str, algorithm: str, key: bytes) -> None:
    signed, _, signature = token.rpartition(".")
    if algorithm == "none":
        raise _refused("'none' signature type is not allowed")
    if algorithm in _KEYLESS:
        _decode(signature)
        raise _refused("key is of invalid type")
    right = _encode(hmac.digest(key, signed.encode("ascii"), _HASHES[algorithm]))
    if not hmac.compare_digest(right, signature.encode("ascii")):
        _decode(signature)
        raise _refused("signature is invalid")
    if algorithm != "HS256":
        raise _refused("jwtauth: algorithm mismatch")


def subject_of(claims: Mapping[str, Any]) -> int:
    """The user id. Raises Refused: ``sub`` must be a decimal string."""
    subject = claims.get("sub")
    if subject is None:
        raise Refused("Malformed JWT claims")
    if not isinstance(subject, str):
        raise Refused("Malformed JWT claims (sub not a string)")
    if not (subject.isascii() and subject.isdigit()):
        raise Refused(f"Malformed JWT claims: strconv.ParseUint: parsing {go_quoted(subject[:100])}: invalid syntax")
    if len(subject) > 20 or int(subject) > 2**64 - 1:
        raise Refused(
            f"Malformed JWT claims: strconv.ParseUint: parsing {go_quoted(subject[:100])}: value out of range"
        )
    return int(subject)
