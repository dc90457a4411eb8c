"""The schema's versions: creating it, upgrading it, telling whether it is the newest."""

from __future__ import annotations

import contextlib
import os
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import make_url

from canonical.errors import WrongSchema

NEWER = "the database schema is newer than this version of crmglot"
MIGRATIONS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def newest() -> str:
    """The newest version there is a migration to."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    return head or ""


@cache
def known() -> frozenset[str]:
    """All versions there are migrations to."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def engine(url: str) -> sa.Engine:
    """An engine for migrations and bulk loads, with the drivers that the backends use."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return sa.create_engine(parsed, poolclass=sa.pool.NullPool)


def upgrade(url: str, version: str = "head") -> None:
    """Creates the schema or brings it to `version`, all in one transaction where the database can.

    Raises WrongSchema when the database is ahead of this code.
    """
    config = _config()
    path = make_url(url).database
    if make_url(url).get_backend_name() == "sqlite" and path:
        # A new one is its owner's alone; WAL and shared memory follow its mode.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with engine(url).begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, version)
        except CommandError as error:
            raise WrongSchema(NEWER) from error
