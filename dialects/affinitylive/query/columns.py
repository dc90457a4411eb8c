"""What can be filtered, one column each: by a list of values, by a range, by moment.

Every node made here is true or false of a record, never unknown, so that the ``_not`` suffix is plain negation: an
unset reference counts as 0 and an unset text as empty.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from canonical.query import FALSE, TRUE, Compare, Has, Node, Not, Op, Sort, all_of, any_of, contains, eq, one_of
from canonical.values import SECOND, iso_date
from dialects.affinitylive.fields.formats import NO, YES, BadValue, read_money, show_money
from dialects.affinitylive.fields.standing import Standings
from dialects.affinitylive.fields.table import NAMESPACE
from dialects.affinitylive.wire.grammar import Items

Values = tuple[str, ...]
_DIGITS = 18
_PAST: int = 10**_DIGITS - 1
_DAY = 86_400
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_FIRST_SECOND = -62_135_596_800
HOLDS: dict[Op, Callable[[Any, Any], bool]] = {
    Op.GT: operator.gt,
    Op.GE: operator.ge,
    Op.LT: operator.lt,
    Op.LE: operator.le,
}


def integer(text: str) -> int | None:
    """A whole number with or without a sign; None for anything else."""
    text = text.strip()
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else None


def bound(text: str) -> int | None:
    """As `integer`, for what is only compared: a number past all that is kept is the last one there is."""
    number = integer(text)
    if number is None:
        text = text.strip()
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit():
            return -_PAST if digits != text else _PAST
    return number


def integers(values: Values) -> list[int]:
    """The numbers among the values; what is no number matches nothing (dossier, section 5)."""
    return [number for value in values if (number := integer(value)) is not None]


@dataclass(frozen=True, slots=True)
class Column:
    """`among`: it is one of the values. `ranged`: its number compares so. `empty`: there is nothing in it.

    What is no whole number is compared by `spelled`, from the text of the bound.
    """

    among: Callable[[Values], Node]
    ranged: Callable[[Op, int], Node] | None = None
    empty: Node = FALSE
    spelled: Callable[[Op, str], Node] | None = None

    @property
    def has_range(self) -> bool:
        return self.ranged is not None or self.spelled is not None

    def compared(self, op: Op, text: str) -> Node:
        """What is no bound of a range matches nothing (dossier, section 5)."""
        if self.spelled is not None:
            return self.spelled(op, text)
        number = bound(text)
        return FALSE if number is None or self.ranged is None else self.ranged(op, number)


def kept_key(key: str) -> str:
    return f"extras.{NAMESPACE}.{key}"


def _present(field: str, node: Node) -> Node:
    return all_of(Compare(field, Op.NOT_NULL), node)


def number(field: str) -> Column:
    """A number that is always there."""
    return Column(lambda values: one_of(field, integers(values)), lambda op, n: Compare(field, op, n), eq(field, 0))


def reference(field: str) -> Column:
    """A number that may be missing, which then counts as 0."""
    missing = Compare(field, Op.NULL)

    def among(values: Values) -> Node:
        wanted = integers(values)
        there = [n for n in wanted if n != 0]
        found = _present(field, one_of(field, there)) if there else FALSE
        return any_of(found, missing) if 0 in wanted else found

    def ranged(op: Op, n: int) -> Node:
        found = _present(field, Compare(field, op, n))
        return any_of(found, missing) if HOLDS[op](0, n) else found

    return Column(among, ranged, missing)


def self_reference(field: str) -> Column:
    """A number that, when missing, is the record's own id: the thread of a root."""
    missing = Compare(field, Op.NULL)

    def among(values: Values) -> Node:
        wanted = integers(values)
        own = one_of("id", wanted)
        return any_of(_present(field, one_of(field, wanted)), all_of(missing, own)) if wanted else FALSE

    def ranged(op: Op, n: int) -> Node:
        return any_of(_present(field, Compare(field, op, n)), all_of(missing, Compare("id", op, n)))

    return Column(among, ranged)


def extra_number(key: str, unset: int = 0) -> Column:
    """A number kept as text in the extras; `unset` is what its absence means."""
    field = kept_key(key)
    missing = Compare(field, Op.NULL)

    def among(values: Values) -> Node:
        wanted = integers(values)
        found = _present(field, one_of(field, [str(n) for n in wanted])) if wanted else FALSE
        return any_of(found, missing) if unset in wanted else found

    def ranged(op: Op, n: int) -> Node:
        found = _present(field, text_range(field, op, n))
        return any_of(found, missing) if HOLDS[op](unset, n) else found

    return Column(among, ranged, FALSE if unset else missing)


def text_range(field: str, op: Op, n: int) -> Node:
    """A range over whole numbers from 0 on that are kept as decimal text: by length first, then as text."""
    if n < 0:
        return Compare(field, Op.NOT_NULL) if op in (Op.GT, Op.GE) else FALSE
    digits = str(n)
    alike = all_of(Compare(field, Op.LIKE, "_" * len(digits)), Compare(field, op, digits))
    longer = Compare(field, Op.LIKE, "_" * (len(digits) + 1) + "%")
    if op in (Op.GT, Op.GE):
        return any_of(alike, longer)
    return any_of(alike, Not(Compare(field, Op.LIKE, "_" * len(digits) + "%")))


def text(field: str) -> Column:
    """A text, compared whole; the empty one is also the missing one."""
    missing = any_of(Compare(field, Op.NULL), _present(field, eq(field, "")))
    return Column(lambda values: _present(field, one_of(field, values)), empty=missing)


def point(kind: str, label: str | None) -> Column:
    """A contact point of a kind, and of a label where one is needed."""
    there: list[Node] = [eq("kind", kind)]
    if label is not None:
        there.append(_present("label", eq("label", label)))
    elif kind == "phone":
        there.append(any_of(Compare("label", Op.NULL), Not(_present("label", one_of("label", ("mobile", "fax"))))))

    return Column(
        lambda values: Has("points", all_of(*there, one_of("value", values))),
        empty=Not(Has("points", all_of(*there))),
    )


def hanging(relation: str, where: Node) -> Column:
    """The id of something that hangs on the record; 0 is nothing of the sort."""
    nothing = Not(Has(relation, where))

    def among(values: Values) -> Node:
        wanted = integers(values)
        there = [id for id in wanted if id]
        found = Has(relation, all_of(where, one_of("id", there))) if there else FALSE
        return any_of(found, nothing) if 0 in wanted else found

    def ranged(op: Op, n: int) -> Node:
        found = Has(relation, all_of(where, Compare("id", op, n)))
        return any_of(found, nothing) if HOLDS[op](0, n) else found

    return Column(among, ranged, nothing)


def first_of(relations: Mapping[str, Node]) -> Column:
    """The lowest id among those that belong to the record, by relation which of them; 0 is none."""
    nothing = Not(any_of(*(Has(relation, where) for relation, where in relations.items())))

    def before(op: Op, n: int) -> Node:
        return any_of(*(Has(name, all_of(where, Compare("id", op, n))) for name, where in relations.items()))

    def among(values: Values) -> Node:
        wanted = integers(values)
        first = [all_of(before(Op.EQ, id), Not(before(Op.LT, id))) for id in wanted if id]
        return any_of(*first, *([nothing] if 0 in wanted else []))

    def ranged(op: Op, n: int) -> Node:
        if op in (Op.LT, Op.LE):
            found = before(op, n)
        else:
            found = all_of(Not(nothing), Not(before(Op.LE if op is Op.GT else Op.LT, n)))
        return any_of(found, nothing) if HOLDS[op](0, n) else found

    return Column(among, ranged, nothing)


def has_point(kinds: Sequence[str], term: str) -> Node:
    """Some contact point of the kinds holds the term."""
    return Has("points", all_of(one_of("kind", kinds), contains("value", term)))


def vocabulary(values_of: Callable[[str], Node | None]) -> Column:
    """A vocabulary: each word is a condition; an unknown one matches nothing."""

    def among(values: Values) -> Node:
        nodes = [values_of(word) for word in dict.fromkeys(value.strip().lower() for value in values)]
        return any_of(*(node for node in nodes if node is not None))

    return Column(among)


def flag(key: str) -> Column:
    """A yes or no kept in the extras; ``yes``, ``y``, ``1`` and so on (dossier, section 5)."""
    field = kept_key(key)
    yes = _present(field, eq(field, "1"))

    def node(value: str) -> Node | None:
        return yes if value in YES else Not(yes) if value in NO else None

    return vocabulary(node)


def standing(standings: Standings) -> Column:
    """A range of standings is one of their words."""
    words = tuple(row.word for row in standings.rows)
    return Column(
        lambda values: standings.among(tuple(dict.fromkeys(value.strip().lower() for value in values))),
        spelled=lambda op, text: standings.among(tuple(w for w in words if HOLDS[op](w, text.strip().lower()))),
    )


def status(standings: Standings) -> Column:
    def among(values: Values) -> Node:
        rows = [standings.by_id(n) for n in integers(values)]
        return standings.among(tuple(row.word for row in rows if row is not None))

    return Column(
        among,
        lambda op, n: standings.among(tuple(r.word for at, r in enumerate(standings.rows, 1) if HOLDS[op](at, n))),
    )


def _number_or_text(field: str) -> Callable[[Op, str], Node]:
    """A range over kept texts: of numbers where the bound is one, else by the letters."""

    def compare(op: Op, bound_: str) -> Node:
        n = bound(bound_)
        return _present(field, Compare(field, op, bound_.strip()) if n is None else text_range(field, op, n))

    return compare


def kept_text(key: str) -> Column:
    """A text in the extras, compared whole; in ranges by number where the bound is one."""
    field = kept_key(key)
    plain = text(field)
    missing = plain.empty

    def among(values: Values) -> Node:
        return any_of(plain.among(values), missing) if "" in values else plain.among(values)

    return Column(among, empty=missing, spelled=_number_or_text(field))


def kept_switch(key: str) -> Column:
    """A yes or no kept in the extras, with ranges of 0 and 1."""
    yes = flag(key).among(("1",))

    def ranged(op: Op, n: int) -> Node:
        return any_of(yes if HOLDS[op](1, n) else FALSE, Not(yes) if HOLDS[op](0, n) else FALSE)

    return Column(flag(key).among, ranged, Not(yes))


# -- what nothing is held of: it compares with its unset value (dossier, section 8.0) -------------------

NO_NUMBER: Final = Column(
    lambda values: TRUE if 0 in integers(values) else FALSE, lambda op, n: TRUE if HOLDS[op](0, n) else FALSE, TRUE
)


def _no_text(values: Values) -> Node:
    return TRUE if "" in values else FALSE


NO_TEXT: Final = Column(_no_text, empty=TRUE, spelled=lambda op, text: TRUE if HOLDS[op]("", text) else FALSE)
NO_SWITCH: Final = Column(
    lambda values: TRUE if any(value.strip().lower() in NO for value in values) else FALSE, NO_NUMBER.ranged, TRUE
)


NO_DECIMAL: Final = Column(
    lambda values: TRUE if any(_millionths(value) == 0 for value in values) else FALSE,
    empty=TRUE,
    spelled=lambda op, text: TRUE if (n := _millionths(text)) is not None and HOLDS[op](0, n) else FALSE,
)


def no_object(items: Items) -> Node | None:
    """An object filter on what nothing is held of."""
    return FALSE if items else None


def shown_if(shown: Node, column: Column) -> Column:
    """A number that is 0 where it does not show."""

    def among(values: Values) -> Node:
        found = all_of(shown, column.among(values))
        return any_of(found, Not(shown)) if 0 in integers(values) else found

    def ranged(op: Op, n: int) -> Node:
        found = all_of(shown, FALSE if column.ranged is None else column.ranged(op, n))
        return any_of(found, Not(shown)) if HOLDS[op](0, n) else found

    return Column(among, ranged, any_of(Not(shown), column.empty))


def number_order(key: str, lengths: Sequence[int] = (11, 10, 9), after: str = "%") -> tuple[Sort, ...]:
    """By a number that is kept as text in the extras: the longer one is the larger, alike ones go by their digits.

    Numbers of at least so many digits as `lengths` say, downwards, are told apart; `after` is a pattern of what
    follows them.
    """
    field = kept_key(key)
    return *(Sort(Compare(field, Op.LIKE, "_" * n + after)) for n in lengths), Sort(field)


# -- decimals -------------------------------------------------------------------------------------------


def _millionths(text: str) -> int | None:
    try:
        return read_money(text)
    except BadValue:
        return None


def money(field: str) -> Column:
    """An amount in millionths; a missing one is 0."""
    number_ = reference(field)

    def among(values: Values) -> Node:
        return number_.among(tuple(str(m) for value in values if (m := _millionths(value)) is not None))

    def spelled(op: Op, text: str) -> Node:
        wanted = _millionths(text)
        return FALSE if wanted is None or number_.ranged is None else number_.ranged(op, wanted)

    return Column(among, empty=number_.empty, spelled=spelled)


def kept_decimal(key: str) -> Column:
    """A decimal kept as text with at least two places; a missing one is 0. Ranges go by its whole part and places."""
    field = kept_key(key)
    missing = Compare(field, Op.NULL)

    def among(values: Values) -> Node:
        nodes: list[Node] = []
        for value in values:
            wanted = _millionths(value)
            if wanted:
                nodes.append(_present(field, eq(field, show_money(wanted))))
            elif wanted == 0:
                nodes.append(missing)
        return any_of(*nodes)

    def spelled(op: Op, text_: str) -> Node:
        wanted = _millionths(text_)
        if wanted is None:
            return FALSE
        return any_of(_present(field, _decimal_range(field, op, wanted)), missing if HOLDS[op](0, wanted) else FALSE)

    return Column(among, empty=missing, spelled=spelled)


def _decimal_range(field: str, op: Op, wanted: int) -> Node:
    """A range over decimals above 0 kept as text: the longer whole part is the larger, alike ones go by the text."""
    if wanted < 0:
        return Compare(field, Op.NOT_NULL) if op in (Op.GT, Op.GE) else FALSE
    text_ = show_money(wanted)
    whole = len(text_.partition(".")[0])
    alike = all_of(Compare(field, Op.LIKE, "_" * whole + ".%"), Compare(field, op, text_))
    longer = all_of(*(Not(Compare(field, Op.LIKE, "_" * n + ".%")) for n in range(1, whole + 1)))
    if op in (Op.GT, Op.GE):
        return any_of(alike, longer)
    return any_of(alike, *(Compare(field, Op.LIKE, "_" * n + ".%") for n in range(1, whole)))


@dataclass(frozen=True, slots=True)
class Moments:
    """A date. Before and after are strict, in whole seconds as shown; before 0 means unset (dossier, section 5)."""

    before: Callable[[int], Node]
    after: Callable[[int], Node]
    at: Callable[[int], Node]
    empty: Node


def moment(field: str) -> Moments:
    missing = Compare(field, Op.NULL)

    def before(second: int) -> Node:
        return missing if second == 0 else _present(field, Compare(field, Op.LT, second * SECOND))

    def after(second: int) -> Node:
        return _present(field, Compare(field, Op.GE, (second + 1) * SECOND))

    def at(second: int) -> Node:
        if second == 0:
            return missing
        start = second * SECOND
        return all_of(Compare(field, Op.NOT_NULL), Compare(field, Op.GE, start), Compare(field, Op.LT, start + SECOND))

    return Moments(before, after, at, missing)


def either_moment(first: Moments, second: Moments) -> Moments:
    """`first`, or `second` where the first is unset."""

    missing = all_of(first.empty, second.empty)

    def join(one: Node, other: Node) -> Node:
        return any_of(all_of(Not(first.empty), one), all_of(first.empty, other))

    return Moments(
        lambda n: missing if n == 0 else join(first.before(n), second.before(n)),
        lambda n: join(first.after(n), second.after(n)),
        lambda n: missing if n == 0 else join(first.at(n), second.at(n)),
        missing,
    )


def kept_moment(key: str) -> Moments:
    """A date kept in the extras as the decimal text of its seconds."""
    field = kept_key(key)
    missing = Compare(field, Op.NULL)

    def before(second: int) -> Node:
        return missing if second == 0 else _present(field, text_range(field, Op.LT, second))

    def after(second: int) -> Node:
        return _present(field, text_range(field, Op.GT, second))

    def at(second: int) -> Node:
        return missing if second == 0 else _present(field, eq(field, str(second)))

    return Moments(before, after, at, missing)


NO_MOMENT: Final = Moments(lambda n: FALSE if n else TRUE, lambda n: FALSE, lambda n: FALSE if n else TRUE, TRUE)
"""A date of which nothing is held."""


def day(field: str) -> Moments:
    """A date without time, which shows as its midnight UTC."""
    missing = Compare(field, Op.NULL)

    def before(second: int) -> Node:
        return missing if second == 0 else _present(field, Compare(field, Op.LE, _day(second - 1)))

    def after(second: int) -> Node:
        return _present(field, Compare(field, Op.GT, _day(second)))

    def at(second: int) -> Node:
        if second == 0:
            return missing
        return _present(field, eq(field, _day(second))) if second % _DAY == 0 else FALSE

    return Moments(before, after, at, missing)


def _day(second: int) -> str:
    return iso_date(max(_FIRST_SECOND, min(_LAST_SECOND, second)) * SECOND)
