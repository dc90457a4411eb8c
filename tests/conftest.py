"""What holds for all tests."""

from __future__ import annotations

import hypothesis
import pytest

# In a new clone the first text that is drawn costs seconds: the tables of all characters are made then.
hypothesis.settings.register_profile("house", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None)
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests over PostgreSQL need a server of its own, and random examples are many: both count as slow."""
    for item in items:
        random = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if random or "postgresql" in item.nodeid.lower():
            item.add_marker(pytest.mark.slow)
