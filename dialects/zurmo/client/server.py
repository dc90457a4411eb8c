"""What one server has of its own: its version, contact states and currencies, as signing in found them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.client import Session
from canonical.errors import Invalid, Problem
from dialects.zurmo.fields.contact import LEADS, STATES
from dialects.zurmo.fields.currency import code_by_id, id_of
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.settings import Profile, profile_of

SCRIPT: Final = "/app/index.php"


@dataclass(frozen=True, slots=True)
class Server:
    """`searches` says that there are ``search/filter``, ``listAttributes`` and the sync calls, which 2.x lacks.

    `states` has stage and name of each contact state by id, `currencies` the codes by id, `attributes` the types of
    custom attributes by module, as far as they were asked for.
    """

    profile: Profile
    searches: bool = True
    states: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    currencies: Mapping[int, str] = field(default_factory=dict)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def v3(self) -> bool:
        return self.profile.v3

    def state(self, id: int) -> tuple[str, str] | None:
        """Stage and word of a contact state."""
        return self.states.get(id)

    def state_id(self, stage: str, word: str | None) -> int:
        """The contact state of that name in its stage, else the first of the stage."""
        of_stage = {name: id for id, (owner, name) in self.states.items() if owner == stage}
        if not of_stage:
            raise Invalid(Problem("stage", "unknown"))
        return of_stage.get(word or "") or next(iter(of_stage.values()))

    def currency(self, id: int) -> str | None:
        return self.currencies.get(id) or code_by_id(id, self.profile)

    def currency_id(self, code: str) -> int:
        """The id of a code; one that the server will refuse where it has no such currency."""
        known = {named: id for id, named in self.currencies.items()}
        return known.get(code) or id_of(code, self.profile)


def standard_states(first: int) -> dict[int, tuple[str, str]]:
    """The contact states of a new install."""
    return {id: ("lead" if name in LEADS else "contact", name) for id, name in enumerate(STATES, first)}


def server_of(session: Session) -> Server:
    """What is known of a session's server."""
    found = session.state.get("server")
    if isinstance(found, Server):
        return found
    profile = profile_of(dict(session.profile))
    return Server(profile, states=standard_states(profile.first_state))


def path_of(module: Module, action: str, id: int | None = None) -> str:
    return f"/{module.path}/api/{action}/{'' if id is None else id}"


Data = dict[str, Any]
"""What goes under ``data`` in a form."""
