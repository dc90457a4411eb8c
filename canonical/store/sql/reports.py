"""SQL for reports: formulas over the fields of many records, grouped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.elements import Grouping

from canonical.errors import Unsupported
from canonical.formula import MAX_DEPTH, MAX_NODES, Field, Formula, Value, as_type, size
from canonical.letters import TABLE
from canonical.model import KINDS, KindSpec, Viewer
from canonical.model.module import RECORD_FIELDS
from canonical.operations import Report
from canonical.query import Node
from canonical.store.sql import tables
from canonical.store.sql.backend import Backend
from canonical.store.sql.compile import TENANT, Builder, visible
from canonical.store.sql.modules import MAX_GROUPS, MODULE, Built, Params, kind_column
from canonical.store.sql.plan import plan
from canonical.values import SECOND, to_column

_TYPES: dict[str, Any] = {"text": sa.Text(), "number": sa.Float(), "moment": sa.Text(), "truth": sa.Boolean()}
_OPERATORS = frozenset(("=", "!=", "<", "<=", ">", ">=", "+", "-", "*"))
_PARTS = {"year": (1, 4), "month": (6, 2), "day": (9, 2), "hour": (12, 2), "minute": (15, 2), "second": (18, 2)}
_NUMBER = r"'^\s*([-+]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,2})?)'"
_DATE = r"'^\s*((?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))(?![0-9])'"
_TIME = r"'^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]((?:[01][0-9]|2[0-3]):[0-5][0-9])'"
_ANY_TIME = r"'^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}'"
_SECONDS = r"'^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:([0-9]{2})'"
_NO_DAYS = ("02-30", "02-31", "04-31", "06-31", "09-31", "11-31")
AGGREGATES = {"sum": "sum", "min": "min", "max": "max", "avg": "avg", "std": "stddev_pop"}
_FROM, _TO = "".join(map(chr, TABLE)), "".join(TABLE.values())


def _word(text: str) -> Any:
    """A text of ours, in the statement itself."""
    return sa.literal_column(f"'{text}'")


def _one(number: int) -> Any:
    return sa.literal_column(str(number))


class _Writer:
    """Writes formulas as SQL; their values become parameters, in the order in which they are met."""

    def __init__(self, backend: Backend, column: Callable[[Field], Any]) -> None:
        self.sqlite = backend.name == "sqlite"
        self.column = column
        self.bound = 0

    def write(self, node: Formula) -> Any:
        if isinstance(node, Field):
            column = self.column(node)
            return self._moment_of_micros(column) if node.type == "moment" else column
        if isinstance(node, Value):
            if node.value is None:
                return sa.cast(sa.null(), _TYPES[node.type])
            if node.type == "truth":
                return sa.true() if node.value else sa.false()
            self.bound += 1
            return sa.bindparam(f"f{self.bound - 1}", type_=_TYPES[node.type])
        # What binds closer than what is nobody's to guess.
        return Grouping(self._call(node.function, [self.write(arg) for arg in node.args]))

    def _call(self, function: str, args: list[Any]) -> Any:
        first = args[0]
        if function in _OPERATORS:
            return first.bool_op(function)(args[1]) if function[0] in "=!<>" else _arithmetic(function, first, args[1])
        if function in _PARTS:
            start, length = _PARTS[function]
            return sa.cast(sa.func.substr(first, _one(start), _one(length)), sa.Float)
        match function:
            case "and":
                return sa.and_(*args)
            case "or":
                return sa.or_(*args)
            case "not":
                return sa.not_(first)
            case "missing":
                return first.is_(None)
            case "negative":
                return -first
            case "/":
                return _arithmetic("/", first, sa.func.nullif(args[1], sa.literal_column("0.0")))
            case "%":
                return self._rest(first, args[1])
            case "quarter":
                month = sa.cast(sa.func.substr(first, _one(6), _one(2)), sa.Integer)
                return sa.cast(Grouping(month + _one(2)).op("/")(_one(3)), sa.Float)
            case "date":
                return sa.func.substr(first, _one(1), _one(10)).op("||")(_word(" 00:00:00"))
            case "date text":
                return sa.func.substr(first, _one(1), _one(10))
            case "time text":
                return sa.func.substr(first, _one(12), _one(8))
            case "two digits" | "four digits":
                digits = 2 if function == "two digits" else 4
                whole = _word("0" * digits).op("||")(sa.cast(sa.cast(first, sa.Integer), sa.Text))
                return sa.func.substr(whole, sa.func.length(whole) - _one(digits - 1))
            case "joined":
                joined = first
                for arg in args[1:]:
                    joined = joined.op("||")(arg)
                return joined
            case "letters":
                if self.sqlite:
                    return sa.func.fold_letters(first)
                return sa.func.translate(
                    first, sa.bindparam("from", type_=sa.Text()), sa.bindparam("to", type_=sa.Text())
                )
            case "trimmed":
                return sa.func.rtrim(first, _word(" "))
            case "filled":
                return sa.func.nullif(first, _word(""))
            case "like":
                return first.like(args[1], escape="\\")
            case "words":
                pairs = [(first == args[at], args[at + 1]) for at in range(1, len(args), 2)]
                return sa.case(*pairs, else_=sa.cast(sa.null(), sa.Text)) if pairs else sa.cast(sa.null(), sa.Text)
            case "text to number":
                return self._number(first)
            case "text to moment":
                return sa.func.moment_of(first) if self.sqlite else _moment_of_text(first)
            case "number to text":
                return self._plain(first)
            case "moment to text":
                return first
            case "number to truth":
                return first != sa.literal_column("0")
            case "truth to number":
                return sa.case((first, sa.literal_column("1.0")), (sa.not_(first), sa.literal_column("0.0")))
        raise Unsupported(f"no function {function}")

    def _rest(self, one: Any, other: Any) -> Any:
        if self.sqlite:
            return sa.func.rest_of(one, other)
        numeric = [sa.cast(part, sa.Numeric) for part in (one, sa.func.nullif(other, sa.literal_column("0.0")))]
        return sa.cast(sa.func.mod(*numeric), sa.Float)

    def _number(self, text: Any) -> Any:
        if self.sqlite:
            return sa.func.number_of(text)
        found = sa.cast(sa.func.substring(text, sa.literal_column(_NUMBER)), sa.Float)
        return sa.case((text.is_not(None), sa.func.coalesce(found, sa.literal_column("0.0"))))

    def _plain(self, number: Any) -> Any:
        # Both databases print a whole float in their own way.
        if self.sqlite:
            return sa.func.plain_number(number)
        return sa.cast(number, sa.Text)

    def _moment_of_micros(self, column: Any) -> Any:
        if self.sqlite:
            seconds = column.op("/")(_one(SECOND))
            return sa.func.strftime(_word("%Y-%m-%d %H:%M:%S"), seconds, _word("unixepoch"))
        seconds = sa.func.to_timestamp(sa.cast(column.op("/")(_one(SECOND)), sa.Float))
        return sa.func.to_char(seconds, _word("YYYY-MM-DD HH24:MI:SS"))


def _arithmetic(function: str, one: Any, other: Any) -> Any:
    return sa.cast(one, sa.Float).op(function)(sa.cast(other, sa.Float))


def _moment_of_text(text: Any) -> Any:
    """What `canonical.formula.moment_of` makes of a text, without a function of our own."""
    date = sa.func.substring(text, sa.literal_column(_DATE))
    day = sa.func.substr(date, _one(6), _one(5))
    year = sa.cast(sa.func.substr(date, _one(1), _one(4)), sa.Integer)
    leaps = sa.or_(
        sa.and_(sa.func.mod(year, _one(4)) == _one(0), sa.func.mod(year, _one(100)) != _one(0)),
        sa.func.mod(year, _one(400)) == _one(0),
    )
    time, seconds = (sa.func.substring(text, sa.literal_column(pattern)) for pattern in (_TIME, _SECONDS))
    wrong = sa.or_(
        day.in_([_word(no_day) for no_day in _NO_DAYS]),
        sa.and_(day == _word("02-29"), sa.not_(leaps)),
        sa.and_(time.is_(None), text.op("~")(sa.literal_column(_ANY_TIME))),
        seconds > _word("59"),
    )
    whole = (
        date.op("||")(_word(" "))
        .op("||")(sa.func.coalesce(time, _word("00:00")))
        .op("||")(_word(":"))
        .op("||")(sa.func.coalesce(seconds, _word("00")))
    )
    return sa.case((date.is_(None), sa.cast(sa.null(), sa.Text)), (wrong, sa.cast(sa.null(), sa.Text)), else_=whole)


def _shape(node: Formula) -> object:
    """What the statement depends on: all but values and names."""
    if isinstance(node, Value):
        return node.type, node.value if node.type == "truth" else node.value is None
    if isinstance(node, Field):
        return node
    return node.function, *map(_shape, node.args)


def _leaves(asked: Report) -> tuple[list[Field], list[Any]]:
    """Fields, each once, and values, in the order in which they are written."""
    fields: dict[Field, None] = {}
    values: list[Any] = []

    def walk(node: Formula) -> None:
        if isinstance(node, Field):
            fields[node] = None
        elif isinstance(node, Value):
            if node.value is not None and node.type != "truth":
                values.append(node.value)
        else:
            for arg in node.args:
                walk(arg)

    for node in _written(asked):
        walk(node)
    return list(fields), values


def _written(asked: Report) -> list[Formula]:
    """The formulas of a report in the order in which they are written: groups, measures, condition."""
    measures = [_measured(how, node) for how, node in asked.metrics if node is not None]
    return [*asked.dimensions, *measures, as_type(asked.where, "truth")]


def _measured(how: str, node: Formula) -> Formula:
    """What a metric is of: a number, which the text of a moment begins with."""
    if how == "count":
        return node
    return as_type(as_type(node, "text") if node.type == "moment" else node, "number")


def _statement(
    asked: Report, writer: _Writer, origin: Callable[[], Any], conditions: Callable[[], list[Any]]
) -> ClauseElement:
    """The condition is written last, but `conditions` may need what the formulas brought in."""
    *columns, where = [writer.write(node) for node in _written(asked)]
    groups = len(asked.dimensions)
    labelled = [column.label(f"c{at}") for at, column in enumerate(columns)] or [sa.literal_column("1").label("c0")]
    rows = sa.select(*labelled).select_from(origin()).where(*conditions(), where).subquery("rows")
    keys = [rows.c[f"c{at}"] for at in range(groups)]
    numbers: list[Any] = [sa.func.count()]
    at = groups
    for how, node in asked.metrics:
        if node is None:
            numbers.append(sa.func.count())
            continue
        column = rows.c[f"c{at}"]
        numbers.append(sa.func.count(column) if how == "count" else getattr(sa.func, AGGREGATES[how])(column))
        at += 1
    limit, offset = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("limit", "offset"))
    return sa.select(*keys, *numbers).select_from(rows).group_by(*keys).order_by(*keys).limit(limit).offset(offset)


def _check(asked: Report) -> None:
    """Raises Unsupported for what is too large."""
    sizes = [size(node) for node in _written(asked)]
    deep = any(depth > MAX_DEPTH for _, depth in sizes)
    if deep or sum(nodes for nodes, _ in sizes) > MAX_NODES:
        raise Unsupported("the report is too large")
    if any(how not in (*AGGREGATES, "count") for how, _ in asked.metrics):
        raise Unsupported("no such metric")


def _params(backend: Backend, values: list[Any]) -> Params:
    params: Params = {f"f{at}": value for at, value in enumerate(values)}
    params.update(limit=MAX_GROUPS, offset=0)
    if backend.name != "sqlite":
        params.update({"from": _FROM, "to": _TO})
    return params


def _key(asked: Report) -> tuple[object, ...]:
    metrics = tuple((how, node is None) for how, node in asked.metrics)
    return tuple(map(_shape, _written(asked))), len(asked.dimensions), metrics


def report_module(backend: Backend, tenant_id: int, module_id: int, asked: Report) -> Built:
    """Rows of groups, their number and the metrics, over the listed records of a module."""
    _check(asked)
    fields, values = _leaves(asked)
    params = _params(backend, values)
    params.update(tenant_id=tenant_id, module_id=module_id)
    places = {field: at for at, field in enumerate(fields)}
    for field, at in places.items():
        if not field.own:
            params[f"n{at}"] = to_column(str(field.name))
        elif field.name not in RECORD_FIELDS:
            raise Unsupported(f"no field {field.name}")
    anonymous = {
        field: Field(field.name if field.own else str(at), field.type, field.own) for field, at in places.items()
    }

    def build() -> ClauseElement:
        rows = tables.module_record.alias("r")
        joined = {at: tables.record_value.alias(f"v{at}") for field, at in places.items() if not field.own}

        def origin() -> Any:
            out: Any = rows
            for at, value in joined.items():
                name = sa.bindparam(f"n{at}", type_=sa.Text())
                same = [value.c.tenant_id == TENANT, value.c.module_id == MODULE, value.c.name == name]
                out = out.outerjoin(value, sa.and_(*same, value.c.record_id == rows.c.id))
            return out

        def conditions() -> list[Any]:
            listed = rows.c.listed == sa.literal_column("1")
            return [rows.c.tenant_id == TENANT, rows.c.module_id == MODULE, listed]

        def column(field: Field) -> Any:
            return rows.c[field.name] if field.own else joined[places[field]].c.value

        return _statement(asked, _Writer(backend, column), origin, conditions)

    return ("report of module", _renamed(_key(asked), anonymous)), build, params


def _renamed(shape: Any, names: dict[Field, Field]) -> Any:
    """The shape with fields by their place, so that few statements serve all names."""
    if isinstance(shape, Field):
        return names[shape]
    return tuple(_renamed(part, names) for part in shape) if isinstance(shape, tuple) else shape


def report_kind(backend: Backend, tenant_id: int, viewer: Viewer, spec: KindSpec, where: Node, asked: Report) -> Built:
    """As above over a kind's records that the caller may see, and of what he may see of them."""
    planned = plan(where, spec, viewer)
    _check(asked)
    fields, values = _leaves(asked)
    params = _params(backend, values)
    params.update({f"p{at}": value for at, value in enumerate(planned.values)})
    params.update(tenant_id=tenant_id, me=viewer.user_id, card=viewer.card_id)
    places = {field: at for at, field in enumerate(fields)}
    anonymous = {}
    for field, at in places.items():
        custom = field.name.startswith("custom.")
        if custom:
            params[f"c{at}"] = field.name.partition(".")[2]
        elif field.name.startswith("links.") and field.name.partition(".")[2] not in KINDS:
            raise Unsupported(f"no field {field.name}")
        anonymous[field] = Field(f"custom {at}" if custom else field.name, field.type)

    def build() -> ClauseElement:
        rows = tables.RECORDS[spec.name].alias("r")
        builder = Builder(backend, viewer)

        def conditions() -> list[Any]:
            mine = builder.build(planned.shape, spec, rows)
            return [rows.c.tenant_id == TENANT, mine, visible(spec, rows, viewer)]

        def column(field: Field) -> Any:
            name = "custom" if field.name.startswith("custom.") else field.name
            return kind_column(builder, spec, rows, name, places[field])

        return _statement(asked, _Writer(backend, column), lambda: rows, conditions)

    way = (viewer.admin, viewer.namespace)
    return ("report", spec.name, planned.shape, _renamed(_key(asked), anonymous), way), build, params
