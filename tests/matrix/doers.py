"""One small speaker for each dialect about what people do: tasks, meetings, e-mails and calls.

`SAYS` is the table of what each can say: by kind and fact, how it is spelled where it is written and where it is read.
A fact that is missing there is one that the dialect has no word for, as its README declares; then it keeps it.
Moments are ``2014-06-03T09:30:00Z``, a due that is only a day ``2014-06-04``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple

from adapter.formats import xml_body
from tests.matrix.clients import CLIENTS, Crust
from tests.support.world import World

Facts = dict[str, str]
DOINGS = ("task", "meeting", "email", "call")
MOMENTS = ("start", "end", "due")


class Said(NamedTuple):
    """How a fact is spelled. `write` is "" for what is only shown; `fixed` is what no update takes."""

    write: str
    read: str
    fixed: bool = False


def same(name: str, *, fixed: bool = False) -> Said:
    return Said(name, name, fixed)


ONE_TEXT = {"title": same("text"), "body": same("text")}
"""Of vendors with one text: its first line and the rest."""


class Doer(ABC):
    """One dialect, as ann. `MAKES` are the kinds that its clients make; others it only shows and changes."""

    NAME: ClassVar[str]
    MAKES: ClassVar[tuple[str, ...]]
    SAYS: ClassVar[Mapping[str, Mapping[str, Said]]]
    DAYS: ClassVar[bool] = False
    """Whether a due may be only a day here; else such a one shows as its midnight."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client: Any = CLIENTS[self.NAME](world)

    def sayable(self, kind: str, facts: Facts) -> Facts:
        """What of the facts a new record can have here."""
        said = self.SAYS[kind]
        return {name: self.shaped(name, text) for name, text in facts.items() if name in said and said[name].write}

    def shaped(self, name: str, text: str) -> str:
        """A fact as this dialect shows it."""
        return f"{text}T00:00:00Z" if name == "due" and len(text) == 10 and not self.DAYS else text

    def tell(self, kind: str, number: int) -> Facts:
        """All that the dialect shows; "" for what it leaves out."""
        return {name: self.heard(name, text) for name, text in self.read(kind, number).items()}

    def change(self, kind: str, number: int, facts: Facts) -> None:
        """Only these facts; where title and body are one text, the other one is sent as it is shown."""
        if facts.keys() & {"title", "body"} and self.SAYS[kind]["title"].write == "text":
            shown = self.tell(kind, number)
            facts = {**{name: shown[name] for name in ("title", "body")}, **facts}
        self.update(kind, number, self.worded(kind, facts))

    def worded(self, kind: str, facts: Facts) -> dict[str, str]:
        said = self.SAYS[kind]
        out = {}
        for name, text in facts.items():
            if name in ("title", "body") and said[name].write == "text":
                out["text"] = f"{facts['title']}\n{facts['body']}" if facts.get("body") else facts["title"]
            else:
                out[said[name].write] = self.spelled(name, text)
        return out

    def split(self, kind: str, shown: Mapping[str, Any]) -> Facts:
        """Facts out of what the wire shows under each `read`."""
        out = {}
        for name, said in self.SAYS[kind].items():
            text = str(shown.get(said.read) if shown.get(said.read) is not None else "")
            if said.read == "text":
                text = text.partition("\n")[0 if name == "title" else 2]
            out[name] = text
        return out

    def spelled(self, name: str, text: str) -> str:
        return text

    def heard(self, name: str, text: str) -> str:
        return text

    @abstractmethod
    def create(self, kind: str, facts: Facts, person: int) -> int: ...
    @abstractmethod
    def update(self, kind: str, number: int, words: dict[str, str]) -> None: ...
    @abstractmethod
    def read(self, kind: str, number: int) -> Facts: ...


def sql(text: str) -> str:
    """``2014-06-03 09:30:00`` for a moment."""
    return text.replace("T", " ").removesuffix("Z") if len(text) > 10 else text


def iso(text: str) -> str:
    """A moment of a form like the above, fractions of a second aside."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?(?:\.\d+)?Z?", text)
    return f"{found[1]}T{found[2]}{found[3] or ':00'}Z" if found else text


class ZurmoDoer(Doer):
    NAME = "zurmo"
    MAKES = ("task", "meeting")
    PATHS: ClassVar = {"task": "tasks/task", "meeting": "meetings/meeting"}
    SAYS: ClassVar = {
        "task": {"title": same("name"), "body": same("description"), "due": same("dueDateTime")},
        "meeting": {
            "title": same("name"),
            "body": same("description"),
            "start": same("startDateTime"),
            "end": same("endDateTime"),
            "location": same("location"),
            "category": same("category"),
        },
        "email": {**ONE_TEXT, "start": same("occurredOnDateTime")},
        "call": {**ONE_TEXT, "start": same("occurredOnDateTime")},
    }

    def _data(self, words: dict[str, str]) -> dict[str, str]:
        named = {"text": "[description]", "category": "[category][value]"}
        return {named.get(name, f"[{name}]"): text for name, text in words.items()}

    def _path(self, kind: str, action: str, number: int | str = "") -> str:
        return f"{self.PATHS.get(kind, 'notes/note')}/api/{action}/{number}"

    def create(self, kind: str, facts: Facts, person: int) -> int:
        data = {**self._data(self.worded(kind, facts)), **self.client.link(person)}
        return int(self.client.done("POST", self._path(kind, "create"), data)["id"])

    def update(self, kind: str, number: int, words: dict[str, str]) -> None:
        self.client.done("PUT", self._path(kind, "update", number), self._data(words))

    def read(self, kind: str, number: int) -> Facts:
        data = self.client.done("GET", self._path(kind, "read", number))
        data["text"] = data["description"]
        data["category"] = (data.get("category") or {}).get("value")
        return self.split(kind, data)

    def spelled(self, name: str, text: str) -> str:
        return sql(text) if name in MOMENTS else text

    def heard(self, name: str, text: str) -> str:
        return iso(text) if name in MOMENTS else text


class AffinityLiveDoer(Doer):
    NAME = "affinitylive"
    MAKES = DOINGS
    _MOMENTS: ClassVar = {"start": same("date_started"), "end": same("date_ended"), "due": same("date_due")}
    _ACTIVITY: ClassVar = {"title": same("subject"), "body": same("body"), "location": same("details"), **_MOMENTS}
    SAYS: ClassVar = {
        "task": {
            "title": same("title"),
            "body": same("description"),
            "due": same("date_due"),
            "start": same("date_started"),
        },
        "meeting": _ACTIVITY,
        "call": _ACTIVITY,
        "email": {name: said._replace(fixed=True) for name, said in _ACTIVITY.items()},
    }

    def _path(self, kind: str, number: int | str = "") -> str:
        return f"{'tasks' if kind == 'task' else 'activities'}/{number}".rstrip("/")

    def create(self, kind: str, facts: Facts, person: int) -> int:
        data = {**self.worded(kind, facts), "against_type": "contact", "against_id": str(person)}
        if kind == "task":
            data.setdefault("date_started", "1401609600")
        else:
            data |= {"medium": kind, "visibility": "all"}
        return int(self.client.done("POST", self._path(kind), data)["id"])

    def update(self, kind: str, number: int, words: dict[str, str]) -> None:
        self.client.done("PUT", self._path(kind, number), words)

    def read(self, kind: str, number: int) -> Facts:
        return self.split(kind, self.client.done("GET", f"{self._path(kind, number)}?_fields=_ALL"))

    def spelled(self, name: str, text: str) -> str:
        if name not in MOMENTS or not text:
            return text
        return str(int(datetime.fromisoformat(text if len(text) > 10 else f"{text}T00:00:00Z").timestamp()))

    def heard(self, name: str, text: str) -> str:
        if name not in MOMENTS or not text:
            return text
        return datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class CrustDoer(Doer):
    NAME = "crust"
    MAKES = ("task", "meeting")
    DAYS = True
    MODULES: ClassVar = {"task": "Task", "meeting": "Event"}
    _NOTE: ClassVar = {"title": same("Title"), "body": same("Body")}
    SAYS: ClassVar = {
        "task": {
            "title": same("Subject"),
            "body": same("Description"),
            "due": same("ActivityDate"),
            "category": same("Type"),
        },
        "meeting": {
            "title": same("Subject"),
            "body": same("Description"),
            "start": same("ActivityDate"),
            "end": same("EndDateTime"),
            "location": same("Location"),
        },
        "email": _NOTE,
        "call": _NOTE,
    }

    def _path(self, kind: str, number: int | str = "") -> str:
        module = self.client.modules[self.MODULES.get(kind, "Note")]
        return f"/module/{module}/content/{number}".rstrip("/")

    def create(self, kind: str, facts: Facts, person: int) -> int:
        data = Crust.fields(**self.worded(kind, facts), ContactId=str(person))
        return int(self.client.done("POST", self._path(kind), data)["contentID"])

    def update(self, kind: str, number: int, words: dict[str, str]) -> None:
        self.client.done("POST", self._path(kind, number), Crust.fields(**words))

    def read(self, kind: str, number: int) -> Facts:
        row = self.client.done("GET", self._path(kind, number))
        return self.split(kind, {field["name"]: field["value"] for field in row["fields"]})

    def spelled(self, name: str, text: str) -> str:
        return sql(text).removesuffix(":00") if name in MOMENTS and len(text) > 10 else text

    def heard(self, name: str, text: str) -> str:
        return iso(text) if name in MOMENTS else text


class CapsuleDoer(Doer):
    NAME = "capsule"
    MAKES = ("task",)
    DAYS = True
    _ITEM: ClassVar = {**ONE_TEXT, "start": same("entryDate")}
    SAYS: ClassVar = {
        "task": {
            "title": same("description"),
            "body": same("detail"),
            "due": same("due"),
            "category": same("category"),
        },
        "meeting": _ITEM,
        "email": _ITEM,
        "call": _ITEM,
    }

    def _document(self, kind: str, words: dict[str, str]) -> str:
        words = dict(words)
        if "text" in words:
            words["note"] = words.pop("text")
        due = words.pop("due", "")
        if due:
            words |= {"dueDate": f"{due}T00:00:00Z"} if len(due) == 10 else {"dueDateTime": due}
        root = "task" if kind == "task" else "historyItem"
        inner = "".join(f"<{name}>{xml_body.escape_text(text)}</{name}>" for name, text in words.items())
        return f"<{root}>{inner}</{root}>"

    def create(self, kind: str, facts: Facts, person: int) -> int:
        answer = self.client.call("POST", f"party/{person}/task", self._document(kind, self.worded(kind, facts)))
        assert answer.status == 201, answer
        return int((answer.header("Location") or "").rsplit("/", 1)[1])

    def _path(self, kind: str, number: int) -> str:
        return f"{'task' if kind == 'task' else 'history'}/{number}"

    def update(self, kind: str, number: int, words: dict[str, str]) -> None:
        answer = self.client.call("PUT", self._path(kind, number), self._document(kind, words))
        assert answer.status == 200, answer

    def read(self, kind: str, number: int) -> Facts:
        shown = self.client.texts(self.client.xml(self._path(kind, number)))
        shown["text"] = shown.get("note", "")
        shown["due"] = shown.get("dueDateTime") or shown.get("dueDate", "")[:10]
        return self.split(kind, shown)


class OpentapsDoer(Doer):
    NAME = "opentaps"
    MAKES = DOINGS
    _ALL: ClassVar = {**ONE_TEXT, "due": same("scheduledDateTime"), "type": Said("", "activityType")}
    SAYS: ClassVar = dict.fromkeys(DOINGS, _ALL)

    def _data(self, words: dict[str, str]) -> dict[str, str]:
        return {("noteText" if name == "text" else name): text for name, text in words.items()}

    def create(self, kind: str, facts: Facts, person: int) -> int:
        data = {**self._data(self.worded(kind, facts)), "activityType": kind.upper()}
        made = self.client.done("POST", "/activities", data)["_id"]
        link = {"activityId": made, "contactId": self.client.person_hex(person)}
        self.client.done("POST", "/activities/contact/add", link)
        return int(made[8:], 16)

    def update(self, kind: str, number: int, words: dict[str, str]) -> None:
        self.client.done("PUT", f"/activities/{self.client.hex(number)}", {**self._data(words), "partial": "Yes"})

    def read(self, kind: str, number: int) -> Facts:
        shown = self.client.done("GET", f"/activities/{self.client.hex(number)}")
        return self.split(kind, {**shown, "text": shown["noteText"]})

    def spelled(self, name: str, text: str) -> str:
        return sql(text) if name in MOMENTS else text

    def heard(self, name: str, text: str) -> str:
        return iso(text) if name in MOMENTS else text


DOERS: dict[str, type[Doer]] = {
    doer.NAME: doer for doer in (AffinityLiveDoer, CapsuleDoer, CrustDoer, OpentapsDoer, ZurmoDoer)
}
