"""Crust: records of the system modules Contact, Account, Opportunity, Case."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.matrix.clients import Crust
from tests.matrix.speakers.speaker import Facts, Speaker, Word, Words, both


def _crust_address(prefix: str) -> dict[str, Word]:
    names = {"street": "Street", "city": "City", "region": "State", "postcode": "PostalCode", "country": "Country"}
    return {fact: both(f"{prefix}{name}") for fact, name in names.items()}


class CrustSpeaker(Speaker):
    PATHS: ClassVar = {"person": "Contact", "organisation": "Account", "opportunity": "Opportunity", "case": "Case"}
    WORDS: ClassVar[Words] = {
        "person": {
            "first_name": both("FirstName"),
            "last_name": both("LastName"),
            "salutation": both("Salutation"),
            "job_title": both("Title"),
            "about": both("Description"),
            "organisation": both("AccountId"),
            "email": both("Email"),
            "phone": both("Phone"),
            "mobile": both("MobilePhone"),
            "owner": both("OwnerId"),
            "custom": both("Favourite"),
            **_crust_address("Mailing"),
        },
        "organisation": {
            "title": both("AccountName"),
            "about": both("Description"),
            "industry": both("Industry"),
            "phone": both("Phone"),
            "website": both("Website"),
            "owner": both("OwnerId"),
            "custom": both("Favourite"),
            **_crust_address("Billing"),
        },
        "opportunity": {
            "title": both("Name"),
            "body": both("Description"),
            "amount": both("Amount"),
            "probability": both("Probability"),
            "stage": both("StageName", moves=("milestone",)),
            "closes": both("CloseDate"),
            "company": both("AccountId"),
            "owner": both("OwnerId"),
            "custom": both("Favourite"),
        },
        "case": {
            "title": both("Subject"),
            "body": both("Description"),
            "state": both("Status", words={"open": "New", "closed": "Closed"}),
            "priority": both("Priority", words={"1": "Urgent", "2": "High", "3": "Normal", "4": "Low", "5": "None"}),
            "source": both("Origin"),
            "company": both("AccountId"),
            "owner": both("OwnerId"),
            "custom": both("Favourite"),
        },
    }
    client: Crust

    def _path(self, kind: str) -> str:
        return f"/module/{self.client.modules[self.PATHS[kind]]}/content"

    def _data(self, kind: str, facts: Facts) -> dict[str, Any]:
        words = self.WORDS[kind]
        said = self.sayable(kind, facts)
        return Crust.fields(**{words[name].write: words[name].say(text) for name, text in said.items()})

    def create(self, kind: str, facts: Facts) -> int:
        return int(self.client.done("POST", self._path(kind), self._data(kind, facts))["contentID"])

    def change(self, kind: str, number: int, facts: Facts) -> None:
        self.client.done("POST", f"{self._path(kind)}/{number}", self._data(kind, facts))

    def read(self, kind: str, number: int) -> Facts:
        row = self.client.done("GET", f"{self._path(kind)}/{number}")
        values = {field["name"]: field["value"] for field in row["fields"]}
        return {name: values.get(word.read, "") for name, word in self.WORDS[kind].items()}

    def delete(self, kind: str, number: int) -> None:
        self.client.done("DELETE", f"{self._path(kind)}/{number}")

    def there(self, kind: str, number: int) -> bool:
        return "error" not in self.client.call("GET", f"{self._path(kind)}/{number}")
