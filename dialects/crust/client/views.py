"""Which module of a server is what: every canonical kind has a module there, by name.

A gateway's system modules have the names and fields of `dialects.crust.fields.system.modules`. A live server has none
but the tenant's own, so `Session.names` may say which module, and which of its fields, stands for what:
``module.task`` = ``Tasks``, ``field.task.title`` = ``Name``. A field is named as the system module names it
(``field.task.Subject``) or by what it says; what is not named has the system module's own name, in any letter case
and also in the plural.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.client import KINDS
from canonical.errors import Unsupported
from canonical.model import CustomField
from canonical.model.module import Module, ModuleField
from dialects.crust.fields.system.modules import CREATED_AT, definition_of, split_name, system_modules
from dialects.crust.fields.system.table import SystemField, SystemModule

LEAD: Final = "lead"
_SYSTEM: Final[Mapping[str, SystemModule]] = {
    word: system
    for words, name in (
        (("organisation",), "Account"),
        (("person",), "Contact"),
        ((LEAD,), "Lead"),
        (("opportunity",), "Opportunity"),
        (("case",), "Case"),
        (("task",), "Task"),
        (("meeting",), "Event"),
        (("note", "email", "call"), "Note"),
    )
    for word in words
    for system in system_modules()
    if system.name == name
}
"""By the words of `Session.names`: the kinds that have modules, and ``lead``."""
SHARED: Final = ("email", "call")
"""These are notes unless they are given modules of their own."""
SORTS: Final = {"organisation": "organisation", "person": "contact", LEAD: "lead"}
"""What a party is (`dialects.crust.fields.system.related.sort_of`), by the word of its module."""
MAX_SORTS: Final = 200_000


def system_of(word: str) -> SystemModule:
    """The system module whose fields records of that word have."""
    return _SYSTEM[word]


@dataclass(frozen=True, slots=True)
class View:
    """A module that stands for a kind. `rows` are the fields of the system's that it has, by their names there;
    `customs` its other fields, as custom fields of the kind: their group and name."""

    word: str
    system: SystemModule
    module: Module
    rows: Mapping[str, SystemField]
    customs: Mapping[str, tuple[str, str]]
    wire: Mapping[str, str]
    """The names there, by those of the system module."""

    @property
    def kind(self) -> str:
        return "person" if self.word == LEAD else self.word

    @property
    def fixed(self) -> dict[str, Any]:
        """What all records of the module are."""
        return {**self.system.fixed, **({"type": self.word} if self.word in SHARED else {})}

    @property
    def is_system(self) -> bool:
        """Whether it is a gateway's, which sorts numbers and times as such."""
        return self.module.created_at == CREATED_AT

    def definitions(self) -> list[CustomField]:
        return [
            definition_of(self.system.kind.KIND, field, *self.customs[field.name])
            for field in self.module.fields
            if field.name in self.customs
        ]


@dataclass(slots=True)
class Modules:
    """The modules of a server as they were last seen, and which sort of party is behind an id.

    One object a session: what is learnt while asking stays.
    """

    known: list[Module]
    names: Mapping[str, str]
    me: int = 0
    sorts: dict[int, str] = field(default_factory=dict)
    _views: dict[str, View | None] = field(default_factory=dict)

    def learn(self, id: int, sort: str) -> None:
        """Remembers which sort of party an id is of."""
        if len(self.sorts) >= MAX_SORTS:
            self.sorts.clear()
        self.sorts[id] = sort

    def replace(self, module: Module) -> None:
        """Takes note of a module's new fields."""
        self.known = [module if one.id == module.id else one for one in self.known]
        self._views.clear()

    def find(self, word: str) -> View | None:
        """The view of a word; None where the server has no such module and none is named."""
        if not self._views:
            self._check_names()
        if word not in self._views:
            self._views[word] = self._make(word)
        return self._views[word]

    def _check_names(self) -> None:
        for name in self.names:
            room, _, rest = name.partition(".")
            if room in ("module", "field") and rest.partition(".")[0] not in _SYSTEM:
                raise Unsupported(f"crust: nothing is called {name}")

    def need(self, word: str) -> View:
        """As `find`. Raises Unsupported naming the module that is not there."""
        found = self.find(word)
        if found is None:
            raise Unsupported(f"crust: no module {_SYSTEM[word].name} for {word} records on that server")
        return found

    def of(self, word: str) -> View:
        """The view that records of a kind are made in: e-mails and calls are notes where they have no own."""
        if word not in _SYSTEM:
            word = "note"
        return (self.find(word) if word in SHARED else None) or self.need("note" if word in SHARED else word)

    def views_of(self, kind: str) -> list[View]:
        """The views of a canonical kind, no module twice. Raises Unsupported where there are none."""
        words = [word for word, system in _SYSTEM.items() if kind == system.kind.KIND]
        found = {view.module.id: view for word in reversed(words) if (view := self.find(word)) is not None}
        if not found:
            name = _SYSTEM[words[0]].name if words else kind
            raise Unsupported(f"crust: no module {name} for {kind} records on that server")
        return [found[id] for id in reversed(found)]

    def _make(self, word: str) -> View | None:
        system = _SYSTEM[word]
        named = self.names.get(f"module.{word}")
        if named is None and word in SHARED:
            return None
        module = _called(self.known, (named,) if named is not None else _plural(system.name))
        if module is None:
            if named is not None:
                raise Unsupported(f"crust: no module {named!r} on that server, which module.{word} names")
            return None
        view = _view(word, system, module, self.names)
        if named is None and not view.rows:
            # A module of the tenant's own that happens to be called so.
            return None
        return view


def _plural(name: str) -> tuple[str, ...]:
    return name, f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


def _called(known: Sequence[Module], wanted: Iterable[str]) -> Module | None:
    """The oldest module of one of these names, or of that id: as it is written before any letter case."""
    names = set(wanted)
    folded = {name.casefold() for name in names}
    exact = [module for module in known if module.name in names]
    near = [module for module in known if module.name.casefold() in folded or str(module.id) in names]
    return next(iter((*exact, *near)), None)


def _field_names(word: str, system: SystemModule, names: Mapping[str, str], there: Container[str]) -> dict[str, str]:
    """What the operator calls fields of the system module, by its own names. Raises Unsupported for one that it has
    not. Leads go by what is said of people, e-mails and calls by what is said of notes, where they have such fields.
    """
    found = {}
    for owner in ("person",) if word == LEAD else ("note",) if word in SHARED else ():
        for row, _, name in _named(owner, system, names):
            if row is not None and name in there:
                found[row.name] = name
    for row, key, name in _named(word, system, names):
        if row is None:
            raise Unsupported(f"crust: {key} is no field of {system.name}")
        found[row.name] = name
    return found


def _named(word: str, system: SystemModule, names: Mapping[str, str]) -> Iterator[tuple[SystemField | None, str, str]]:
    head = f"field.{word}."
    for key, name in names.items():
        if key.startswith(head):
            yield _meant(system, key.removeprefix(head)), key, name


def _meant(system: SystemModule, said: str) -> SystemField | None:
    for row in system.fields:
        if row.name.casefold() == said.casefold():
            return row
    return next((row for row in system.fields if said in row.said()), None)


def _view(word: str, system: SystemModule, module: Module, names: Mapping[str, str]) -> View:
    there = {described.name for described in module.fields}
    named = _field_names(word, system, names, there)
    rows: dict[str, SystemField] = {}
    for row in system.fields:
        name = named.get(row.name, row.name)
        if name in there:
            if row.name in named or name not in named.values():
                rows[name] = row
        elif row.name in named:
            raise Unsupported(f"crust: module {module.name!r} has no field {name!r} for {word}'s {row.name}")
    customs = {name: split_name(name) for name in (f.name for f in module.fields) if name and name not in rows}
    return View(word, system, module, rows, customs, {row.name: name for name, row in rows.items()})


def with_field(module: Module, described: ModuleField) -> Module:
    """The module with a field more, or with that one in the place of the one of its name."""
    others = tuple(described if one.name == described.name else one for one in module.fields)
    if described not in others:
        others = (*others, described)
    return Module(module.id, module.name, others, module.created_at, module.updated_at)


def words_of(kind: str) -> tuple[str, ...]:
    """The words of a name of `adapter.client.KINDS`: people are contacts and leads."""
    return ("person", LEAD) if kind == "person" else (kind,) if kind in KINDS and kind != "user" else ()
