"""The route table: every module has the same actions, and any verb reaches the action that the path names.

Which parameters an action sees does depend on the verb (`wire.parameters`), so most wrong verbs fail in the vendor's
words (zurmo dossier, section 2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from adapter.dialect import Call
from adapter.formats import charsets
from adapter.routes import Handler, Route, RouteTable
from adapter.wire import WireRequest, WireResponse
from dialects.zurmo.errors import NoSuchPage
from dialects.zurmo.fields.modules import MODULES, USERS, Module
from dialects.zurmo.perform import attributes, lists, lookups, records, sessions, sync, users
from dialects.zurmo.wire.parameters import decoded

_BASE = re.compile(r"(?:\A|/)(?:index|test)\.php(?=/|\Z)")
# Action, handler, whether it writes.
ACTIONS: Final[tuple[tuple[str, Handler, bool], ...]] = (
    ("read", records.read, False),
    ("list", lists.list_records, False),
    ("search", lists.search_records, False),
    ("listAttributes", attributes.list_attributes, False),
    ("create", records.create, True),
    ("update", records.update, True),
    ("delete", records.delete, True),
)
SYNC: Final[tuple[tuple[str, Handler, bool], ...]] = (
    ("getCreatedItems", sync.created, False),
    ("getModifiedItems", sync.modified, False),
    ("getDeletedItems", sync.deleted, False),
)
USER_ACTIONS: Final[tuple[tuple[str, Handler, bool], ...]] = (
    ("getAuthenticatedUser", users.authenticated_user, False),
    ("searchUsersByEmails", users.search_by_emails, False),
)
LOOKUP_ACTIONS: Final[tuple[tuple[str, Handler, bool], ...]] = (
    ("read", lookups.read_row, False),
    ("list", lookups.list_rows, False),
    ("listAttributes", attributes.list_small_attributes, False),
    ("create", lookups.disabled, False),
    ("update", lookups.disabled, False),
    ("delete", lookups.disabled, False),
)
STATE_ACTIONS: Final[tuple[tuple[str, Handler, bool], ...]] = (
    ("listContactStates", lookups.list_contact_states, False),
    ("listLeadStates", lookups.list_lead_states, False),
)
CUSTOM_FIELD_ACTIONS: Final[tuple[tuple[str, Handler, bool], ...]] = (
    ("read", lookups.read_custom_field, False),
    ("list", lookups.list_custom_fields, False),
    ("addValues", lookups.add_values, True),
)


def unknown_action(call: Call) -> WireResponse:
    """The vendor's page for an action that a module has not."""
    raise NoSuchPage(f'The system is unable to find the requested action "{call.params["action"][:200]}".')


def unknown_module(call: Call) -> WireResponse:
    """The vendor's page for a module that there is not."""
    params = call.params
    if "entity" in params:
        name = f"{params['module']}/{params['entity']}Api/{params['action']}"
    else:
        name = "/".join([quote(part, safe="") for part in decoded(params.get("rest", ""))])
    raise NoSuchPage(f'Unable to resolve the request "{name[:200]}".')


def _rows(path: str, kind: str | None, actions: Any, **meta: Any) -> Iterator[Route]:
    entity = path.rpartition("/")[2]
    for action, handler, writes in actions:
        yield Route(
            f"{entity}.{action}",
            ("*",),
            f"/{path}/api/{action}/{{rest:rest}}",
            handler,
            writes=writes,
            kind=kind,
            meta={"path": path, "action": action, **meta},
        )


def _module_rows(module: Module) -> Iterator[Route]:
    kind = module.kind.KIND
    yield from _rows(module.path, kind, ACTIONS, module=module)
    if module.synced:
        yield from _rows(module.path, kind, SYNC, module=module)
    if module is USERS:
        yield from _rows(module.path, kind, USER_ACTIONS, module=module)


def _table() -> Iterator[Route]:
    yield Route("session.open", ("*",), "/zurmo/api/login/{rest:rest}", sessions.login, public=True)
    yield Route("session.close", ("*",), "/zurmo/api/logout/{rest:rest}", sessions.logout, public=True)
    paths = [module.path for module in MODULES]
    for module in MODULES:
        yield from _module_rows(module)
    for path in lookups.TABLES:
        yield from _rows(path, None, LOOKUP_ACTIONS)
        paths.append(path)
    yield from _rows("contacts/contactState", None, STATE_ACTIONS)
    yield from _rows("zurmo/customField", None, CUSTOM_FIELD_ACTIONS)
    yield from _rows("zurmo/permission", None, (("listDefault", lookups.list_default_permissions, False),))
    for path in (*paths, "zurmo/customField", "zurmo/permission"):
        yield Route("unknown.action", ("*",), f"/{path}/api/{{action}}/{{rest:rest}}", unknown_action)
    yield Route("unknown.action", ("*",), "/zurmo/api/{action}/{rest:rest}", unknown_action)
    yield Route("unknown.module", ("*",), "/{module}/{entity}/api/{action}/{rest:rest}", unknown_module)
    yield Route("unknown.module", ("*",), "/{rest:rest}", unknown_module)


ROUTES: Final = RouteTable(_table())


def locate(request: WireRequest) -> str:
    """The path that the route table knows: what follows ``index.php``, "" without a script.

    As by the vendor the whole path is decoded, ``+`` too, and split after that: ``%2F`` ends a segment, ``%2B`` is a
    plus sign that parse_str will take for a blank. Bytes that are not UTF-8 are taken as windows-1252. Only ``%`` is
    encoded anew, because the route table decodes it.
    """
    path = request.path
    if "%" in path or "+" in path:
        path = charsets.unquoted(path.replace("+", " "))
    script = _BASE.search(path)
    return "" if script is None else "/" + path[script.end() :].strip("/").replace("%", "%25")
