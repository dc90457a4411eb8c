"""Crust CRM, the server of December 2018: modules that tenants describe, their records, pages, charts and jobs."""

from __future__ import annotations

from typing import Final

from adapter.dialect import Dialect, Traces
from dialects.crust.answers import finish, preflight, render_error
from dialects.crust.auth.tokens import authenticate
from dialects.crust.client import CLIENT
from dialects.crust.fields.system.modules import TEXT_EXTRAS
from dialects.crust.routes import TABLE, locate
from dialects.crust.settings import NAME, SETTINGS

DIALECT: Final = Dialect(
    name=NAME,
    title="Crust CRM",
    routes=TABLE,
    locate=locate,
    authenticate=authenticate,
    render_error=render_error,
    preflight=preflight,
    finish=finish,
    settings=SETTINGS,
    text_extras=TEXT_EXTRAS,
    secret_parameters=("jwt", "password"),
    traces=Traces(
        secrets={"jwt": "token", "username": "username"},
        ids=r"(?:ID|Id|\Aid)\Z",
        refusals=(b'{"error":',),
        wrappers=frozenset({"response", "contents", "set"}),
    ),
    client=CLIENT,
)
