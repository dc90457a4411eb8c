"""A worker as a process of its own: ``python -m tests.support.worker``, with settings from the environment."""

from __future__ import annotations

import os
import sys

import dialects
from adapter.jobs.worker import main
from adapter.settings import load
from canonical.service.core import CanonicalCore
from canonical.store.sql.store import SqlStore

if __name__ == "__main__":
    settings = load(os.environ, dialects.names())
    core = CanonicalCore(SqlStore(settings.database_url), settings.default_tenant, settings.secret_key)
    main(core, settings, attached="--attached" in sys.argv)
    core.close()
