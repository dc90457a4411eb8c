"""The shapes of the vendor's objects: Go types that read them, functions that write (crust dossier, section 4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import orjson

from canonical.model import Record, User
from canonical.model.module import FieldValue, Module, ModuleField, ModuleRecord, SavedChart
from canonical.model.page import LayoutPage
from canonical.values import Instant, valid_text
from dialects.crust.errors import Refused, not_in_range, too_long
from dialects.crust.settings import NAME
from dialects.crust.wire.envelope import ZERO_TIME, fresh_stamp, raw, stamp
from dialects.crust.wire.gojson import BOOL, INT, MAX_UINT64, RAW, STRING, UINT64, Slice, Struct, checked_raw, compact

FIELD_KINDS: Final = (
    {"name": "Boolean value (yes / no)", "type": "bool"},
    {"name": "Date/time input", "type": "stamp"},
    {"name": "E-mail input", "type": "email"},
    {"name": "Hidden value", "type": "hidden"},
    {"name": "Related content", "type": "related"},
    {"name": "Related content (multiple)", "type": "related_multi"},
    {"name": "Single option picker", "type": "enum"},
    {"name": "Text input", "type": "text"},
    {"name": "Text input (multi-line)", "type": "textarea"},
)

MAX_FIELDS, MAX_VALUES = 1_000, 5_000
MODULE_FIELD: Final = Struct(
    "types",
    "ModuleField",
    (
        ("moduleID", UINT64),
        ("kind", STRING),
        ("name", STRING),
        ("label", STRING),
        ("helpText", STRING),
        ("defaultValue", STRING),
        ("maxLength", INT),
        ("options", RAW),
        ("isPrivate", BOOL),
        ("isRequired", BOOL),
        ("isVisible", BOOL),
    ),
)
MODULE_FIELDS: Final = Slice("types.ModuleFieldSet", MODULE_FIELD, MAX_FIELDS)
CONTENT_COLUMN: Final = Struct(
    "types", "ContentColumn", (("name", STRING), ("value", STRING), ("related", Slice("[]string", STRING)))
)
CONTENT_COLUMNS: Final = Slice("[]types.ContentColumn", CONTENT_COLUMN, MAX_VALUES)
MAX_IDS: Final = 10_000
IDS: Final = Slice("[]string", STRING, MAX_IDS)

MAX_NAME, MAX_TITLE, MAX_VALUE, MAX_VALUE_NAME = 64, 255, 65_535, 255
MAX_LABEL: Final = 255
MAX_LENGTH: Final = 2**32 - 1
ADDING, UPDATING = "Error adding columns: ", "Error adding columns to database: "
"""How errors of a record's values begin when it is made, and when it is changed."""
MAX_RECORD = 8 * 1024 * 1024
"""Characters that all values of one record may have."""
TOO_MANY_VALUES: Final = (
    "Error adding columns: exec query failed: Error 1390: Prepared statement contains too many placeholders"
)

_NUMBER = re.compile(r"\s*[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def kept(record: Record, key: str, default: Any = None) -> Any:
    """What this dialect keeps with a record under `key`."""
    return (record.extras.get(NAME) or {}).get(key, default)


def json_column(text: str, place: int) -> str:
    """JSON text as it is stored. Raises Refused as the vendor's driver does of the statement's value at `place`, which
    there is any number: its columns come out of a map."""
    try:
        return checked_raw(text)
    except Refused as error:
        raise Refused(f"exec query failed: sql: converting argument ${place} type: {error.message}") from None


# -- modules ----------------------------------------------------------------------------------------


def read_fields(sent: Sequence[Mapping[str, Any]]) -> list[ModuleField]:
    """Module fields as they were sent. Raises Refused for more than a table of the vendor's holds."""
    if len(sent) > MAX_FIELDS:
        raise Refused("exec query failed: Error 1118: Row size too large")
    for item in sent:
        _check_field(item)
    return [
        ModuleField(
            item["name"],
            item["kind"],
            item["label"],
            item["helpText"],
            item["defaultValue"],
            item["maxLength"],
            None if item["options"] is None else compact(item["options"]),
            item["isPrivate"],
            item["isRequired"],
            item["isVisible"],
            item["moduleID"],
        )
        for item in sent
    ]


def _check_field(item: Mapping[str, Any]) -> None:
    """Raises Refused for what the vendor's columns do not hold."""
    problem = None
    for name, most in (("kind", MAX_NAME), ("name", MAX_NAME), ("label", MAX_LABEL)):
        if len(item[name]) > most:
            problem = problem or too_long(name)
    if problem is None and not 0 <= item["maxLength"] <= MAX_LENGTH:
        problem = not_in_range("max_length")
    if problem is not None:
        raise Refused(f"Error adding module fields: {problem.message}")


def module_field(field: ModuleField) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "moduleID": str(field.module_id),
        "kind": field.kind,
        "name": field.name,
        "label": field.label,
    }
    if field.help_text:
        shown["helpText"] = field.help_text
    if field.default_value:
        shown["defaultValue"] = field.default_value
    shown["maxLength"] = field.max_length
    shown["options"] = raw(field.options)
    shown["isPrivate"] = field.private
    shown["isRequired"] = field.required
    shown["isVisible"] = field.visible
    return shown


def module(
    shown: Module, page: dict[str, Any] | None = None, *, created: bool = False, updated: bool = False
) -> dict[str, Any]:
    """`created` and `updated` say which stamp this very request made."""
    out: dict[str, Any] = {
        "moduleID": str(shown.id),
        "name": shown.name,
        "fields": [module_field(field) for field in shown.fields],
    }
    if page is not None:
        out["page"] = page
    out["createdAt"] = fresh_stamp(shown.created_at) if created else stamp(shown.created_at)
    if shown.updated_at is not None:
        out["updatedAt"] = fresh_stamp(shown.updated_at) if updated else stamp(shown.updated_at)
    return out


def zero_module(page: dict[str, Any] | None) -> dict[str, Any]:
    """What a missing module reads as, with that page or, inside a page, with none."""
    out: dict[str, Any] = {"moduleID": "0", "name": "", "fields": None}
    if page is not None:
        out["page"] = page
    return {**out, "createdAt": ZERO_TIME, "updatedAt": ZERO_TIME, "deletedAt": ZERO_TIME}


# -- pages ------------------------------------------------------------------------------------------


def page(shown: LayoutPage, of: dict[str, Any] | None = None) -> dict[str, Any]:
    """`of` is the module of a record page, where it is shown."""
    out: dict[str, Any] = {
        "pageID": str(shown.id),
        "selfID": str(shown.parent_id),
        "moduleID": str(shown.module_id),
    }
    if of is not None:
        out["module"] = of
    out["title"] = shown.title
    out["description"] = shown.description
    out["blocks"] = raw(shown.blocks)
    out["visible"] = shown.visible
    return out


def zero_page() -> dict[str, Any]:
    return page(LayoutPage(0))


# -- users ------------------------------------------------------------------------------------------


def user_name(user: User) -> str:
    """The vendor's one name, as it was given while it still says the same."""
    plain = " ".join(part for part in (user.first_name, user.last_name) if part)
    given = kept(user, "name")
    return given if isinstance(given, str) and split_name(given) == (user.first_name, user.last_name) else plain


def split_name(name: str) -> tuple[str | None, str | None]:
    """First and last name out of one: the last word is the last name."""
    first, _, last = name.strip().rpartition(" ")
    return first.strip() or None, last or None


def user(shown: User, *, created: bool = False, updated: bool = False) -> dict[str, Any]:
    """`created` and `updated` say which stamp this very request made; answers to no other request tell the kind."""
    out: dict[str, Any] = {
        "userID": str(shown.id),
        "username": shown.username,
        "email": shown.email or "",
        "name": user_name(shown),
        "handle": kept(shown, "handle", shown.username),
        "kind": kept(shown, "kind", "") if created or updated else "",
        "organisationID": kept(shown, "organisation", "0"),
        "relatedUserID": "0",
        "user": None,
        "createdAt": fresh_stamp(shown.created_at) if created else stamp(shown.created_at),
    }
    if updated or shown.updated_at != shown.created_at:
        out["updatedAt"] = fresh_stamp(shown.updated_at) if updated else stamp(shown.updated_at)
    return out


def session_user(shown: User) -> dict[str, Any]:
    """The user as the check of a session shows him."""
    return {
        "ID": str(shown.id),
        "name": user_name(shown),
        "email": shown.email or "",
        "username": shown.username,
        "handle": user(shown)["handle"],
        "connections": 0,
    }


def sent_user(shown: User, password: str | None = None) -> dict[str, Any]:
    """A user as a client sends one."""
    out: dict[str, Any] = {"username": shown.username, "email": shown.email or "", "name": user_name(shown)}
    out |= {name: value for name in ("handle", "kind") if (value := kept(shown, name))}
    if kept(shown, "organisation"):
        out["organisationID"] = kept(shown, "organisation")
    if password:
        out["password"] = password
    return out


# -- content ----------------------------------------------------------------------------------------


def read_values(sent: Sequence[Mapping[str, Any]] | None) -> list[FieldValue]:
    """Values as they were sent. Raises Refused for more than one statement of the vendor's takes."""
    if sent is not None and len(sent) > MAX_VALUES:
        raise Refused(TOO_MANY_VALUES)
    return [
        FieldValue(
            valid_text(item["name"]),
            valid_text(item["value"]),
            None if item["related"] is None else tuple(map(valid_text, item["related"])),
        )
        for item in sent or ()
    ]


def check_lengths(name: str, value: str, doing: str) -> None:
    """Raises Refused, begun by `doing`, for a name or a value longer than the vendor's columns."""
    if len(name) > MAX_VALUE_NAME:
        raise Refused(doing + too_long("column_name").message)
    if len(value) * 4 > MAX_VALUE and len(value.encode("utf-8", "replace")) > MAX_VALUE:
        raise Refused(doing + too_long("column_value").message)


def check_related(values: Iterable[FieldValue]) -> None:
    """Raises Refused for a related id that is no number, as the vendor's strict database does."""
    for value in values:
        for id in value.related or ():
            number = _NUMBER.match(id)
            if number is None:
                problem = (
                    "exec query failed: Error 1366: Incorrect integer value: "
                    f"'{id[:64]}' for column `crust`.`crm_content_links`.`rel_content_id` at row 1"
                )
            elif id[number.end() :].strip():
                problem = "exec query failed: Error 1265: Data truncated for column 'rel_content_id' at row 1"
            elif not _is_uint(number[0].strip()):
                problem = not_in_range("rel_content_id").message
            else:
                continue
            raise Refused(f"Error adding column links: {problem}")


def _is_uint(number: str) -> bool:
    """Whether a decimal number is in the range of 64 bits without a sign."""
    try:
        return 0 <= Decimal(number) <= MAX_UINT64
    except InvalidOperation:
        # An exponent beyond all that Python keeps: as good as nothing, or far too much.
        return "-" in number.lower().partition("e")[2]


def sent_value(value: FieldValue) -> dict[str, Any]:
    """A value as a client sends one."""
    related = None if value.related is None else list(value.related)
    return {"name": value.name, "value": value.value, "related": related}


def check_growth(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Raises Refused when a record grows beyond what one may hold; a larger one may stay as it is."""
    if len(after) > max(MAX_VALUES, len(before)):
        raise Refused(TOO_MANY_VALUES)
    if _size(after) > max(MAX_RECORD, _size(before)):
        raise Refused("Error adding columns: exec query failed: Error 1118: Row size too large")


def _size(values: Mapping[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in values.items())


def places_of(fields: Sequence[ModuleField]) -> Mapping[str, int]:
    """Where the fields of a module stand; one that is named twice, at its first place."""
    return {field.name: at for at, field in reversed(tuple(enumerate(fields)))}


def in_order(values: Iterable[FieldValue], places: Mapping[str, int]) -> list[dict[str, Any]]:
    """Values as read: those unknown to the module first, then in the module's order; `related` never shows."""
    ordered = sorted(values, key=lambda value: places.get(value.name, -1))
    return [{"name": value.name, "value": value.value, "related": None} for value in ordered]


# Records are by far what is asked for most, so they are put together as JSON text, not as data.


def owner(shown: User | None) -> bytes:
    """The members of a record that tell its owner, None for none."""
    if shown is None:
        return b'"userID":"0",'
    return b'"user":%b,"userID":"%d",' % (orjson.dumps(user(shown)), shown.id)


def page_member(shown: dict[str, Any]) -> bytes:
    """The member of a record that tells its module's page."""
    return b'"page":%b,' % orjson.dumps(shown)


def stamps(created_at: Instant, updated_at: Instant | None, *, created: bool = False, updated: bool = False) -> str:
    """The last members of a record; `created` and `updated` say which stamp this very request made."""
    made = fresh_stamp(created_at) if created else stamp(created_at)
    if updated_at is None:
        return f',"createdAt":"{made}"}}'
    changed = fresh_stamp(updated_at) if updated else stamp(updated_at)
    return f',"createdAt":"{made}","updatedAt":"{changed}"}}'


def content(id: int, module_id: int, owner: bytes, values: bytes, stamps: str, page: bytes = b"") -> bytes:
    """A record as JSON: `owner`, `page` and `stamps` are members, `values` is what ``fields`` says."""
    head = f'{{"contentID":"{id}","moduleID":"{module_id}",'
    return b"".join((head.encode(), owner, page, b'"fields":', values, stamps.encode()))


def own_content(shown: ModuleRecord, owner: bytes, values: Any, page: bytes = b"", **fresh: bool) -> bytes:
    """A record of a tenant's own module; `values` are `in_order`, or as they were sent."""
    made = stamps(shown.created_at, shown.updated_at, **fresh)
    return content(shown.id, shown.module_id, owner, orjson.dumps(values), made, page)


# -- charts -----------------------------------------------------------------------------------------


def chart(shown: SavedChart, *, created: bool = False, updated: bool = False) -> dict[str, Any]:
    out: dict[str, Any] = {"chartID": str(shown.id), "name": shown.name, "config": raw(shown.config)}
    out["createdAt"] = fresh_stamp(shown.created_at) if created else stamp(shown.created_at)
    if shown.updated_at is not None:
        out["updatedAt"] = fresh_stamp(shown.updated_at) if updated else stamp(shown.updated_at)
    return out
