"""Ids of a Zurmo server as canonical ones.

Each of the vendor's models counts for itself: there are a contact 5 and an account 5, a task 5 and a note 5. So an id
says its model too: contacts, tasks, opportunities and users keep their numbers, the others stand `STEP` apart.
"""

from __future__ import annotations

from typing import Final

from canonical.errors import NotFound
from canonical.model import Activity, Opportunity, Party, User
from canonical.values import Ref
from dialects.zurmo.fields.modules import ACCOUNTS, CONTACTS, MEETINGS, NOTES, OPPORTUNITIES, TASKS, USERS, Module

STEP: Final = 10**15
"""More than any of the vendor's tables counts to."""
MODELS: Final = {
    Party.KIND: (CONTACTS, ACCOUNTS),
    Activity.KIND: (TASKS, MEETINGS, NOTES),
    Opportunity.KIND: (OPPORTUNITIES,),
    User.KIND: (USERS,),
}
_PLACES: Final = {module.model: place for modules in MODELS.values() for place, module in enumerate(modules)}


def canonical_id(model: str, number: int) -> int:
    """The id of the record that a server has under a number of that model."""
    return _PLACES[model] * STEP + number


def number_of(id: int) -> int:
    """The server's own number."""
    return id % STEP


def module_of(kind: str, id: int) -> Module:
    """The module in which a record is read and written; contacts and leads are one there. Raises `NotFound`."""
    place = id // STEP
    modules = MODELS[kind]
    if not 0 <= place < len(modules) or not number_of(id):
        raise NotFound(kind, id)
    return modules[place]


def model_of(ref: Ref) -> str | None:
    """The class that ``modelClassName`` names, None for a kind that Zurmo does not have."""
    return module_of(*ref).model if ref.kind in MODELS else None


def foreign_id(kind: str, id: int) -> str:
    return str(number_of(id))
