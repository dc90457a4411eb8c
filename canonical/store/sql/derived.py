"""Columns that are worked out in SQL: numbers and instants as they are printed, and the rank of a state."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa

from canonical.model import STATE_RANKS

Expression = sa.ColumnElement[Any]
_MILLION: Expression = sa.literal_column("1000000")


def whole_seconds(column: Expression) -> Expression:
    """An instant in seconds."""
    return column.op("/")(_MILLION)


def printed(column: Expression, type_: str, *, sqlite: bool) -> Expression:
    """A number, flag, instant or amount of money as the text that `canonical.values` prints."""
    if type_ == "instant" and sqlite:
        form: Expression = sa.literal_column("'%Y-%m-%d %H:%M:%S'")
        return sa.func.strftime(form, whole_seconds(column), sa.literal_column("'unixepoch'"))
    if type_ == "instant":
        zone: Expression = sa.literal_column("'UTC'")
        at = sa.func.timezone(zone, sa.func.to_timestamp(whole_seconds(column)))
        return sa.func.to_char(at, sa.literal_column("'YYYY-MM-DD HH24:MI:SS'"))
    if type_ != "money":
        return sa.cast(column, sa.Text)
    sign: Expression = sa.case(
        (column < sa.literal_column("0"), sa.literal_column("'-'")), else_=sa.literal_column("''")
    )
    whole = sa.cast(sa.func.abs(column).op("/")(_MILLION), sa.Text)
    # The digits after the point with their leading zeros: from 1000000 on, without the 1.
    after = sa.func.substr(sa.cast(_MILLION + sa.func.abs(column) % _MILLION, sa.Text), sa.literal_column("2"))
    fraction = sa.func.rtrim(after, sa.literal_column("'0'"))
    point: Expression = sa.literal_column("'.'")
    return sa.func.rtrim(sign.concat(whole).concat(point).concat(fraction), point)


def state_rank(source: Any) -> Expression:
    """The rank of an activity's state."""
    ranks = [(source.c.state == sa.literal_column(f"'{state}'"), _number(rank)) for state, rank in STATE_RANKS.items()]
    return sa.case(*ranks)


def own_rank(source: Any, word: Expression, *, sqlite: bool) -> Expression:
    """The number in ``<state>:<number>:…`` while the record has that state, else its state's rank."""
    state = source.c.state
    begins = sa.func.substr(word, _number(1), sa.func.length(state) + _number(1))
    if sqlite:
        # Of the text that follows the state SQLite takes the number that it begins with.
        number: Expression = sa.cast(sa.func.substr(word, sa.func.length(state) + _number(2)), sa.BigInteger)
    else:
        pattern: Expression = sa.literal_column("':(-?[0-9]{1,9}):'")
        number = sa.cast(sa.func.substring(word, pattern), sa.BigInteger)
    fits = begins == state.concat(sa.literal_column("':'"))
    return sa.case((fits, sa.func.coalesce(number, state_rank(source))), else_=state_rank(source))


def _number(value: int) -> Expression:
    return cast(Expression, sa.literal_column(str(value)))
