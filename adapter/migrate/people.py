"""The users of both sides: who is whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from canonical.model import Party, User
from canonical.values import Ref


@dataclass(slots=True)
class People:
    """Users of one side, by id, by username and by contact card. There are few enough to keep."""

    by_id: dict[int, User] = field(default_factory=dict)
    by_name: dict[str, User] = field(default_factory=dict)
    by_card: dict[int, User] = field(default_factory=dict)

    def add(self, users: Iterable[User]) -> None:
        for user in users:
            self.by_id[user.id] = user
            self.by_name[user.username.casefold()] = user
            if user.person_id:
                self.by_card[user.person_id] = user

    def find(self, id: int | None, username: str | None) -> User | None:
        found = self.by_id.get(id) if id else None
        return found or (self.by_name.get(username.casefold()) if username else None)

    def of_target(self, target: Ref) -> User | None:
        """The user that a link means, by himself or by his card."""
        if target.kind == User.KIND:
            return self.by_id.get(target.id)
        return self.by_card.get(target.id) if target.kind == Party.KIND else None


@dataclass(slots=True)
class Crowd:
    """Who of the source is who of the target: as the plan says, else by username, else by e-mail."""

    source: People
    target: People
    plan: Mapping[str, str]

    def counterpart(self, user: User) -> User | None:
        """The target's user whom the plan or the name means; never the one that stands for all others."""
        named = self.plan.get(user.username)
        if named is not None:
            return self.target.by_name.get(named.casefold())
        found = self.target.by_name.get(user.username.casefold())
        if found is None and user.email:
            same = [each for each in self.target.by_id.values() if each.email and _same(each.email, user.email)]
            found = same[0] if len(same) == 1 else None
        return found

    def stand_in(self) -> User | None:
        """Who is named for all whom the target does not have."""
        name = self.plan.get("*")
        return self.target.by_name.get(name.casefold()) if name else None


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
