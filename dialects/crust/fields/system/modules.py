"""The system modules: which there are, their ids, and how a tenant has changed what they look like.

Fields follow crust dossier, section 10. A module's id is computed, so that it is there without a row: below all ids
that are made (see `canonical.service.timed_ids`), the tenant's number and the module's place.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import orjson

from canonical.model import Activity, Case, CustomField, CustomValue, Opportunity, Party, User
from canonical.model.module import Module, ModuleField
from canonical.operations import Desk
from canonical.query import TRUE, And, Compare, Op, eq
from canonical.values import clean_text
from dialects.crust.fields.system.events import duration
from dialects.crust.fields.system.plain import (
    closed,
    day,
    flag,
    keep,
    moment,
    money,
    number,
    number_of,
    reference,
    text,
    word,
)
from dialects.crust.fields.system.related import address, is_a, party_link, point, record_link
from dialects.crust.fields.system.table import SystemModule, kinds, options
from dialects.crust.settings import NAME

FIRST_ID: Final = 596_100_000 << 24
PLACES: Final = 256
CREATED_AT: Final = 1_503_550_784_000_000
"""The moment from which the vendor counts ids: system modules were always there."""

TASK_STATES: Final = {
    "open": "Not Started",
    "in_progress": "In Progress",
    "awaiting": "Waiting on someone else",
    "rejected": "Rejected",
    "completed": "Completed",
    "cancelled": "Cancelled",
}
TASK_WORDS: Final = {
    **dict.fromkeys(("Open", "New", "Todo", "To do", "Planned"), "open"),
    **dict.fromkeys(("Started", "Active", "Working"), "in_progress"),
    **dict.fromkeys(("Waiting", "Awaiting", "Deferred", "On hold", "Pending"), "awaiting"),
    **dict.fromkeys(("Declined", "Refused"), "rejected"),
    **dict.fromkeys(("Complete", "Done", "Closed", "Finished"), "completed"),
    **dict.fromkeys(("Canceled", "Dropped"), "cancelled"),
}
PRIORITIES: Final = {1: "Urgent", 2: "High", 3: "Normal", 4: "Low", 5: "None"}
PRIORITY_WORDS: Final = {
    **dict.fromkeys(("Extreme", "Critical", "Highest"), 1),
    "Medium": 3,
    "Lowest": 4,
    **{str(level): level for level in PRIORITIES},
}
CASE_STATES: Final = {"open": "New", "closed": "Closed"}
CASE_WORDS: Final = {"Open": "open", "Resolved": "closed", "Solved": "closed"}

_OWNER = reference("OwnerId", "owner_id", "user")
_PRIORITY = word("Priority", "priority", PRIORITIES, PRIORITY_WORDS)
_ABOUT = (
    party_link("AccountId", "organisation"),
    party_link("ContactId", "contact"),
    party_link("LeadId", "lead"),
    record_link("OpportunityId", "opportunity"),
    record_link("CaseId", "case"),
)
_NO_CARDS = Compare("user_id", Op.NULL)
"""Users' own contact cards are no contacts here: users are kept apart."""
_OTHER_PHONES = ("mobile", "home", "fax")


def _type(*wanted: str) -> Any:
    return lambda record: record.type in wanted


_MODULES: Final = (
    SystemModule(
        "Account",
        1,
        Party,
        kinds(
            text("AccountName", "name", required=True),
            point("Phone", "phone", label="work", without=("fax",)),
            point("Website", "website", "Url"),
            text("Industry", "industry", "Select", choices=options()),
            text("Description", "about", multi=True),
            address("Billing", "billing", without=("shipping",)),
            address("Shipping", "shipping", only="shipping"),
            _OWNER,
            reference("ParentId", "organisation_id", "party", "organisation"),
        ),
        eq("type", "organisation"),
        _type("organisation"),
        {"type": "organisation"},
        ("points", "custom"),
    ),
    SystemModule(
        "Contact",
        2,
        Party,
        kinds(
            text("FirstName", "first_name"),
            text("LastName", "last_name"),
            text("Salutation", "salutation", "Select", choices=options("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.")),
            text("Title", "job_title"),
            point("Email", "email", "Email", label="work"),
            point("Phone", "phone", label="work", without=_OTHER_PHONES),
            point("MobilePhone", "phone", only="mobile"),
            point("HomePhone", "phone", only="home"),
            address("Mailing", "mailing"),
            keep("Birthdate", "DateTime"),
            text("Description", "about", multi=True),
            reference("AccountId", "organisation_id", "party", "organisation"),
            _OWNER,
        ),
        And((eq("type", "person"), eq("stage", "contact"))),
        is_a("contact"),
        {"type": "person", "stage": "contact"},
        ("points", "custom"),
        _NO_CARDS,
    ),
    SystemModule(
        "Lead",
        3,
        Party,
        kinds(
            text("FirstName", "first_name"),
            text("LastName", "last_name", required=True),
            text("Company", "company", required=True),
            text("Title", "job_title"),
            point("Email", "email", "Email", label="work"),
            point("Phone", "phone", label="work", without=_OTHER_PHONES),
            text("Status", "stage_word", "Select", choices=options("New", "Contacted", "Qualified", "Unqualified")),
            keep("Rating", "Select", options("Hot", "Warm", "Cold")),
            text("LeadSource", "source"),
            text("Description", "about", multi=True),
            keep("IsConverted", "Bool"),
            keep("ConvertedAccountId", "Record"),
            keep("ConvertedContactId", "Record"),
            keep("ConvertedOpportunityId", "Record"),
            _OWNER,
        ),
        And((eq("type", "person"), eq("stage", "lead"))),
        is_a("lead"),
        {"type": "person", "stage": "lead"},
        ("points", "custom"),
        _NO_CARDS,
    ),
    SystemModule(
        "Opportunity",
        4,
        Opportunity,
        kinds(
            text("Name", "title", required=True),
            money("Amount", "amount"),
            number("Probability", "probability"),
            text("StageName", "stage", "Select", choices=options()),
            day("CloseDate", "expected_close"),
            text("Description", "body", multi=True),
            party_link("AccountId", "organisation", "party_id"),
            party_link("ContactId", "contact", "party_id"),
            closed("IsClosed", frozenset(("won", "lost")), "lost"),
            closed("IsWon", frozenset(("won",)), "won", "lost"),
            _OWNER,
        ),
        TRUE,
        lambda record: True,
        {},
        ("links", "custom"),
    ),
    SystemModule(
        "Case",
        5,
        Case,
        kinds(
            number_of("CaseNumber"),
            text("Subject", "title"),
            text("Description", "body", multi=True),
            word("Status", "state", CASE_STATES, CASE_WORDS),
            _PRIORITY,
            text("Origin", "source", "Select", choices=options("Phone", "Email", "Web")),
            day("ClosedDate", "closed_on"),
            party_link("AccountId", "organisation", "party_id"),
            party_link("ContactId", "contact", "party_id"),
            _OWNER,
        ),
        TRUE,
        lambda record: True,
        {},
        ("links", "custom"),
    ),
    SystemModule(
        "Task",
        6,
        Activity,
        kinds(
            text("Subject", "title"),
            text("Description", "body", multi=True),
            word("Status", "state", TASK_STATES, TASK_WORDS),
            _PRIORITY,
            text("Type", "category", "Select", choices=options("Call", "Meeting", "Other")),
            moment("ActivityDate", "due_at", "due_date_only"),
            closed("IsClosed", frozenset(("completed", "cancelled")), "completed"),
            keep("ReminderDateTime", "DateTime"),
            _OWNER,
            _ABOUT,
        ),
        eq("type", "task"),
        _type("task"),
        {"type": "task"},
        ("links", "custom"),
    ),
    SystemModule(
        "Event",
        7,
        Activity,
        kinds(
            text("Subject", "title"),
            text("Description", "body", multi=True),
            moment("ActivityDate", "start_at"),
            moment("EndDateTime", "end_at"),
            duration("DurationInMinutes"),
            text("Location", "location"),
            _OWNER,
            _ABOUT,
        ),
        eq("type", "meeting"),
        _type("meeting"),
        {"type": "meeting"},
        ("links", "custom"),
    ),
    SystemModule(
        "Note",
        8,
        Activity,
        kinds(text("Title", "title"), text("Body", "body", multi=True), _OWNER, _ABOUT),
        And((Compare("type", Op.NE, "task"), Compare("type", Op.NE, "meeting"))),
        lambda record: record.type not in ("task", "meeting"),
        {"type": "note"},
        ("links", "custom"),
    ),
    SystemModule(
        "User",
        9,
        User,
        kinds(
            text("Username", "username", required=True),
            text("Email", "email", "Email"),
            text("FirstName", "first_name"),
            text("LastName", "last_name"),
            text("Title", "job_title"),
            text("Department", "department"),
            text("Phone", "office_phone"),
            text("MobilePhone", "mobile_phone"),
            flag("IsActive", "active"),
        ),
        TRUE,
        lambda record: True,
        {},
        ("custom",),
    ),
)


_TARGETS: Final = {
    **dict.fromkeys(("AccountId", "ParentId", "ConvertedAccountId"), "Account"),
    **dict.fromkeys(("ContactId", "ConvertedContactId"), "Contact"),
    "LeadId": "Lead",
    **dict.fromkeys(("OpportunityId", "ConvertedOpportunityId"), "Opportunity"),
    "CaseId": "Case",
}
"""Whose records a Record field holds: its options name that module, from which the web client takes what to choose."""
_BY_NAME: Final = {system.name: system for system in _MODULES}


def system_modules() -> tuple[SystemModule, ...]:
    return _MODULES


TEXT_EXTRAS: Final = frozenset(
    key
    for system in _MODULES
    for shown in system.fields
    if shown.group in ("title", "body")
    for key in (shown.name, f"{shown.name}_of")
)
"""The extras in which a record's own text would be kept, and what it said by then."""


def system_id(tenant_id: int, system: SystemModule) -> int:
    """The id of a system module of a tenant: 17 digits, the same for ever."""
    return FIRST_ID + tenant_id * PLACES + system.place


def system_module(tenant_id: int, id: int) -> SystemModule | None:
    """The system module of that id."""
    place = id - FIRST_ID - tenant_id * PLACES
    return _MODULES[place - 1] if 0 < place <= len(_MODULES) else None


# -- what a tenant made of it -----------------------------------------------------------------------


def _belongs(custom: CustomField, system: SystemModule) -> bool:
    """Whether a custom field of the kind is one of this module; one from elsewhere is of all modules of its kind."""
    ours = custom.options.get(NAME)
    names = ours.get("modules") if isinstance(ours, dict) else None
    return not isinstance(names, list) or system.name in names


_KINDS: Final = {"number": "Number", "date": "DateTime", "flag": "Bool", "boolean": "Bool", "choice": "Select"}
_TYPES: Final = {"number": "number", "datetime": "date", "bool": "flag", "select": "choice", "enum": "choice"}


def custom_name(custom: CustomField | CustomValue) -> str:
    """The name on the wire; that of a field in a group is led by the group."""
    return f"{custom.group}.{custom.name}" if custom.group else custom.name


def split_name(name: str) -> tuple[str, str]:
    """Group and name of a custom field, out of its name on the wire. A dot beside a blank ends no group."""
    group, dot, rest = name.partition(".")
    return (group, rest) if dot and group and rest and not (group[-1].isspace() or rest[0].isspace()) else ("", name)


def customs(desk: Desk, system: SystemModule) -> list[CustomField]:
    """The custom fields that the module shows."""
    found = desk.custom_fields(system.kind.KIND)
    return [custom for custom in found if custom_name(custom) not in system.by_name and _belongs(custom, system)]


def _custom_described(custom: CustomField) -> ModuleField:
    ours = custom.options.get(NAME)
    if isinstance(ours, dict) and isinstance(ours.get("field"), dict):
        kept = {name: value for name, value in ours["field"].items() if name in ModuleField.__dataclass_fields__}
        return replace(ModuleField(**kept), name=custom.name, label=custom.label)
    return field_of(custom)


def field_of(custom: CustomField) -> ModuleField:
    """A module's field for a custom field that was none."""
    kind = _KINDS.get(custom.type, "String")
    values = custom.options.get("values") if kind == "Select" else None
    offered = options(*map(str, values)) if isinstance(values, list) else None
    return ModuleField(custom_name(custom), kind, custom.label or custom.name, options=offered, visible=True)


def definition_of(kind: str, field: ModuleField, group: str, name: str) -> CustomField:
    """The custom field of a kind that a module's field is."""
    type_ = _TYPES.get(field.kind.lower(), "text")
    return CustomField(kind, name, field.label, type_, group, options=_choices(field) if type_ == "choice" else {})


def _choices(field: ModuleField) -> dict[str, Any]:
    """What a Select offers, texts or values with their texts, as the core names it; empty where nobody can tell."""
    try:
        given = orjson.loads(field.options or "{}")
    except orjson.JSONDecodeError:
        return {}
    offered = given.get("options") if isinstance(given, dict) else None
    if not isinstance(offered, list):
        return {}
    texts = [one.get("value") if isinstance(one, dict) else one for one in offered]
    values = [text for text in texts if isinstance(text, str)]
    return {"values": values} if values else {}


@functools.lru_cache(maxsize=4096)
def _by_nature(tenant_id: int, place: int) -> Mapping[str, ModuleField]:
    """The fixed fields of the module at that place, Record fields with the tenant's module in their options."""
    shown = dict(_MODULES[place - 1].described)
    for name, target in _TARGETS.items():
        if name in shown:
            options_ = f'{{"moduleID":"{system_id(tenant_id, _BY_NAME[target])}"}}'
            shown[name] = replace(shown[name], options=options_)
    return MappingProxyType(shown)


def describe(desk: Desk, system: SystemModule, id: int, edited: Module | None) -> Module:
    """The module as the tenant sees it: as it is by nature, with his words, and with custom fields."""
    nature = _by_nature((id - FIRST_ID) // PLACES, system.place)
    shown = dict(nature)
    for custom in customs(desk, system):
        described = _custom_described(custom)
        shown[described.name] = described
    if edited is None:
        return Module(id, system.name, tuple(shown.values()), CREATED_AT)
    ordered = {
        field.name: replace(field, options=nature[field.name].options)
        if field.name in _TARGETS and field.name in nature and field.options in (None, "{}")
        else field
        for field in edited.fields
        if field.name in shown
    }
    fields = (*ordered.values(), *(field for name, field in shown.items() if name not in ordered))
    return Module(id, edited.name, fields, CREATED_AT, edited.updated_at or edited.created_at)


def edit_fields(desk: Desk, system: SystemModule, id: int, name: str, given: Sequence[ModuleField]) -> Module:
    """Takes name, labels and order; a field that is not there becomes a custom field, one that is left out goes.

    Fixed fields cannot go, nor custom fields that another dialect made.
    """
    kind = system.kind.KIND
    # Names of custom fields are those of all dialects.
    given = [replace(field, name=clean_text(field.name), label=clean_text(field.label)) for field in given]
    there = {custom_name(custom): custom for custom in customs(desk, system)}
    wanted = {field.name: field for field in given if field.name and field.name not in system.by_name}
    for field in wanted.values():
        known = there.get(field.name)
        modules = known.options.get(NAME, {}).get("modules", [system.name]) if known else [system.name]
        kept: dict[str, Any] = {"modules": modules, "field": orjson.loads(orjson.dumps(field))}
        if known is not None:
            if NAME in known.options or known.label != field.label:
                more = {NAME: kept, **_choices(field)} if NAME in known.options else {}
                desk.save_custom_field(replace(known, label=field.label, options={**known.options, **more}))
            continue
        others = [custom for custom in desk.custom_fields(kind) if not custom.group and custom.name == field.name]
        if others:
            # Another module of this kind has it already: from now on this one too.
            ours = others[0].options.get(NAME, {})
            kept["modules"] = sorted({*ours.get("modules", []), system.name})
            desk.save_custom_field(replace(others[0], options={**others[0].options, NAME: kept}))
            continue
        new = definition_of(kind, field, "", field.name)
        desk.save_custom_field(replace(new, options={**new.options, NAME: kept}))
    for custom in there.values():
        if custom.name not in wanted and not custom.group and NAME in custom.options:
            _let_go(desk, system, custom)
    saved = desk.save_module(id, name, given, make=True)
    return describe(desk, system, id, saved)


def _let_go(desk: Desk, system: SystemModule, custom: CustomField) -> None:
    ours = dict(custom.options[NAME])
    left = [name for name in ours.get("modules", []) if name != system.name]
    if left:
        desk.save_custom_field(replace(custom, options={**custom.options, NAME: {**ours, "modules": left}}))
    else:
        desk.delete_custom_field(custom.kind, custom.name, custom.group)
