"""Who the client of a recording said it was, and what takes the place of that at whom it is asked of again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapter.client import Credentials
from adapter.contract.carrying import HELD, basic
from adapter.contract.exchange import Exchange
from adapter.dialect import Traces
from adapter.wire import WireResponse

_PARTS = re.compile(r"(\{\{[^{}]*\}\}|[^:]*):?(.*)", re.DOTALL)
WRONG = "not-the-right-one"
"""Takes the place of credentials that the vendor refused."""


class Needed(Exception):
    """A recording needs a credential that nobody gave; the text names its variable."""


@dataclass(frozen=True, slots=True)
class Said:
    """One credential of a recording: `good` unless all that was asked with it was refused."""

    name: str
    role: str
    of: str
    user: str
    value: str
    good: bool


def said(session: Iterable[Exchange], traces: Traces) -> list[Said]:
    """The credentials that the requests of a recording hold, in the order in which they came up."""
    found: dict[str, Mapping[str, str]] = {}
    good: set[str] = set()
    for exchange in session:
        told: Mapping[str, Mapping[str, str]] = exchange.meaning.get("credentials") or {}
        found |= {name: entry for name, entry in told.items() if name not in found}
        if not refused(exchange.response, traces):
            good |= told.keys()
    return [
        Said(name, entry["role"], entry.get("of", ""), entry.get("user", ""), entry.get("value", ""), name in good)
        for name, entry in found.items()
    ]


def refused(answer: WireResponse, traces: Traces) -> bool:
    """Whether an answer says no."""
    return answer.status >= 400 or any(words in answer.body for words in traces.refusals)


def stand_ins(held: Iterable[Said], given: Credentials) -> dict[str, str]:
    """What placeholders stand for at a server where one signs in with what is `given`. Raises Needed."""
    by_role = {
        "token": ("TOKEN", given.token),
        "session": ("TOKEN", given.token),
        "password": ("PASSWORD", given.password),
        "client_secret": ("CLIENT_SECRET", given.client_secret),
    }
    known: dict[str, str] = {}
    held = list(held)
    for each in held:
        if each.role in by_role:
            variable, value = by_role[each.role]
            if each.good and not value:
                raise Needed(f"the recording signs in with a {each.role}: set CRMGLOT_TARGET_{variable}")
            known[each.name] = value if each.good else WRONG
        elif each.role == "value":
            known[each.name] = WRONG
    return known | {each.name: basic(_of(each, given), known) for each in held if each.role == "basic"}


def _of(each: Said, given: Credentials) -> str:
    match = _PARTS.fullmatch(each.of)
    username, password = match.groups() if match else ("", "")
    if HELD.fullmatch(username) or not each.good:
        return each.of
    if "client_secret" in password:
        return f"{given.client_id or username}:{password}"
    return f"{given.username or username}:{password}"


def renamed(held: Iterable[Said], given: Credentials) -> dict[str, str]:
    """Names said in the recording -> names at that server, where they differ."""
    by_role = {"username": given.username, "client_id": given.client_id, "domain": given.domain}
    names = {each.value: by_role.get(each.role, "") for each in held if each.value and each.good}
    return {there: here for there, here in names.items() if here and here != there}
