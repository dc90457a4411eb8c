"""The schema's versions: creating it, upgrading it, telling whether it is the newest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

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


def engine(url: str) -> sa.Engine:
    """An engine for migrations and bulk loads, with the drivers that the backends use."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return sa.create_engine(parsed, poolclass=sa.pool.NullPool)


def upgrade(url: str, version: str = "head") -> None:
    """Creates the schema or brings it to `version`, all in one transaction where the database can."""
    config = _config()
    with engine(url).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
