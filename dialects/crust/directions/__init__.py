"""The four directions, without a desk: what contract tests and migration speak.

Operations are those of `canonical.operations` on `Module`, `ModuleRecord`, `LayoutPage`, `SavedChart` and `User`, and
those of `dialects.crust.directions.operations`. Computed charts, kinds of fields, workflows and jobs are no operation.
"""

from __future__ import annotations

from dialects.crust.directions.answers import parse_response, render_response
from dialects.crust.directions.operations import CheckSession, FindRecords, FindTree, Reorder, Session, SignIn, SignOut
from dialects.crust.directions.requests import parse_request, render_request

__all__ = [
    "CheckSession",
    "FindRecords",
    "FindTree",
    "Reorder",
    "Session",
    "SignIn",
    "SignOut",
    "parse_request",
    "parse_response",
    "render_request",
    "render_response",
]
