"""What can be filtered, one column each: by a list of values, by a range, by moment.

Every node made here is true or false of a record, never unknown, so that the ``_not`` suffix is plain negation: an
unset reference counts as 0 and an unset text as empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from canonical.query import FALSE, Compare, Has, Node, Not, Op, all_of, any_of, contains, eq, one_of
from canonical.values import SECOND, iso_date
from dialects.affinitylive.fields.formats import NO, YES
from dialects.affinitylive.fields.standing import Standings
from dialects.affinitylive.fields.table import NAMESPACE

Values = tuple[str, ...]
_DIGITS = 18
_PAST: int = 10**_DIGITS - 1
_DAY = 86_400
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_FIRST_SECOND = -62_135_596_800
HOLDS: dict[Op, Callable[[int, int], bool]] = {
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
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
    """`among`: it is one of the values. `ranged`: its number compares so. `empty`: there is nothing in it."""

    among: Callable[[Values], Node]
    ranged: Callable[[Op, int], Node] | None = None
    empty: Node = FALSE


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
    return Column(lambda values: standings.among(tuple(dict.fromkeys(value.strip().lower() for value in values))))


def status(standings: Standings) -> Column:
    def among(values: Values) -> Node:
        rows = [standings.by_id(n) for n in integers(values)]
        return standings.among(tuple(row.word for row in rows if row is not None))

    return Column(among)


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
