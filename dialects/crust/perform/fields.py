"""Kinds of fields: a fixed list."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.letters import fold_letters
from dialects.crust.fields.objects import FIELD_KINDS
from dialects.crust.wire import envelope
from dialects.crust.wire.binding import Path, Request, bind
from dialects.crust.wire.gojson import STRING

LIST = Request("FieldList", ())
READ = Request("FieldType", (Path("typeID", STRING),))
_BY_TYPE = {kind["type"]: kind for kind in FIELD_KINDS}
"""Compared as the vendor's database does: case, accents and blanks at the end do not count."""


def listed(call: Call) -> WireResponse:
    bind(call, LIST)
    return envelope.response(FIELD_KINDS)


def read(call: Call) -> WireResponse:
    """One kind; a missing one is empty, not an error."""
    sought = fold_letters(bind(call, READ)["typeID"]).rstrip(" ")
    return envelope.response(_BY_TYPE.get(sought, {"name": "", "type": ""}))
