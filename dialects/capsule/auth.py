"""Who calls: HTTP Basic with the user's API token as user name (capsule dossier, section 1)."""

from __future__ import annotations

import base64
import binascii

from adapter.dialect import Call
from canonical.accounts import Principal
from canonical.errors import TooManyCalls, Unauthenticated

HOUR = 3600 * 1_000_000
_MAX_HEADER = 4096


def read_token(authorization: str | None) -> str | None:
    """The user part of Basic credentials, None without any.

    The password is never looked at: clients send ``x``, nothing, or their account's name.
    """
    if authorization is None or not authorization.strip() or len(authorization) > _MAX_HEADER:
        return None
    scheme, *encoded = authorization.split()
    if scheme.lower() != "basic":
        return None
    # Encoders of old wrap long lines, and some leave the padding off; Java's decoders never minded.
    text = "".join(encoded).rstrip("=")
    try:
        # The password may be in any character set.
        user = binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True).partition(b":")[0]
        return user.decode("utf-8") or None
    except (binascii.Error, ValueError):
        return None


def basic(token: str) -> str:
    """The `Authorization` header for a token, as most clients write it (password ``x``)."""
    return "Basic " + base64.b64encode(f"{token}:x".encode()).decode("ascii")


def authenticate(call: Call) -> Principal | None:
    """The user of the token; nobody for the public pictures.

    Raises `Unauthenticated`, also for a path that does not exist, and `TooManyCalls`.
    """
    if call.route is not None and call.route.public:
        return None
    token = read_token(call.request.headers.get("Authorization"))
    if token is None:
        raise Unauthenticated("missing")
    principal = call.accounts.by_token("api", token, call.now)
    if principal is None:
        raise Unauthenticated("unknown")
    limit = int(call.settings["rate_limit"])
    if limit:
        bucket = f"capsule:{principal.tenant_id}:{principal.user_id}"
        allowed, remaining, ends = call.accounts.allow(bucket, limit, HOUR, call.now)
        call.memo["rate"] = (limit, remaining, ends)
        if not allowed and call.settings["enforce_rate_limit"] == "yes":
            raise TooManyCalls
    return principal
