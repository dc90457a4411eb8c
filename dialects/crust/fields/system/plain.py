"""Fields that hold one stored value each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapter.fields.expression import IT, Attribute, Both, Call, Constant, Expression, Given, If
from canonical.formula import Field, Value, made
from canonical.formula import words as words_for
from canonical.query import FALSE, Node, eq, one_of
from canonical.values import MICROS, fold, fold_pattern, iso_date
from dialects.crust.fields.system.table import EMPTY, Draft, SystemField, label_of, like, options, told
from dialects.crust.fields.system.texts import (
    bound_text,
    parse_day,
    parse_flag,
    parse_id,
    parse_integer,
    parse_moment,
    parse_money,
    show_moment,
    show_money,
)
from dialects.crust.settings import NAME


def text(
    name: str,
    attribute: str,
    kind: str = "String",
    *,
    required: bool = False,
    choices: str | None = None,
    multi: bool = False,
) -> SystemField:
    def write(draft: Draft, sent: str) -> str:
        draft.values[attribute] = sent or None
        return sent

    offered = choices if choices is not None else '{"multiLine":true}' if multi else None
    return SystemField(
        name,
        kind,
        label_of(name),
        write,
        offered,
        like(attribute),
        attribute,
        attribute,
        show=_text(attribute),
        required=required,
        bound=bound_text,
        formula=made("filled", Field(attribute)),
    )


def _text(attribute: str) -> Expression:
    return Both(Attribute(attribute), "or", EMPTY)


def _number_bound(scale: int) -> Callable[[str], Any]:
    def bound(sent: str) -> Any:
        millionths = parse_money(sent)
        return None if millionths is None else millionths * scale // MICROS

    return bound


def number(name: str, attribute: str) -> SystemField:
    def write(draft: Draft, sent: str) -> str:
        value = parse_integer(sent)
        draft.values[attribute] = value
        return "" if value is None else str(value)

    return SystemField(
        name,
        "Number",
        label_of(name),
        write,
        show=Given(Attribute(attribute), Call(str, IT), EMPTY),
        clean=True,
        sort=attribute,
        group=attribute,
        number=True,
        bound=_number_bound(1),
        formula=Field(attribute, "number"),
    )


def money(name: str, attribute: str) -> SystemField:
    def write(draft: Draft, sent: str) -> str:
        amount = parse_money(sent)
        draft.values[attribute] = amount
        return show_money(amount)

    return SystemField(
        name,
        "Number",
        label_of(name),
        write,
        show=Call(show_money, Attribute(attribute)),
        clean=True,
        sort=attribute,
        group=attribute,
        number=True,
        scale=MICROS,
        say=show_money,
        bound=_number_bound(MICROS),
        formula=made("/", Field(attribute, "number"), Value(MICROS, "number")),
    )


def _moment_bound(sent: str) -> Any:
    found = parse_moment(bound_text(sent))
    return None if found is None else found[0]


def moment(name: str, attribute: str, flag: str = "") -> SystemField:
    """`flag` names the field that says whether the instant is only a day."""

    only_day = Attribute(flag) if flag else Constant(value=False)

    def write(draft: Draft, sent: str) -> str:
        found = parse_moment(sent)
        at, date_only = found or (None, False)
        draft.values[attribute] = at
        if flag:
            draft.values[flag] = date_only
        return show_moment(at, bool(flag) and date_only)

    return SystemField(
        name,
        "DateTime",
        label_of(name),
        write,
        show=Call(show_moment, Attribute(attribute), only_day),
        clean=True,
        sort=attribute,
        group=attribute,
        say=_say_moment,
        bound=_moment_bound,
        formula=Field(attribute, "moment"),
    )


def _say_moment(at: Any) -> str:
    return show_moment(at, True)


def day(name: str, attribute: str) -> SystemField:
    def write(draft: Draft, sent: str) -> str:
        draft.values[attribute] = parse_day(sent)
        return draft.values[attribute] or ""

    return SystemField(
        name,
        "DateTime",
        label_of(name),
        write,
        show=_text(attribute),
        sort=attribute,
        group=attribute,
        bound=_day_bound,
        formula=made("filled", Field(attribute)),
    )


def _day_bound(sent: str) -> Any:
    found = parse_moment(bound_text(sent))
    return None if found is None else iso_date(found[0])


def word(name: str, attribute: str, shown: Mapping[Any, str], also: Mapping[str, Any]) -> SystemField:
    """A state in the vendor's words. A word of nobody's is kept, and the state stays; `also` are words understood."""
    known = {fold(text_): state for state, text_ in shown.items()} | {fold(key): state for key, state in also.items()}

    def write(draft: Draft, sent: str) -> str:
        state = known.get(fold(sent.strip()))
        if state is not None:
            draft.values[attribute] = state
        elif not sent and attribute == "priority":
            draft.values[attribute] = None
        now = draft.value(attribute)
        if now is None and attribute == "state":
            now = next(iter(shown))
        return shown.get(now, "")

    def search(pattern: str) -> Node | None:
        wanted = fold_pattern(pattern).strip("%")
        return one_of(attribute, [state for state, text_ in shown.items() if wanted in fold(text_)])

    def say(state: Any) -> str:
        return shown.get(state, "")

    return SystemField(
        name,
        "Select",
        label_of(name),
        write,
        options(*shown.values()),
        show=Call(shown.get, Attribute(attribute), EMPTY),
        clean=True,
        search=search,
        sort=attribute,
        group=attribute,
        say=say,
        bound=lambda sent: known.get(fold(sent.strip())),
        formula=words_for(Field(attribute, "number" if attribute == "priority" else "text"), shown),
    )


def closed(name: str, when: frozenset[str], on: str, off: str = "open") -> SystemField:
    """A flag that is set while the state is one of `when`; setting it makes the state `on`, clearing it `off`."""

    def write(draft: Draft, sent: str) -> str:
        wanted = parse_flag(sent)
        if wanted != ((draft.value("state") or off) in when):
            draft.values["state"] = on if wanted else off
        return "1" if wanted else ""

    def say(state: Any) -> str:
        return "1" if state in when else ""

    shown = If(Call(when.__contains__, Attribute("state")), Constant("1"), EMPTY)
    formula = words_for(Field("state"), dict.fromkeys(sorted(when), "1"))
    return SystemField(
        name,
        "Bool",
        label_of(name),
        write,
        show=shown,
        clean=True,
        group="state",
        say=say,
        bound=lambda sent: None,
        formula=formula,
    )


def flag(name: str, attribute: str) -> SystemField:
    def write(draft: Draft, sent: str) -> str:
        draft.values[attribute] = parse_flag(sent)
        return "1" if draft.values[attribute] else ""

    return SystemField(
        name,
        "Bool",
        label_of(name),
        write,
        show=If(Attribute(attribute), Constant("1"), EMPTY),
        clean=True,
        sort=attribute,
        group=attribute,
        say=lambda value: "1" if value else "",
        bound=lambda sent: int(parse_flag(sent)),
        formula=words_for(Field(attribute, "number"), {1: "1"}),
    )


def reference(name: str, attribute: str, kind: str, sort: str = "") -> SystemField:
    """A record's id in a field: OwnerId, ParentId. An id of none of that kind and sort is kept as text and refers to
    nothing, as is the record's own."""

    def write(draft: Draft, sent: str) -> str:
        id = parse_id(sent)
        own = draft.record is not None and (draft.record.KIND, draft.record.id) == (kind, id)
        if id is not None and not own and draft.look.has(kind, id, sort):
            draft.values[attribute] = id
            return str(id)
        if attribute != "owner_id":
            draft.values[attribute] = None
            return ""
        # An owner there always is: the caller's own id for a new record, the one there is for another.
        return str(draft.record.owner_id) if draft.record is not None else str(draft.look.me)

    type_ = "User" if kind == "user" else "Record"
    shown = If(Attribute(attribute), Call(str, Attribute(attribute)), EMPTY)
    formula = Field(attribute, "number")
    return SystemField(
        name,
        type_,
        label_of(name),
        write,
        show=shown,
        clean=True,
        sort=attribute,
        group=attribute,
        bound=parse_id,
        formula=formula,
    )


def keep(name: str, kind: str = "String", choices: str | None = None) -> SystemField:
    """A field without a home in the core: its text is kept for this dialect."""

    def write(draft: Draft, sent: str) -> str:
        return ""

    path = f"extras.{NAME}.{name}"
    return SystemField(
        name,
        kind,
        label_of(name),
        write,
        choices,
        show=EMPTY,
        clean=True,
        sort=path,
        group=path,
        bound=bound_text,
        formula=Field(path),
    )


def number_of(name: str) -> SystemField:
    """The record's own number, unless a client gave it one."""
    key = "number"

    def read(record: Any) -> str:
        kept = (record.extras.get(NAME) or {}).get(key)
        return kept if isinstance(kept, str) else str(record.id)

    def write(draft: Draft, sent: str) -> str:
        draft.extras[key] = sent or None
        return sent or (str(draft.record.id) if draft.record is not None else "")

    def search(pattern: str) -> Node | None:
        id = parse_id(pattern.strip("%"))
        return eq("id", id) if id is not None else FALSE

    return SystemField(
        name,
        "String",
        label_of(name),
        write,
        show=told(read),
        search=search,
        sort="id",
        formula=Field("id", "number"),
    )
