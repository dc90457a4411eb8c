"""Zurmo: contacts, accounts, opportunities; it knows no cases."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.matrix.clients import Zurmo
from tests.matrix.speakers.speaker import Facts, Speaker, Word, Words, both

_ZURMO_ADDRESS = (("street", "street1", 128), ("city", "city", 32), ("region", "state", 32))
_ZURMO_ADDRESS = (*_ZURMO_ADDRESS, ("postcode", "postalCode", 16), ("country", "country", 32))


def _zurmo_points(address: str) -> dict[str, Word]:
    return {
        "email": both("[primaryEmail][emailAddress]"),
        "second_email": both("[secondaryEmail][emailAddress]", needs="email"),
        "phone": both("[officePhone]", limit=24),
        "fax": both("[officeFax]", limit=24),
        "website": both("[website]"),
        **{fact: both(f"[{address}][{name}]", limit=limit) for fact, name, limit in _ZURMO_ADDRESS},
        "custom": both("[FavouriteCstm]"),
        "owner": both("[owner][id]"),
    }


class ZurmoSpeaker(Speaker):
    PATHS: ClassVar = {
        "person": "contacts/contact",
        "organisation": "accounts/account",
        "opportunity": "opportunities/opportunity",
    }
    WORDS: ClassVar[Words] = {
        "person": {
            "first_name": both("[firstName]", limit=32),
            "last_name": both("[lastName]", limit=32),
            "salutation": both("[title][value]"),
            "job_title": both("[jobTitle]", limit=64),
            "department": both("[department]", limit=64),
            "about": both("[description]"),
            "organisation": both("[account][id]"),
            "industry": both("[industry][value]"),
            "source": both("[source][value]"),
            "mobile": both("[mobilePhone]", limit=24),
            **_zurmo_points("primaryAddress"),
        },
        "organisation": {
            "title": both("[name]", limit=64),
            "about": both("[description]"),
            "industry": both("[industry][value]"),
            **_zurmo_points("billingAddress"),
        },
        "opportunity": {
            "title": both("[name]", limit=64),
            "body": both("[description]"),
            "amount": both("[amount][value]"),
            "closes": both("[closeDate]"),
            "stage": both("[stage][value]", moves=("milestone", "probability", "state")),
            "probability": Word("", "[probability]"),
            "company": both("[account][id]"),
            "source": both("[source][value]"),
            "custom": both("[FavouriteCstm]"),
            "owner": both("[owner][id]"),
        },
        "case": {},
    }
    client: Zurmo

    def _path(self, kind: str, action: str, number: int | str = "") -> str:
        return f"{self.PATHS[kind]}/api/{action}/{number}"

    def _data(self, kind: str, facts: Facts) -> dict[str, str]:
        words = self.WORDS[kind]
        return {words[name].write: words[name].say(text) for name, text in self.sayable(kind, facts).items()}

    def create(self, kind: str, facts: Facts) -> int:
        start = {"person": {"[state][id]": "6"}, "opportunity": {"[stage][value]": "Prospecting"}}.get(kind, {})
        data = {**start, **self._data(kind, facts)}
        return int(self.client.done("POST", self._path(kind, "create"), data)["id"])

    def change(self, kind: str, number: int, facts: Facts) -> None:
        self.client.done("PUT", self._path(kind, "update", number), self._data(kind, facts))

    def read(self, kind: str, number: int) -> Facts:
        data = self.client.done("GET", self._path(kind, "read", number))
        shown = {}
        for name, word in self.WORDS[kind].items():
            found: Any = data
            for key in word.read.strip("[]").split("]["):
                found = found.get(key) if isinstance(found, dict) else None
            shown[name] = "" if found is None else str(found)
        if "amount" in shown and "." in shown["amount"]:
            shown["amount"] = shown["amount"].rstrip("0").rstrip(".")
        return shown

    def delete(self, kind: str, number: int) -> None:
        self.client.done("DELETE", self._path(kind, "delete", number))

    def there(self, kind: str, number: int) -> bool:
        return bool(self.client.call("GET", self._path(kind, "read", number))["status"] == "SUCCESS")
