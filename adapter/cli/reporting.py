"""``crmglot migrate report`` and ``check-report``: what a migration came to, signed, and whether it stands so."""

from __future__ import annotations

import hmac
import sys
from pathlib import Path

import click

from adapter.cli.migrating import JSON, PLAN, ledger_of, migrate, safely, show, write_new
from adapter.migrate import plan, report
from adapter.migrate.sides import Unreadable


@migrate.command("report")
@PLAN
@click.option("--out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="*.html, *.json or *.txt")
@JSON
@safely
def migrate_report(file: Path, out: Path | None, as_json: bool) -> None:
    """What the last run and the last `verify` came to, signed when it is written to a file."""
    wanted = plan.read(file)
    if out is not None and out.suffix not in report.ENDINGS:
        raise Unreadable(f"{out.name}: a report ends in {', '.join(report.ENDINGS)}")
    with ledger_of(wanted, there=True) as kept:
        told_ = report.told(wanted, kept)
    if out is not None:
        write_new(out, report.rendered(told_, out.suffix, report.key_of(wanted)))
    if as_json:
        show(told_, True)
    else:
        click.echo(report.as_text(told_) if out is None else f"written: {out}", nl=out is not None)
    if told_["differences"] or told_["total"]["quarantined"]:
        sys.exit(1)


@migrate.command("check-report")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--key", metavar="HEX", help="The public key that it must be signed with.")
@JSON
@safely
def migrate_check_report(file: Path, key: str | None, as_json: bool) -> None:
    """Whether a report stands as it was signed, and with which key."""
    public = report.signer(file)
    if key is not None and not hmac.compare_digest(key.strip().lower().encode(), public.encode()):
        raise Unreadable(f"{file.name}: signed with another key, {public}")
    show({"key": public}, True) if as_json else click.echo(f"unchanged since it was signed with {public}")
