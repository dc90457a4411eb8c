"""Codes that `authorize` gives without knowing who asks: all that they stand for lies in them, under our seal.

So a stranger's request leaves nothing in the database. What is kept is that a code was redeemed, which takes the
application's secret or verifier.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from adapter.dialect import Call
from canonical.accounts import Application, Principal
from canonical.errors import Conflict
from canonical.values import MINUTE, SECOND

CODE_MINUTES = 10
_PURPOSE = "affinitylive code"
_SEAL, _NONCE, _ENDS, _DIGEST = 16, 6, 5, 16
_MAX_CODE = 3000
_SPENT = "spent-code"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a code says: until when (seconds), for which scope, redirect URI and challenge (digests), if any."""

    ends: int
    public: bool
    uri: bytes
    challenge: bytes
    scope: str


def make(call: Call, app: Application, *, scope: str, uri: str, challenge: str) -> str:
    """A new code that acts as the application's user."""
    flags = bool(uri) | bool(challenge) << 1
    content = bytes.fromhex(call.accounts.fresh(2 * _NONCE)) + (call.now // SECOND + CODE_MINUTES * 60).to_bytes(_ENDS)
    content += bytes([flags]) + (digest(uri) if uri else b"") + (digest(challenge) if challenge else b"")
    content += scope.encode("utf-8", "replace")
    return base64.urlsafe_b64encode(_seal(call, app, content) + content).decode().rstrip("=")


def read(call: Call, app: Application, code: str) -> Sealed | None:
    """What a code of this application says; None when it is none, or too old."""
    if len(code) > _MAX_CODE:
        return None
    try:
        whole = base64.b64decode(code + "=" * (-len(code) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    seal, content = whole[:_SEAL], whole[_SEAL:]
    if len(content) <= _NONCE + _ENDS or not hmac.compare_digest(seal, _seal(call, app, content)):
        return None
    ends = int.from_bytes(content[_NONCE : _NONCE + _ENDS])
    if ends * SECOND <= call.now:
        return None
    flags, rest = content[_NONCE + _ENDS], content[_NONCE + _ENDS + 1 :]
    uri, rest = (rest[:_DIGEST], rest[_DIGEST:]) if flags & 1 else (b"", rest)
    challenge, rest = (rest[:_DIGEST], rest[_DIGEST:]) if flags & 2 else (b"", rest)
    return Sealed(ends, bool(challenge), uri, challenge, rest.decode("utf-8", "replace"))


def spend(call: Call, principal: Principal, code: str) -> bool:
    """Whether it is redeemed for the first time; from now on it is good for nothing."""
    name = digest(code).hex()
    if call.accounts.token_state(_SPENT, name, call.now) != "unknown":
        return False
    try:
        call.accounts.issue(_SPENT, principal, call.now, token=name, lifetime=CODE_MINUTES * MINUTE)
    except Conflict:
        return False
    return True


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:_DIGEST]


def _seal(call: Call, app: Application, content: bytes) -> bytes:
    owner = f"{app.tenant_id} {app.user_id} {app.client_id}\0".encode("utf-8", "replace")
    return hmac.digest(call.accounts.secret(_PURPOSE), owner + content, "sha256")[:_SEAL]
