"""Users. Their second e-mail, address and the flags of e-mails are only kept here."""

from __future__ import annotations

from typing import Any, Final

from adapter.fields.expression import Attribute
from adapter.formats.form_body import Nested
from canonical.model import User
from canonical.query import Compare, Node, Op, Query, all_of, any_of, eq
from dialects.zurmo.errors import NAME_TAKEN, Failure, UnknownAttribute
from dialects.zurmo.fields import base, common, owned, plain
from dialects.zurmo.fields.base import Draft, Field, View, kept, sql_moment
from dialects.zurmo.fields.comparison import Below, Comparison, Searching
from dialects.zurmo.fields.currency import code_by_id, id_of
from dialects.zurmo.fields.nodes import extra_column, known_node, moment_node, text_node
from dialects.zurmo.fields.references import NONE, sent_id, user
from dialects.zurmo.wire.parameters import php_int

EMAIL_TAKEN: Final = "Email address already exists in system."
NOT_LOWERCASE: Final = "Username must be lowercase."


def taken(draft: Draft, column: str, value: str) -> bool:
    """Whether another user has that username or e-mail."""
    if draft.desk is None:
        return False
    found = draft.desk.find(User, Query(eq(column, value))).items
    return any(draft.record is None or other.id != draft.record.id for other in found)


def _take_username(draft: Draft, row: Field, value: Nested) -> None:
    name = plain.as_text(draft, row, value)
    if name is None:
        return
    if name != name.lower():
        draft.fail(row.name, NOT_LOWERCASE)
    elif taken(draft, "username", name):
        draft.fail(row.name, NAME_TAKEN.format(name))
    else:
        draft.values["username"] = name


_FLAGS: Final = ("isInvalid", "optOut")
_EMAIL_KEYS: Final = ("emailAddress", *_FLAGS)


def _show_email(record: User, view: View) -> dict[str, Any] | None:
    flags = kept(record, "primaryEmail")
    if record.email is None and flags is None:
        return None
    held = flags or {}
    shown: dict[str, Any] = {"id": record.id * 4 + 1, "emailAddress": record.email}
    for name in _FLAGS:
        shown[name] = held.get(name)
    return shown


def _take_email(draft: Draft, row: Field, value: Nested) -> None:
    sent = owned.checked_email(draft, row.name, value) if isinstance(value, dict) else None
    if not sent:
        return
    if "emailAddress" in sent:
        address = sent.pop("emailAddress")
        if address and taken(draft, "email", address):
            # It hides the username's error (zurmo dossier, section 6).
            draft.errors.pop("username", None)
            draft.fail_below(row.name, "emailAddress", EMAIL_TAKEN)
            return
        draft.values["email"] = address
    if sent:
        draft.extras[row.name] = {**(draft.kept(row.name) or {}), **sent}


def _search_email(searching: Searching, below: Below, test: Comparison) -> Node:
    if below in ((), ("emailAddress",)):
        return text_node("email", test)
    if len(below) == 1 and below[0] in _FLAGS:
        return _held_flag("primaryEmail", below[0], searching, test)
    raise UnknownAttribute(below[0])


def _held_flag(name: str, key: str, searching: Searching, test: Comparison) -> Node:
    column = extra_column(f"{name}.{key}")
    return known_node(
        test,
        lambda value: all_of(Compare(column, Op.NOT_NULL), eq(column, value)),
        none=True,
        strict=searching.strict,
    )


def _held(name: str, keys: tuple[str, ...], slot: int, check: Any, element: str, **more: Any) -> Field:
    """An owned object that the core has no place for: kept whole."""

    def show(record: User, view: View) -> dict[str, Any] | None:
        held = kept(record, name)
        if held is None:
            return None
        shown: dict[str, Any] = {"id": record.id * 4 + slot}
        for key in keys:
            shown[key] = held.get(key)
        if "invalid" in shown and shown["invalid"] is None:
            shown["invalid"] = "0"
        return shown

    def take(draft: Draft, row: Field, value: Nested) -> None:
        sent = check(draft, row.name, value) if isinstance(value, dict) else None
        if sent:
            draft.extras[row.name] = {**(draft.kept(row.name) or {}), **sent}

    def search(searching: Searching, below: Below, test: Comparison) -> Node:
        key = below[0] if below else keys[0]
        if len(below) > 1 or key not in keys:
            raise UnknownAttribute(below[0])
        if key in (*_FLAGS, "invalid"):
            return _held_flag(name, key, searching, test)
        return text_node(extra_column(f"{name}.{key}"), test)

    return Field(
        name,
        show=show,
        take=take,
        search=search,
        order=() if element == "Address" else (extra_column(f"{name}.{keys[0]}"),),
        element=element,
        default_operator="startsWith",
        echo=lambda shown, sent: plain.echo_map(shown, sent, keys),
        **more,
    )


def _show_currency(record: User, view: View) -> dict[str, int] | None:
    return None if record.currency is None else {"id": id_of(record.currency, view.profile)}


def _take_currency(draft: Draft, row: Field, value: Nested) -> None:
    sent = sent_id(draft, value)
    if sent is None:
        return
    code = None if sent in NONE else code_by_id(php_int(sent), draft.profile)
    if sent not in NONE and code is None:
        raise Failure("")
    draft.values["currency"] = code


def _search_currency(searching: Searching, below: Below, test: Comparison) -> Node:
    if below not in ((), ("id",)):
        raise UnknownAttribute(below[0])
    if test.operator in ("isNull", "isNotNull"):
        return text_node("currency", test)
    profile = searching.profile
    wanted = [code for code, _ in profile.currencies if test.accepts(str(id_of(code, profile)))]
    return any_of(*(eq("currency", code) for code in wanted))


def _missing_zone(draft: Draft, row: Field) -> None:
    draft.values["time_zone"] = draft.profile.time_zone


FIELDS: tuple[Field, ...] = (
    *common.AUDIT,
    plain.text("language", "language", 10, element="LanguageStaticDropDown"),
    plain.text("locale", "locale", 10, element="LocaleStaticDropDown"),
    plain.text("timeZone", "time_zone", 64, element="TimeZoneStaticDropDown", missing=_missing_zone),
    Field(
        "username",
        show=Attribute("username"),
        take=_take_username,
        search=plain.column_search("username", text_node),
        sort="username",
        default_operator="startsWith",
        required=True,
        missing=base.blank,
        clear=base.clear_column("username"),
        max_length=64,
    ),
    plain.own_text("serializedAvatarData", plain.TEXT_LIMIT, audited=False),
    plain.flag("isActive", "active", read_only=True),
    Field(
        "lastLoginDateTime",
        show=sql_moment("last_sign_in_at"),
        search=plain.column_search("last_sign_in_at", moment_node),
        sort="last_sign_in_at",
        label="Last Login",
        element="DateTime",
    ),
    plain.own_flag("isRootUser", read_only=True),
    plain.own_flag("hideFromSelecting", label="Hide from selecting"),
    plain.own_flag("isSystemUser", read_only=True),
    plain.own_flag("hideFromLeaderboard", label="Hide from leaderboard"),
    Field(
        "currency",
        show=_show_currency,
        take=_take_currency,
        search=_search_currency,
        element="CurrencyDropDown",
        sort="currency",
        echo=lambda shown, sent: shown,
    ),
    user("manager", "manager_id", "manager_username"),
    # 2.2.5 has no such key (zurmo dossier, section 8).
    _held("secondaryEmail", _EMAIL_KEYS, 2, owned.checked_email, "EmailAddressInformation", v3_only=True),
    plain.text("department", "department"),
    plain.text("firstName", "first_name", 32),
    plain.text("jobTitle", "job_title"),
    plain.text("lastName", "last_name", 32, required=True),
    plain.text("mobilePhone", "mobile_phone", 24, element="Phone"),
    plain.text("officePhone", "office_phone", 24, element="Phone"),
    plain.text("officeFax", "fax", 24, element="Phone"),
    _held("primaryAddress", tuple(owned.ADDRESS), 1, owned.checked_address, "Address", label="Address"),
    Field(
        "primaryEmail",
        show=_show_email,
        take=_take_email,
        search=_search_email,
        sort="email",
        label="Email",
        element="EmailAddressInformation",
        default_operator="startsWith",
        echo=lambda shown, sent: plain.echo_map(shown, sent, _EMAIL_KEYS),
    ),
    plain.dropdown("title", "salutation", 7, "Titles", label="Salutation"),
)
SEARCHED: tuple[Field, ...] = (
    # Never shown.
    Field("hash", show=lambda record, view: None),
    Field("role", show=lambda record, view: None, element="Role"),
    Field(
        "fullName",
        show=lambda record, view: None,
        search=lambda searching, below, test: any_of(text_node("first_name", test), text_node("last_name", test)),
        default_operator="startsWith",
        listed=False,
    ),
    Field(
        "anyEmail",
        show=lambda record, view: None,
        search=lambda searching, below, test: text_node("email", test),
        default_operator="startsWith",
        listed=False,
    ),
)
