"""The sign-in page: the one way in that the vendor's web client has is a link to ``/oidc`` (crust dossier, section 1).

The vendor sent the browser to an issuer of its own; here a form takes its place. It ends as that did: with the cookie
and a redirect to the app, whose address is a setting. No request names an address that anybody is sent to.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final
from urllib.parse import urlsplit

from adapter.dialect import Call
from adapter.wire import WireRequest, WireResponse
from dialects.crust.auth.tokens import FORM_FAILED, posted_form, set_cookie
from dialects.crust.wire.envelope import VARY

MARK: Final = "here"
"""The form's field that says: reached from a page of this very server."""
_STYLE: Final = (
    "body{font:16px/1.5 sans-serif;color:#222;background:#f3f3f3;margin:0}"
    "main{max-width:20em;margin:12vh auto;padding:2em;background:#fff}"
    "label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}"
    "input{margin:.2em 0 1em;padding:.5em}button{padding:.6em}"
    ".wrong{color:#a00}"
)
_PAGE: Final = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    f"<style>{_STYLE.replace('{', '{{').replace('}', '}}')}</style></head><body><main>\n"
    "<h1>{title}</h1>\n{inside}\n</main></body></html>\n"
)
_FORM: Final = (
    '{message}<form method="post">\n'
    '<label>User name<input name="username" autocomplete="username" required autofocus></label>\n'
    '<label>Password<input name="password" type="password" autocomplete="current-password" required></label>\n'
    "{mark}<button>Sign in</button>\n</form>"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def form(call: Call) -> WireResponse:
    """The empty form."""
    return _form(call, 200, "", from_here=_is_own(call.request, call.request.headers.get("Referer")))


def sign_in(call: Call) -> WireResponse:
    """After a right password the cookie and the way to the app; after a wrong one the form again."""
    from_here = MARK in posted_form(call.request) or _is_elsewhere_here(call.request)
    if call.principal is None:
        status, words = call.memo[FORM_FAILED]
        return _form(call, status, words, from_here=from_here)
    target = call.settings["app_url"] or (f"{_origin(call.request.base_url)}/" if from_here else "")
    if target:
        headers = [("Location", target), set_cookie(call), ("Cache-Control", "no-store"), VARY]
        return WireResponse(303, headers)
    answer = _page(call, 200, "Signed in", "<p>You are signed in. Go back to the application.</p>")
    answer.headers.insert(1, set_cookie(call))
    return answer


def _form(call: Call, status: int, words: str, *, from_here: bool) -> WireResponse:
    message = f'<p class="wrong" role="alert">{words}</p>\n' if words else ""
    mark = f'<input type="hidden" name="{MARK}" value="1">\n' if from_here else ""
    return _page(call, status, "Sign in", _FORM.format(message=message, mark=mark))


def _page(call: Call, status: int, title: str, inside: str) -> WireResponse:
    # Browsers hold the redirect that follows the form to this too. Whose app it will be is not known before a user is.
    targets = "http: https:" if call.tenant is None else _origin(call.settings["app_url"])
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self' {targets}".rstrip()
        + "; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        VARY,
    ]
    return WireResponse(status, headers, _PAGE.format(title=title, inside=inside).encode())


def _origin(url: str) -> str:
    """Scheme and host of an address, ``""`` of none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


def _is_own(request: WireRequest, url: str | None) -> bool:
    try:
        return bool(url) and _origin(url or "") == _origin(request.base_url)
    except ValueError:
        return False


def _is_elsewhere_here(request: WireRequest) -> bool:
    """Whether the form was not this one but one of another page of this server."""
    referer = request.headers.get("Referer")
    return _is_own(request, referer) and urlsplit(referer or "").path != urlsplit(f"{request.base_url}/oidc").path
