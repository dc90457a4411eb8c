"""Asking a Capsule server: the slots of the client side, over the same field tables that serve (capsule dossier)."""

from __future__ import annotations

from adapter.client import ClientSide
from dialects.capsule.client.ask import home, sign
from dialects.capsule.client.capabilities import CAPABILITIES, PRECISION, REQUIRES, VOCABULARY
from dialects.capsule.client.hear import ended
from dialects.capsule.client.perform import perform, sign_in
from dialects.capsule.client.pull import pull

CLIENT = ClientSide(
    needs=(("token",),),
    home=home,
    sign_in=sign_in,
    sign=sign,
    ended=ended,
    perform=perform,
    pull=pull,
    capabilities=CAPABILITIES,
    requires=REQUIRES,
    vocabulary=VOCABULARY,
    precision=PRECISION,
)
