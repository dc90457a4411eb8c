"""Asking a Crust server: the slots of the client side, over the fields that serve (crust dossier)."""

from __future__ import annotations

from adapter.client import ClientSide
from dialects.crust.client.ask import home, sign
from dialects.crust.client.capabilities import CAPABILITIES
from dialects.crust.client.perform import perform, sign_in
from dialects.crust.client.pull import pull
from dialects.crust.client.shown import ended

CLIENT = ClientSide(
    needs=(("username", "password"), ("token",)),
    home=home,
    sign_in=sign_in,
    sign=sign,
    ended=ended,
    perform=perform,
    pull=pull,
    capabilities=CAPABILITIES,
)
