"""Sides: what a migration reads from or writes to. A vendor's server, the core, and files are the same to it.

A side tells by its `capabilities` (rows as those of `adapter.client`) what it can be asked and which canonical fields
and parts travel along; whatever is not in a row is a declared loss, counted before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapter.client import Batch, Capability
from adapter.losses import LossReport
from canonical.errors import CanonicalError
from canonical.operations import Create
from canonical.values import Instant


class Unreadable(Exception):
    """A side cannot be used as it was given: one clear line, without any secret."""


class Gone(Exception):
    """A side stopped answering in the middle; whatever was done is in the ledger, and the run can be resumed."""


@dataclass(frozen=True, slots=True)
class Given:
    """A record to create. `key` names it for ever: what was made under a key is found by it, where sides keep keys.

    `alias` is the id that clients of the source's vendor know it by, empty where there is none.
    """

    key: str
    operation: Create[Any]
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one `Given`: its id on the side, or why it was refused; `losses` are by field and reason.

    `collision` is set where another record had the id that was asked for as alias, and says what was done.
    """

    id: int = 0
    error: CanonicalError | None = None
    losses: tuple[tuple[str, str, int], ...] = ()
    collision: str = ""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a side is like. `dialect` is the namespace of its ids, empty for those that are nobody else's.

    `requires`, `vocabulary`, `precision` and `refers` are as in `adapter.client.ClientSide`. `keeps_keys` says
    that `made` answers; other sides are looked through for what may have been made.
    """

    name: str
    dialect: str
    capabilities: tuple[Capability, ...]
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vocabulary: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    precision: Mapping[tuple[str, str], int] = field(default_factory=dict)
    refers: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    keeps_keys: bool = False


class Side(Protocol):
    """One end of a migration. Raises `Gone` when it no longer answers, `CanonicalError` for what it refuses."""

    @property
    def traits(self) -> Traits: ...

    @property
    def losses(self) -> LossReport:
        """What could not be said or kept of all that was read so far."""

    def pull(self, kind: str, since: Instant | None = None, *, again: bool = False) -> Iterator[Batch]:
        """All records of a kind of `adapter.client.KINDS` with all their parts, in a steady order.

        With `since` those that changed at or after it, where the row of ``list`` says so. What is read `again` adds
        nothing to the losses.
        """

    def perform(self, operation: Any) -> Any:
        """The result of one of `canonical.operations`, as `adapter.client.ClientSide.perform` says."""

    def create_many(self, given: Sequence[Given]) -> Iterable[Made]:
        """Makes records, and tells of each in order. Those that were not told of may have been made."""

    def made(self, keys: Sequence[str]) -> Mapping[str, int]:
        """The ids of what was made under these keys, for sides that keep keys."""

    def alias(self, kind: str, alias: str, id: int) -> str:
        """Lets clients of the source's vendor know a record by that id; gives what was done where it was taken."""

    def collision(self, kind: str, alias: str, id: int = 0) -> str:
        """What `alias` would do about another record of that id; empty where nobody else has it."""

    def written_id(self, kind: str, id: int) -> str:
        """How clients of the side write the id of a record of that canonical kind."""

    def close(self) -> None: ...
