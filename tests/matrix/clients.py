"""One small client for each dialect, in its own wire words, for tests that put dialects side by side.

A client signs in as ann, or as whom it is told, and speaks of records by their shared number; opentaps' 24 hex digits
end in it.
"""

from __future__ import annotations

import base64
import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from adapter.formats import xml_body
from adapter.wire import Headers, WireRequest, WireResponse
from tests.support.world import World

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Seen:
    """A task or note as a dialect shows it: `text` is title, line break, body."""

    text: str
    completed: bool


class Client(ABC):
    """`kinds` are those of ``task`` and ``note`` that the dialect has."""

    name: str
    kinds = ("task", "note")

    def __init__(self, world: World, user: str = "ann") -> None:
        self.world = world
        self.user = user
        self.endpoint = world.endpoint(self.name)

    def send(
        self, method: str, target: str, body: bytes | str = b"", headers: dict[str, str] | None = None
    ) -> WireResponse:
        path, _, query = target.partition("?")
        data = body.encode() if isinstance(body, str) else body
        request = WireRequest(method, path, query, Headers((headers or {}).items()), data)
        return self.endpoint.send(request)

    @abstractmethod
    def create(self, kind: str, title: str, body: str, person: int) -> int: ...
    @abstractmethod
    def read(self, kind: str, number: int) -> Seen | None:
        """None when the dialect says that there is none."""

    @abstractmethod
    def numbers(self, kind: str, person: int) -> list[int]:
        """All of the kind that a list shows."""

    @abstractmethod
    def retitle(self, kind: str, number: int, title: str, body: str) -> None: ...
    @abstractmethod
    def complete(self, number: int) -> None: ...
    @abstractmethod
    def delete(self, kind: str, number: int, person: int) -> None: ...
    @abstractmethod
    def mark(self, kind: str, number: int, person: int) -> None:
        """Writes what only this dialect knows."""

    @abstractmethod
    def marks(self, kind: str, number: int, person: int) -> Any:
        """What `mark` wrote, as the dialect shows it; never empty after it."""


class Zurmo(Client):
    name = "zurmo"
    base = "/app/index.php"

    def __init__(self, world: World, user: str = "ann") -> None:
        super().__init__(world, user)
        login = {"ZURMO_AUTH_USERNAME": user, "ZURMO_AUTH_PASSWORD": f"{user}-pw"}
        rest = {"Accept": "application/json", "ZURMO_API_REQUEST_TYPE": "REST"}
        answer = json.loads(self.send("POST", f"{self.base}/zurmo/api/login", b"", {**rest, **login}).body)["data"]
        self.signed = {**rest, "ZURMO_SESSION_ID": answer["sessionId"], "ZURMO_TOKEN": answer["token"]}

    def call(self, method: str, path: str, data: dict[str, str] | None = None) -> Any:
        body = urlencode({f"data{key}": value for key, value in (data or {}).items()})
        headers = {**self.signed, "Content-Type": FORM}
        return json.loads(self.send(method, f"{self.base}/{path}", body, headers).body)

    def done(self, method: str, path: str, data: dict[str, str] | None = None) -> Any:
        answer = self.call(method, path, data)
        assert answer["status"] == "SUCCESS", answer
        return answer["data"]

    @staticmethod
    def link(person: int) -> dict[str, str]:
        at = "[modelRelations][activityItems][0]"
        return {f"{at}[action]": "add", f"{at}[modelId]": str(person), f"{at}[modelClassName]": "Contact"}

    @staticmethod
    def fields(kind: str, title: str, body: str) -> dict[str, str]:
        if kind == "note":
            return {"[description]": f"{title}\n{body}"}
        return {"[name]": title, "[description]": body}

    def create(self, kind: str, title: str, body: str, person: int) -> int:
        data = {**self.fields(kind, title, body), **self.link(person)}
        return int(self.done("POST", f"{kind}s/{kind}/api/create/", data)["id"])

    def read(self, kind: str, number: int) -> Seen | None:
        answer = self.call("GET", f"{kind}s/{kind}/api/read/{number}")
        if answer["status"] != "SUCCESS":
            return None
        data = answer["data"]
        text = data["description"] if kind == "note" else f"{data['name']}\n{data['description'] or ''}"
        return Seen(text, str(data.get("completed")) == "1")

    def numbers(self, kind: str, person: int) -> list[int]:
        data = self.done("GET", f"{kind}s/{kind}/api/list/filter/pagination%5BpageSize%5D=1000")
        return [item["id"] for item in data.get("items", [])]

    def retitle(self, kind: str, number: int, title: str, body: str) -> None:
        data = self.fields(kind, title, body) if kind == "note" else {"[name]": title}
        self.done("PUT", f"{kind}s/{kind}/api/update/{number}", data)

    def complete(self, number: int) -> None:
        self.done("PUT", f"tasks/task/api/update/{number}", {"[completed]": "1"})

    def delete(self, kind: str, number: int, person: int) -> None:
        self.done("DELETE", f"{kind}s/{kind}/api/delete/{number}")

    def mark(self, kind: str, number: int, person: int) -> None:
        self.done("PUT", f"{kind}s/{kind}/api/update/{number}", self.link(person))

    def marks(self, kind: str, number: int, person: int) -> Any:
        dynamic = {
            "[dynamicSearch][dynamicClauses][0][attributeIndexOrDerivedType]": "activityItems",
            "[dynamicSearch][dynamicClauses][0][structurePosition]": "1",
            "[dynamicSearch][dynamicClauses][0][activityItems][modelClassName]": "Contact",
            "[dynamicSearch][dynamicClauses][0][activityItems][modelId]": str(person),
            "[dynamicSearch][dynamicStructure]": "1",
            "[pagination][pageSize]": "1000",
        }
        found = self.done("POST", f"{kind}s/{kind}/api/list/filter/", dynamic)
        return [item["id"] for item in found.get("items", []) if item["id"] == number]


class Capsule(Client):
    name = "capsule"

    def __init__(self, world: World, user: str = "ann") -> None:
        super().__init__(world, user)
        basic = base64.b64encode(f"{user}-token:x".encode()).decode()
        self.signed = {
            "Authorization": f"Basic {basic}",
            "Content-Type": "application/xml",
            "Accept": "application/xml",
        }

    def call(self, method: str, path: str, body: str = "") -> WireResponse:
        return self.send(method, f"/api/{path}", body, self.signed)

    def xml(self, path: str) -> xml_body.Element | None:
        answer = self.call("GET", path)
        assert answer.status in (200, 403, 404), answer
        return xml_body.parse(answer.body) if answer.status == 200 else None

    @staticmethod
    def texts(element: xml_body.Element) -> dict[str, str]:
        return {child.tag: child.text for child in element.children}

    @staticmethod
    def document(kind: str, title: str, body: str) -> str:
        escape = xml_body.escape_text
        if kind == "note":
            return f"<historyItem><note>{escape(f'{title}{chr(10)}{body}')}</note></historyItem>"
        due = "<dueDate>2014-06-04T00:00:00Z</dueDate>"
        return f"<task><description>{escape(title)}</description><detail>{escape(body)}</detail>{due}</task>"

    def create(self, kind: str, title: str, body: str, person: int) -> int:
        path = f"party/{person}/" + ("history" if kind == "note" else "task")
        answer = self.call("POST", path, self.document(kind, title, body))
        assert answer.status == 201, answer
        return int((answer.header("Location") or "").rsplit("/", 1)[1])

    def read(self, kind: str, number: int) -> Seen | None:
        element = self.xml(f"{'history' if kind == 'note' else 'task'}/{number}")
        if element is None:
            return None
        texts = self.texts(element)
        if kind == "note":
            return Seen(texts["note"], False)
        return Seen(f"{texts['description']}\n{texts.get('detail', '')}", texts["status"] == "COMPLETED")

    def numbers(self, kind: str, person: int) -> list[int]:
        paths = [f"party/{person}/history"] if kind == "note" else ["tasks", "tasks?status=COMPLETED"]
        elements = [self.xml(path) for path in paths]
        return [int(self.texts(item)["id"]) for element in elements if element for item in element.children]

    def retitle(self, kind: str, number: int, title: str, body: str) -> None:
        document = f"<task><description>{xml_body.escape_text(title)}</description></task>"
        path = f"task/{number}"
        if kind == "note":
            document, path = self.document(kind, title, body), f"history/{number}"
        answer = self.call("PUT", path, document)
        assert answer.status == 200, answer

    def complete(self, number: int) -> None:
        assert self.call("POST", f"task/{number}/complete").status == 200

    def delete(self, kind: str, number: int, person: int) -> None:
        answer = self.call("DELETE", f"{'history' if kind == 'note' else 'task'}/{number}")
        assert answer.status == 200, answer

    def mark(self, kind: str, number: int, person: int) -> None:
        if kind == "task":
            answer = self.call("PUT", f"task/{number}", "<task><category>Kätegory &amp; more</category></task>")
        else:
            when = "<historyItem><entryDate>2014-05-01T10:11:12Z</entryDate></historyItem>"
            answer = self.call("PUT", f"history/{number}", when)
        assert answer.status == 200, answer

    def marks(self, kind: str, number: int, person: int) -> Any:
        element = self.xml(f"{'history' if kind == 'note' else 'task'}/{number}")
        assert element is not None
        return self.texts(element)["category" if kind == "task" else "entryDate"]


class Opentaps(Client):
    name = "opentaps"

    def __init__(self, world: World, user: str = "ann") -> None:
        super().__init__(world, user)
        self.credentials = f"authToken={user}-token&clientDomain=acme.com"

    def call(self, method: str, path: str, data: dict[str, str] | None = None) -> Any:
        body = urlencode(data or {})
        separator = "&" if "?" in path else "?"
        answer = self.send(method, f"{path}{separator}{self.credentials}", body, {"Content-Type": FORM})
        return answer.status, json.loads(answer.body)

    def done(self, method: str, path: str, data: dict[str, str] | None = None) -> Any:
        status, answer = self.call(method, path, data)
        assert status in (200, 201), answer
        return answer["result"]["resultValue"]

    def hex(self, number: int) -> str:
        """The 24 hex digits of an activity, out of the list."""
        for item in self.done("GET", "/activities?per_page=10000"):
            if int(item["_id"][8:], 16) == number:
                return str(item["_id"])
        return f"{0:08x}{number:016x}"

    def person_hex(self, person: int) -> str:
        """The 24 hex digits of a contact: 8 of its creation time and 16 of its number."""
        from canonical.model import Party

        created = self.world.desk().get(Party, person).created_at // 1_000_000
        return f"{created:08x}{person:016x}"

    def create(self, kind: str, title: str, body: str, person: int) -> int:
        path = "/task" if kind == "task" else "/activities"
        element = self.done("POST", path, {"noteText": f"{title}\n{body}"})
        link = {"activityId": element["_id"], "contactId": self.person_hex(person)}
        self.done("POST", "/activities/contact/add", link)
        return int(element["_id"][8:], 16)

    def read(self, kind: str, number: int) -> Seen | None:
        status, answer = self.call("GET", f"/activities/{self.hex(number)}")
        if status == 404:
            return None
        element = answer["result"]["resultValue"]
        return Seen(element["noteText"], element["status"] == "COMPLETED")

    def numbers(self, kind: str, person: int) -> list[int]:
        path = "/task?per_page=10000" if kind == "task" else "/activities?per_page=10000&activityType=NOTE"
        return [int(item["_id"][8:], 16) for item in self.done("GET", path)]

    def retitle(self, kind: str, number: int, title: str, body: str) -> None:
        data = {"noteText": f"{title}\n{body}", "partial": "Yes"}
        self.done("PUT", f"/activities/{self.hex(number)}", data)

    def complete(self, number: int) -> None:
        self.done("PUT", f"/activities/{self.hex(number)}", {"status": "COMPLETED", "partial": "Yes"})

    def delete(self, kind: str, number: int, person: int) -> None:
        self.done("DELETE", f"/activities/{self.hex(number)}")

    def mark(self, kind: str, number: int, person: int) -> None:
        identity = {"activityId": self.hex(number)}
        self.done("POST", "/activities", {**identity, "note_field_Mood é": "good\r\n<b>", "note_field_x.y": ""})
        role = {"contactId": self.person_hex(person), "role": "Büyer"}
        self.done("POST", "/activities/contact/add", {**identity, **role})

    def marks(self, kind: str, number: int, person: int) -> Any:
        element = self.done("GET", f"/activities/{self.hex(number)}")
        roles = [contact for contact in element["contacts"] if contact.get("role") == "Büyer"]
        return (element["attributes"].get("Mood é"), roles)


class AffinityLive(Client):
    name = "affinitylive"

    def __init__(self, world: World, user: str = "ann") -> None:
        super().__init__(world, user)
        self.signed = {"Authorization": f"Bearer {user}-token", "Content-Type": FORM}

    def call(self, method: str, path: str, data: dict[str, str] | None = None) -> Any:
        answer = self.send(method, f"/api/v0/{path}", urlencode(data or {}), self.signed)
        return json.loads(answer.body)

    def done(self, method: str, path: str, data: dict[str, str] | None = None) -> Any:
        answer = self.call(method, path, data)
        assert answer["meta"]["status"] == "ok", answer
        return answer["response"]

    @staticmethod
    def names(kind: str) -> tuple[str, str, str]:
        return ("tasks", "title", "description") if kind == "task" else ("activities", "subject", "body")

    def create(self, kind: str, title: str, body: str, person: int) -> int:
        path, name, text = self.names(kind)
        data = {name: title, text: body, "against_type": "contact", "against_id": str(person)}
        if kind == "note":
            data |= {"medium": "note", "visibility": "all"}
        else:
            data |= {"date_started": "1401609600"}
        return int(self.done("POST", path, data)["id"])

    def read(self, kind: str, number: int) -> Seen | None:
        path, name, text = self.names(kind)
        answer = self.call("GET", f"{path}/{number}?_fields=_ALL")
        if answer["meta"]["status"] != "ok":
            return None
        record = answer["response"]
        return Seen(f"{record[name]}\n{record[text] or ''}", record.get("standing") == "complete")

    def numbers(self, kind: str, person: int) -> list[int]:
        return [int(item["id"]) for item in self.done("GET", f"{self.names(kind)[0]}?_limit=100")]

    def retitle(self, kind: str, number: int, title: str, body: str) -> None:
        path, name, _ = self.names(kind)
        self.done("PUT", f"{path}/{number}", {name: title})

    def complete(self, number: int) -> None:
        self.done("PUT", f"tasks/{number}/progressions/done/auto")

    def delete(self, kind: str, number: int, person: int) -> None:
        self.done("DELETE", f"{self.names(kind)[0]}/{number}")

    def mark(self, kind: str, number: int, person: int) -> None:
        data = {"priority_id": "2"} if kind == "task" else {"details": "Room é <1>", "message_id": "<m@x.test>"}
        self.done("PUT", f"{self.names(kind)[0]}/{number}", data)

    def marks(self, kind: str, number: int, person: int) -> Any:
        record = self.done("GET", f"{self.names(kind)[0]}/{number}?_fields=_ALL")
        if kind == "task":
            return record["task_priority"]
        return (record["details"], record["message_id"])


class Crust(Client):
    name = "crust"

    def __init__(self, world: World, user: str = "ann") -> None:
        super().__init__(world, user)
        login = json.dumps({"username": user, "password": f"{user}-pw"})
        answer = self.send("POST", "/auth/login", login, {"Content-Type": "application/json"})
        cookie = re.match(r"jwt=([^;]+)", answer.header("Set-Cookie") or "")
        assert cookie, answer
        self.signed = {"Cookie": f"jwt={cookie[1]}", "Content-Type": "application/json"}
        self.modules = {module["name"]: module["moduleID"] for module in self.done("GET", "/module/")}

    def call(self, method: str, path: str, data: Any = None) -> Any:
        return json.loads(self.send(method, path, json.dumps(data or {}), self.signed).body)

    def done(self, method: str, path: str, data: Any = None) -> Any:
        answer = self.call(method, path, data)
        assert "error" not in answer, answer
        return answer.get("response")

    def path(self, kind: str) -> str:
        return f"/module/{self.modules[kind.capitalize()]}/content"

    @staticmethod
    def fields(**values: str) -> dict[str, Any]:
        return {"fields": [{"name": name, "value": value} for name, value in values.items()]}

    def values(self, kind: str, number: int) -> dict[str, str] | None:
        answer = self.call("GET", f"{self.path(kind)}/{number}")
        if "error" in answer:
            return None
        return {field["name"]: field["value"] for field in answer["response"].get("fields", [])}

    def create(self, kind: str, title: str, body: str, person: int) -> int:
        names = {"Subject": title, "Description": body} if kind == "task" else {"Title": title, "Body": body}
        made = self.done("POST", self.path(kind), self.fields(**names, ContactId=str(person)))
        return int(made["contentID"])

    def read(self, kind: str, number: int) -> Seen | None:
        values = self.values(kind, number)
        if values is None:
            return None
        if kind == "note":
            return Seen(f"{values.get('Title', '')}\n{values.get('Body', '')}", False)
        return Seen(f"{values.get('Subject', '')}\n{values.get('Description', '')}", values.get("IsClosed") == "1")

    def numbers(self, kind: str, person: int) -> list[int]:
        return [int(row["contentID"]) for row in self.done("GET", f"{self.path(kind)}?perPage=100")["contents"]]

    def retitle(self, kind: str, number: int, title: str, body: str) -> None:
        name = "Subject" if kind == "task" else "Title"
        self.done("POST", f"{self.path(kind)}/{number}", self.fields(**{name: title}))

    def complete(self, number: int) -> None:
        self.done("POST", f"{self.path('task')}/{number}", self.fields(Status="Completed"))

    def delete(self, kind: str, number: int, person: int) -> None:
        self.done("DELETE", f"{self.path(kind)}/{number}")

    def mark(self, kind: str, number: int, person: int) -> None:
        self.done("POST", f"{self.path(kind)}/{number}", self.fields(Oddity="<ünknown> & kept"))

    def marks(self, kind: str, number: int, person: int) -> Any:
        return (self.values(kind, number) or {})["Oddity"]


CLIENTS: dict[str, type[Client]] = {client.name: client for client in (AffinityLive, Capsule, Crust, Opentaps, Zurmo)}
