"""Where `authorize` may send a browser: to what was registered for the application (dossier, section 1)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from canonical.accounts import Application

MAX_URI = 2000
_PRIVATE = re.compile(r"[A-Za-z][A-Za-z0-9+-]*(\.[A-Za-z0-9+-]+)+:[^:]")
"""A private-use scheme is a domain name turned round, ``com.example.app:/cb`` (RFC 8252, section 7.1)."""


def may_redirect(app: Application, uri: str) -> bool:
    """Whether the URI is one of the application's; of an application without any, whether it can be no trick."""
    if len(uri) > MAX_URI or not uri.isascii() or not uri.isprintable() or " " in uri or "\\" in uri:
        return False
    if app.redirect_uris:
        return uri in app.redirect_uris
    if _PRIVATE.match(uri):
        return True
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
