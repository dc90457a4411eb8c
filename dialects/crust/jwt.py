"""JSON Web Tokens under HMAC-SHA256, refused in the words of the vendor's library (crust dossier, section 1)."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any

import orjson

from dialects.crust.errors import Refused
from dialects.crust.gojson import go_quoted

MAX_TOKEN = 8192
_HEADER = b'{"alg":"HS256","typ":"JWT"}'
_OTHERS = frozenset(
    ("HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "none")
)


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _refused(reason: str) -> Refused:
    return Refused(f"failed to authorize request: {reason}")


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part.encode("ascii") + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _refused("illegal base64 data at input byte 0") from None


def sign(user_id: int, expires: int, key: bytes) -> str:
    """A token for a user, good until `expires` (seconds since 1970); claims in the order that Go gives a map."""
    claims = orjson.dumps({"exp": expires, "sub": str(user_id)})
    signed = _encode(_HEADER) + b"." + _encode(claims)
    return (signed + b"." + _encode(hmac.digest(key, signed, "sha256"))).decode("ascii")


def _object(part: str) -> dict[str, Any]:
    try:
        value = orjson.loads(_decode(part))
    except orjson.JSONDecodeError:
        raise _refused("invalid character in token") from None
    if not isinstance(value, dict):
        raise _refused("json: cannot unmarshal array into Go value of type map[string]interface {}")
    return value


def claims_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, not verified. Raises Refused for what is no token at all."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN or not token.isascii():
        raise _refused("token contains an invalid number of segments")
    return _object(parts[0]), _object(parts[1])


def verify(token: str, header: dict[str, Any], claims: dict[str, Any], key: bytes, now: int) -> None:
    """Raises Refused unless the token was signed with `key` and is good at `now` (seconds since 1970)."""
    algorithm = header.get("alg")
    if not isinstance(algorithm, str):
        raise _refused("signing method (alg) is unspecified.")
    if algorithm != "HS256" and algorithm not in _OTHERS:
        raise _refused("signing method (alg) is unavailable.")
    signed, _, signature = token.rpartition(".")
    right = hmac.compare_digest(_encode(hmac.digest(key, signed.encode("ascii"), "sha256")), signature.encode("ascii"))
    # The library looks at the times before the signature, and tells of them first.
    for claim, past, reason in (
        ("exp", False, "jwtauth: token is expired"),
        ("iat", True, "jwtauth: token iat validation failed"),
        ("nbf", True, "jwtauth: token nbf validation failed"),
    ):
        at = claims.get(claim)
        # Zero and what is no number count as not there.
        if isinstance(at, int | float) and not isinstance(at, bool) and at and (now < at if past else now > at):
            raise _refused(reason)
    if not right:
        raise _refused("signature is invalid")
    if algorithm != "HS256":
        raise _refused("jwtauth: algorithm mismatch")


def subject_of(claims: dict[str, Any]) -> int:
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
