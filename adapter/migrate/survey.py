"""A look at both sides, and the plan that comes of it: counts, fields in use with samples, and what will be lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.client import KINDS, PARTS, can
from adapter.migrate.people import Crowd, People
from adapter.migrate.plan import Plan, in_order, written
from adapter.migrate.sides import Side, Unreadable
from adapter.migrate.telling import default_needs
from canonical.model import KINDS as SPECS
from canonical.model import User

_MATCH: Final = {"organisation": ("email", "name_town"), "person": ("email",)}
_SAMPLES: Final = 3
_HANGING: Final = ("links", "points", "tags", "custom")
_MADE: Final = frozenset({"id", "version", "sequence", "extras", "type", "name", "owner_chosen", "person_id"})


@dataclass(slots=True)
class Use:
    """How often a field has a value, and some of them."""

    count: int = 0
    samples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Survey:
    """What the source holds: records by kind, fields in use by kind, and those that the target does not say."""

    counts: dict[str, int] = field(default_factory=dict)
    uses: dict[str, dict[str, Use]] = field(default_factory=dict)
    losses: list[tuple[str, str, str, int]] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    hidden: dict[str, int] = field(default_factory=dict)
    """By kind the records that not everybody sees or reads, and that the target would show to everybody."""


def look(source: Side, target: Side, kinds: Sequence[str]) -> Survey:
    """Reads all records of the source."""
    found = Survey()
    for kind in kinds:
        if kind not in KINDS:
            continue
        uses = found.uses.setdefault(kind, {})
        found.counts[kind] = 0
        for batch in source.pull(kind):
            for record in batch.records:
                found.counts[kind] += 1
                if isinstance(record, User):
                    found.users.append(record)
                for name, value in _filled(record):
                    use = uses.setdefault(name, Use())
                    use.count += 1
                    if len(use.samples) < _SAMPLES and isinstance(value, str | int):
                        use.samples.append(" ".join(str(value).split())[:40])
        hidden = uses.get("visibility")
        row = can(target.traits, kind, "create")
        if hidden is not None and row is not None and "visibility" not in row.fields:
            found.hidden[kind] = hidden.count
        found.losses += _losses(target, kind, found.counts[kind], uses)
    return found


def _filled(record: Any) -> list[tuple[str, Any]]:
    values = [
        (spec.name, getattr(record, spec.name))
        for spec in SPECS[record.KIND].fields
        if spec.name not in _MADE
        and getattr(record, spec.name) not in (None, "", spec.default)
        # Everybody's record has an owner; only one that was chosen says something.
        and (spec.name != "owner_id" or getattr(record, "owner_chosen", False))
    ]
    names = {name for name, _ in values}
    if "owner_id" not in names and getattr(record, "owner_username", None):
        values.append(("owner_id", record.owner_username))
    return values + [(name, None) for name in _HANGING if getattr(record, name, ())]


def _losses(target: Side, kind: str, count: int, uses: Mapping[str, Use]) -> list[tuple[str, str, str, int]]:
    row = can(target.traits, kind, "create")
    if kind == "user":
        return []
    if row is None:
        return [(kind, "*", "no_such_kind", count)] if count else []
    uses = {name: use for name, use in uses.items() if name != "visibility"}
    told = {*row.fields, *("owner_id" for name in ("owner_username",) if name in row.fields)}
    told |= {f"{name.removesuffix('_username')}_id" for name in row.fields if name.endswith("_username")}
    return [(kind, name, "not_said", use.count) for name, use in uses.items() if name not in told]


def make_plan(
    source: Side, target: Side, names: tuple[str, str], wanted: Sequence[str] | None
) -> tuple[Plan, str, Survey]:
    """The plan, its file's text, and what was seen. Raises `Unreadable` for kinds that the source does not have."""
    has = [kind for kind in KINDS if can(source.traits, kind, "list") is not None]
    kinds = in_order(wanted) if wanted is not None else in_order([*has, *PARTS])
    for kind in kinds:
        if kind in KINDS and kind not in has:
            raise Unreadable(f"{source.traits.name}: no list of the kind {kind} can be asked for")
    seen = look(source, target, kinds)
    crowd = Crowd(People(), People(), {})
    crowd.source.add(seen.users)
    if can(target.traits, "user", "list") is not None:
        for batch in target.pull("user"):
            crowd.target.add(user for user in batch.records if isinstance(user, User))
    users: dict[str, str] = {}
    strangers: list[str] = []
    for user in seen.users:
        found = crowd.counterpart(user)
        if found is not None:
            users[user.username] = found.username
        else:
            strangers.append(f"{user.username}: not on the target")
    first = next((u for u in crowd.target.by_id.values() if u.is_admin), None)
    stand_in = first or next(iter(crowd.target.by_id.values()), None)
    if stand_in is not None:
        users["*"] = stand_in.username
    needs = {kind: values for kind, values in default_needs(target.traits).items() if kind in kinds}
    plan = Plan(names[0], names[1], kinds, users, {k: v for k, v in _MATCH.items() if k in kinds}, needs)
    return plan, written(plan, _notes(seen, strangers)), seen


def _notes(seen: Survey, strangers: Sequence[str]) -> dict[str, Sequence[str]]:
    counts = [f"{kind}: {count} records" for kind, count in seen.counts.items()]
    fields = []
    for kind, uses in seen.uses.items():
        total = seen.counts[kind]
        for name, use in uses.items():
            shown = f", such as {'; '.join(use.samples)}" if use.samples else ""
            fields.append(f"  {kind}.{name}: in {round(100 * use.count / total)} %{shown}")
    return {
        "kinds": [*counts, *fields],
        "users": strangers,
        "hidden": [f"{kind}: {count} such records" for kind, count in seen.hidden.items()],
        "losses": [f"not on the target: {kind}.{name} ({count} times)" for kind, name, _, count in seen.losses],
    }
