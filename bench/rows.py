"""The made-up tasks that every side answers for: the same for the same number, on every machine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from canonical.values import DAY, MINUTE, SECOND, Instant, instant

USERS: Final = 50
COMPANIES: Final = 500
FIRST_COMPANY: Final = USERS + 1
"""Users' contact cards are parties too, made before the companies."""
RARE: Final = "zirconium"
"""A word of one title in ten thousand."""
START: Final = instant(2012, 1, 1)
SPAN: Final = 900 * DAY
NOW: Final = START + SPAN
OPEN_STATES: Final = ("open", "in_progress", "awaiting", "rejected")

_VERBS = (
    "Call",
    "Visit",
    "Prepare",
    "Check",
    "Send",
    "Confirm",
    "Draft",
    "Renew",
    "Order",
    "Review",
    "Book",
    "Return",
)
_THINGS = (
    "the offer",
    "the invoice",
    "samples",
    "the contract",
    "a meeting",
    "Zoë's order",
    "the price list",
    "delivery",
)
_TEXT = (
    "asked about terms before the fair opens and wants an answer this week because their own customers wait while "
    "the depôt in Žilina still holds two pallets from spring which nobody has signed for so far as we know"
)
_WORDS = _TEXT.split()
_CATEGORIES = ("Call", "Email", "Follow-up", "Meeting", None)


@dataclass(frozen=True, slots=True)
class User:
    id: int
    username: str
    first_name: str
    last_name: str


@dataclass(frozen=True, slots=True)
class Company:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Task:
    """`completed_at` only in state ``completed``. Times are whole seconds."""

    id: int
    title: str
    body: str
    category: str | None
    state: str
    priority: int
    due_at: Instant
    start_at: Instant
    completed_at: Instant | None
    owner_id: int
    creator_id: int
    modifier_id: int
    company_id: int
    created_at: Instant
    updated_at: Instant


def users() -> list[User]:
    """User 1 is the one who asks."""
    return [User(id, f"user{id}", f"First{id}", f"Läst{id}") for id in range(1, USERS + 1)]


def companies() -> list[Company]:
    return [Company(id, f"Company {id} & Søns") for id in range(FIRST_COMPANY, FIRST_COMPANY + COMPANIES)]


def tasks(count: int, first: int = 1) -> Iterator[Task]:
    """Tasks `first` and on. One in five is open, none of them in the older half: what is old is done."""
    for id in range(first, first + count):
        chance = random.Random(id)
        created = START + SPAN * (id - first) // count // SECOND * SECOND
        due = created + chance.randrange(60, 20 * 24 * 60) * MINUTE
        late = 2 * (id - first) >= count and chance.random() < 0.4
        state = chance.choice(OPEN_STATES) if late else "completed"
        done = created + chance.randrange(1, 20 * 24 * 60) * MINUTE if state == "completed" else None
        at = chance.randrange(len(_WORDS))
        rare = f" {RARE}" if id % 10_000 == 7 else ""
        yield Task(
            id=id,
            title=f"{chance.choice(_VERBS)} {chance.choice(_THINGS)} {chance.randrange(100_000)}{rare}",
            body=" ".join((_WORDS * 2)[at : at + 24]),
            category=chance.choice(_CATEGORIES),
            state=state,
            priority=chance.randrange(1, 4),
            due_at=due,
            start_at=created,
            completed_at=done,
            owner_id=chance.randrange(1, USERS + 1),
            creator_id=chance.randrange(1, USERS + 1),
            modifier_id=chance.randrange(1, USERS + 1),
            company_id=FIRST_COMPANY + chance.randrange(COMPANIES),
            created_at=created,
            updated_at=done or created,
        )
