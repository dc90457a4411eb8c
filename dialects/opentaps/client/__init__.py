"""Asking an opentaps CRM-2 server: the slots of the client side, over the tables that serve (opentaps dossier)."""

from __future__ import annotations

from adapter.client import ClientSide
from dialects.opentaps.client.ask import home, sign
from dialects.opentaps.client.capabilities import CAPABILITIES
from dialects.opentaps.client.hear import ended
from dialects.opentaps.client.perform import perform
from dialects.opentaps.client.pull import pull
from dialects.opentaps.client.sign_in import sign_in
from dialects.opentaps.wire.ids import text_of

CLIENT = ClientSide(
    needs=(("token", "domain"), ("token",)),
    home=home,
    sign_in=sign_in,
    sign=sign,
    ended=ended,
    perform=perform,
    pull=pull,
    capabilities=CAPABILITIES,
    foreign_id=lambda kind, id: text_of(id),
)
