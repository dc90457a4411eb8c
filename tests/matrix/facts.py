"""What the matrix says of records: facts in several moods, and another text for every fact."""

from __future__ import annotations

from tests.matrix.speakers.speaker import Facts

KINDS = ("person", "organisation", "opportunity", "case")
_POINTS = {
    "email": "zoe+a@x.test",
    "second_email": "second@x.test",
    "phone": "+47 (555) 01-02",
    "mobile": "+47 999",
    "fax": "+47 000",
    "website": "http://x.test/a?b=1&c=2",
    "street": "1 Quay Street",
    "city": "Bergen",
    "region": "Vestland",
    "postcode": "5003",
    "country": "Norway",
    "custom": "blue",
}
_MATTER = {"title": "New shop", "body": "One line.", "source": "Fair", "custom": "blue"}
PLAIN: dict[str, Facts] = {
    "person": {
        "first_name": "Kai",
        "last_name": "Ito",
        "salutation": "Dr.",
        "job_title": "Buyer",
        "department": "Sales",
        "about": "Met at the fair.",
        "industry": "Retail",
        "source": "Fair",
        **_POINTS,
    },
    "organisation": {"title": "Fjord AS", "about": "Sells fish.", "industry": "Retail", **_POINTS},
    "opportunity": {
        **_MATTER,
        "amount": "1234.56",
        "currency": "NOK",
        "closes": "2030-12-31",
        "stage": "Negotiating",
        "milestone": "Bid",
        "probability": "40",
    },
    "case": {**_MATTER, "state": "open", "priority": "2"},
}
"""Without the facts that name another record: company, organisation, owner."""
OTHER: Facts = {
    **_POINTS,
    "first_name": "Ännå",
    "last_name": "Øst <Ny>",
    "salutation": "Prof.",
    "job_title": "Böss & Co",
    "department": "Såles",
    "about": "shört\n<b>text</b> \U0001f600",
    "industry": "Öil",
    "source": "Wéb",
    "email": "new@x.test",
    "second_email": "second-new@x.test",
    "phone": "+1 555",
    "mobile": "+1 556",
    "fax": "+1 557",
    "website": "http://new.test/",
    "street": "2 Råd & \U0001f600",
    "city": "Oslo",
    "region": "Øst",
    "postcode": "0101",
    "country": "Sweden",
    "custom": 'réd & "white" \U0001f600',
    "title": "Another name, é & <i>",
    "body": "nëw\nbody ]]>",
    "amount": "99.5",
    "closes": "2031-01-02",
    "stage": "Verbal",
    "milestone": "New",
    "probability": "60",
    "priority": "4",
    "currency": "SEK",
}
"""What each fact is changed to."""
_FREE = {
    "first_name", "last_name", "job_title", "department", "about", "industry", "source", "street", "city", "region",
    "custom", "title", "body",
}  # fmt: skip
"""Facts that may be any text."""
_MARKED = "Zoë & <b>ŽE</b> \"q\" 'é' 日本 \U0001f600"
_LONG = "línea <i>1</i> & 2\n\n" + "x\U0001f600é" * 3000 + "\n\tlast ]]>"


def _made_over(text: str, mood: str, fact: str) -> str:
    if fact not in _FREE or mood == "plain":
        return text
    if fact in ("about", "body"):
        return _LONG if mood == "long" else f"{_MARKED}\n\n{text}\n\t<last> ]]> &amp; %26"
    return f"{text} {'é' * 90}" if mood == "long" else _MARKED[:27].strip()


MOODS = ("plain", "marked", "long")
"""``marked`` texts are full of what encodings trip over; ``long`` ones outgrow every vendor's columns."""


def facts(kind: str, mood: str) -> Facts:
    return {fact: _made_over(text, mood, fact) for fact, text in PLAIN[kind].items()}
