"""What holds for all tests."""

from __future__ import annotations

import hypothesis
import pytest

# On a busy machine the making of examples is slow at times, and that says nothing about what is tested.
hypothesis.settings.register_profile("crmglot", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("crmglot")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests over PostgreSQL need a server of its own, so they count as slow wherever they stand."""
    for item in items:
        if "postgresql" in item.nodeid.lower():
            item.add_marker(pytest.mark.slow)
