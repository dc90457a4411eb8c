"""opentaps CRM-2: the Activities and Task API, and what its clients use beside it (seed 000; opentaps dossier)."""

from __future__ import annotations

from adapter.dialect import Dialect, Traces
from dialects.opentaps.answers import preflight, render_error
from dialects.opentaps.auth import authenticate
from dialects.opentaps.client import CLIENT
from dialects.opentaps.fields.picklists import DEFAULT_TYPES, LISTS
from dialects.opentaps.routes import ROUTES, effective_method, locate
from dialects.opentaps.settings import SETTINGS

DIALECT = Dialect(
    name="opentaps",
    title="opentaps CRM-2 Activities API",
    judges_rights=True,
    routes=ROUTES,
    authenticate=authenticate,
    render_error=render_error,
    locate=locate,
    effective_method=effective_method,
    hosts=("crm2.opentaps.com",),
    settings=SETTINGS,
    picklists=DEFAULT_TYPES,
    lists=LISTS,
    numeric_ids=False,
    text_extras=frozenset({"noteText"}),
    people_extras=frozenset({"responsible", "createdByUser"}),
    secret_parameters=("authToken",),
    preflight=preflight,
    client=CLIENT,
    traces=Traces(
        secrets={"authToken": "token", "tempAuthToken": "token", "userName": "username", "clientDomain": "domain"},
        ids=r"(?i)id\Z",
        wrappers=frozenset({"resultValue", "data"}),
    ),
)
