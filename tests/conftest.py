"""What holds for all tests."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

# In a new clone the first text that is drawn costs seconds: the tables of all characters are made then.
hypothesis.settings.register_profile("house", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None)
hypothesis.settings.load_profile("house")

MEMORY = Path("/dev/shm")  # noqa: S108, a file system in memory
ROOM = 4 << 30
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    # The databases of thousands of tests need not reach a disk.
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests over PostgreSQL need a server of its own, and random examples are many: both count as slow."""
    for item in items:
        random = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if random or "postgresql" in item.nodeid.lower():
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Thousands of collected tests live to the end: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()
