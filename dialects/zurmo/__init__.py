"""Zurmo: the REST API of Zurmo 2.x and 3.1.5 (seed 001; zurmo dossier)."""

from __future__ import annotations

from adapter.dialect import Dialect, Traces
from dialects.zurmo.answers import finish, render_error
from dialects.zurmo.auth import HEADERS, authenticate
from dialects.zurmo.client import CLIENT
from dialects.zurmo.fields.picklists import CHOICES, DEFAULTS, own_list
from dialects.zurmo.routes import ROUTES, locate
from dialects.zurmo.settings import NAME, SETTINGS

DIALECT = Dialect(
    name=NAME,
    title="Zurmo",
    routes=ROUTES,
    authenticate=authenticate,
    render_error=render_error,
    locate=locate,
    underscore_headers=HEADERS,
    unread_bodies=("GET", "HEAD", "DELETE", "OPTIONS"),
    settings=SETTINGS,
    judges_rights=True,
    picklists=DEFAULTS,
    lists=CHOICES,
    own_list=own_list,
    finish=finish,
    text_extras=frozenset({"description"}),
    traces=Traces(
        secrets={
            "ZURMO_AUTH_USERNAME": "username",
            "ZURMO_AUTH_PASSWORD": "password",
            "ZURMO_SESSION_ID": "session",
            "ZURMO_TOKEN": "token",
            "sessionId": "session",
            "PHPSESSID": "session",
        },
        ids=r"(?i)(?:\A|_)id\Z|[a-z]Id\Z",
        refusals=(b'"status":"FAILURE"',),
        wrappers=frozenset({"data", "items"}),
    ),
    client=CLIENT,
)
