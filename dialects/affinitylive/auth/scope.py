"""Scopes: ``read(all)``, ``write(all)``, ``read(companies,contacts),write(staff)``; write implies read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from adapter.formats import Malformed, TooLarge
from dialects.affinitylive.wire import grammar

# [suicidesin] and [noojee] ask for no scope and then write: an absent scope grants everything.
ABSENT = "write(all)"


class BadScope(ValueError):
    """The scope cannot be read."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The resources that may be read and those that may be written; ``all`` stands for any."""

    read: frozenset[str]
    write: frozenset[str]

    def allows(self, resource: str, *, writing: bool) -> bool:
        if "all" in self.write or resource in self.write:
            return True
        return not writing and ("all" in self.read or resource in self.read)

    def covers(self, other: Scope) -> bool:
        """Whether this one allows all that the other allows."""
        return all(self.allows(name, writing=True) for name in other.write) and all(
            self.allows(name, writing=False) for name in other.read
        )


@lru_cache(maxsize=256)
def parse(text: str) -> Scope:
    """Raises BadScope."""
    allowed: dict[str, set[str]] = {"read": set(), "write": set()}
    try:
        items = grammar.parse(text)
    except (Malformed, TooLarge):
        raise BadScope(text[:100]) from None
    for item in items:
        if item.name not in allowed or not item.items:
            raise BadScope(text[:100])
        for inner in item.items:
            if inner.items is not None or not inner.name.replace("_", "").isalnum():
                raise BadScope(text[:100])
            allowed[item.name].add(inner.name)
    if not items:
        raise BadScope("empty")
    return Scope(frozenset(allowed["read"]), frozenset(allowed["write"]))


def of_token(data: Mapping[str, Any]) -> Scope:
    """The scope of what was stored with a token; a permanent API token may do everything its user may."""
    kept = data.get("scope")
    return parse(kept if isinstance(kept, str) else ABSENT)
