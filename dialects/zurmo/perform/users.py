"""What only users have: passwords, the caller's own record, and users by their e-mails."""

from __future__ import annotations

from typing import Final

from adapter.dialect import Call
from adapter.formats.form_body import Nested
from adapter.wire import WireResponse
from canonical.model import User
from canonical.query import Query, Window, one_of
from canonical.values import fold
from dialects.zurmo.errors import NO_EMAILS, Failure
from dialects.zurmo.fields.base import MUST_BE, TOO_LONG, Draft
from dialects.zurmo.fields.meeting import user_entry
from dialects.zurmo.fields.modules import USERS
from dialects.zurmo.perform.shared import shown
from dialects.zurmo.wire.envelope import envelope
from dialects.zurmo.wire.parameters import given

MAX_PASSWORD: Final = 1_000
MAX_EMAILS: Final = 1_000


def _password(sent: Nested | None) -> str | None:
    return sent if isinstance(sent, str) and sent else None


def require_password(draft: Draft) -> None:
    """Notes a password that cannot be kept. None at all is legal: such a user cannot sign in."""
    sent = draft.sent.get("password")
    if sent is not None and not isinstance(sent, str):
        draft.fail("password", MUST_BE.format("Password", "string"))
    elif isinstance(sent, str) and len(sent) > MAX_PASSWORD:
        draft.fail("password", TOO_LONG.format("Password", MAX_PASSWORD))


def save_password(call: Call, draft: Draft, record: User) -> None:
    """Sets the password that was sent, in the same transaction."""
    password = _password(draft.sent.get("password"))
    if password is not None and len(password) <= MAX_PASSWORD:
        call.accounts.set_password(call.caller.tenant_id, record.id, password)


def authenticated_user(call: Call) -> WireResponse:
    """The caller's own record; needs no right."""
    record = call.desk.get(User, call.me, USERS.include)
    return envelope(call, shown(call, USERS, [record])[0])


def search_by_emails(call: Call) -> WireResponse:
    """Users by their e-mail addresses, in the order of these; unknown ones are left out. Needs no right."""
    data = given(call).data
    sent = data.get("emails") if data is not None else None
    wanted = [fold(email) for email in sent.values() if isinstance(email, str)] if isinstance(sent, dict) else []
    if not wanted:
        raise Failure(NO_EMAILS)
    wanted = list(dict.fromkeys(filter(None, wanted)))[:MAX_EMAILS]
    found = call.desk.find(User, Query(one_of("email", wanted), window=Window(0, MAX_EMAILS))).items
    users = sorted(found, key=lambda user: wanted.index(fold(user.email or "")))
    return envelope(call, {"users": [user_entry(user) for user in users]})
