"""Who sees, finds and changes what, in every dialect and in scripts: a plain table, and each cell of it tried.

The routes that are not named here are tried by `tests/dialects/test_every_route_confidential.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapter.jobs.crm import Crm
from adapter.jobs.modules import Mistake
from canonical.errors import CanonicalError
from canonical.model import Activity, Party, User
from canonical.operations import Create, NewLink
from canonical.values import Ref
from tests.matrix.clients import CLIENTS, AffinityLive, Client, Crust, Seen, Zurmo
from tests.support.world import World

READ, MASKED, HIDDEN = "read", "masked", "hidden"
CALLERS = ("owner", "creator", "linked", "carded", "colleague", "viewer", "admin", "stranger")
"""Who owns the record; made it; is linked to it as a user; by his card; nothing of it; and may only view; an
administrator; one of another company."""
TABLE: dict[str, str] = {
    # visibility       owner  creator linked carded colleague viewer admin   stranger
    "everyone":     "read   read    read   read   read      read   read    hidden",
    "owner":        "read   hidden  hidden hidden hidden    hidden read    hidden",
    "group":        "read   hidden  hidden hidden hidden    hidden read    hidden",
    "private":      "read   read    read   read   hidden    hidden hidden  hidden",
    "confidential": "read   read    read   read   masked    masked masked  hidden",
}  # fmt: skip
CELLS = [
    (visibility, caller, access)
    for visibility, row in TABLE.items()
    for caller, access in zip(CALLERS, row.split(), strict=True)
]
SECRET, BODY = "Merger with Initech", "zwölf Millionen"
FIRST, LAST = "Merger with A", "Merger with Z"


@dataclass(frozen=True)
class Asked:
    kind: str
    number: int
    low: int
    high: int
    person: int


class Company:
    """The callers as users, and records of every visibility."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.world.add_tenant("other", "other.com")
        for name in CALLERS:
            self.world.add_user(
                name,
                tenant="other" if name == "stranger" else "acme",
                admin=name == "admin",
                view_only=name == "viewer",
            )

    def user(self, name: str) -> int:
        return self.world.principal(f"{name}-token").user_id

    def card(self, name: str) -> int:
        return self.world.desk(f"{name}-token").get(User, self.user(name)).person_id or 0

    def asked(self, kind: str, visibility: str) -> Asked:
        """A new record, two that are everybody's around it by title, and the person that they are about."""

        def work(desk: Any) -> Asked:
            person = desk.create(Create(Party, {"first_name": "Zoë", "last_name": "Lund"})).id
            about = NewLink(Ref("party", person))
            parts = (
                NewLink(Ref("user", self.user("linked")), "cc"),
                NewLink(Ref("party", self.card("carded")), "to"),
            )
            made = []
            for title, how, links in (
                (FIRST, "everyone", ()),
                (SECRET, visibility, parts),
                (LAST, "everyone", ()),
            ):
                values = {"type": kind, "title": title, "body": f"{BODY} {title}", "visibility": how, "state": "open"}
                owner = {"owner_id": self.user("owner")}
                made.append(desk.create(Create(Activity, {**values, **owner}, (about, *links))).id)
            return Asked(kind, made[1], made[0], made[2], person)

        return self.world.write(work, "creator-token")

    def stored(self, number: int) -> tuple[Any, ...] | None:
        """What is kept of a record, whoever may see it."""
        desk = self.world.core.everything(self.world.principal("owner-token").tenant_id, self.world.time())
        for record in desk.get_many(Activity, [number], ("links",)).values():
            targets = sorted(link.target.id for link in record.links if link.target.kind == "party")
            users = sorted(link.target.id for link in record.links if link.target.kind == "user")
            return (record.title, record.body, record.owner_id, record.creator_id, record.visibility, record.state,
                    users, targets)  # fmt: skip
        return None


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    made = Company(tmp_path)
    with made.world:
        yield made


# -- what each dialect shows, finds and sorts ------------------------------------------------------------------

Ways = dict[str, Callable[[Any, "Asked"], Any]]


def crust_list(client: Crust, asked: Asked, query: str) -> list[int]:
    return [
        int(row["contentID"])
        for row in client.done("GET", f"{client.path(asked.kind)}?perPage=200&{query}")["contents"]
    ]


def crust_chart(client: Crust, asked: Asked, query: str) -> Any:
    return client.done("GET", f"/module/{client.modules[asked.kind.capitalize()]}/chart?{query}")


def zurmo_list(client: Zurmo, asked: Asked, data: dict[str, str], path: str = "list") -> list[int]:
    answer = client.done(
        "POST", f"{asked.kind}s/{asked.kind}/api/{path}/filter/", {**data, "[pagination][pageSize]": "500"}
    )
    return [item["id"] for item in answer.get("items", [])]


def zurmo_clause(client: Zurmo, asked: Asked, operator: str, value: str) -> list[int]:
    clause = "[search][searchAttributeData][clauses][1]"
    data = {
        "[search][modelClassName]": asked.kind.capitalize(),
        f"{clause}[attributeName]": "name" if asked.kind == "task" else "description",
        f"{clause}[operatorType]": operator,
        f"{clause}[value]": value,
        "[search][searchAttributeData][structure]": "1",
    }
    return zurmo_list(client, asked, data, "search")


def affinity_list(client: AffinityLive, asked: Asked, query: str) -> list[int]:
    return [int(item["id"]) for item in client.done("GET", f"{client.names(asked.kind)[0]}?_limit=100&{query}")]


def crm(client: Client) -> Crm:
    return Crm(client.world.desk(f"{client.user}-token", ""))


def script_list(client: Client, asked: Asked, where: dict[str, Any], sort: str = "id") -> list[int]:
    return [found["id"] for found in crm(client).call("find", [asked.kind, where, sort, 200], {})]


LISTED: dict[str, Ways] = {
    "affinitylive": {"list": lambda c, a: affinity_list(c, a, "_fields=_ALL")},
    "capsule": {"list": lambda c, a: c.numbers(a.kind, a.person)},
    "crust": {"list": lambda c, a: crust_list(c, a, "")},
    "opentaps": {"list": lambda c, a: c.numbers(a.kind, a.person)},
    "zurmo": {"list": lambda c, a: zurmo_list(c, a, {})},
    "scripts": {"find": lambda c, a: script_list(c, a, {})},
}
"""Lists of all there is."""
FOUND: dict[str, Ways] = {
    "affinitylive": {
        "_search": lambda c, a: affinity_list(c, a, "_search=Initech") if a.kind == "task" else None,
        "title": lambda c, a: affinity_list(c, a, f"_filters=title({SECRET})") if a.kind == "task" else None,
        "threads": lambda c, a: (
            [t["id"] for t in c.done("GET", "activities/threads?q=Initech&_limit=100")["threads"]]
            if a.kind == "note"
            else None
        ),
    },
    "crust": {
        "query": lambda c, a: crust_list(c, a, "query=Initech"),
        "query body": lambda c, a: crust_list(c, a, "query=Millionen%20Merger%20with%20I"),
    },
    "zurmo": {
        "contains": lambda c, a: zurmo_clause(c, a, "contains", "Initech"),
        "startsWith": lambda c, a: zurmo_clause(c, a, "startsWith", "Merger with I"),
        "search": lambda c, a: zurmo_list(
            c, a, {f"[search][{'name' if a.kind == 'task' else 'description'}]": "Merger with I"}
        ),
    },
    "scripts": {
        "=": lambda c, a: script_list(c, a, {"title": SECRET}),
        "like": lambda c, a: script_list(c, a, {"title like": "%Initech%"}),
        "body": lambda c, a: script_list(c, a, {"body like": "%Initech%"}),
        "range": lambda c, a: script_list(c, a, {"title >": FIRST, "title <": LAST}),
        "in": lambda c, a: script_list(c, a, {"title in": ["x", SECRET]}),
    },
}
"""Ways to find a record by what it says: the numbers found."""
SORTED: dict[str, Ways] = {
    "crust": {
        "up": lambda c, a: crust_list(c, a, f"sort={'Subject' if a.kind == 'task' else 'Title'}"),
        "down": lambda c, a: crust_list(c, a, f"sort={'Subject' if a.kind == 'task' else 'Title'}%20DESC"),
    },
    "zurmo": {
        "up": lambda c, a: zurmo_list(c, a, {"[sort]": "name"}) if a.kind == "task" else None,
        "down": lambda c, a: zurmo_list(c, a, {"[sort]": "name.desc"}) if a.kind == "task" else None,
    },
    "scripts": {
        "up": lambda c, a: script_list(c, a, {}, "title"),
        "down": lambda c, a: script_list(c, a, {}, "title desc"),
    },
}
COUNTED: dict[str, Ways] = {
    "crust": {
        "chart": lambda c, a: crust_chart(c, a, f"kind=pie&groupBy={'Subject' if a.kind == 'task' else 'Title'}"),
        "report": lambda c, a: c.done(
            "GET",
            f"/module/{c.modules[a.kind.capitalize()]}/report?dimensions={'Subject' if a.kind == 'task' else 'Title'}",
        ),
    },
}
"""Numbers over texts: what they tell."""

# -- what each dialect changes -----------------------------------------------------------------------------------


def affinity_title(client: Any, asked: Asked) -> None:
    client.done("PUT", f"{client.names(asked.kind)[0]}/{asked.number}", {client.names(asked.kind)[1]: "Mine"})


def zurmo_update(data: Callable[[Any, Asked], dict[str, str]]) -> Callable[[Any, Asked], None]:
    return lambda c, a: c.done("PUT", f"{a.kind}s/{a.kind}/api/update/{a.number}", data(c, a))


def crust_update(**values: str) -> Callable[[Any, Asked], None]:
    return lambda c, a: c.done("POST", f"{c.path(a.kind)}/{a.number}", c.fields(**values))


def opentaps_update(**values: str) -> Callable[[Any, Asked], None]:
    return lambda c, a: c.done("PUT", f"/activities/{c.hex(a.number)}", {**values, "partial": "Yes"})


def capsule_put(client: Any, asked: Asked, task: str, item: str) -> None:
    path, body = ("task", task) if asked.kind == "task" else ("history", f"<historyItem>{item}</historyItem>")
    body = f"<task>{body}</task>" if asked.kind == "task" else body
    assert client.call("PUT", f"{path}/{asked.number}", body).status == 200


def retitle(client: Any, asked: Asked) -> None:
    client.retitle(asked.kind, asked.number, "Mine", "Mine")


def script(name: str, **values: Any) -> Callable[[Any, Asked], None]:
    return lambda c, a: c.world.write(
        lambda desk: Crm(desk).call(name, [a.kind, a.number], values), f"{c.user}-token", ""
    )


TEXT: dict[str, Ways] = {
    "affinitylive": {"title": affinity_title},
    "capsule": {"put": retitle},
    "crust": {"update": retitle},
    "opentaps": {"put": retitle},
    "zurmo": {"update": retitle},
    "scripts": {"title": script("update", title="Mine"), "body": script("update", body="Mine")},
}
TAKEN: dict[str, Ways] = {
    "affinitylive": {
        "assignee": lambda c, a: (
            c.done("PUT", f"tasks/{a.number}", {"assignee_id": str(my_id(c))}) if a.kind == "task" else None
        ),
    },
    "capsule": {"owner": lambda c, a: capsule_put(c, a, f"<owner>{c.user}</owner>", f"<creator>{c.user}</creator>")},
    "crust": {
        "owner": lambda c, a: crust_update(OwnerId=str(my_id(c)))(c, a),
        "contact": lambda c, a: crust_update(ContactId=str(my_card(c)))(c, a),
    },
    "opentaps": {
        "contact": lambda c, a: c.done(
            "POST", "/activities/contact/add", {"activityId": c.hex(a.number), "contactId": c.person_hex(my_card(c))}
        ),
        "assigned": lambda c, a: opentaps_update(assignedToContactId=c.person_hex(my_card(c)))(c, a),
        "responsible": lambda c, a: opentaps_update(responsibleContactId=c.person_hex(my_card(c)))(c, a),
    },
    "zurmo": {
        "owner": zurmo_update(lambda c, a: {"[owner][id]": str(my_id(c))}),
        "item": zurmo_update(lambda c, a: c.link(my_card(c))),
    },
    "scripts": {
        "owner": lambda c, a: script("update", owner_id=my_id(c))(c, a),
        "visibility": script("update", visibility="private"),
        "link": lambda c, a: c.world.write(
            lambda desk: Crm(desk).call("link", [a.kind, a.number, "person", my_card(c)], {}), f"{c.user}-token", ""
        ),
    },
}
"""Writes by which the caller would come to take part."""
DELETED: dict[str, Ways] = {
    name: {"delete": lambda c, a: c.delete(a.kind, a.number, a.person)}
    for name in ("affinitylive", "capsule", "crust", "opentaps", "zurmo")
}
COMPLETED: dict[str, Ways] = {
    **{name: {"complete": lambda c, a: c.complete(a.number)} for name in DELETED},
    "scripts": {"complete": script("complete")},
}
"""What everybody may do who sees the task: what it says stays out of it."""


def my_id(client: Any) -> int:
    return int(client.world.principal(f"{client.user}-token").user_id)


def my_card(client: Any) -> int:
    return int(client.world.desk(f"{client.user}-token").get(User, my_id(client)).person_id or 0)


class Script:
    """The caller's scripts, in the place of a dialect's client."""

    def __init__(self, world: World, user: str) -> None:
        self.world = world
        self.user = user

    def read(self, kind: str, number: int) -> Any:
        found = crm(self).call("get", [kind, number], {})  # type: ignore[arg-type]
        return None if found is None else Seen(f"{found['title']}\n{found['body'] or ''}", False)


def client_of(company: Company, dialect: str, caller: str) -> Any:
    return Script(company.world, caller) if dialect == "scripts" else CLIENTS[dialect](company.world, caller)


DIALECTS = (*sorted(CLIENTS), "scripts")


FAST = (("confidential", "colleague"), ("confidential", "carded"), ("private", "colleague"))


def marked(at: int, cell: tuple[Any, ...], dialect: str) -> Any:
    """The cells that tell most are fast, of the others every fifth is in `make test`."""
    marks = () if cell[:2] in FAST else pytest.mark.slow if at % 5 == 0 else pytest.mark.exhaustive
    return pytest.param(dialect, *cell, marks=marks)


CELLS_OF_ALL = [marked(at, *each) for at, each in enumerate((cell, dialect) for cell in CELLS for dialect in DIALECTS)]


KINDS = ("task", "note")


def kinds_for(what: str, dialect: str) -> tuple[str, ...]:
    """Only tasks are completed; of tasks AffinityLive does not say who may change what they say."""
    if what == "completed":
        return ("task",)
    return ("note",) if dialect == "affinitylive" and what == "text" else KINDS


REFUSED: Any = ()
"""What the vendor tells of nothing."""


def tried(way: Callable[[Any, Asked], Any], client: Any, asked: Asked) -> Any:
    """What a way gives: None where the dialect has no such way for the kind."""
    try:
        return way(client, asked)
    except (AssertionError, CanonicalError, Mistake):
        return REFUSED


@pytest.mark.parametrize(("dialect", "visibility", "caller", "access"), CELLS_OF_ALL)
def test_who_is_shown_what(company: Company, dialect: str, visibility: str, caller: str, access: str) -> None:
    client = client_of(company, dialect, caller)
    for kind in KINDS:
        asked = company.asked(kind, visibility)
        seen = tried(lambda c, a: c.read(a.kind, a.number), client, asked)
        seen = None if seen is REFUSED else seen
        assert (seen is None) == (access == HIDDEN), kind
        assert seen is None or (SECRET in seen.text and BODY in seen.text) == (access == READ), kind
        for name, way in LISTED[dialect].items():
            listed = tried(way, client, asked)
            assert (asked.number in listed) == (access != HIDDEN), (kind, name)
        for name, way in FOUND.get(dialect, {}).items():
            found = tried(way, client, asked)
            if found is not None:
                assert (asked.number in found) == (access == READ), (kind, name)
        for name, way in SORTED.get(dialect, {}).items():
            found = tried(way, client, asked)
            if found is None or caller == "stranger":
                continue
            order = [id for id in found if id in (asked.low, asked.number, asked.high)]
            masked = [asked.number, asked.low, asked.high]
            wanted = {READ: [asked.low, asked.number, asked.high], MASKED: masked, HIDDEN: masked[1:]}[access]
            assert order == (wanted if name == "up" else wanted[::-1]), (kind, name)
        for name, way in COUNTED.get(dialect, {}).items():
            told = repr(tried(way, client, asked))
            assert (SECRET in told) == (access == READ), (kind, name)


WRITES = {"text": TEXT, "taken": TAKEN, "deleted": DELETED, "completed": COMPLETED}


def may(what: str, dialect: str, visibility: str, caller: str, access: str) -> bool:
    """Whether the caller may do it."""
    if caller == "viewer" or access == HIDDEN:
        return False
    if what == "completed":
        return True
    owns = caller == "owner" or (caller == "admin" and visibility in ("owner", "group"))
    if dialect == "affinitylive" and what == "text":
        return owns  # the vendor's own rule for activities (affinitylive dossier, section 7)
    if dialect == "zurmo" and what == "deleted":
        return access == READ and (caller in ("owner", "admin"))  # zurmo dossier, section 7
    return access == READ


@pytest.mark.parametrize(("dialect", "visibility", "caller", "access"), CELLS_OF_ALL)
def test_who_changes_what(company: Company, dialect: str, visibility: str, caller: str, access: str) -> None:
    client = client_of(company, dialect, caller)
    for what, table in WRITES.items():
        for name, way in table.get(dialect, {}).items():
            for kind in kinds_for(what, dialect):
                asked = company.asked(kind, visibility)
                before = company.stored(asked.number)
                if what == "taken" and dialect == "affinitylive" and kind == "note":
                    continue
                tried(way, client, asked)
                after = company.stored(asked.number)
                allowed = may(what, dialect, visibility, caller, access)
                if allowed and what == "taken" and caller in PARTS:
                    continue  # he takes part already
                assert (after != before) == allowed, (what, name, kind, before, after)
                if not allowed:
                    assert after == before


PARTS = ("owner", "creator", "linked", "carded")
CASCADING = ("capsule", "opentaps")
"""The dialects in which what is about a person goes with him."""


@pytest.mark.parametrize(
    ("dialect", "visibility", "caller", "access"), [cell for cell in CELLS_OF_ALL if cell.values[0] in CASCADING]
)
def test_what_a_cascade_takes_along(company: Company, dialect: str, visibility: str, caller: str, access: str) -> None:
    """Only what the caller reads; all else stays, cleared of the person."""
    asked = company.asked("task", visibility)
    client = client_of(company, dialect, caller)
    if caller == "stranger":
        return
    if dialect == "capsule":
        gone = client.call("DELETE", f"party/{asked.person}").status == 200
    else:
        gone = client.call("DELETE", f"/contact?contactId={client.person_hex(asked.person)}")[0] == 200
    assert gone == (caller != "viewer")
    after = company.stored(asked.number)
    assert (after is None) == (gone and access == READ)
    if after is not None:
        assert (after[0], asked.person in after[-1]) == (SECRET, not gone)
