"""The command line: the only room that joins dialects, store and shells. A file a group of commands."""

from adapter.cli import applications, contracts, database, lists, migrating, reporting, serving, tenants, users, worlds
from adapter.cli.opening import create_wsgi_app
from adapter.cli.root import main

__all__ = [
    "applications", "contracts", "create_wsgi_app", "database", "lists", "main", "migrating", "reporting", "serving",
    "tenants", "users", "worlds",
]  # fmt: skip
