"""Each ordered pair of vendors with a larger company. ``CRMGLOT_COMPANY`` makes it of another size."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migrate.conftest import Two, two_worlds

SIZE = int(os.environ.get("CRMGLOT_COMPANY", "120"))
VENDORS = ("affinitylive", "capsule", "crust", "opentaps", "zurmo")


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Two]:
    with two_worlds(tmp_path, monkeypatch, SIZE) as two:
        yield two


@pytest.mark.exhaustive
@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(VENDORS, 2)))
def test_a_larger_company_moves_as_foretold_and_the_proof_is_clean(large: Two, source: str, target: str) -> None:
    large.plan(source, target)
    dry = large.command("run", "--dry-run")
    done = large.command("run")
    assert done == dry
    assert done["total"]["quarantined"] == 0
    assert done["total"]["read"] >= SIZE * 7 // 10
    assert large.command("verify")["differences"] == []
