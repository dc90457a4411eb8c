"""Modules: kinds of record that a tenant describes itself, and their records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from canonical.values import Instant


@dataclass(frozen=True, slots=True)
class ModuleField:
    """One field of a module. `kind` is any word; `options` is JSON text, None when none was given.

    Nothing of it is enforced: values are free text.
    """

    name: str
    kind: str = ""
    label: str = ""
    help_text: str = ""
    default_value: str = ""
    max_length: int = 0
    options: str | None = None
    private: bool = False
    required: bool = False
    visible: bool = False
    module_id: int = 0
    """The module that the client said it was of: kept, and of no consequence."""


@dataclass(slots=True)
class Module:
    """`updated_at` is missing until the first edit."""

    id: int
    name: str = ""
    fields: tuple[ModuleField, ...] = ()
    created_at: Instant = 0
    updated_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of one field of one record; `related` are ids of records it points to, as text, None when none."""

    name: str
    value: str = ""
    related: tuple[str, ...] | None = None


@dataclass(slots=True)
class ModuleRecord:
    """A record of a module. `owner_id` is its maker until somebody else owns it, or nobody; `values` in stored order.

    A deleted record is kept: it is found by its id only and comes back when it is updated.
    """

    id: int
    module_id: int
    owner_id: int | None
    values: tuple[FieldValue, ...] = ()
    created_at: Instant = 0
    updated_at: Instant | None = None
    deleted_at: Instant | None = None
    version: int = 1
    creator_id: int | None = None
    extras: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModuleSort:
    """`field` is a field of the module, compared as text, or with `own` one of `RECORD_FIELDS`. Missing ones first."""

    field: str
    descending: bool = False
    own: bool = False


RECORD_FIELDS = ("id", "created_at", "updated_at", "deleted_at", "owner_id", "module_id")


@dataclass(slots=True)
class SavedChart:
    """A chart as a client keeps it; `config` is JSON text that nobody looks into."""

    id: int
    name: str = ""
    config: str | None = None
    created_at: Instant = 0
    updated_at: Instant | None = None
