"""docs/coverage.md is what the tables say."""

from __future__ import annotations

from tests.support import coverage


def test_the_page_is_not_stale() -> None:
    assert coverage.PAGE.read_text() == coverage.page(), "stale: run `make coverage`"
