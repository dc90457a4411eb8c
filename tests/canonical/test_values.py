"""How instants are written."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from canonical.values import EARLIEST, LATEST, SECOND, iso_date, iso_time, sql_time


@given(st.integers(EARLIEST, LATEST))
def test_written_times_are_those_of_the_calendar(at: int) -> None:
    moment = datetime.fromtimestamp(at // SECOND, UTC)
    assert iso_time(at) == moment.isoformat().replace("+00:00", "Z")
    assert sql_time(at) == moment.isoformat(" ").replace("+00:00", "")
    assert iso_date(at) == moment.date().isoformat()
