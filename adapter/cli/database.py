"""``crmglot db``: the database."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import SQLAlchemyError

from adapter.cli.faults import Failure, told
from adapter.cli.opening import read_settings
from adapter.cli.root import main
from adapter.settings import Settings
from canonical.store.sql import schema


@main.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@told
def db_upgrade() -> None:
    """Create the schema, or bring it to the newest version."""
    upgrade_schema(read_settings())


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
