"""How a kind of record is described: its fields, and what each means to search and storage."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Type = Literal["text", "int", "flag", "instant", "date", "money", "extras"]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One stored field.

    `folded` text is compared without letter case and accents; `ref` names the kind whose id the field holds;
    `choice` text comes from a closed vocabulary and is compared exactly.
    """

    name: str
    type: Type
    folded: bool = False
    ref: str | None = None
    required: bool = False
    default: Any = None


def text(default: Any = None, *, folded: bool = False, required: bool = False) -> Any:
    return field(default=default, metadata={"spec": ("text", folded, None, required)})


def integer(default: Any = None) -> Any:
    return field(default=default, metadata={"spec": ("int", False, None, False)})


def flag(default: Any = False) -> Any:
    return field(default=default, metadata={"spec": ("flag", False, None, False)})


def moment(default: Any = None) -> Any:
    return field(default=default, metadata={"spec": ("instant", False, None, False)})


def day(default: Any = None) -> Any:
    return field(default=default, metadata={"spec": ("date", False, None, False)})


def money(default: Any = None) -> Any:
    return field(default=default, metadata={"spec": ("money", False, None, False)})


def ref(kind: str, *, required: bool = False) -> Any:
    return field(default=None, metadata={"spec": ("int", False, kind, required)})


def extras() -> Any:
    return field(default_factory=dict, metadata={"spec": ("extras", False, None, False)})


def joined() -> Any:
    """A value of a referenced record, read along and never written."""
    return field(default=None, metadata={"joined": True})


def related() -> Any:
    """Rows of another table, loaded when asked for by `include`."""
    return field(default=(), metadata={"related": True})


Extras = dict[str, dict[str, Any]]
"""By namespace (a dialect's name): what has no canonical home, kept as it came."""


@dataclass(slots=True)
class Record:
    """What every kind has. `id` is unique over all tenants; `version` grows with every change."""

    KIND: ClassVar[str] = ""

    id: int = integer(0)
    version: int = integer(1)
    created_at: int = moment(0)
    updated_at: int = moment(0)
    creator_id: int | None = ref("user")
    modifier_id: int | None = ref("user")
    extras: Extras = extras()

    def extra(self, namespace: str, key: str, default: Any = None) -> Any:
        """The value kept under `namespace` and `key`, or `default`."""
        kept = self.extras.get(namespace)
        return default if kept is None else kept.get(key, default)


@dataclass(frozen=True, slots=True)
class Join:
    """`attribute` of the record is `column` of the `kind` that `field` refers to."""

    field: str
    kind: str
    column: str
    attribute: str

    @property
    def names(self) -> bool:
        """Whether it tells what a record is called that not everybody may see."""
        return self.column in ("name", "title")


@dataclass(frozen=True, slots=True)
class KindSpec:
    """A kind of record: its class, its stored fields in order, what is joined and what relations it has."""

    name: str
    record: type[Record]
    fields: tuple[FieldSpec, ...]
    joins: tuple[Join, ...]
    relations: tuple[str, ...]
    by_name: dict[str, FieldSpec]

    def required(self) -> list[str]:
        return [spec.name for spec in self.fields if spec.required]

    def only(self, names: Collection[str]) -> KindSpec:
        """The same kind with no more than these fields, stored or joined."""
        joins = tuple(join for join in self.joins if join.attribute in names)
        stored = {*names, *(join.field for join in joins)}
        fields = tuple(spec for spec in self.fields if spec.name in stored)
        return dataclasses.replace(self, fields=fields, joins=joins)


def describe(record: type[Record], joins: tuple[Join, ...], relations: tuple[str, ...]) -> KindSpec:
    """The `KindSpec` of a record class, read off its field declarations."""
    fields = []
    for declared in dataclasses.fields(record):
        if "spec" not in declared.metadata:
            continue
        kind, folded, target, required = declared.metadata["spec"]
        default = None if declared.default is dataclasses.MISSING else declared.default
        fields.append(FieldSpec(declared.name, kind, folded, target, required, default))
    known = {declared.name for declared in dataclasses.fields(record) if declared.metadata.get("joined")}
    if {join.attribute for join in joins} != known:
        raise TypeError(f"{record.__name__}: joins and joined fields differ")
    return KindSpec(record.KIND, record, tuple(fields), joins, relations, {spec.name: spec for spec in fields})
