"""From a Zurmo server's answers to records, by the tables that also take what clients send.

What no table knows is kept and counted; the attributes of both profiles are understood whatever the server's version.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from adapter.client import kind_of
from adapter.formats.form_body import Nested
from adapter.losses import LossReport
from canonical.model import ContactPoint, CustomValue, Link
from canonical.values import Ref
from dialects.zurmo.client.ids import canonical_id
from dialects.zurmo.client.server import Server
from dialects.zurmo.client.shown import Shown
from dialects.zurmo.errors import Failure
from dialects.zurmo.fields.base import Draft, Field
from dialects.zurmo.fields.custom import KEY, SEPARATOR, SUFFIX, is_custom
from dialects.zurmo.fields.meeting import ATTENDEE
from dialects.zurmo.fields.modules import ACCOUNTS, Module, Table
from dialects.zurmo.fields.plain import ZERO_DATE, read_moment
from dialects.zurmo.settings import NAME, profile_of

PROFILE: Final = profile_of({"profile": "v3"})
"""The larger of the two tables."""
_OBJECTS: Final = frozenset(
    [
        *("User", "Account", "Project", "ContactState", "DropDown", "EmailAddressInformation", "Address"),
        *("CurrencyValue", "CurrencyDropDown"),
    ]
)
_NOTHING: Final = ("", ZERO_DATE, ZERO_DATE[:10])
_UNSET: Final = {"DateTime": _NOTHING, "Date": _NOTHING, "Phone": ("",), "Url": ("",), "DropDown": ("",)}
"""What the vendor stores of a moment, a number or an address that was sent empty."""
# Shown, and worked out from other attributes: nothing of it is lost.
_DERIVED: Final = frozenset(["id", "latestDateTime"])
_OWN_KEYS: Final = frozenset(
    ["status", "done", "completed", "latest", "zero", "empty", "description", KEY, "project", "primaryEmail"]
)
"""Keys of our extras that mean something; unknown attributes of these names are kept under another."""
_GROUPS: Final = ("Contact", "Account", "Opportunity", "User")


def listed(shown: Shown) -> Iterator[Shown]:
    """The items of a list; there is no such key where there are none (zurmo dossier, section 4)."""
    items = shown.key("items")
    return iter(()) if items is None else items.items()


def total(shown: Shown) -> int:
    return shown.needed("totalCount").number()


def record(module: Module, shown: Shown, server: Server, losses: LossReport) -> Any:
    """The record whose attributes these are."""
    number = shown.needed("id").id()
    draft = Draft(PROFILE, 0, whole=True, kind=module.kind.KIND)
    made: Any = module.kind(id=canonical_id(module.model, number), **module.start)
    table = module.table(PROFILE.v3)
    sent: dict[str, Nested] = {}
    unknown: dict[str, Any] = {}
    custom: dict[str, Shown] = {}
    for member in shown.members():
        name, row = member.place.rpartition("/")[2], table.by_name.get(member.place.rpartition("/")[2])
        if row is not None:
            _take(made, draft, row, member, server, sent)
        elif is_custom(name):
            custom[name] = member
        elif member.value is not None:
            unknown[name] = member.value
    _settle(module, table, draft, shown, sent)
    for column, value in draft.values.items():
        setattr(made, column, value)
    if hasattr(made, "points"):
        made.points = _placed(table, draft)
    made.custom = [value for name, held in custom.items() if (value := _custom(name, held)) is not None]
    extras = {key: value for key, value in draft.extras.items() if value is not None}
    extras.update((f"{name}_" if name in _OWN_KEYS else name, value) for name, value in unknown.items())
    if extras:
        made.extras = {NAME: extras}
    for name in sorted(unknown):
        losses.add(kind_of(made), name, "unknown_attribute")
    return made


def _settle(module: Module, table: Table, draft: Draft, shown: Shown, sent: dict[str, Nested]) -> None:
    draft.sent = sent
    if module.settle is not None:
        module.settle(draft)
    for name in draft.errors:
        raise shown.at(name, None).fail("not such a value" if name in table.by_name else "refused")


def _take(made: Any, draft: Draft, row: Field, member: Shown, server: Server, sent: dict[str, Nested]) -> None:
    """Puts one attribute into the draft, by its row."""
    if row.name == "explicitReadWriteModelPermissions":
        _permissions(draft, row, member)
    elif row.name == "attendees":
        made.links = _attendees(made.id, member)
    elif member.value is None or row.name in _DERIVED:
        return
    elif row.element == "User":
        _user(made, row, member)
    elif row.element == "ContactState":
        state = server.state(member.needed("id").id())
        if state is None:
            raise member.at("id", None).fail("unknown contact state")
        draft.values["stage"], draft.values["stage_word"] = state
    elif row.element == "Account":
        setattr(made, row.columns[0], canonical_id(ACCOUNTS.model, member.needed("id").id()))
    elif row.element == "CurrencyDropDown":
        draft.values["currency"] = _currency(member, server)
    elif row.take is None:
        if row.element == "DateTime" and row.columns:
            setattr(made, row.columns[0], _moment(member))
    else:
        value = _sendable(row, member)
        if value is None:
            return
        sent[row.name] = value
        try:
            row.take(draft, row, value)
        except Failure:
            raise member.fail("not such a value") from None
        if row.element == "CurrencyValue":
            currency = member.key("currency")
            if currency is not None:
                draft.values["currency"] = _currency(currency, server)


def _sendable(row: Field, member: Shown) -> Nested | None:
    """A shown value as a client would send it; None where the vendor has nothing there."""
    if row.element not in _OBJECTS:
        text = member.text()
        unset = _UNSET.get(row.element, ())
        if row.element == "CheckBox" and not row.columns:
            unset = ("0",)
        return None if text in unset else text
    found: dict[str, Nested] = {}
    for part in member.members():
        name = part.place.rpartition("/")[2]
        if part.value is None or name in ("id", "rateToBase", "currency"):
            continue
        text = part.text()
        # Flags that are not set, and parts that were sent empty.
        if text and not (text == "0" and name in ("invalid", "isInvalid", "optOut")):
            found[name] = text
    if row.element == "Project":
        return {"id": str(member.needed("id").id())}
    return found or None


def _moment(member: Shown) -> int | None:
    text = member.text()
    at = read_moment(text)
    if at is None and text not in _NOTHING:
        raise member.fail("no moment")
    return at


def _user(made: Any, row: Field, member: Shown) -> None:
    column = row.columns[0]
    setattr(made, column, member.needed("id").id())
    name = member.key("username")
    setattr(made, f"{column.removesuffix('_id')}_username", None if name is None else name.text())


def _currency(member: Shown, server: Server) -> str:
    code = server.currency(member.needed("id").id())
    if code is None:
        raise member.at("id", None).fail("unknown currency")
    return code


def _permissions(draft: Draft, row: Field, member: Shown) -> None:
    if member.value is None or row.take is None:
        return
    kind, group = member.key("type"), member.key("nonEveryoneGroup")
    value: dict[str, Nested] = {"type": "" if kind is None else kind.text()}
    if group is not None:
        value["nonEveryoneGroup"] = str(group.id())
    row.take(draft, row, value)


def _attendees(meeting: int, member: Shown) -> list[Link]:
    """Whom a meeting is with and about (3.x)."""
    about = Ref("activity", meeting)
    links: list[Link] = []
    for group in _GROUPS if isinstance(member.value, dict) else ():
        entries = member.key(group)
        for entry in () if entries is None else entries.items():
            links.append(link(about, group, entry.needed("id").id(), len(links)))
    return links


def link(record: Ref, model: str, number: int, position: int = 0) -> Link:
    """A link to the record that a server has under a number of that class."""
    role = ATTENDEE if model == "User" else ""
    kind = {"Contact": "party", "Account": "party", "Opportunity": "opportunity", "User": "user"}[model]
    return Link(0, record, Ref(kind, canonical_id(model, number)), role, position)


def point_rows(table: Table) -> list[Field]:
    """The attributes that are contact points, in order: as the vendor gives points no ids, their places are that."""
    return [row for row in table.by_name.values() if row.choose is not None]


def _placed(table: Table, draft: Draft) -> list[ContactPoint]:
    """The points in the order of their attributes, whose places are their ids."""
    found: list[ContactPoint] = []
    for place, row in enumerate(point_rows(table), 1):
        if row.new is None:
            continue
        for point in draft.points:
            if (point.kind, point.label) == (row.new.kind, row.new.label):
                point.id, point.position = place, len(found) + 1
                found.append(point)
    return found


def _custom(name: str, member: Shown) -> CustomValue | None:
    """A custom attribute: a text, a choice, or choices."""
    value = member.value
    if isinstance(value, dict):
        if "values" in value:
            choices = member.key("values")
            value = None if choices is None else SEPARATOR.join(item.text() for item in choices.items())
        else:
            choice = member.key("value")
            value = None if choice is None else choice.text()
    elif value is not None:
        value = member.text()
    return None if value is None else CustomValue(name.removesuffix(SUFFIX), value)
