"""The rows that resources are made of."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from adapter.fields import Row
from adapter.fields.expression import IT, Attribute, Call, Constant, Given, If, Told
from adapter.fields.row import Show
from adapter.losses import LossReport
from canonical.model import PicklistItem, Record
from canonical.operations import Desk, Include
from canonical.query import TRUE, Node
from canonical.values import Instant
from dialects.affinitylive.fields.formats import TEXT, Format

R = TypeVar("R", bound=Record)
NAMESPACE = "affinitylive"
Target = tuple[str, int]
"""A linked object: its resource and its id there."""


class Near(NamedTuple):
    """What a record knows of an object that it links to, under the names that the object itself has for it."""

    id: int
    name: str


IDENTITY = Call(str, Attribute("id"))
"""The record's own id."""
NEAR = frozenset({"id", "name"})


class Sight:
    """What showing needs beside the record: the desk, who looks, when; and what was loaded for this answer.

    Without a desk (the pure directions) nothing can be loaded: linked objects are then unknown.
    """

    __slots__ = ("_kept", "_lists", "desk", "interact_types", "losses", "me", "memo", "now")

    def __init__(self, desk: Desk | None, me: int, now: Instant, losses: LossReport) -> None:
        self.desk = desk
        self.me = me
        self.now = now
        self.losses = losses
        self.memo: dict[str, Any] = {}
        self.interact_types: frozenset[str] | None = None
        self._kept: dict[tuple[type[Record], Include], dict[int, Any]] = {}
        self._lists: dict[str, list[PicklistItem]] = {}

    def many(self, kind: type[R], ids: Iterable[int], include: Include = ()) -> Mapping[int, R]:
        """The records of those ids that exist and may be seen, each loaded once an answer."""
        wanted = set(ids)
        kept = self._kept.get((kind, include))
        if kept is None:
            found = {} if self.desk is None else self.desk.get_many(kind, wanted, include)
            self._kept[kind, include] = {**dict.fromkeys(wanted), **found}
            return found
        missing = [id for id in wanted if id not in kept]
        if missing and self.desk is not None:
            found = self.desk.get_many(kind, missing, include)
            for id in missing:
                kept[id] = found.get(id)
        return {id: record for id in wanted if (record := kept.get(id)) is not None}

    def one(self, kind: type[R], id: int | None, include: Include = ()) -> R | None:
        return None if id is None else self.many(kind, (id,), include).get(id)

    def picklist(self, name: str) -> list[PicklistItem]:
        kept = self._lists.get(name)
        if kept is None:
            kept = self._lists[name] = [] if self.desk is None else self.desk.picklist(name)
        return kept


def own(record: Any, key: str, default: Any = None) -> Any:
    """What this dialect keeps in the record's extras under `key`."""
    kept = record.extras.get(NAMESPACE)
    return default if kept is None else kept.get(key, default)


@dataclass(frozen=True, slots=True, eq=False)
class Field(Row):
    """One field of a resource; there is one of each.

    `show` gives the bare value; `target` the linked object for ``name()``, in one of the resources `links`. Optional
    fields that ``_ALL`` leaves out have `in_all` false. `prepare` loads for a whole page what `show` needs. `near`
    gives what is known of the linked object without loading it; `reference` is the attribute with its id, if any.

    `attribute` or `extra` (a key of this dialect's extras) says where the value lives and `format` how it is written;
    `params` are the names under which it is taken, none for what is only shown. `on_update` false: only at creation.
    """

    show: Show = field(kw_only=True)
    default: bool = False
    in_all: bool = True
    include: Include = ()
    prepare: Callable[[Sequence[Any], Sight], None] | None = None
    links: tuple[str, ...] = ()
    target: Callable[[Any, Sight], Target | None] | None = None
    attribute: str | None = None
    extra: str | None = None
    format: Format = TEXT
    params: tuple[str, ...] = ()
    on_update: bool = True
    near: Callable[[Any], Near | None] | None = None
    reference: str | None = None


def column(
    name: str,
    attribute: str,
    format: Format = TEXT,
    *,
    default: bool = False,
    params: tuple[str, ...] | None = None,
    on_update: bool = True,
    prepare: Callable[[Sequence[Any], Sight], None] | None = None,
) -> Field:
    """A field that is one canonical field; taken under its own name unless `params` says otherwise."""
    return Field(
        name,
        default,
        show=format.of(Attribute(attribute)),
        prepare=prepare,
        attribute=attribute,
        format=format,
        params=(name,) if params is None else params,
        on_update=on_update,
    )


def kept(
    name: str,
    unset: str | None = "",
    format: Format = TEXT,
    *,
    key: str | None = None,
    default: bool = False,
    params: tuple[str, ...] | None = None,
) -> Field:
    """A field without a canonical home: it lives as text in the extras and comes back as it came."""
    stored = key or name

    def told(record: Any, sight: Sight) -> Any:
        return own(record, stored, unset)

    taken = (name,) if params is None else params
    show = If(Attribute("extras"), Told(told, frozenset({"extras"})), Constant(unset))
    return Field(name, default, show=show, extra=stored, format=format, params=taken)


def derived(
    name: str,
    show: Show,
    *,
    default: bool = False,
    in_all: bool = True,
    include: Include = (),
    prepare: Callable[[Sequence[Any], Sight], None] | None = None,
) -> Field:
    """A field that follows from others and is only shown."""
    return Field(name, default, in_all, include, prepare, show=show)


def linked(
    name: str,
    links: str | tuple[str, ...],
    target: Callable[[Any, Sight], Target | None] | str,
    *,
    show: Show | None = None,
    default: bool = False,
    in_all: bool = True,
    include: Include = (),
    prepare: Callable[[Sequence[Any], Sight], None] | None = None,
    near: Callable[[Any], Near | None] | None = None,
) -> Field:
    """A field that is an id, or with brackets an object. An unset one is ``"0"`` bare and null expanded.

    `target` may be the attribute that holds the id; the object is then in the one resource `links`.
    """
    reference = None
    if isinstance(target, str):
        reference = target
        target = _at(str(links), reference)
        show = show or Given(Attribute(reference), Call(str, IT), Constant("0"))
    names = (links,) if isinstance(links, str) else links
    return Field(
        name,
        default,
        in_all,
        include,
        prepare,
        names,
        target,
        show=show or _bare(target),
        near=near,
        reference=reference,
    )


def _at(resource: str, attribute: str) -> Callable[[Any, Sight], Target | None]:
    """The linked object of a resource whose id is in that attribute."""

    def target(record: Any, sight: Sight) -> Target | None:
        id = getattr(record, attribute)
        return None if id is None else (resource, id)

    return target


def _bare(target: Callable[[Any, Sight], Target | None]) -> Show:
    def show(record: Any, sight: Sight) -> str:
        found = target(record, sight)
        return "0" if found is None else str(found[1])

    return show


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One kind of object of the API: `name` in paths (``activities``), `type` in references (``activity``).

    `load` gives its objects by id for linking; `where` says which records of `kind` it consists of.
    """

    name: str
    type: str
    fields: tuple[Field, ...]
    load: Callable[[Sight, Iterable[int], Include], Mapping[int, Any]]
    kind: builtins.type[Record] = Record
    where: Node = TRUE
    all_fields: bool = True
    by_name: dict[str, Field] = field(init=False, hash=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {row.name: row for row in self.fields})
