"""``crmglot db``: the database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from adapter.cli.faults import Failure, told
from adapter.cli.opening import read_settings
from adapter.cli.root import main
from adapter.jobs.queue import queue_file
from adapter.settings import Settings
from canonical.store.sql import copies, schema


@main.group()
def db() -> None:
    """The database."""


of_copy = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@db.command("upgrade")
@told
def db_upgrade() -> None:
    """Create the schema, or bring it to the newest version."""
    upgrade_schema(read_settings())


@db.command("backup")
@of_copy
@told
def db_backup(file: Path) -> None:
    """Copy the database to FILE while others read and write it, and the job queue to FILE.queue."""
    copies.backup(*_files(f"pg_dump --format=custom --file={file}"), file)


@db.command("restore")
@of_copy
@told
def db_restore(file: Path) -> None:
    """Put a copy that `db backup` made in the database's place, while no server or worker runs."""
    copies.restore(*_files(f"pg_restore --clean {file}"), file)


def _files(instead: str) -> tuple[Path, Path | None]:
    """The files of the database and of the queue. Raises Failure where there are none, with what to do `instead`."""
    settings = read_settings()
    if not settings.database_url.startswith("sqlite"):
        raise Failure(f"PostgreSQL has commands of its own for this: {instead}")
    is_redis = settings.queue_url is not None and settings.queue_url.startswith("redis")
    return Path(settings.database_url.partition("///")[2]), None if is_redis else queue_file(settings)


def upgrade_schema(settings: Settings) -> None:
    """Raises Failure, with the database's own reason as far as that holds no address."""
    try:
        schema.upgrade(settings.database_url)
    except OSError as error:
        raise Failure(f"the schema could not be upgraded: {error.strerror}") from error
    except SQLAlchemyError as error:
        said = getattr(error, "orig", None)
        reason = str(said) if isinstance(said, sqlite3.Error) else type(error).__name__
        raise Failure(f"the schema could not be upgraded: {reason}") from error
