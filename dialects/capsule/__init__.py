"""Capsule CRM API v1: XML and JSON under ``/api``, HTTP Basic with a token (seed 004; capsule dossier)."""

from __future__ import annotations

from adapter.dialect import Dialect, Traces
from dialects.capsule.answers import finish, render_error
from dialects.capsule.auth import authenticate
from dialects.capsule.client import CLIENT
from dialects.capsule.fields.picklists import DEFAULTS, LISTS
from dialects.capsule.routes import ROUTES, locate
from dialects.capsule.settings import SETTINGS

DIALECT = Dialect(
    name="capsule",
    title="Capsule CRM API v1",
    routes=ROUTES,
    authenticate=authenticate,
    render_error=render_error,
    locate=locate,
    finish=finish,
    hosts=("*.capsulecrm.com",),
    unread_bodies=("GET", "HEAD", "DELETE", "OPTIONS"),
    settings=SETTINGS,
    picklists=DEFAULTS,
    lists=LISTS,
    client=CLIENT,
    traces=Traces(
        secrets={"basic-username": "token", "apiToken": "token"},
        wrappers=frozenset({"parties", "person", "organisation"}),
        counters=("X-RateLimit-Remaining", "X-RateLimit-Reset"),
    ),
)
