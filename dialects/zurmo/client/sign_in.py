"""Signing in, and what the server has of its own (zurmo dossier, sections 1, 4 and 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from adapter.client import Conversation, Session
from adapter.wire import WireResponse
from canonical.errors import Denied, Unauthenticated
from dialects.zurmo.client import ask, hear
from dialects.zurmo.client.server import Server, path_of, standard_states
from dialects.zurmo.client.shown import Shown, data
from dialects.zurmo.fields.contact import CONTACTS
from dialects.zurmo.fields.modules import TASKS
from dialects.zurmo.settings import profile_of

_ASKED: Final = "sign-in"
_MOST: Final = 1_000
_STATES: Final = "/contacts/contactState/api"
_OWN: Final = ("sessionId", "token")


def sign_in(session: Session) -> Conversation:
    """The session with its id and token, and with the server's version, contact states and currencies."""
    known = session.credentials
    if not (known.username and known.password):
        raise Unauthenticated("missing")
    if any(char in known.username + known.password for char in "\r\n\0"):
        raise Unauthenticated("unknown")
    found = data(_ASKED, (yield ask.login(session)))
    id, token = (found.needed(name).text() for name in _OWN)
    session = replace(session, state={"session": id, "token": token})
    server = yield from _server(session)
    return replace(session, state={**session.state, "server": server})


def _server(session: Session) -> Conversation:
    answer = yield ask.sign(ask.reading(path_of(TASKS, "listAttributes")), session)
    # 2.x has no such action: a page with status 404.
    searches = answer.status != 404
    v3 = session.profile.get("profile")
    if v3 is None:
        tasks = _given(answer)
        named = None if tasks is None else tasks.needed("items").object()
        v3 = "v3" if searches and (named is None or "status" in named) else "seed"
    profile = profile_of({**session.profile, "profile": v3})
    states = yield from _states(session, profile.first_state)
    listed = _given((yield ask.sign(_everything("/zurmo/currency/api/list/"), session)))
    currencies = {} if listed is None else _named(listed, "code")
    return Server(profile, searches, states, currencies)


def _everything(path: str) -> Any:
    return ask.listing(path, {"pagination": ask.page(1, _MOST)})


def _given(answer: WireResponse) -> Shown | None:
    """The data of an answer; None where the server has no such call, or the user no right to it."""
    if answer.status == 404:
        return None
    try:
        return data(_ASKED, answer)
    except (Denied, Unauthenticated):
        return None


def _named(shown: Shown, name: str) -> dict[int, str]:
    return {item.needed("id").id(): item.needed(name).text() for item in hear.listed(shown)}


def _states(session: Session, first: int) -> Conversation:
    """The contact states by id, those of leads and those of contacts; administrators may have made others."""
    found: dict[int, tuple[str, str]] = {}
    for action, stage in (("listLeadStates", "lead"), ("listContactStates", "contact")):
        listed = _given((yield ask.sign(ask.reading(f"{_STATES}/{action}/"), session)))
        if listed is None:
            return (yield from _standard(session, first))
        found.update((id, (stage, name)) for id, name in _named(listed, "name").items())
    return found or standard_states(first)


def _standard(session: Session, first: int) -> Conversation:
    """The same where only all states together are listed: what is called as those of a new install is such a one."""
    listed = _given((yield ask.sign(_everything(f"{_STATES}/list/"), session)))
    if listed is None:
        return standard_states(first)
    states: Mapping[int, str] = _named(listed, "name")
    return {id: ("contact" if name in CONTACTS else "lead", name) for id, name in states.items()}
