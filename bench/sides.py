"""The three sides, each with its requests for the same things, and how to read its answers.

A side is made over a database file. `one`, `page` and `create` give the environ to call it with, `read_one`,
`read_page` and `read_created` what an answer says, in the same words for all sides, so that a test can hold them
together. A dialect is one class and its row in `DIALECTS`.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from lxml import etree

import dialects
from adapter.gateway import Gateway
from adapter.logs import Log
from adapter.mounts import Mounts
from adapter.serve import Wsgi, create_app
from adapter.settings import Settings
from bench import client, data, obvious, rows
from bench.client import Environ
from bench.floor import Floor
from canonical.accounts import Tenant
from canonical.model import Activity
from canonical.service.core import CanonicalCore
from canonical.store.sql.store import SqlStore
from canonical.values import SECOND, instant, sql_time
from dialects.crust.auth.jwt import sign
from dialects.crust.fields.system.modules import system_id, system_modules
from dialects.opentaps.wire.ids import wire_id

Facts = dict[str, Any]
PAGE: Final = 50
_JSON: Final = {"Accept": "application/json"}


class Side(ABC):
    """One way of answering. `app` is the WSGI callable that is measured."""

    name = ""
    app: client.Wsgi
    keys: tuple[str, ...] = ()
    """The facts that an answer about one task holds."""
    remark = ""
    """How its lists differ from the floor's."""

    @abstractmethod
    def one(self, id: int) -> Environ: ...
    @abstractmethod
    def page(self, offset: int) -> Environ:
        """The tasks of `listed`, and how many there are where the wire can say it."""

    def listed(self, tasks: Iterable[rows.Task]) -> list[int]:
        """The ids that its list holds, in order: of the open tasks, by due date."""
        waiting = [task for task in tasks if task.state in rows.OPEN_STATES]
        return [task.id for task in sorted(waiting, key=lambda task: (task.due_at, task.id))]

    @abstractmethod
    def create(self, title: str, body: str, due: str) -> Environ:
        """`due` is ``YYYY-MM-DD HH:MM:SS``."""

    @abstractmethod
    def read_one(self, body: bytes) -> Facts: ...
    @abstractmethod
    def read_page(self, body: bytes) -> tuple[list[int], int | None]:
        """The ids and the total."""

    @abstractmethod
    def read_created(self, headers: list[tuple[str, str]], body: bytes) -> int: ...

    def get(self, id: int) -> Facts:
        return self.read_one(client.call(self.app, self.one(id)))

    def list(self, offset: int) -> tuple[list[int], int | None]:
        return self.read_page(client.call(self.app, self.page(offset)))

    def add(self, title: str, body: str, due: str) -> int:
        return self.read_created(*client.answer(self.app, self.create(title, body, due)))

    def close(self) -> None:
        """Lets go of the database, where it is the side's own."""
        return


class Plain(Side):
    """The wire of the floor and of the obvious app."""

    keys = (
        *("id", "title", "body", "category", "due_at", "completed_at", "created_at", "updated_at"),
        *("owner", "creator", "modifier", "company"),
    )

    def one(self, id: int) -> Environ:
        return client.request("GET", f"/tasks/{id}", _JSON)

    def page(self, offset: int) -> Environ:
        return client.request("GET", f"/tasks?is_closed=0&limit={PAGE}&offset={offset}", _JSON)

    def create(self, title: str, body: str, due: str) -> Environ:
        sent = orjson.dumps({"title": title, "body": body, "due_at": due})
        return client.request("POST", "/tasks", {**_JSON, "Content-Type": "application/json"}, sent)

    def read_one(self, body: bytes) -> Facts:
        shown = orjson.loads(body)
        facts = {key: shown[key] for key in self.keys}
        for key in ("owner", "creator", "modifier"):
            facts[key] = shown[key]["username"]
        facts["company"] = shown["company"] and shown["company"]["name"]
        return facts

    def read_page(self, body: bytes) -> tuple[list[int], int | None]:
        shown = orjson.loads(body)
        return [item["id"] for item in shown["items"]], shown["total"]

    def read_created(self, headers: list[tuple[str, str]], body: bytes) -> int:
        return int(orjson.loads(body)["id"])


class FloorSide(Plain):
    name = "floor"

    def __init__(self, path: Path) -> None:
        self.app = self._floor = Floor(path)

    def close(self) -> None:
        self._floor.close()


class ObviousSide(Plain):
    name = "obvious app"

    def __init__(self, path: Path) -> None:
        self.app = obvious.create_app(path).wsgi_app

    def one_xml(self, id: int) -> Environ:
        return client.request("GET", f"/tasks/{id}.xml", {"Accept": "application/xml"})

    def containing(self, word: str) -> Environ:
        return client.request("GET", f"/tasks?contains={word}", _JSON)


class Ours:
    """Our application over its database, every line of its log written and thrown away."""

    def __init__(self, path: Path) -> None:
        self.core = CanonicalCore(SqlStore(f"sqlite:///{path}"), secret_key=data.SECRET)
        self._nowhere = Path("/dev/null").open("ab", buffering=0)  # noqa: SIM115, closed by `close`
        log = Log(self._nowhere.write)
        gateways = {name: Gateway(dialects.load(name), self.core, log) for name in DIALECTS}
        wsgi = Wsgi(Mounts(gateways), Settings(), self.core.accounts.tenant_by_host, self.core.store.check, log)
        self.app: client.Wsgi = create_app(wsgi).wsgi_app

        tenant = self.core.accounts.tenant_by_slug(data.TENANT)
        assert isinstance(tenant, Tenant)
        self.tenant_id = tenant.id

    def created_at(self, id: int) -> int:
        """When a task was made, where its id on the wire says so; 0 for one that is not there."""
        found = self.core.store.reading(self.tenant_id).load(Activity, (id,))
        return found[id].created_at if found else 0

    def sides(self) -> list[Side]:
        """A side for each dialect of `DIALECTS`."""
        return [side(self) for side in DIALECTS.values()]

    def close(self) -> None:
        self.core.close()
        self._nowhere.close()


class ZurmoSide(Side):
    name = "zurmo"
    keys = (
        "id",
        "title",
        "body",
        "due_at",
        "completed_at",
        "created_at",
        "updated_at",
        "owner",
        "creator",
        "modifier",
    )
    root = "/zurmo/app/index.php"

    def __init__(self, ours: Ours) -> None:
        self.app = ours.app
        login = {"ZURMO_AUTH_USERNAME": "user1", "ZURMO_AUTH_PASSWORD": data.PASSWORD}
        kind = {"Accept": "application/json", "ZURMO_API_REQUEST_TYPE": "REST"}
        opened = client.call(self.app, client.request("POST", f"{self.root}/zurmo/api/login", {**kind, **login}))
        session = orjson.loads(opened)["data"]
        self._headers = {**kind, "ZURMO_SESSION_ID": session["sessionId"], "ZURMO_TOKEN": session["token"]}

    def one(self, id: int) -> Environ:
        return client.request("GET", f"{self.root}/tasks/task/api/read/{id}", self._headers)

    def page(self, offset: int) -> Environ:
        return self._filter({"search[completed]": "0"}, offset // PAGE + 1)

    def containing(self, word: str) -> Environ:
        clause = {"attributeIndexOrDerivedType": "name", "structurePosition": 1, "operatorType": "contains"}
        search = {f"dynamicSearch[dynamicClauses][0][{key}]": value for key, value in clause.items()}
        search["dynamicSearch[dynamicClauses][0][name]"] = word
        return self._filter({**search, "dynamicSearch[dynamicStructure]": "1"}, 1)

    def _filter(self, search: dict[str, Any], page: int) -> Environ:
        paging = {"pagination[page]": page, "pagination[pageSize]": PAGE, "sort": "dueDateTime.asc"}
        asked = quote(urlencode({**paging, **search}), safe="")
        return client.request("GET", f"{self.root}/tasks/task/api/list/filter/{asked}", self._headers)

    def create(self, title: str, body: str, due: str) -> Environ:
        sent = urlencode({"data[name]": title, "data[description]": body, "data[dueDateTime]": due}).encode()
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        return client.request("POST", f"{self.root}/tasks/task/api/create/", headers, sent)

    @staticmethod
    def _data(body: bytes) -> Any:
        shown = orjson.loads(body)
        if shown["status"] != "SUCCESS":
            raise client.Refused(str(shown))
        return shown["data"]

    def read_one(self, body: bytes) -> Facts:
        shown = self._data(body)
        return {
            "id": shown["id"],
            "title": shown["name"],
            "body": shown["description"],
            "due_at": shown["dueDateTime"],
            "completed_at": shown["completedDateTime"],
            "created_at": shown["createdDateTime"],
            "updated_at": shown["modifiedDateTime"],
            "owner": shown["owner"]["username"],
            "creator": shown["createdByUser"]["username"],
            "modifier": shown["modifiedByUser"]["username"],
        }

    def read_page(self, body: bytes) -> tuple[list[int], int | None]:
        shown = self._data(body)
        return [item["id"] for item in shown.get("items", ())], int(shown["totalCount"])

    def read_created(self, headers: list[tuple[str, str]], body: bytes) -> int:
        return int(self._data(body)["id"])


def _sql(time: str | None) -> str | None:
    """``2014-06-03T09:30:45Z`` as ``2014-06-03 09:30:45``; seconds may be missing."""
    if time is None:
        return None
    plain = time.replace("T", " ").removesuffix("Z")
    return plain if len(plain) == 19 else f"{plain}:00"


class CapsuleSide(Side):
    name = "capsule"
    remark = "no total"
    keys = (
        "id",
        "title",
        "body",
        "category",
        "due_at",
        "completed_at",
        "created_at",
        "updated_at",
        "owner",
        "company",
    )

    def __init__(self, ours: Ours) -> None:
        self.app = ours.app
        token = base64.b64encode(f"{data.TOKEN}:x".encode()).decode()
        self._headers = {**_JSON, "Authorization": f"Basic {token}"}

    def one(self, id: int) -> Environ:
        return client.request("GET", f"/capsule/api/task/{id}", self._headers)

    def one_xml(self, id: int) -> Environ:
        headers = {**self._headers, "Accept": "application/xml"}
        return client.request("GET", f"/capsule/api/task/{id}", headers)

    def page(self, offset: int) -> Environ:
        return client.request("GET", f"/capsule/api/tasks?status=OPEN&start={offset}&limit={PAGE}", self._headers)

    def create(self, title: str, body: str, due: str) -> Environ:
        sent = {"task": {"description": title, "detail": body, "dueDateTime": due.replace(" ", "T") + "Z"}}
        headers = {**self._headers, "Content-Type": "application/json"}
        return client.request("POST", "/capsule/api/task", headers, orjson.dumps(sent))

    def read_one(self, body: bytes) -> Facts:
        return self._facts(orjson.loads(body)["task"])

    def read_one_xml(self, body: bytes) -> Facts:
        """The same out of the XML form."""
        return self._facts({str(child.tag): child.text or "" for child in etree.fromstring(body)})

    def _facts(self, shown: dict[str, str]) -> Facts:
        return {
            "id": int(shown["id"]),
            "title": shown["description"],
            "body": shown.get("detail"),
            "category": shown.get("category"),
            "due_at": _sql(shown.get("dueDateTime")),
            "completed_at": _sql(shown.get("completedOn")),
            "created_at": _sql(shown["createdOn"]),
            "updated_at": _sql(shown["updatedOn"]),
            "owner": shown["owner"],
            "company": shown.get("partyName"),
        }

    def read_page(self, body: bytes) -> tuple[list[int], int | None]:
        items = orjson.loads(body)["tasks"].get("task", [])
        return [int(item["id"]) for item in (items if isinstance(items, list) else [items])], None

    def read_created(self, headers: list[tuple[str, str]], body: bytes) -> int:
        return int(dict(headers)["Location"].rpartition("/")[2])


class OpentapsSide(Side):
    name = "opentaps"
    remark = "no total, by number"
    keys = ("id", "title", "body", "due_at", "created_at", "creator")
    statuses = "CREATED,STARTED,AWAITING,REJECTED"

    def __init__(self, ours: Ours) -> None:
        self.app = ours.app
        self._ours = ours
        self._who = {"authToken": data.TOKEN}

    def one(self, id: int) -> Environ:
        at = wire_id(id, self._ours.created_at(id))
        return client.request("GET", f"/opentaps/activities/{at}?{urlencode(self._who)}", _JSON)

    def page(self, offset: int) -> Environ:
        asked = {**self._who, "status": self.statuses, "page": offset // PAGE + 1, "per_page": PAGE}
        return client.request("GET", f"/opentaps/activities?{urlencode(asked)}", _JSON)

    def listed(self, tasks: Iterable[rows.Task]) -> list[int]:
        """The open tasks by sequence number: this dialect knows no other order."""
        return sorted(super().listed(tasks))

    def create(self, title: str, body: str, due: str) -> Environ:
        sent = {**self._who, "noteText": f"{title}\n{body}", "scheduledDateTime": due.replace(" ", "T") + "Z"}
        headers = {**_JSON, "Content-Type": "application/x-www-form-urlencoded"}
        return client.request("POST", "/opentaps/task", headers, urlencode(sent).encode())

    @staticmethod
    def _id(shown: dict[str, str]) -> int:
        return int(shown["_id"][8:], 16)

    def read_one(self, body: bytes) -> Facts:
        shown = orjson.loads(body)["result"]["resultValue"]
        title, _, text = shown["noteText"].partition("\n")
        return {
            "id": self._id(shown),
            "title": title,
            "body": text,
            "due_at": _sql(shown["scheduledDateTime"][:19]),
            "created_at": _sql(shown["dateTimeCreated"][:19]),
            "creator": shown["createdByUser"]["id"],
        }

    def read_page(self, body: bytes) -> tuple[list[int], int | None]:
        return [self._id(item) for item in orjson.loads(body)["result"]["resultValue"]], None

    def read_created(self, headers: list[tuple[str, str]], body: bytes) -> int:
        return self._id(orjson.loads(body)["result"]["resultValue"])


class AffinityLiveSide(Side):
    name = "affinitylive"
    remark = "no total"
    keys = (
        *("id", "title", "body", "due_at", "completed_at", "created_at", "updated_at", "owner", "creator", "company"),
    )
    root = "/affinitylive/api/v0/tasks"
    fields = (
        "title,description,date_due,date_completed,date_created,date_modified,"
        "assignee(username),creator(username),company(name)"
    )

    def __init__(self, ours: Ours) -> None:
        self.app = ours.app
        self._headers = {**_JSON, "Authorization": f"Bearer {data.TOKEN}"}

    def one(self, id: int) -> Environ:
        return client.request("GET", f"{self.root}/{id}?{urlencode({'_fields': self.fields})}", self._headers)

    def page(self, offset: int) -> Environ:
        filters = "standing(pending,accepted,started),order_by_asc(date_due)"
        asked = {"_fields": self.fields, "_filters": filters, "_limit": PAGE, "_page": offset // PAGE}
        return client.request("GET", f"{self.root}?{urlencode(asked)}", self._headers)

    def create(self, title: str, body: str, due: str) -> Environ:
        date, _, time = due.partition(" ")
        year, month, day = map(int, date.split("-"))
        hours, minutes, seconds = map(int, time.split(":"))
        at = instant(year, month, day, hours, minutes, seconds) // SECOND
        sent = {"title": title, "description": body, "date_due": at, "against_type": "staff", "against_id": 1}
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        return client.request("POST", self.root, headers, urlencode({**sent, "_fields": self.fields}).encode())

    @staticmethod
    def _time(seconds: str | None) -> str | None:
        return None if seconds is None else sql_time(int(seconds) * SECOND)

    def read_one(self, body: bytes) -> Facts:
        shown = orjson.loads(body)["response"]
        return {
            "id": int(shown["id"]),
            "title": shown["title"],
            "body": shown["description"],
            "due_at": self._time(shown["date_due"]),
            "completed_at": self._time(shown["date_completed"]),
            "created_at": self._time(shown["date_created"]),
            "updated_at": self._time(shown["date_modified"]),
            "owner": shown["assignee"]["username"],
            "creator": shown["creator"]["username"],
            "company": (shown["company"] or {}).get("name"),
        }

    def read_page(self, body: bytes) -> tuple[list[int], int | None]:
        return [int(item["id"]) for item in orjson.loads(body)["response"]], None

    def read_created(self, headers: list[tuple[str, str]], body: bytes) -> int:
        return int(orjson.loads(body)["response"]["id"])


class CrustSide(Side):
    name = "crust"
    remark = "all tasks"
    keys = ("id", "title", "body", "category", "due_at", "created_at", "owner")

    def __init__(self, ours: Ours) -> None:
        self.app = ours.app
        self.ours = ours
        principal = ours.core.accounts.by_token("api", data.TOKEN, rows.NOW)
        assert principal is not None
        token = sign(principal.user_id, 2**40, ours.core.accounts.secret())
        self._headers = {**_JSON, "Authorization": f"Bearer {token}"}
        task = next(system for system in system_modules() if system.name == "Task")
        self.task_module = system_id(ours.tenant_id, task)

    def _content(self, rest: str) -> str:
        return f"/crust/module/{self.task_module}/content{rest}"

    def one(self, id: int) -> Environ:
        return client.request("GET", self._content(f"/{id}"), self._headers)

    def page(self, offset: int) -> Environ:
        asked = {"sort": "ActivityDate", "page": offset // PAGE, "perPage": PAGE}
        return client.request("GET", self._content(f"?{urlencode(asked)}"), self._headers)

    def listed(self, tasks: Iterable[rows.Task]) -> list[int]:
        """All tasks by due date: this dialect filters by substring only."""
        return [task.id for task in sorted(tasks, key=lambda task: (task.due_at, task.id))]

    def chart(self, module: int, field: str) -> Environ:
        """How many records have each value of a field."""
        asked = {"kind": "pie", "groupBy": field, "count": field}
        return client.request("GET", f"/crust/module/{module}/chart?{urlencode(asked)}", self._headers)

    def create(self, title: str, body: str, due: str) -> Environ:
        values = {"Subject": title, "Description": body, "ActivityDate": due}
        sent = {"fields": [{"name": name, "value": value} for name, value in values.items()]}
        headers = {**self._headers, "Content-Type": "application/json"}
        return client.request("POST", self._content(""), headers, orjson.dumps(sent))

    @staticmethod
    def _response(body: bytes) -> Any:
        shown = orjson.loads(body)
        if "response" not in shown:
            raise client.Refused(str(shown))
        return shown["response"]

    def read_one(self, body: bytes) -> Facts:
        shown = self._response(body)
        fields = {field["name"]: field["value"] for field in shown["fields"]}
        return {
            "id": int(shown["contentID"]),
            "title": fields["Subject"],
            "body": fields["Description"],
            "category": fields.get("Type"),
            "due_at": _sql(fields["ActivityDate"]),
            "created_at": _sql(shown["createdAt"]),
            "owner": shown["user"]["username"],
        }

    def read_page(self, body: bytes) -> tuple[list[int], int | None]:
        shown = self._response(body)
        return [int(item["contentID"]) for item in shown["contents"]], shown["meta"]["count"]

    def counts(self, module: int, field: str) -> dict[str, int]:
        """What the chart says."""
        return dict(self._response(client.call(self.app, self.chart(module, field)))["data"])

    def read_created(self, headers: list[tuple[str, str]], body: bytes) -> int:
        return int(self._response(body)["contentID"])


DIALECTS: Final[dict[str, Callable[[Ours], Side]]] = {
    "zurmo": ZurmoSide,
    "capsule": CapsuleSide,
    "opentaps": OpentapsSide,
    "affinitylive": AffinityLiveSide,
    "crust": CrustSide,
}
"""By the dialect's name: a row here is a dialect that is measured."""
