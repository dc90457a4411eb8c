"""The route table (seed 004; capsule dossier, sections 2 and 8). A case is a "kase" in every path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from adapter.routes import Route, RouteTable
from adapter.wire import WireRequest
from dialects.capsule.fields.party import ORGANISATION, PERSON
from dialects.capsule.fields.picture import PATH as PICTURES
from dialects.capsule.perform import custom, history, lists, matters, parties, pictures, tags, tasks
from dialects.capsule.perform.common import PARENTS

# HEAD is on everything that has GET, as in JAX-RS (JSR 311, section 3.3.5; capsule dossier, section 2).
GET, POST, PUT, DELETE = ("GET", "HEAD"), ("POST",), ("PUT",), ("DELETE",)

_TASKS = (
    Route("task.list", GET, "/api/tasks", tasks.listing, kind="activity"),
    # XMacinka's and PyCapsule's spelling.
    Route("task.list", GET, "/api/task", tasks.listing, kind="activity"),
    Route("task.create", POST, "/api/task", tasks.create, writes=True, kind="activity"),
    Route("task.categories", GET, "/api/task/categories", tasks.list_categories),
    Route("task.read", GET, "/api/task/{id:int}", tasks.read, kind="activity"),
    # Bradaric's spelling.
    Route("task.read", GET, "/api/tasks/{id:int}", tasks.read, kind="activity"),
    Route("task.update", PUT, "/api/task/{id:int}", tasks.update, writes=True, kind="activity"),
    Route("task.delete", DELETE, "/api/task/{id:int}", tasks.delete, writes=True, kind="activity"),
    Route("task.complete", POST, "/api/task/{id:int}/complete", tasks.complete, writes=True, kind="activity"),
    Route("task.reopen", POST, "/api/task/{id:int}/reopen", tasks.reopen, writes=True, kind="activity"),
    # Services_Capsule's slip of the pen; the vendor surely never answered it.
    Route("task.reopen", POST, "/api/task/{id:int}/repoen", tasks.reopen, writes=True, kind="activity"),
)

_BELOW = tuple(
    row
    for parent in PARENTS
    for at in (f"/api/{parent.noun}/{{id:int}}",)
    for row in (
        Route("task.list", GET, f"{at}/tasks", partial(tasks.listing, parent=parent), kind="activity"),
        Route("task.list", GET, f"{at}/task", partial(tasks.listing, parent=parent), kind="activity"),
        Route("task.create", POST, f"{at}/task", partial(tasks.create, parent=parent), writes=True, kind="activity"),
        Route("history.list", GET, f"{at}/history", partial(history.listing, parent=parent), kind="activity"),
        Route(
            "history.create",
            POST,
            f"{at}/history",
            partial(history.create, parent=parent),
            writes=True,
            kind="activity",
        ),
        Route(
            "history.read", GET, f"{at}/history/{{item:int}}", partial(history.read, parent=parent), kind="activity"
        ),
        Route(
            "history.update",
            PUT,
            f"{at}/history/{{item:int}}",
            partial(history.update, parent=parent),
            writes=True,
            kind="activity",
        ),
        Route(
            "history.delete",
            DELETE,
            f"{at}/history/{{item:int}}",
            partial(history.delete, parent=parent),
            writes=True,
            kind="activity",
        ),
        Route("tag.list", GET, f"{at}/tag", partial(tags.listing, parent=parent)),
        Route("tag.add", POST, f"{at}/tag/{{name}}", partial(tags.add, parent=parent), writes=True),
        Route("tag.drop", DELETE, f"{at}/tag/{{name}}", partial(tags.drop, parent=parent), writes=True),
        *(
            route
            for word in ("customfields", "customfield")
            for route in (
                Route("custom.list", GET, f"{at}/{word}", partial(custom.listing, parent=parent)),
                Route("custom.save", (*PUT, *POST), f"{at}/{word}", partial(custom.save, parent=parent), writes=True),
            )
        ),
        Route(
            "custom.definitions",
            GET,
            f"/api/{parent.noun}/customfield/definitions",
            partial(custom.definitions, parent=parent),
        ),
        Route("deleted.list", GET, f"/api/{parent.noun}/deleted", partial(lists.deleted, parent=parent)),
    )
)

_HISTORY = (
    Route("history.read", GET, "/api/history/{item:int}", history.read, kind="activity"),
    Route("history.update", PUT, "/api/history/{item:int}", history.update, writes=True, kind="activity"),
    Route("history.delete", DELETE, "/api/history/{item:int}", history.delete, writes=True, kind="activity"),
)

_PARTIES = (
    Route("party.list", GET, "/api/party", parties.listing, kind="party"),
    Route("party.read", GET, "/api/party/{id:int}", parties.read, kind="party"),
    Route("party.delete", DELETE, "/api/party/{id:int}", parties.delete, writes=True, kind="party"),
    Route("party.people", GET, "/api/party/{id:int}/people", parties.people, kind="party"),
    Route(
        "contact.delete",
        DELETE,
        "/api/party/{id:int}/contact/{contact:int}",
        parties.delete_contact,
        writes=True,
        kind="party",
    ),
    *(
        row
        for type_ in (PERSON, ORGANISATION)
        for row in (
            Route(f"{type_}.list", GET, f"/api/{type_}", partial(parties.listing, type_=type_), kind="party"),
            Route(
                f"{type_}.create",
                POST,
                f"/api/{type_}",
                partial(parties.create, type_=type_),
                writes=True,
                kind="party",
            ),
            Route(f"{type_}.read", GET, f"/api/{type_}/{{id:int}}", partial(parties.read, type_=type_), kind="party"),
            # Bradaric updates by POST.
            Route(
                f"{type_}.update",
                (*PUT, *POST),
                f"/api/{type_}/{{id:int}}",
                partial(parties.update, type_=type_),
                writes=True,
                kind="party",
            ),
        )
    ),
)

_MATTERS = tuple(
    row
    for matter in matters.MATTERS
    for noun, kind in ((matter.parent.noun, matter.kind.KIND),)
    for at in (f"/api/{noun}/{{id:int}}",)
    for row in (
        Route(f"{noun}.list", GET, f"/api/{noun}", partial(matters.listing, matter=matter), kind=kind),
        Route(f"{noun}.read", GET, at, partial(matters.read, matter=matter), kind=kind),
        Route(f"{noun}.update", PUT, at, partial(matters.update, matter=matter), writes=True, kind=kind),
        Route(f"{noun}.delete", DELETE, at, partial(matters.delete, matter=matter), writes=True, kind=kind),
        Route(
            f"{noun}.list", GET, f"/api/party/{{id:int}}/{noun}", partial(matters.of_party, matter=matter), kind=kind
        ),
        Route(
            f"{noun}.create",
            POST,
            f"/api/party/{{id:int}}/{noun}",
            partial(matters.create, matter=matter),
            writes=True,
            kind=kind,
        ),
        Route(
            f"{noun}.update",
            PUT,
            f"/api/party/{{id:int}}/{noun}/{{child:int}}",
            partial(matters.update_of_party, matter=matter),
            writes=True,
            kind=kind,
        ),
        Route(f"{noun}.parties", GET, f"{at}/party", partial(matters.additional_parties, matter=matter)),
        Route(
            f"{noun}.add_party",
            POST,
            f"{at}/party/{{party:int}}",
            partial(matters.add_party, matter=matter),
            writes=True,
        ),
        Route(
            f"{noun}.drop_party",
            DELETE,
            f"{at}/party/{{party:int}}",
            partial(matters.drop_party, matter=matter),
            writes=True,
        ),
    )
)

_LISTS = (
    Route("milestone.list", GET, "/api/opportunity/milestones", lists.list_milestones),
    Route("user.list", GET, "/api/users", lists.users, kind="user"),
    Route("user.list", GET, "/api/user", lists.users, kind="user"),
    Route("track.list", GET, "/api/tracks", lists.list_tracks),
    Route("country.list", GET, "/api/countries", lists.list_countries),
    Route("country.list", GET, "/api/resource/country", lists.list_countries),
    Route("currency.list", GET, "/api/currencies", lists.list_currencies),
    Route("currency.list", GET, "/api/resource/currency", lists.list_currencies),
    Route("picture.read", GET, f"{PICTURES}{{name}}", pictures.avatar, public=True),
)

_SLASHES = re.compile("//+")
_CASE = re.compile(r"\A(/api/(?:party/[0-9]+/)?)case(?=/|\Z)")


def locate(request: WireRequest) -> str:
    """The path as the table knows it.

    A base address with a final slash makes two of one, as Tomcat lets pass; ``case`` is a kase in every path, as
    clients make paths from the names of their classes (capsule dossier, section 2).
    """
    path = request.path
    if "//" in path:
        path = _SLASHES.sub("/", path)
    return _CASE.sub(r"\1kase", path, count=1) if "/case" in path else path


def _options(routes: Iterable[Route]) -> Iterator[Route]:
    """A row for OPTIONS on each path, which tells its methods."""
    methods: dict[str, set[str]] = {}
    for route in routes:
        methods.setdefault(route.template, {"OPTIONS"}).update(route.methods)
    for template, allowed in methods.items():
        yield Route("options", ("OPTIONS",), template, partial(lists.options, allowed=", ".join(sorted(allowed))))


_ROWS = (*_TASKS, *_BELOW, *_HISTORY, *_PARTIES, *_MATTERS, *_LISTS)
ROUTES = RouteTable((*_ROWS, *_options(_ROWS)))
