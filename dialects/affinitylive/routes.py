"""The route table (dossier, section 2). Prefix and extension are gone from the path before it is matched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adapter.formats import Malformed, TooLarge
from adapter.routes import Route, RouteTable
from adapter.wire import WireRequest
from dialects.affinitylive.fields.lookups import TYPES
from dialects.affinitylive.fields.registry import RESOURCES
from dialects.affinitylive.perform import (
    activities,
    affiliations,
    histories,
    interacts,
    lists,
    oauth,
    people,
    profiles,
    threads,
    work,
)
from dialects.affinitylive.perform.shared import Handler
from dialects.affinitylive.wire import parameters

OVERRIDES = {"get": "GET", "put": "PUT", "post": "POST", "delete": "DELETE"}
READ, WRITE = ("GET",), ("POST", "PUT")
SINGULARS = {
    **{"activities": "activity", "companies": "company", "contacts": "contact", "affiliations": "affiliation"},
    **{"tasks": "task", "issues": "issue", "prospects": "prospect", "tags": "tag"},
}


def _route(
    name: str, methods: tuple[str, ...], path: str, operation: str, handler: Handler, *, writes: bool = False
) -> Route:
    return Route(
        f"{name}.{operation}",
        methods,
        f"/{name}{path}",
        handler,
        writes=writes,
        kind=RESOURCES[name].kind.KIND or None,
        meta={"scope": name, "write": writes},
    )


def _reading(name: str) -> Iterator[Route]:
    """What every resource with a canonical kind has."""
    own = {"activities": activities.lister, "affiliations": affiliations.lister}.get(name)
    for order in ("", "recent", "newest"):
        handler = lists.lister(name, order) if own is None else own(order)
        yield _route(name, READ, f"/{order}" if order else "", order or "list", handler)
    yield _route(
        name, READ, "/count", "count", affiliations.counter if name == "affiliations" else lists.counter(name)
    )
    yield _route(name, READ, "/{id:int}", "read", activities.read if name == "activities" else lists.reader(name))
    yield _route(name, READ, "/{id:int}/collections", "collections", lists.collections(name))
    yield _route(name, ("POST",), "/{id:int}/collections/{n:int}/resources", "collect", lists.read_only, writes=True)
    yield _route(name, READ, "/{id:int}/profiles/values", "values", profiles.of_one(name))
    yield _route(name, READ, "/{id:int}/profiles/values/count", "value_count", profiles.count_of_one(name))
    yield _route(name, READ, "/profiles/values", "all_values", profiles.of_all(name))
    yield _route(name, READ, "/profiles/values/count", "all_value_count", profiles.count_of_all(name))
    yield _route(name, READ, "/profiles/fields", "value_fields", profiles.fields(name))
    yield _route(name, READ, "/profiles/fields/count", "value_field_count", profiles.field_count(name))
    yield _route(name, READ, "/profiles/fields/{id:int}", "value_field", profiles.field(name))
    if name != "staff":
        yield _route(name, ("PUT",), "/{id:int}/profiles/values/{field:int}", "set_value", profiles.changer(name),
                     writes=True)  # fmt: skip
        yield _route(name, ("POST",), "/{id:int}/profiles/fields/{field:int}", "add_value", profiles.adder(name),
                     writes=True)  # fmt: skip


def _table(name: str, path: str, table: str) -> Iterator[Route]:
    """A list of plain objects under a resource."""
    label = path.strip("/").replace("/", "_")
    yield _route(name, READ, path, label, lists.table_lister(table))
    yield _route(name, READ, f"{path}/count", f"{label}_count", lists.table_counter(table))
    yield _route(name, READ, f"{path}/{{id:int}}", f"{label}_read", lists.table_reader(table))


def _standing(name: str) -> Iterator[Route]:
    yield from _table(name, "/statuses", f"{name} statuses")
    yield _route(name, READ, "/{id:int}/status", "status", lists.status_reader(name))


def _writing(name: str, create: Handler, update: Handler, delete: Handler) -> Iterator[Route]:
    yield _route(name, ("POST",), "", "create", create, writes=True)
    yield _route(name, ("PUT",), "/{id:int}", "update", update, writes=True)
    yield _route(name, ("DELETE",), "/{id:int}", "delete", delete, writes=True)


def _progressing(name: str) -> Iterator[Route]:
    yield _route(name, READ, "/{id:int}/progressions", "progressions", work.progressions(name))
    yield _route(name, READ, "/progressions", "all_progressions", work.all_progressions(name))
    yield _route(name, READ, "/progressions/count", "progression_count", work.progression_count(name))
    yield _route(name, READ, "/progressions/history", "histories", histories.lister(name))
    yield _route(name, READ, "/progressions/history/count", "history_count", histories.counter(name))
    yield _route(name, READ, "/progressions/history/{id:int}", "history", histories.reader(name))
    for tail in ("", "/auto"):
        yield _route(name, WRITE, f"/{{id:int}}/progressions/{{progression}}{tail}", "progress", work.progress(name),
                     writes=True)  # fmt: skip


def _nothing(name: str, path: str, of: str | None = None) -> Iterator[Route]:
    """A list of which nothing is held: empty, and no id is known. `of` is the resource of the thing in the path."""
    label = path.replace("/{id:int}", "/one").strip("/").replace("/", "_")
    yield _route(name, READ, path, label, lists.empty(of))
    yield _route(name, READ, f"{path}/count", f"{label}_count", lists.none)
    yield _route(name, ("GET", "PUT", "POST"), f"{path}/{{n:int}}", f"{label}_one", lists.unknown_id)


def _work() -> Iterator[Route]:
    for name in ("tasks", "issues", "prospects"):
        yield from _writing(name, work.creator(name), work.updater(name), work.deleter(name))
        yield from _progressing(name)
        yield from _table(name, "/types", TYPES[name])
    for name in ("issues", "prospects"):
        yield from _nothing(name, "/extensions/fields")
        yield from _nothing(name, "/extensions/values")
        yield from _nothing(name, "/{id:int}/extensions/values", name)
        yield _route(name, ("POST",), "/{id:int}/extensions/fields/{n:int}", "extend", lists.unknown_id)
    yield from _table("tasks", "/priorities", "task priorities")
    yield _route("tasks", READ, "/meta", "meta", lists.task_meta)
    yield from _table("issues", "/priorities", "issue priorities")
    yield from _table("issues", "/classes", "issue classes")
    yield from _table("issues", "/resolutions", "resolutions")
    yield _route("issues", READ, "/{id:int}/tasks", "tasks", lists.issue_tasks)
    yield from _table("prospects", "/probabilities", "probabilities")


def _activities() -> Iterator[Route]:
    name = "activities"
    yield from _writing(name, activities.create, activities.update, activities.delete)
    for word in ("interacts", "recipients"):  # the second is the old alias
        yield _route(name, READ, f"/{{id:int}}/{word}", "interacts", interacts.of_activity)
        yield _route(name, READ, f"/{{id:int}}/{word}/count", "interact_count", interacts.count)
    yield _route(name, READ, "/allocations", "allocations", activities.allocations)
    yield _route(name, ("POST",), "/reports", "report", activities.report, writes=True)
    yield _route(name, READ, "/threads", "threads", threads.lister)
    yield _route(name, READ, "/threads/count", "thread_count", threads.count)
    yield _route(name, READ, "/threads/{id:int}", "thread", threads.read)
    yield from _table(name, "/classes", "classes")
    yield from _table(name, "/priorities", "priorities")


def _people() -> Iterator[Route]:
    yield from _writing("companies", people.create_company, people.updater("companies"), people.delete_company)
    yield from _writing("contacts", people.create_contact, people.updater("contacts"), people.delete_contact)
    yield from _writing("affiliations", affiliations.create, people.updater("affiliations"), affiliations.delete)
    for name in ("companies", "contacts", "affiliations"):
        yield from _progressing(name)
    for name in ("companies", "contacts"):
        yield _route(name, READ, "/{id:int}/addresses", "addresses", lists.addresses(name))
        yield _route(name, ("POST",), "/{id:int}/addresses", "add_address", lists.read_only, writes=True)
        yield from _nothing(name, "/{id:int}/segmentations", name)
    yield from _nothing("affiliations", "/{id:int}/segmentations", "affiliations")
    yield _route("companies", READ, "/{id:int}/contact", "contact", lists.company_contact)
    yield _route("companies", READ, "/{id:int}/contacts", "contacts", lists.company_contacts)
    yield _route("companies", READ, "/{id:int}/contacts/count", "contact_count", lists.company_contact_count)
    yield _route("staff", READ, "/{id}", "by_name", people.staff_by_name)
    yield _route("staff", ("POST",), "", "create", people.create_staff, writes=True)
    yield _route("staff", ("PUT",), "/{id:int}", "update", people.update_staff, writes=True)


def _oauth() -> Iterator[Route]:
    yield Route("oauth.token", ("POST",), "/oauth2/v0/token", oauth.token)
    yield Route("oauth.authorize", ("GET", "POST"), "/oauth2/v0/authorize", oauth.authorize, public=True)
    yield Route("oauth.revoke", ("POST",), "/oauth2/v0/revoke", oauth.revoke, public=True)


def _own() -> Iterator[Route]:
    """About the caller: any token may ask, whatever its scope."""
    yield Route("tokeninfo", READ, "/tokeninfo", oauth.tokeninfo)
    yield Route("staff.whoami", READ, "/staff/whoami", people.whoami)
    yield Route("user", READ, "/user", people.user)
    yield Route("tags.list", READ, "/tags", lists.tags, meta={"scope": "tags", "write": False})
    yield Route("tags.count", READ, "/tags/count", lists.tag_count, meta={"scope": "tags", "write": False})
    yield Route("tags.read", READ, "/tags/{id:int}", lists.tag, meta={"scope": "tags", "write": False})
    yield Route(
        "tags.create", ("POST",), "/tags", lists.create_tag, writes=True, meta={"scope": "tags", "write": True}
    )


def _all() -> Iterator[Route]:
    for name in ("activities", "companies", "contacts", "affiliations", "tasks", "issues", "prospects", "staff"):
        yield from _reading(name)
        if name != "activities":
            yield from _standing(name)
    yield from _activities()
    yield from _people()
    yield from _work()
    yield from _oauth()
    yield from _own()


def _aliased(routes: Iterator[Route]) -> Iterator[Route]:
    """Every route, and the same with the singular of its first segment (dossier, section 8.0)."""
    for route in routes:
        yield route
        first, slash, rest = route.template.lstrip("/").partition("/")
        if first in SINGULARS:
            yield replace(route, template=f"/{SINGULARS[first]}{slash}{rest}")


ROUTES = RouteTable(_aliased(_all()))
UNSERVED = (
    "jobs", "request", "requests", "contracts", "milestones", "expenses", "invoices", "campaigns", "assets",
    "segmentations", "webhooks",
)  # fmt: skip
"""Resources of the vendor without a kind here: unknown, but the API's (dossier, section 2)."""
SEGMENTS = frozenset((*UNSERVED, *(route.template.strip("/").partition("/")[0] for route in ROUTES)))
"""First segments that are the API's even without a prefix."""


def locate(request: WireRequest) -> str:
    """The path as the route table knows it: no prefix, no extension."""
    return parameters.split_path(request.path)[1]


def effective_method(request: WireRequest) -> str:
    """The method, or the one that ``_method`` names on a GET or POST, in any letter case and any form of parameter."""
    method = "GET" if request.method == "HEAD" else request.method
    if method not in ("GET", "POST") or not parameters.names_method(request):
        return method
    try:
        given = parameters.read(request).text("_method")
    except TooLarge as error:
        raise Malformed(str(error)) from None
    if given is None:
        return method
    return OVERRIDES.get(given.strip().lower(), given.strip().upper()[:20] or method)
