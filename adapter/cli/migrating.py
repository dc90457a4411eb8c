"""``crmglot migrate``: moving a company's records between vendors' servers and the core."""

from __future__ import annotations

import csv
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

import dialects
from adapter.cli import sides
from adapter.cli.faults import Misuse, told
from adapter.cli.root import main
from adapter.gateway import real_now
from adapter.logs import say
from adapter.migrate import outcome, plan, survey
from adapter.migrate.documents import BadDocument, rebuilt
from adapter.migrate.ledger import VERIFIED, Ledger, Quarantined
from adapter.migrate.run import Run
from adapter.migrate.sides import Gone, Side, Unreadable
from adapter.migrate.undo import undo
from adapter.migrate.verify import verify
from canonical.errors import CanonicalError

F = TypeVar("F", bound=Callable[..., Any])
PLAN = click.argument("file", metavar="PLAN", type=click.Path(dir_okay=False, path_type=Path))
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
QUIET = click.option("--quiet", is_flag=True, help="Nothing about the progress.")
KINDS = click.option("--kinds", metavar="KIND,KIND…", help="Only these.")


@main.group()
def migrate() -> None:
    """Move records between vendors' servers and the core, once each, with a proof at the end."""


def safely(function: F) -> F:
    """What stops a migration is one line and exit code 2."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Unreadable as error:
            raise Misuse(str(error)) from error
        except Gone as error:
            raise Misuse(f"{error}; what was done is kept, and `crmglot migrate resume` goes on from there") from error
        except OSError as error:
            raise Misuse(f"{error.filename or ''}: {error.strerror or type(error).__name__}".lstrip(": ")) from error
        except CanonicalError as error:
            raise Misuse(str(error) or type(error).__name__) from error

    return told(wrapper)  # type: ignore[return-value]


def show(result: dict[str, Any], as_json: bool) -> None:
    click.echo(json.dumps(result, ensure_ascii=False) if as_json else outcome.as_text(result))


def words(kinds: str | None) -> tuple[str, ...] | None:
    return None if kinds is None else plan.in_order(kinds.split(","))


class Progress:
    """A line on standard error every so many records; never on standard output."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self._told = 0

    def __call__(self, kind: str, count: int) -> None:
        if not self.quiet and (count < self._told or count - self._told >= 1000 or count < 200):
            self._told = count
            say(f"{kind}: {count}")


@contextmanager
def ledger_of(wanted: plan.Plan, *, there: bool = False) -> Iterator[Ledger]:
    if there and not wanted.ledger.exists():
        raise Unreadable(f"{wanted.path.name}: was never run")
    ledger = Ledger(str(wanted.ledger))
    try:
        sides_ = f"{wanted.source} {wanted.target}"
        if ledger.meta("sides", sides_) != sides_:
            raise Unreadable(f"{wanted.ledger.name}: is of other sides; use another name for this plan")
        ledger.set_meta("sides", sides_)
        yield ledger
    finally:
        ledger.close()


@contextmanager
def both(wanted: plan.Plan) -> Iterator[tuple[Side, Side]]:
    with source_of(wanted) as source, target_of(wanted) as target:
        yield source, target


def source_of(wanted: plan.Plan) -> Any:
    return sides.opened(wanted.source, "SOURCE", other=wanted.target, pace=wanted.pace)


def target_of(wanted: plan.Plan) -> Any:
    acting = wanted.users.get("*", "")
    return sides.opened(wanted.target, "TARGET", other=wanted.source, pace=wanted.pace, acting=acting)


@migrate.command("plan")
@click.option("--from", "source", metavar="SIDE", required=True, help="DIALECT=URL or core.")
@click.option("--to", "target", metavar="SIDE", required=True, help="DIALECT=URL or core.")
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--tenant", metavar="SLUG", help="The tenant that `core` means.")
@KINDS
@JSON
@safely
def migrate_plan(source: str, target: str, out: Path, tenant: str | None, kinds: str | None, as_json: bool) -> None:
    """Look at both sides and write a plan; tell what will be lost."""
    names = (sides.named(source, tenant), sides.named(target, tenant))
    if names[0] == names[1]:
        raise Unreadable("the two sides are the same")
    asked = words(kinds)
    draft = plan.Plan(*names)
    with both(draft) as (one, other):
        _, text, seen = survey.make_plan(one, other, names, asked)
    write_new(out, text)
    counts = {kind: {"read": count} for kind, count in seen.counts.items()}
    losses = [
        {"kind": kind, "field": field, "reason": reason, "count": count} for kind, field, reason, count in seen.losses
    ]
    hidden = [
        {"kind": kind, "field": "visibility", "reason": "quarantined_unless_shown", "count": count}
        for kind, count in seen.hidden.items()
    ]
    if as_json:
        losses += hidden
        show({"kinds": counts, "total": {"read": sum(seen.counts.values())}, "losses": losses}, True)
        return
    lines = [f"{kind}: {count}" for kind, count in seen.counts.items()]
    lines += [f"lost: {row['kind']}.{row['field']} ({row['count']} times)" for row in losses]
    lines += [f"set aside, for everybody would see them: {row['kind']} ({row['count']})" for row in hidden]
    click.echo("\n".join([*lines, f"written: {out}"]))


def write_new(path: Path, text: str | bytes) -> None:
    """The file in one piece, or none."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(text.encode() if isinstance(text, str) else text)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@migrate.command("run")
@PLAN
@click.option("--dry-run", is_flag=True, help="Send and store nothing; tell what a run would do.")
@KINDS
@click.option("--limit", type=click.IntRange(min=1), help="So many records of each kind.")
@click.option("--since-last", is_flag=True, help="Only what changed on the source since the last run.")
@JSON
@QUIET
@safely
def migrate_run(
    file: Path, dry_run: bool, kinds: str | None, limit: int | None, since_last: bool, as_json: bool, quiet: bool
) -> None:
    """Do what PLAN says; a run that was broken off goes on."""
    run_plan(file, dry_run, kinds, limit, as_json, quiet, since_last)


@migrate.command("resume")
@PLAN
@KINDS
@click.option("--limit", type=click.IntRange(min=1), help="So many records of each kind.")
@JSON
@QUIET
@safely
def migrate_resume(file: Path, kinds: str | None, limit: int | None, as_json: bool, quiet: bool) -> None:
    """Go on with a run that was broken off."""
    run_plan(file, False, kinds, limit, as_json, quiet)


def run_plan(
    file: Path,
    dry_run: bool,
    kinds: str | None,
    limit: int | None,
    as_json: bool,
    quiet: bool,
    since_last: bool = False,
) -> None:
    wanted = plan.read(file)
    chosen = words(kinds) or wanted.kinds
    with ledger_of(wanted) as kept, both(wanted) as (source, target):
        if dry_run:
            copy = kept.copy()
            with sides.rehearsed(target) as stage:
                Run(wanted, source, stage, copy, real_now, Progress(quiet)).go(chosen, limit, since_last=since_last)
                result = outcome.outcome(copy, chosen)
            copy.close()
        else:
            Run(wanted, source, target, kept, real_now, Progress(quiet)).go(chosen, limit, since_last=since_last)
            result = outcome.outcome(kept, chosen)
    show(result, as_json)
    if result["total"]["quarantined"]:
        sys.exit(1)


@migrate.command("verify")
@PLAN
@KINDS
@JSON
@QUIET
@safely
def migrate_verify(file: Path, kinds: str | None, as_json: bool, quiet: bool) -> None:
    """Read everything back from the target and tell every difference."""
    wanted = plan.read(file)
    chosen = words(kinds) or wanted.kinds
    with ledger_of(wanted, there=True) as kept, target_of(wanted) as target:
        found = list(verify(kept, target, chosen, Progress(quiet)))
        result = outcome.outcome(kept, chosen)
        result["differences"] = outcome.differences(found)
        kept.set_meta(VERIFIED, json.dumps({"at": real_now(), "differences": result["differences"]}))
    show(result, as_json)
    if found or result["total"]["quarantined"]:
        sys.exit(1)


@migrate.command("undo")
@PLAN
@JSON
@safely
def migrate_undo(file: Path, as_json: bool) -> None:
    """Remove what the migration made and restore what it changed, except what somebody changed since."""
    wanted = plan.read(file)
    with ledger_of(wanted, there=True) as kept, target_of(wanted) as target:
        done = undo(kept, target)
    show(outcome.undone(done), as_json)
    if done.kept or done.failed:
        sys.exit(1)


@migrate.command("map")
@PLAN
@click.option("--kind", metavar="KIND")
@click.option("--from-id", metavar="ID", help="As clients of the source write it.")
@click.option("--to-id", metavar="ID", help="As clients of the target write it.")
@click.option("--csv", "csv_file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@JSON
@safely
def migrate_map(
    file: Path, kind: str | None, from_id: str | None, to_id: str | None, csv_file: Path | None, as_json: bool
) -> None:
    """Which record of the source is which of the target."""
    wanted = plan.read(file)
    if kind is not None:
        plan.in_order([kind])
    name = sides.dialect_of(wanted.target)
    client = dialects.load(name).client if name else None
    with ledger_of(wanted, there=True) as kept:
        rows = [
            {
                "kind": entry.kind,
                "source_id": entry.source_id,
                "target_id": written(client, entry.canon, entry.target_id),
                "state": entry.state,
            }
            for entry in kept.entries(kind=kind or "")
            if entry.state != "default" and (from_id is None or entry.source_id == from_id)
        ]
    rows = [row for row in rows if to_id is None or row["target_id"] == to_id]
    if csv_file is not None:
        write_csv(csv_file, rows)
    if as_json:
        show({"rows": rows}, True)
    elif csv_file is None:
        for row in rows:
            click.echo("\t".join(row.values()))


def written(client: Any, canon: str, id: str) -> str:
    return str(client.foreign_id(canon, int(id))) if client is not None and id.isdigit() else id


def write_csv(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("kind", "source_id", "target_id", "state"))
        writer.writerows(tuple(_safe(value) for value in row.values()) for row in rows)


def _safe(cell: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{cell}" if cell[:1] in "=+-@" and not cell[1:].isdigit() else cell


# -- what was set aside -----------------------------------------------------------------------------


@migrate.group("quarantine", invoke_without_command=True)
@PLAN
@click.pass_context
def quarantine(context: click.Context, file: Path) -> None:
    """Records that were set aside: list, show, edit, retry."""
    context.obj = file
    if context.invoked_subcommand is None:
        context.invoke(quarantine_list)


@quarantine.command("list")
@JSON
@click.pass_obj
@safely
def quarantine_list(file: Path, as_json: bool = False) -> None:
    """All of them, with number and reason."""
    with ledger_of(plan.read(file), there=True) as kept:
        show({"quarantined": outcome.quarantined(kept)}, as_json)


def held(kept: Ledger, n: int) -> Quarantined:
    found = kept.quarantined(n)
    if not found:
        raise Unreadable(f"quarantine: there is no record {n}")
    return found[0]


@quarantine.command("show")
@click.argument("n", type=int)
@JSON
@click.pass_obj
@safely
def quarantine_show(file: Path, n: int, as_json: bool) -> None:
    """One record as JSON."""
    with ledger_of(plan.read(file), there=True) as kept:
        record = held(kept, n).record
    click.echo(json.dumps(record, ensure_ascii=False, indent=None if as_json else 2))


@quarantine.command("edit")
@click.argument("n", type=int)
@click.option(
    "--file",
    "source",
    metavar="FILE",
    type=click.File("r", encoding="utf-8"),
    required=True,
    help="- reads standard input.",
)
@JSON
@click.pass_obj
@safely
def quarantine_edit(file: Path, n: int, source: Any, as_json: bool) -> None:
    """Put a corrected record, as JSON, in the place of one."""
    with ledger_of(plan.read(file), there=True) as kept:
        there = held(kept, n)
        try:
            record = json.loads(source.read(64 * 1024 * 1024))
            if not isinstance(record, dict):
                raise BadDocument("a JSON object is needed")
            rebuilt(there.kind, record)
        except json.JSONDecodeError as error:
            raise Unreadable(f"{source.name}: not JSON: {error}") from None
        except ValueError as error:
            raise Unreadable(f"{source.name}: {error}") from None
        kept.edit(n, record)
        show({"quarantined": outcome.quarantined(kept)}, as_json)


@quarantine.command("retry")
@click.argument("n", type=int, required=False)
@JSON
@QUIET
@click.pass_obj
@safely
def quarantine_retry(file: Path, n: int | None, as_json: bool, quiet: bool) -> None:
    """Try one again, or all."""
    wanted = plan.read(file)
    with ledger_of(wanted, there=True) as kept:
        chosen = kept.quarantined() if n is None else [held(kept, n)]
        with both(wanted) as (source, target):
            Run(wanted, source, target, kept, real_now, Progress(quiet)).retry(wanted.kinds, chosen)
        result = outcome.outcome(kept, wanted.kinds)
    show(result, as_json)
    if result["quarantined"]:
        sys.exit(1)
