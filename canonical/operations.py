"""The closed vocabulary of what can be asked of the core, and the desk that answers.

An operation is a value: dialects parse requests into operations and render the results, and never see the store.
All operations of one request run in one unit of work; when the handler raises, nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from canonical.accounts import Principal
from canonical.model import Change, ContactPoint, CustomField, CustomValue, Link, PicklistItem, Record, Tag
from canonical.query import TRUE, Node, Query
from canonical.values import Instant, Ref

R = TypeVar("R", bound=Record)
R_co = TypeVar("R_co", bound=Record, covariant=True)

Include = tuple[str, ...]
"""What to load with a record: ``links``, ``points``, ``tags``, ``custom``."""


@dataclass(frozen=True, slots=True)
class Page(Generic[R_co]):
    """A window of what was found; `total` counts all matches, when it was asked for."""

    items: Sequence[R_co]
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Get(Generic[R]):
    """One record the caller may see. Raises NotFound; Denied (scope ``record``) when it is there but hidden."""

    kind: type[R]
    id: int
    include: Include = ()


@dataclass(frozen=True, slots=True)
class Find(Generic[R]):
    """The records for which the query holds and that the caller may see. Raises Unsupported for unknown fields."""

    kind: type[R]
    query: Query = field(default_factory=Query)
    include: Include = ()
    total: bool = False


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to make: `target` must exist, else UnknownReference. `at` defaults to now."""

    target: Ref
    role: str = ""
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Create(Generic[R]):
    """A new record out of field values; owner, creator and times default to the caller and now.

    `extras` is namespace -> key -> value; `custom` values are stored as given; `tags` are names, made when new.
    Raises Invalid, UnknownReference, Denied, Duplicate.
    """

    kind: type[R]
    values: Mapping[str, Any]
    links: tuple[NewLink, ...] = ()
    points: tuple[ContactPoint, ...] = ()
    tags: tuple[str, ...] = ()
    custom: tuple[CustomValue, ...] = ()
    extras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update(Generic[R]):
    """Changes what is named and no more.

    `extras` merges by namespace and key (a None removes the key); `custom` merges by group and name (see
    `drop_custom` for removal). Contact points with an `id` replace that point, those without are added,
    `drop_points` are removed. Nothing that differs: no new version, `updated_at` stays, unless `touch`.
    """

    kind: type[R]
    id: int
    values: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    custom: tuple[CustomValue, ...] = ()
    drop_custom: tuple[tuple[str, str], ...] = ()
    points: tuple[ContactPoint, ...] = ()
    drop_points: tuple[int, ...] = ()
    touch: bool = False


@dataclass(frozen=True, slots=True)
class Delete(Generic[R]):
    """Removes the record for good. Its links, points, tags and custom values go; what refers to it is cleared.

    With `cascade`, deleting a party also deletes the activities, opportunities and cases about it; deleting an
    activity its children.
    """

    kind: type[R]
    id: int
    cascade: bool = False


@dataclass(frozen=True, slots=True)
class AddLink:
    """Links a record; the same target in the same role again changes nothing. Raises UnknownReference."""

    record: Ref
    link: NewLink


@dataclass(frozen=True, slots=True)
class DropLink:
    """Removes links to the target: in one role, or in every role when `role` is None. None there: no error."""

    record: Ref
    target: Ref
    role: str | None = None


@dataclass(frozen=True, slots=True)
class AddTag:
    """Tags a record; a tag of a new name is made. Gives the tag and whether the record lacked it."""

    record: Ref
    name: str
    url: str | None = None
    keywords: str | None = None


@dataclass(frozen=True, slots=True)
class DropTag:
    """Takes a tag off a record, by name without regard to letter case; gives whether it was there."""

    record: Ref
    name: str


class Desk(Protocol):
    """Answers operations for one caller in one unit of work. `now` is the moment of the request."""

    principal: Principal
    dialect: str
    now: Instant

    # Records
    def get(self, kind: type[R], id: int, include: Include = ()) -> R: ...
    def get_many(self, kind: type[R], ids: Iterable[int], include: Include = ()) -> dict[int, R]:
        """The records that exist and that the caller may see, by id."""

    def find(self, kind: type[R], query: Query = ..., include: Include = (), *, total: bool = False) -> Page[R]: ...
    def count(self, kind: type[R], where: Node = TRUE) -> int: ...
    def create(self, operation: Create[R], include: Include = ()) -> R:
        """The record as it now stands."""

    def update(self, operation: Update[R], include: Include = ()) -> R:
        """The record as it now stands."""

    def delete(self, operation: Delete[R]) -> None: ...
    def execute(self, operation: Any) -> Any:
        """The result of any operation of this module, by its type."""

    # Links, tags
    def add_link(self, record: Ref, link: NewLink) -> Link: ...
    def drop_link(self, record: Ref, target: Ref, role: str | None = None) -> int:
        """How many links went."""

    def links_to(self, target: Ref, record_kind: str | None = None) -> list[Link]:
        """The links that point at `target`, by position."""

    def add_tag(
        self, record: Ref, name: str, url: str | None = None, keywords: str | None = None
    ) -> tuple[Tag, bool]: ...
    def drop_tag(self, record: Ref, name: str) -> bool: ...
    def find_tags(self, name_contains: str | None = None, ids: Iterable[int] | None = None) -> list[Tag]: ...
    def save_tag(self, tag: Tag) -> Tag:
        """Creates (id 0) or replaces a tag. Raises Duplicate, NotFound."""

    def delete_tag(self, tag_id: int) -> None: ...

    # Definitions
    def custom_fields(self, kind: str) -> list[CustomField]: ...
    def save_custom_field(self, definition: CustomField) -> CustomField:
        """Creates or replaces the definition of that kind, group and name."""

    def delete_custom_field(self, kind: str, name: str, group: str = "") -> None: ...
    def picklist(self, name: str) -> list[PicklistItem]:
        """The items of a list by position; `[]` for a list that nobody made."""

    def save_picklist_item(self, item: PicklistItem) -> PicklistItem: ...
    def delete_picklist_item(self, item_id: int) -> None: ...

    # The change log, ids, aliases
    def changes(
        self,
        kind: str,
        actions: Sequence[str],
        since: Instant,
        *,
        types: Sequence[str] = (),
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[list[Change], int]:
        """Entries at or after `since`, oldest first, each record once (its last), and how many there are."""

    def next_id(self, namespace: str) -> int:
        """The next number of a counter of that name: 1, 2, 3, … never twice."""

    def foreign_id(self, kind: str, id: int) -> str | None:
        """The id under which clients of this dialect know the record from another system, if they do."""

    def local_id(self, kind: str, foreign: str) -> int | None:
        """The record that clients of this dialect know under `foreign`."""

    def set_alias(self, kind: str, foreign: str, id: int) -> None: ...
