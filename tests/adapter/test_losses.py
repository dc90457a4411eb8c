"""What a dialect cannot say is counted."""

from __future__ import annotations

from adapter.losses import Loss, LossReport


def test_nothing_is_lost_at_first() -> None:
    report = LossReport()
    assert not report
    assert (len(report), report.counts(), report.summary()) == (0, {}, {})


def test_losses_are_counted_each() -> None:
    report = LossReport()
    for _ in range(3):
        report.add("activity", "category", "not_shown")
    report.add("party", "extras", "too_long")
    assert report
    assert len(report) == 4
    assert report.counts() == {Loss("activity", "category", "not_shown"): 3, Loss("party", "extras", "too_long"): 1}
    assert report.summary() == {"activity.category:not_shown": 3, "party.extras:too_long": 1}


def test_what_is_asked_for_is_a_copy() -> None:
    report = LossReport()
    report.add("activity", "category", "not_shown")
    report.counts().clear()
    assert len(report) == 1


def test_losses_of_one_kind_may_be_counted_first() -> None:
    report = LossReport()
    report.add("activity", "state", "not_shown", 37)
    report.add("activity", "state", "not_shown")
    assert report.summary() == {"activity.state:not_shown": 38}
