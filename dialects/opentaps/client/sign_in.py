"""Signing in: an hour's token for the permanent one, and whose cards are whose (opentaps dossier, section 1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from adapter.client import Conversation, Session
from adapter.losses import LossReport
from canonical.errors import NotFound, Unauthenticated
from canonical.model import User
from dialects.opentaps.client import ask, hear
from dialects.opentaps.client.shown import Shown, bare

_ASKED: Final = "sign-in"
_UNKNOWN_PATH: Final = (404, 405)


def sign_in(session: Session) -> Conversation:
    """The session with a temporary token, which alone goes on the wire from then on, and the users.

    A token that buys none may be temporary itself; a server of before 2014 has no such call. Raises `Unauthenticated`,
    `Denied` for another's domain, `UnexpectedAnswer`.
    """
    token = yield from _temporary(session)
    known: dict[str, Any] = {"token": token or session.credentials.token, "users": {}}
    session = replace(session, state=known)
    if token is None:
        answer = yield ask.sign(ask.reading("/activities/1"), session)
        hear.activities(_ASKED, answer, {}, LossReport())
    users = yield from signed(listed_users(LossReport()), session)
    return replace(session, state={**known, "users": {user.id: user.username for user in users}})


def _temporary(session: Session) -> Conversation:
    """The token to go on with, None from a server that knows no such call."""
    token = session.credentials.token
    pairs = [("authToken", token)]
    answer = yield ask.addressed(ask.sending("POST", "/oauth/temp-token", pairs), session)
    if answer.status in _UNKNOWN_PATH:
        return None
    if answer.status == 401:
        answer = yield ask.addressed(ask.sending_json("/oauth/validate", dict(pairs)), session)
        if bare(_ASKED, answer).needed("authenticated").value is not True:
            raise Unauthenticated("unknown")
        return token
    found = bare(_ASKED, answer).needed("authToken")
    if not found.text():
        raise found.fail("empty")
    return found.text()


def signed(conversation: Conversation, session: Session) -> Conversation:
    """A conversation whose requests are signed here, for there is nobody yet to do it."""
    try:
        request = next(conversation)
        while True:
            request = conversation.send((yield ask.sign(request, session)))
    except StopIteration as done:
        return done.value


def listed_users(losses: LossReport) -> Conversation:
    """All users; none where the server tells of none."""
    answer = yield ask.reading("/contacts-users")
    if answer.status in _UNKNOWN_PATH:
        return []
    return (yield from users_of(hear.cards("user list", answer), losses))


def users_of(cards: list[Shown], losses: LossReport) -> Conversation:
    found: list[User] = []
    for card in cards:
        path = f"/contact-users/{ask.wire_id('user', hear.card_id(card))}"
        answer = yield ask.reading(path)
        try:
            known = hear.logins("user list", answer)
        except NotFound:
            # Whoever lost his last login in the meantime is a user no more.
            continue
        if known:
            found.append(hear.user(card, known, losses))
    return found
