"""AffinityLive, later Accelo: REST API v0."""

from __future__ import annotations

from adapter.dialect import Dialect, Traces
from dialects.affinitylive.answers import finish, preflight, render_error
from dialects.affinitylive.auth import bearer
from dialects.affinitylive.client import CLIENT
from dialects.affinitylive.fields.lookups import LISTS, PICKLISTS
from dialects.affinitylive.routes import ROUTES, effective_method, locate
from dialects.affinitylive.settings import SETTINGS
from dialects.affinitylive.wire import parameters

DIALECT = Dialect(
    name="affinitylive",
    title="AffinityLive (Accelo) API v0",
    routes=ROUTES,
    authenticate=bearer.authenticate,
    render_error=render_error,
    locate=locate,
    effective_method=effective_method,
    hosts=bearer.HOSTS,
    settings=SETTINGS,
    picklists=PICKLISTS,
    lists=LISTS,
    finish=finish,
    preflight=preflight,
    text_extras=frozenset({"resolution_detail"}),
    people_extras=frozenset({"manager", "staff", "owner_type", "owner_id"}),
    secret_parameters=tuple(sorted(parameters.SECRETS)),
    client=CLIENT,
    traces=Traces(
        secrets={
            "_bearer_token": "token",
            "code": "token",
            "code_verifier": "client_secret",
            "client_id": "client_id",
            "basic-username": "client_id",
            "basic-password": "client_secret",
        },
        ids=r"(?:\A|_)(?:id|by)\Z",
        wrappers=frozenset({"response"}),
        counters=("X-RateLimit-Remaining", "X-RateLimit-Reset"),
    ),
)
