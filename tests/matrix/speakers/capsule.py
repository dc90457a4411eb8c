"""Capsule: people, organisations, opportunities, cases, each with contacts and custom fields."""

from __future__ import annotations

from typing import Any, ClassVar

from adapter.formats import xml_body
from canonical.model import User
from tests.matrix.clients import Capsule
from tests.matrix.speakers.speaker import CUSTOM, Facts, Speaker, Word, Words, both

_CAPSULE_POINTS = {
    "email": both("email:0:emailAddress"),
    "second_email": both("email:1:emailAddress", needs="email"),
    "phone": both("phone:Work:phoneNumber"),
    "mobile": both("phone:Mobile:phoneNumber"),
    "fax": both("phone:Fax:phoneNumber"),
    "website": both("website:0:webAddress"),
    "street": both("address:0:street"),
    "city": both("address:0:city"),
    "region": both("address:0:state"),
    "postcode": both("address:0:zip"),
    "country": both("address:0:country"),
    "custom": both("customfields"),
}


class CapsuleSpeaker(Speaker):
    PATHS: ClassVar = {
        "person": "person",
        "organisation": "organisation",
        "opportunity": "opportunity",
        "case": "kase",
    }
    WORDS: ClassVar[Words] = {
        "person": {
            "first_name": both("firstName"),
            "last_name": both("lastName"),
            "salutation": both("title"),
            "job_title": both("jobTitle"),
            "about": both("about"),
            "organisation": both("organisationId"),
            **_CAPSULE_POINTS,
        },
        "organisation": {"title": both("name"), "about": both("about"), **_CAPSULE_POINTS},
        "opportunity": {
            "title": both("name"),
            "body": both("description"),
            "amount": both("value"),
            "currency": both("currency"),
            "closes": both("expectedCloseDate"),
            "milestone": both("milestone", moves=("stage", "state", "probability")),
            "probability": both("probability"),
            "company": Word("", "partyId"),
            "owner": both("owner"),
            "custom": both("customfields"),
        },
        "case": {
            "title": both("name"),
            "body": both("description"),
            "state": both("status", words={"open": "OPEN", "closed": "CLOSED"}),
            "company": Word("", "partyId"),
            "owner": both("owner"),
            "custom": both("customfields"),
        },
    }
    client: Capsule

    def _at(self, kind: str) -> str:
        return "party" if kind in ("person", "organisation") else self.PATHS[kind]

    def _document(self, kind: str, facts: Facts, number: int | None) -> str:
        plain: dict[str, str] = {}
        contacts: dict[tuple[str, str], dict[str, str]] = {}
        for name, text in self.sayable(kind, facts).items():
            write = self.WORDS[kind][name].write
            text = self.WORDS[kind][name].say(text)
            if name == "owner":
                text = self._username(text)
            if name == "closes" and text:
                text = f"{text}T00:00:00Z"
            if name == "custom":
                continue
            if ":" in write:
                element, which, part = write.split(":")
                contacts.setdefault((element, which), {})[part] = text
            else:
                plain[write] = text
        body = "".join(f"<{name}>{xml_body.escape_text(text)}</{name}>" for name, text in plain.items())
        if contacts:
            entries = "".join(self._contact(kind, number, *key, parts) for key, parts in contacts.items())
            body += f"<contacts>{entries}</contacts>"
        return f"<{self.PATHS[kind]}>{body}</{self.PATHS[kind]}>"

    def _contact(self, kind: str, number: int | None, element: str, which: str, parts: dict[str, str]) -> str:
        found = None if number is None else self._chosen(self._load(kind, number), element, which)
        id = "" if found is None else f"<id>{self.client.texts(found)['id']}</id>"
        type_ = f"<type>{which}</type>" if found is None and not which.isdigit() else ""
        inner = "".join(f"<{name}>{xml_body.escape_text(text)}</{name}>" for name, text in parts.items())
        return f"<{element}>{id}{type_}{inner}</{element}>"

    @staticmethod
    def _chosen(record: Any, element: str, which: str) -> Any:
        contacts = next((child for child in record.children if child.tag == "contacts"), None)
        found = [] if contacts is None else [child for child in contacts.children if child.tag == element]
        if which.isdigit():
            return found[int(which)] if int(which) < len(found) else None
        return next((child for child in found if Capsule.texts(child).get("type") == which), None)

    def _load(self, kind: str, number: int) -> Any:
        element = self.client.xml(f"{self._at(kind)}/{number}")
        assert element is not None, (kind, number)
        return element

    def _username(self, number: str) -> str:
        return self.world.desk().get(User, int(number)).username if number else ""

    def _save_custom(self, kind: str, number: int, facts: Facts) -> None:
        if "custom" in facts:
            field = f"<label>{CUSTOM}</label><text>{xml_body.escape_text(facts['custom'])}</text>"
            document = f"<customFields><customField>{field}</customField></customFields>"
            answer = self.client.call("PUT", f"{self._at(kind)}/{number}/customfields", document)
            assert answer.status == 200, answer

    def create(self, kind: str, facts: Facts) -> int:
        path = kind if kind in ("person", "organisation") else f"party/{facts['company']}/{self.PATHS[kind]}"
        if kind == "opportunity" and "milestone" not in facts:
            facts = {**facts, "milestone": "New"}
        answer = self.client.call("POST", path, self._document(kind, facts, None))
        assert answer.status == 201, answer
        number = int((answer.header("Location") or "").rsplit("/", 1)[1])
        self._save_custom(kind, number, facts)
        return number

    def change(self, kind: str, number: int, facts: Facts) -> None:
        answer = self.client.call("PUT", f"{self.PATHS[kind]}/{number}", self._document(kind, facts, number))
        assert answer.status == 200, answer
        self._save_custom(kind, number, facts)

    def read(self, kind: str, number: int) -> Facts:
        record = self._load(kind, number)
        texts = self.client.texts(record)
        shown = {}
        for name, word in self.WORDS[kind].items():
            if ":" in word.read:
                element, which, part = word.read.split(":")
                found = self._chosen(record, element, which)
                shown[name] = "" if found is None else self.client.texts(found).get(part, "")
            else:
                shown[name] = texts.get(word.read, "")
        custom = self.client.xml(f"{self._at(kind)}/{number}/customfields")
        rows = [self.client.texts(row) for row in custom.children]
        shown["custom"] = next((row.get("text", "") for row in rows if row["label"] == CUSTOM), "")
        if shown.get("closes"):
            shown["closes"] = shown["closes"][:10]
        if shown.get("amount"):
            shown["amount"] = shown["amount"].rstrip("0").rstrip(".")
        if shown.get("owner"):
            shown["owner"] = str(self.world.principal(f"{shown['owner']}-token").user_id)
        return shown

    def delete(self, kind: str, number: int) -> None:
        assert self.client.call("DELETE", f"{self._at(kind)}/{number}").status == 200

    def there(self, kind: str, number: int) -> bool:
        return bool(self.client.call("GET", f"{self._at(kind)}/{number}").status == 200)
