"""What holds for all tests."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests over PostgreSQL need a server of its own, so they count as slow wherever they stand."""
    for item in items:
        if "postgresql" in item.nodeid.lower():
            item.add_marker(pytest.mark.slow)
