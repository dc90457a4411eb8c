"""Asking an AffinityLive server: the slots of the client side, over the tables that serve (dossier)."""

from __future__ import annotations

from adapter.client import ClientSide
from dialects.affinitylive.client.ask import home, sign
from dialects.affinitylive.client.capabilities import CAPABILITIES
from dialects.affinitylive.client.perform import perform
from dialects.affinitylive.client.pull import pull
from dialects.affinitylive.client.shown import ended
from dialects.affinitylive.client.sign_in import sign_in

CLIENT = ClientSide(
    needs=(("client_id", "client_secret"), ("token",)),
    home=home,
    sign_in=sign_in,
    sign=sign,
    ended=ended,
    perform=perform,
    pull=pull,
    capabilities=CAPABILITIES,
)
