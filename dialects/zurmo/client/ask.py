"""From operations to the forms that ask a Zurmo server for them, over the rows that show records; unsigned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from adapter.client import Session
from adapter.formats import form_body
from adapter.losses import LossReport
from adapter.wire import Headers, WireRequest
from canonical.model import KINDS, Opportunity, Record
from canonical.values import Ref
from dialects.zurmo.client.ids import number_of
from dialects.zurmo.client.server import SCRIPT, Data, Server, path_of
from dialects.zurmo.fields.base import Field, View
from dialects.zurmo.fields.common import IMPORTABLE
from dialects.zurmo.fields.modules import Module
from dialects.zurmo.fields.opportunity import FIRST_STAGE, PROBABILITIES, STATES
from dialects.zurmo.fields.task_search import STATE_OF, STATUS_OF
from dialects.zurmo.perform.drafting import IMPORT
from dialects.zurmo.settings import NAME

_ACCEPT: Final = ("Accept", "application/json")
_FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")
_REST: Final = ("ZURMO-API-REQUEST-TYPE", "REST")
"""PHP takes dashes and underscores for the same, and proxies let dashes pass (zurmo dossier, section 1)."""
_BASE: Final = re.compile(r"\A(.*?/(?:index|test)\.php)(?:/.*)?\Z")


def home(url: str) -> str:
    """``https://crm.example.com`` for ``https://crm.example.com/app/index.php`` and for itself.

    Any other place of the script, ``http://host/crm/index.php``, stays as it is.
    """
    found = _BASE.match(url)
    base = url if found is None else found[1].removesuffix(SCRIPT)
    return base.rstrip("/").removesuffix("/app")


def addressed(request: WireRequest, session: Session, headers: Iterable[tuple[str, str]] = ()) -> WireRequest:
    """The request below the server's script."""
    host = session.base_url.partition("://")[2].partition("/")[0]
    path = request.path if session.base_url.endswith(".php") else SCRIPT + request.path
    every = Headers([_ACCEPT, _REST, *headers, *request.headers])
    return replace(request, path=path, headers=every, base_url=session.base_url, host=host)


def sign(request: WireRequest, session: Session) -> WireRequest:
    state = session.state
    given = (("ZURMO-SESSION-ID", "session"), ("ZURMO-TOKEN", "token"))
    return addressed(request, session, [(name, str(state.get(key, ""))) for name, key in given])


def login(session: Session) -> WireRequest:
    """The request that signs in, addressed: there is no session to sign it with."""
    known = session.credentials
    pairs = (("ZURMO-AUTH-USERNAME", known.username), ("ZURMO-AUTH-PASSWORD", known.password))
    # Bytes of UTF-8, as clients send them (zurmo dossier, section 1).
    headers = [(name, text.encode("utf-8", "replace").decode("iso-8859-1")) for name, text in pairs]
    return addressed(WireRequest("POST", "/zurmo/api/login"), session, headers)


def reading(path: str) -> WireRequest:
    return WireRequest("GET", path)


def removing(path: str) -> WireRequest:
    return WireRequest("DELETE", path)


def sending(method: str, path: str, data: Data) -> WireRequest:
    """A form with all of it under ``data``."""
    return WireRequest(method, path, "", Headers([_FORM]), form_body.build_query({"data": data}).encode())


def listing(path: str, asked: Data) -> WireRequest:
    """A list by GET: what is asked is a segment of the path (zurmo dossier, section 3)."""
    return reading(f"{path}filter/{quote(form_body.build_query(asked), safe='=&%')}")


def page(number: int, size: int) -> Data:
    return {"page": str(number), "pageSize": str(size)}


# -- attributes -------------------------------------------------------------------------------------


def stored(kind: type[Record], values: Mapping[str, Any]) -> Any:
    """A record with these values."""
    known = KINDS[kind.KIND].by_name
    return kind(**{name: value for name, value in values.items() if value is not None and name in known})


def attributes(
    module: Module, record: Any, named: Iterable[str], server: Server, losses: LossReport, *, whole: bool
) -> Data:
    """The attributes that say the named canonical values, and what this dialect itself keeps beside them.

    With `whole` only those that have a value. What the vendor has no room for is added to the losses.
    """
    named, view, silent = set(named), View(server.profile, losses=losses), View(server.profile)
    plain = replace(record, extras={}) if record.extras.get(NAME) else None
    out: Data = {}
    for row in module.table(server.v3).by_name.values():
        if row.take is None or row.read_only or row.choose is not None or (row.name == "completed" and server.v3):
            continue  # the status says whether a task is completed, in 3.x
        touched = bool(named.intersection(row.columns))
        if plain is not None and not touched:
            # Said by our own extras alone: the completedDateTime of a task that is not completed.
            touched = row.show(record, silent) != row.show(plain, silent)
        if touched:
            shown = _shown(row, record, view, server)
            if shown is not None or not whole:
                out[row.name] = _null(row) if shown is None else shown
    return out


def _null(row: Field) -> Any:
    """What makes an attribute null: a map in the place of its value, where an empty text would be stored as 0."""
    return {"0": ""} if row.element in ("Integer", "Decimal", "DateTime", "Date") and not row.required else ""


def _shown(row: Field, record: Any, view: View, server: Server) -> Any:
    """An attribute's value as a client sends it, None where there is nothing to say."""
    if row.name == "explicitReadWriteModelPermissions":
        return _permissions(record)
    if row.name == "completed":
        return str(int(record.state == "completed"))
    shown = row.show(record, view)
    if row.element == "ContactState":
        return {"id": str(server.state_id(record.stage, record.stage_word))}
    if row.element == "CurrencyValue":
        amount = None if shown is None else {"value": shown["value"]}
        return {**amount, "currency": _currency(record, server)} if amount and record.currency else amount
    if row.element == "CurrencyDropDown":
        return None if record.currency is None else _currency(record, server)
    if row.element == "Account":
        return {"id": "" if shown is None else str(number_of(shown["id"]))}
    if row.element == "User":
        return {"id": "" if shown is None else str(shown["id"])}
    return as_sent(shown)


def as_sent(shown: Any) -> Any:
    """A shown value as a client sends it: related records by their ids, own objects without, null as nothing."""
    if not isinstance(shown, dict):
        return None if shown is None else str(shown)
    if set(shown) == {"id"} or "username" in shown:
        return {"id": str(shown["id"])}
    # `invalid` is 0 by itself.
    kept = {name: held for name, held in shown.items() if name != "id" and (name, held) != ("invalid", "0")}
    return {name: as_sent(held) for name, held in kept.items() if held is not None}


def _currency(record: Any, server: Server) -> dict[str, str]:
    return {"id": str(server.currency_id(record.currency))}


def _permissions(record: Any) -> dict[str, str]:
    match record.visibility:
        case "everyone":
            return {"type": "1"}
        case "group":
            return {"type": "2", "nonEveryoneGroup": str(record.group_id)}
    return {"type": ""}


def audit(module: Module, record: Any, named: Iterable[str], server: Server) -> Data:
    """Times and makers of a record that was made elsewhere, which a new one may have (zurmo dossier, section 3)."""
    view = View(server.profile)
    named = set(named)
    found = {
        row.name: as_sent(row.show(record, view)) if row.element == "DateTime" else {"id": str(made)}
        for row in module.table(server.v3).fields
        if (column := IMPORTABLE.get(row.name)) in named and (made := getattr(record, str(column))) is not None
    }
    return {**found, "modelScenario": IMPORT} if found else {}


# -- what rules make of values ----------------------------------------------------------------------


def ruled(kind: str, values: Mapping[str, Any], server: Server, losses: LossReport) -> dict[str, Any]:
    """The values without what the vendor's rules would make something else of, which is a loss."""
    values = dict(values)
    if kind == "task" and values.get("state") is not None:
        sayable = STATE_OF.get(STATUS_OF.get(values["state"], "")) if server.v3 else "open"
        if values["state"] not in ("completed", sayable):
            losses.add(kind, "state", "no_such_status")
    if kind == Opportunity.KIND:
        _follow_the_stage(values, server, losses)
    if values.get("visibility") not in (None, "everyone", "group", "owner"):
        losses.add(kind, "visibility", "as_owner")
    return values


def _follow_the_stage(values: dict[str, Any], server: Server, losses: LossReport) -> None:
    """Whether it is won or lost, and in 3.x how probable it is, follows the stage (zurmo dossier, section 7)."""
    state = values.get("state")
    if state is not None and values.get("stage") is None:
        values["stage"] = next((stage for stage, ends in STATES.items() if ends == state), FIRST_STAGE)
    elif state is not None and state != STATES.get(values["stage"], "open"):
        losses.add(Opportunity.KIND, "state", "follows_the_stage")
    probability = values.get("probability")
    if server.v3 and probability is not None and probability != PROBABILITIES.get(str(values.get("stage")), 0):
        losses.add(Opportunity.KIND, "probability", "follows_the_stage")


# -- requests --------------------------------------------------------------------------------------


def create(module: Module, data: Data) -> WireRequest:
    return sending("POST", path_of(module, "create"), data)


def update(module: Module, ref: Ref, data: Data) -> WireRequest:
    return sending("PUT", path_of(module, "update", number_of(ref.id)), data)
