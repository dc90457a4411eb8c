"""opentaps: contacts, which are people or, with a company alone, organisations."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.matrix.clients import Client, Opentaps
from tests.matrix.speakers.speaker import CUSTOM, Facts, Speaker, Words, both
from tests.support.world import World

_OPENTAPS_POINTS = {
    "email": both("email:0"),
    "second_email": both("email:1", needs="email"),
    "phone": both("phone:WORK"),
    "mobile": both("phone:MOBILE"),
    "fax": both("phone:FAX"),
    "about": both("comment"),
    "custom": both("attribute"),
}


class OpentapsSpeaker(Speaker):
    WORDS: ClassVar[Words] = {
        "person": {"first_name": both("firstName"), "last_name": both("lastName"), **_OPENTAPS_POINTS},
        "organisation": {"title": both("companyName"), **_OPENTAPS_POINTS},
        "opportunity": {},
        "case": {},
    }
    client: Opentaps

    def __init__(self, world: World, client: Client) -> None:
        super().__init__(world, client)
        self._ids: dict[int, str] = {}

    def _data(self, kind: str, facts: Facts, shown: Any = None) -> dict[str, str]:
        """The form; a change sends all addresses of a sort and all attributes, as each list is replaced whole."""
        data = {}
        lists: dict[str, list[dict[str, str]]] = {
            "email": [dict(row) for row in (shown or {}).get("emails", [])],
            "phone": [dict(row) for row in (shown or {}).get("phones", [])],
        }
        attributes = dict((shown or {}).get("attributes", {}))
        touched = set()
        for name, text in self.sayable(kind, facts).items():
            write = self.WORDS[kind][name].write
            if name == "custom":
                attributes[CUSTOM] = text
            elif ":" in write:
                sort, which = write.split(":")
                touched.add(sort)
                rows = lists[sort]
                row = self._row(rows, which)
                if row is None:
                    row = {} if which.isdigit() else {"purpose": which}
                    rows.append(row)
                row[sort] = text
            else:
                data[write] = text
        for sort in touched:
            rows = [row for row in lists[sort] if row[sort]]
            data[f"{sort}sNumber"] = str(len(rows))
            for at, row in enumerate(rows):
                data[f"{sort}{at}"] = row[sort]
                if "purpose" in row:
                    data[f"{sort}Purpose{at}"] = row["purpose"]
        data.update({f"attribute_{name}": text for name, text in attributes.items()})
        return data

    @staticmethod
    def _row(rows: list[dict[str, str]], which: str) -> dict[str, str] | None:
        if which.isdigit():
            return rows[int(which)] if int(which) < len(rows) else None
        return next((row for row in rows if row.get("purpose") == which), None)

    def _id(self, number: int) -> str:
        """The 24 hex digits, also of a contact that is gone."""
        if number not in self._ids:
            self._ids[number] = self.client.person_hex(number)
        return self._ids[number]

    def _load(self, number: int) -> Any:
        found = self.client.done("GET", f"/contact?contactId={self._id(number)}")
        return found[0] if found else None

    def create(self, kind: str, facts: Facts) -> int:
        data: dict[str, Any] = self._data(kind, facts)
        status, answer = self.client.call("POST", "/contact", data)
        assert status == 200, answer
        return int(answer["result"]["resultValue"]["contactId"][8:], 16)

    def change(self, kind: str, number: int, facts: Facts) -> None:
        data = self._data(kind, facts, self._load(number))
        self.client.done("PUT", "/contact", {"contactId": self._id(number), **data})

    def read(self, kind: str, number: int) -> Facts:
        contact = self._load(number)
        shown = {}
        for name, word in self.WORDS[kind].items():
            if name == "custom":
                shown[name] = contact["attributes"].get(CUSTOM, "")
            elif ":" in word.read:
                sort, which = word.read.split(":")
                row = self._row(contact.get(f"{sort}s", []), which)
                shown[name] = "" if row is None else row[sort]
            else:
                shown[name] = contact.get(word.read, "")
        return shown

    def delete(self, kind: str, number: int) -> None:
        self.client.done("DELETE", f"/contact?contactId={self._id(number)}")

    def there(self, kind: str, number: int) -> bool:
        return self._load(number) is not None
