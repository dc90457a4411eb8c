"""The routes of both services, crm and system: their paths do not clash, so one mount serves both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from adapter.routes import Handler, Route, RouteTable
from adapter.wire import WireRequest
from dialects.crust.perform import charts, content, door, fields, modules, pages, reports, sessions, users
from dialects.crust.perform.workflows import ROUTES as WORKFLOWS

_PLAIN = "-_.~$&+,/:;=@"
"""What Go leaves as it is in a path besides letters and digits (net/url, shouldEscape)."""
_ESCAPE = re.compile(r"%[0-9a-fA-F]{2}")


def locate(request: WireRequest) -> str:
    """The path as Go's router sees it: decoded, but as it stands where Go itself would have written it otherwise.

    ``/mod%75le/`` is no module list, nor ``/page/%35`` page 5 (crust dossier, section 2).
    """
    path = request.path
    if "%" not in path:
        return path
    data = path.encode("iso-8859-1", "replace")
    if _ESCAPE.sub("", path).find("%") < 0 and quote(unquote_to_bytes(data), safe=_PLAIN) == path:
        return path
    return path.replace("%", "%25")


def _both(operation: str, method: str, path: str, handler: Handler, **more: Any) -> Iterator[Route]:
    """A collection answers with and without its final slash; on any longer path a slash is a 404."""
    yield Route(operation, (method,), path, handler, **more)
    yield Route(operation, (method,), f"{path}/", handler, **more)


def _records(word: str, **more: Any) -> tuple[Route, ...]:
    """Records under one of their two names."""
    many = f"/module/{{moduleID}}/{word}"
    one = f"{many}/{{{word}ID}}"
    return (
        Route("record.list", ("GET",), many, content.listed, kind="record", **more),
        Route("record.create", ("POST",), many, content.create, writes=True, kind="record", **more),
        Route("record.read", ("GET",), one, content.read, kind="record", **more),
        Route("record.update", ("POST",), one, content.update, writes=True, kind="record", **more),
        Route("record.delete", ("DELETE",), one, content.delete, writes=True, kind="record", **more),
    )


ROUTES: Final = (
    Route("auth.login", ("POST",), "/auth/login", sessions.login, public=True),
    Route("auth.check", ("GET",), "/auth/check", sessions.check, public=True),
    Route("auth.logout", ("GET",), "/auth/logout", sessions.logout, public=True),
    Route("auth.form", ("GET",), "/oidc", door.form, public=True, meta={"door": True}),
    Route("auth.door", ("POST",), "/oidc", door.sign_in, public=True, meta={"door": True}),
    Route("version", ("GET",), "/version", sessions.version, public=True),
    *_both("field.list", "GET", "/field", fields.listed),
    Route("field.read", ("GET",), "/field/{typeID}", fields.read),
    *_both("module.list", "GET", "/module", modules.listed, kind="module"),
    *_both("module.create", "POST", "/module", modules.create, writes=True, kind="module"),
    Route("module.read", ("GET",), "/module/{moduleID}", modules.read, kind="module"),
    Route("module.edit", ("POST",), "/module/{moduleID}", modules.edit, writes=True, kind="module"),
    Route("module.delete", ("DELETE",), "/module/{moduleID}", modules.delete, writes=True, kind="module"),
    Route("module.chart", ("GET",), "/module/{moduleID}/chart", charts.chart, kind="record"),
    Route("module.report", ("GET",), "/module/{moduleID}/report", reports.report, kind="record"),
    *_records("content"),
    *_records("record", meta={"record": True}),
    *_both("page.list", "GET", "/page", pages.listed, kind="page"),
    *_both("page.create", "POST", "/page", pages.create, writes=True, kind="page"),
    Route("page.tree", ("GET",), "/page/tree", pages.tree, kind="page"),
    Route("page.read", ("GET",), "/page/{pageID}", pages.read, kind="page"),
    Route("page.edit", ("POST",), "/page/{pageID}", pages.edit, writes=True, kind="page"),
    Route("page.delete", ("DELETE",), "/page/{pageID}", pages.delete, writes=True, kind="page"),
    Route("page.reorder", ("POST",), "/page/{pageID}/reorder", pages.reorder, writes=True, kind="page"),
    *_both("chart.list", "GET", "/chart", charts.listed, kind="chart"),
    *_both("chart.create", "POST", "/chart", charts.create, writes=True, kind="chart"),
    Route("chart.read", ("GET",), "/chart/{chartID}", charts.read, kind="chart"),
    Route("chart.update", ("POST",), "/chart/{chartID}", charts.update, writes=True, kind="chart"),
    Route("chart.delete", ("DELETE",), "/chart/{chartID}", charts.delete, writes=True, kind="chart"),
    *_both("user.list", "GET", "/users", users.listed, kind="user"),
    *_both("user.create", "POST", "/users", users.create, writes=True, kind="user"),
    Route("user.read", ("GET",), "/users/{userID}", users.read, kind="user"),
    Route("user.edit", ("PUT",), "/users/{userID}", users.edit, writes=True, kind="user"),
    Route("user.delete", ("DELETE",), "/users/{userID}", users.delete, writes=True, kind="user"),
    *_both("team.list", "GET", "/teams", users.teams),
    Route("team.read", ("GET",), "/teams/{teamID}", users.team),
    *_both("organisation.list", "GET", "/organisations", users.organisations),
    Route("organisation.read", ("GET",), "/organisations/{organisationID}", users.organisation),
    *WORKFLOWS,
)
TABLE: Final = RouteTable(ROUTES, slash_optional=False, empty_segments=True)
