"""The closed vocabulary of what can be asked of the core, and the desk that answers.

An operation is a value: dialects parse requests into operations and render the results, and never see the store.
All operations of one request run in one unit of work; when the handler raises, nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from canonical.accounts import Principal
from canonical.formula import ALL, Formula
from canonical.model import (
    Change,
    ContactPoint,
    CustomField,
    CustomValue,
    Job,
    JobLog,
    Link,
    Party,
    PicklistItem,
    Record,
    Tag,
    Workflow,
)
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, ModuleSort, SavedChart
from canonical.model.page import LayoutPage
from canonical.query import TRUE, Node, Query, Window
from canonical.values import UNSET, Instant, Ref, Unset

R = TypeVar("R", bound=Record)
R_co = TypeVar("R_co", bound=Record, covariant=True)

Include = tuple[str, ...]
"""What to load with a record: ``links``, ``points``, ``tags``, ``custom``, ``steps``."""
Fields = tuple[str, ...] | None
"""The fields, stored or joined, that whoever asks will look at; None for all.

`id`, `visibility`, `owner_id` and `creator_id` are always among them. The others may be at their defaults.
"""


@dataclass(frozen=True, slots=True)
class Page(Generic[R_co]):
    """A window of what was found; `total` counts all matches, when it was asked for."""

    items: Sequence[R_co]
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Get(Generic[R]):
    """One record the caller may see. Raises NotFound; Denied (scope ``record``) when others may know that it is there.

    A text that is not his to read is empty, and the record says so (`masked`).
    """

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
    `drop_points` are removed. Nothing that differs: no new version, `updated_at` stays, unless `touch`. `word` is the
    dialect's own word for the state that the record comes to, where that is finer than the state itself.
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
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Delete(Generic[R]):
    """Removes the record for good. Its links, points, tags and custom values go; what refers to it is cleared.

    With `cascade`, deleting a party also deletes the activities, opportunities and cases about it; deleting an
    activity its children. What the caller may not see, or whose text he may not read, stays and is cleared.
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


@dataclass(frozen=True, slots=True)
class FindTags:
    """All tags. Gives a list of `Tag`."""


@dataclass(frozen=True, slots=True)
class FindCustomFields:
    """The definitions of a canonical kind's custom fields. Gives a list of `CustomField`."""

    kind: str


@dataclass(frozen=True, slots=True)
class SaveCustomField:
    """Creates or replaces a definition, by kind, group and name. Gives it as it now stands."""

    definition: CustomField


@dataclass(frozen=True, slots=True)
class FindDeletions:
    """What of a canonical kind was deleted at or after `since`. Gives a list of `Ref`, oldest first."""

    kind: str
    since: Instant


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """What to change of a job: what is UNSET or None stays. `log` is one more entry of its log, as JSON text."""

    id: int
    status: str | None = None
    log: str | None = None
    workflow_id: int | None = None
    start_at: Instant | Unset | None = UNSET
    parameters: Mapping[str, str] | None = None
    extras: Mapping[str, dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Numbers over many records, computed in the store: rows ``(key, number)`` in ascending order of the key.

    `how` is ``count`` (records per key), ``sum`` (of `value` per key) or ``pairs`` (each record's key and value). A
    field is one of a module, or of a kind: a stored field, ``custom.NAME`` or ``links.KIND`` (the id of a target).
    With an empty key all are one group, whose key is ``""``. `low` and `high` bound the key, or the field `bounded`,
    both ends included: numbers by number, text by text. Records without the key do not count; at most 10,000 rows.
    """

    how: str
    key: str
    value: str = ""
    low: str | int | float | None = None
    high: str | int | float | None = None
    bounded: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Rows ``(group, …, count, metric, …)`` over the records for which `where` holds, at most 10,000, in any order.

    A metric is ``count``, ``sum``, ``min``, ``max``, ``avg`` or ``std`` (of the whole population) of a formula; None
    counts records. A record that lacks a field is in the group whose value is None. With no dimension all are one row.
    """

    dimensions: tuple[Formula, ...] = ()
    metrics: tuple[tuple[str, Formula | None], ...] = ()
    where: Formula = ALL


class Desk(Protocol):
    """Answers operations for one caller in one unit of work. `now` is the moment of the request."""

    principal: Principal
    dialect: str
    now: Instant

    # Records
    def get(self, kind: type[R], id: int, include: Include = (), fields: Fields = None) -> R: ...
    def get_many(self, kind: type[R], ids: Iterable[int], include: Include = ()) -> dict[int, R]:
        """The records that exist and that the caller may see, by id."""

    def remembered(self, name: str) -> dict[Any, Any]:
        """Room for what the dialect makes of users of the tenant and of what it set up.

        Emptied when anybody commits, empty while writing.
        All callers share it: nothing may go in that some of them may not see.
        """

    def find(
        self,
        kind: type[R],
        query: Query = ...,
        include: Include = (),
        *,
        total: bool = False,
        fields: Fields = None,
    ) -> Page[R]: ...
    def count(self, kind: type[R], where: Node = TRUE) -> int: ...
    def organisation_named(self, name: str) -> Party | None:
        """The oldest organisation of that name, letter case aside, that the caller sees."""

    def employer_named(self, name: str) -> Party:
        """The same, made where there is none: who works for whom is one record, whichever dialect says it by name."""

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
        """The links that point at `target` from records that the caller sees, by position."""

    def acts_as_owner(self, record: Record) -> bool:
        """Whether the caller owns the record, or administers it: administrators what is owner-only or a group's."""

    def takes_part(self, record: Record) -> bool:
        """Whether the caller owns the record, made it or is linked to it, as a user or by contact card."""

    def add_tag(
        self, record: Ref, name: str, url: str | None = None, keywords: str | None = None
    ) -> tuple[Tag, bool]: ...
    def drop_tag(self, record: Ref, name: str) -> bool: ...
    def find_tags(self, name_contains: str | None = None, ids: Iterable[int] | None = None) -> list[Tag]: ...
    def save_tag(self, tag: Tag) -> Tag:
        """Creates (id 0) or replaces a tag. Raises Duplicate, NotFound."""

    def delete_tag(self, tag_id: int) -> None: ...

    # Modules and their records
    def modules(self) -> list[Module]:
        """The tenant's own modules, oldest first."""

    def module(self, id: int) -> Module | None: ...
    def save_module(self, id: int | None, name: str, fields: Sequence[ModuleField], *, make: bool = False) -> Module:
        """Creates (`id` None, or `make` for one of that id) or replaces name and fields. Raises NotFound."""

    def delete_module(self, id: int) -> bool:
        """Deletes the module for good; its records and page stay. Gives whether it was there."""

    def module_record(self, id: int) -> ModuleRecord | None:
        """The record, deleted or not."""

    def find_module_records(
        self, module_id: int, text: str = "", sort: Sequence[ModuleSort] = (), window: Window = ...
    ) -> tuple[list[ModuleRecord], int]:
        """A page of the records that hold `text` in any value, and how many do.

        ``%`` and ``_`` in it stand for any run of characters and for any one. A record without values is never found.
        """

    def create_module_record(self, module_id: int, values: Sequence[FieldValue]) -> ModuleRecord: ...
    def update_module_record(
        self, id: int, values: Sequence[FieldValue], *, owner_id: int | Unset | None = UNSET
    ) -> ModuleRecord:
        """Sets the values named and keeps the others; brings a deleted record back. Raises NotFound."""

    def delete_module_record(self, id: int) -> bool:
        """Marks the record deleted; gives whether it was there."""

    def report(self, source: type[Record] | int, asked: Report, where: Node = TRUE) -> list[tuple[Any, ...]]:
        """Of a module, or of a kind's records that the caller may see and for which `where` holds too."""

    def aggregate(self, source: type[Record] | int, asked: Aggregate, where: Node = TRUE) -> list[tuple[Any, Any]]:
        """Over a kind's records for which `where` holds and that the caller may see, or over a module's, by its id."""

    # Pages and charts
    def pages(self, parent_id: int | None = None) -> list[LayoutPage]:
        """The children of a page (0: the root) by position, or all pages."""

    def page(self, id: int) -> LayoutPage | None: ...
    def page_of_module(self, module_id: int) -> LayoutPage | None: ...
    def save_page(self, page: LayoutPage) -> LayoutPage:
        """Creates (id 0, or one that nobody has) or replaces a page.

        Raises Duplicate (``module_id``) when another page is that module's.
        """

    def delete_page(self, id: int) -> bool: ...
    def reorder_pages(self, parent_id: int, ids: Sequence[int]) -> None:
        """Gives the listed children of the page the positions 1, 2, 3, …, the others those that follow."""

    def charts(self) -> list[SavedChart]: ...
    def chart(self, id: int) -> SavedChart | None: ...
    def save_chart(self, chart: SavedChart) -> SavedChart:
        """Creates (id 0) or replaces a chart. Raises NotFound."""

    def delete_chart(self, id: int) -> bool: ...

    # Definitions
    def custom_fields(self, kind: str) -> list[CustomField]: ...
    def save_custom_field(self, definition: CustomField) -> CustomField:
        """Creates or replaces the definition of that kind, group and name."""

    def delete_custom_field(self, kind: str, name: str, group: str = "") -> None: ...
    def picklist(self, name: str) -> list[PicklistItem]:
        """The items of a list by position; `[]` for a list that nobody made."""

    def save_picklist_item(self, item: PicklistItem) -> PicklistItem: ...
    def delete_picklist_item(self, item_id: int) -> None: ...

    # Workflows and jobs
    def check_scripts(self, workflow: Workflow) -> None:
        """Raises Invalid (``does_not_parse``; params task, line, column, message) for scripts that do not parse.

        `save_workflow` does it too; doing it before a transaction makes that one short.
        """

    def workflows(self, window: Window = ...) -> list[Workflow]:
        """Oldest first."""

    def workflow(self, id: int) -> Workflow: ...
    def save_workflow(self, workflow: Workflow) -> Workflow:
        """Creates (id 0) or replaces. Raises NotFound, Invalid, Unsupported (scripts, and nobody to run them)."""

    def delete_workflow(self, id: int) -> None: ...
    def jobs(self, status: str | None = None, window: Window = ...) -> tuple[list[Job], int]:
        """Oldest first, and how many there are."""

    def job(self, id: int) -> Job: ...
    def create_job(self, job: Job) -> Job:
        """A queued job, which a worker takes up if its workflow has scripts. Raises UnknownReference, Invalid."""

    def update_job(self, update: JobUpdate) -> Job:
        """Raises NotFound, UnknownReference, Invalid (``goes_back``, ``begun``, ``not_a_choice``, ``too_long``)."""

    def cancel_job(self, id: int) -> Job:
        """Stops it at its next step at the latest. Raises NotFound, Invalid (``goes_back``)."""

    def job_logs(self, id: int, window: Window = ...) -> tuple[list[JobLog], int]:
        """Oldest first, and how many entries there are."""

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
        """Entries at or after `since`, oldest first, each record once (its last), and how many there are.

        Only of records that the caller sees, or saw until they were deleted.
        """

    def foreign_id(self, kind: str, id: int) -> str | None:
        """The id under which clients of this dialect know the record from another system, if they do."""

    def local_id(self, kind: str, foreign: str) -> int | None:
        """The record that clients of this dialect know under `foreign`."""

    def set_alias(self, kind: str, foreign: str, id: int) -> None: ...
