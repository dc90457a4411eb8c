"""What any dialect's speaker is: one that writes and tells facts of people, organisations, opportunities and cases.

A fact is a canonical word and its text. `WORDS` says how a dialect spells the facts that it knows; a fact that is
missing there is one that it cannot say, as its README declares. What it can say, it has to show and to keep.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.matrix.clients import Client
from tests.support.world import World

Facts = dict[str, str]
Words = Mapping[str, Mapping[str, "Word"]]
"""By kind and fact."""
CUSTOM = "Favourite"
"""The custom field that every kind has in the matrix."""


@dataclass(frozen=True)
class Word:
    """How a fact stands on the wire. `write` is "" for what is only shown, `read` for what is only taken."""

    write: str = ""
    read: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    """The vendor's words for the canonical ones."""
    limit: int = 0
    """Longer texts are shown cut here, and are not taken."""
    moves: tuple[str, ...] = ()
    """The facts that follow a change of this one by the vendor's own rules."""
    needs: str = ""
    """The fact without which this one has no place."""

    def say(self, text: str) -> str:
        return self.words.get(text, text)

    def hear(self, text: str) -> str:
        return next((ours for ours, theirs in self.words.items() if theirs == text), text)


def both(name: str, **more: Any) -> Word:
    return Word(name, name, **more)


class Speaker(ABC):
    """One user of one dialect."""

    WORDS: ClassVar[Words]

    def __init__(self, world: World, client: Client) -> None:
        self.world = world
        self.client: Any = client

    def sayable(self, kind: str, facts: Facts) -> Facts:
        """What of the facts can be written here."""
        words = self.WORDS[kind]
        return {
            name: text
            for name, text in facts.items()
            if name in words and words[name].write and not 0 < words[name].limit < len(text)
        }

    def tell(self, kind: str, number: int) -> Facts:
        """All that the dialect shows of a record; "" for what it leaves out."""
        shown = self.read(kind, number)
        return {name: word.hear(shown.get(name, "")) for name, word in self.WORDS[kind].items() if word.read}

    @abstractmethod
    def create(self, kind: str, facts: Facts) -> int:
        """Writes what is `sayable`; gives the record's number."""

    @abstractmethod
    def change(self, kind: str, number: int, facts: Facts) -> None: ...
    @abstractmethod
    def read(self, kind: str, number: int) -> Facts:
        """The dialect's own words by fact."""

    @abstractmethod
    def delete(self, kind: str, number: int) -> None: ...
    @abstractmethod
    def there(self, kind: str, number: int) -> bool: ...
