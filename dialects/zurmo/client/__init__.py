"""Asking a Zurmo server: the slots of the client side, over the field tables that serve (zurmo dossier)."""

from __future__ import annotations

from adapter.client import ClientSide
from dialects.zurmo.client.ask import home, sign
from dialects.zurmo.client.capabilities import CAPABILITIES
from dialects.zurmo.client.ids import foreign_id
from dialects.zurmo.client.perform import perform
from dialects.zurmo.client.pull import pull
from dialects.zurmo.client.shown import is_ended
from dialects.zurmo.client.sign_in import sign_in

CLIENT = ClientSide(
    needs=(("username", "password"),),
    home=home,
    sign_in=sign_in,
    sign=sign,
    ended=is_ended,
    perform=perform,
    pull=pull,
    capabilities=CAPABILITIES,
    foreign_id=foreign_id,
    # Attributes that a model requires and that a record of another system may lack (zurmo dossier, section 7).
    requires={
        "person": ("last_name",),
        "opportunity": ("title", "expected_close"),
        "task": ("title",),
        "meeting": ("title", "start_at"),
    },
    # An opportunity is of an account; people are its contacts (zurmo dossier, section 7).
    refers={("opportunity", "party_id"): ("organisation",)},
)
