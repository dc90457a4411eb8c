"""Zurmo: the REST API of Zurmo 2.x and 3.1.5 (seed 001; zurmo dossier)."""

from __future__ import annotations

from adapter.dialect import Dialect
from dialects.zurmo.auth import HEADERS, authenticate
from dialects.zurmo.codec.envelope import finish
from dialects.zurmo.codec.parameters import locate
from dialects.zurmo.errors import render_error
from dialects.zurmo.handlers.lookups import DEFAULTS
from dialects.zurmo.routes import ROUTES
from dialects.zurmo.settings import NAME, SETTINGS

DIALECT = Dialect(
    name=NAME,
    title="Zurmo",
    routes=ROUTES,
    authenticate=authenticate,
    render_error=render_error,
    locate=locate,
    underscore_headers=HEADERS,
    settings=SETTINGS,
    picklists=DEFAULTS,
    finish=finish,
)
