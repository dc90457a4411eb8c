"""AffinityLive: contacts with their affiliation, companies, prospects, issues."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from tests.matrix.clients import AffinityLive
from tests.matrix.speakers.speaker import CUSTOM, Facts, Speaker, Word, Words, both

CARD = "1"
"""The contact card of the first user: a prospect has to be somebody's."""


class AffinityLiveSpeaker(Speaker):
    PATHS: ClassVar = {
        "person": "contacts",
        "organisation": "companies",
        "opportunity": "prospects",
        "case": "issues",
    }
    WORDS: ClassVar[Words] = {
        "person": {
            "first_name": both("firstname"),
            "last_name": both("surname"),
            "salutation": both("title"),
            "job_title": both("position"),
            "about": both("comments"),
            "organisation": Word("company_id", "company"),
            "email": both("email"),
            "phone": both("phone"),
            "mobile": both("mobile"),
            "fax": both("fax"),
            "custom": both("profile"),
        },
        "organisation": {
            "title": both("name"),
            "about": both("comments"),
            "email": both("email"),
            "phone": both("phone"),
            "fax": both("fax"),
            "website": both("website"),
            "custom": both("profile"),
        },
        "opportunity": {
            "title": both("title"),
            "body": both("comments"),
            "amount": both("value"),
            "closes": both("date_due"),
            "probability": both("progress"),
            "state": both("standing", words={"open": "active"}, moves=("stage", "milestone")),
            "company": Word("company_id", "company"),
            "owner": Word("manager_id", "manager"),
            "custom": both("profile"),
        },
        "case": {
            "title": both("title"),
            "body": both("description"),
            "state": both("standing"),
            "priority": both("priority", words={"": "0"}),
            "company": Word("company_id", "company"),
            "owner": Word("assignee_id", "assignee"),
            "custom": both("profile"),
        },
    }
    client: AffinityLive

    def _data(self, kind: str, facts: Facts) -> dict[str, str]:
        data = {}
        for name, text in self.sayable(kind, facts).items():
            word = self.WORDS[kind][name]
            if name == "custom":
                data[f"profile.{self._field(kind)}"] = text
            elif name == "closes":
                data[word.write] = str(int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()))
            elif name == "probability":
                data[word.write] = f"{int(text) / 100:.4f}"
            else:
                data[word.write] = word.say(text)
        return data

    def _field(self, kind: str) -> str:
        """The number of the custom field, which has to be defined before a value can be given."""
        found = self.client.done("GET", f"{self.PATHS[kind]}/profiles/fields")
        return next(field["id"] for field in found if field["field_name"] == CUSTOM)

    def create(self, kind: str, facts: Facts) -> int:
        data = self._data(kind, facts)
        if kind in ("opportunity", "case"):
            data["type_id"] = "1"
            if "company_id" not in data:
                data |= {"against_type": "staff", "against_id": "1"} if kind == "case" else {"contact_id": CARD}
        return int(self.client.done("POST", self.PATHS[kind], data)["id"])

    def change(self, kind: str, number: int, facts: Facts) -> None:
        self.client.done("PUT", f"{self.PATHS[kind]}/{number}", self._data(kind, facts))

    def read(self, kind: str, number: int) -> Facts:
        record = self.client.done("GET", f"{self.PATHS[kind]}/{number}?_fields=_ALL")
        shown = {name: str(record.get(word.read) or "") for name, word in self.WORDS[kind].items()}
        values = self.client.done("GET", f"{self.PATHS[kind]}/{number}/profiles/values")
        shown["custom"] = next((value["value"] for value in values if value["field_name"] == CUSTOM), "")
        if shown.get("amount"):
            shown["amount"] = shown["amount"].rstrip("0").rstrip(".")
        if shown.get("closes"):
            shown["closes"] = datetime.fromtimestamp(int(shown["closes"]), UTC).strftime("%Y-%m-%d")
        if "probability" in shown:
            shown["probability"] = str(round(float(shown["probability"]) * 100))
        return shown

    def delete(self, kind: str, number: int) -> None:
        self.client.done("DELETE", f"{self.PATHS[kind]}/{number}")

    def there(self, kind: str, number: int) -> bool:
        return bool(self.client.call("GET", f"{self.PATHS[kind]}/{number}")["meta"]["status"] == "ok")
