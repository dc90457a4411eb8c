"""Worlds: a small YAML or JSON file of tenants, users and records, with references by name, for tests and demos.

`read` understands a file and says line and column of what is wrong; `load` puts it into a core; `dump` writes a tenant
as such a file. Nothing of a file is ever executed: plain scalars, lists and mappings, no tags, no aliases.
"""

from __future__ import annotations

from adapter.worlds.document import WorldError
from adapter.worlds.dump import dump
from adapter.worlds.load import Loaded, load
from adapter.worlds.read import NewTenant, read, renamed

__all__ = ["Loaded", "NewTenant", "WorldError", "dump", "load", "read", "renamed"]
