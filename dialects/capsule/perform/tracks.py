"""Tracks: prepared tasks that a new opportunity or case brings with it (capsule dossier, section 8).

A track is an item of the tenant's list ``track``: its value is the description, its data `captureRule`, `direction`
(START_DATE or END_DATE) and `tasks`, a list of ``{"description": …, "category": …, "days": …}`` with the days after
the start or before the end.
"""

from __future__ import annotations

from typing import Any

from adapter.dialect import Call
from canonical.model import Activity, PicklistItem
from canonical.operations import Create, NewLink
from canonical.values import DAY, EARLIEST, LATEST, Instant, Ref, midnight
from dialects.capsule import query
from dialects.capsule.errors import BadRequest
from dialects.capsule.fields.picklists import tracks
from dialects.capsule.wire import texts


def start(call: Call, subject: Ref, owner_id: int) -> None:
    """Makes the tasks of the track that ``?trackId`` names. Raises `BadRequest` for an unknown track or bad date."""
    given = query.parameters(call.request)
    if "trackId" not in given:
        return
    track = _track(call, given["trackId"])
    sign, anchor = 1, midnight(call.now)
    if track.data.get("direction") == "END_DATE":
        sign = -1
        if "endDate" not in given:
            raise BadRequest("endDate is required")
        anchor = _end(given["endDate"])
    steps = track.data.get("tasks")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, dict) and step.get("description"):
            values = _task(step, anchor, sign)
            call.desk.create(Create(Activity, {**values, "owner_id": owner_id}, (NewLink(subject),)))


def _track(call: Call, text: str) -> PicklistItem:
    for track in tracks(call.desk):
        if str(track.id) == text.strip():
            return track
    raise BadRequest("trackId is unknown")


def _end(text: str) -> Instant:
    try:
        return midnight(texts.read_moment(text))
    except ValueError:
        raise BadRequest("endDate is invalid") from None


def _task(step: dict[str, Any], anchor: Instant, sign: int) -> dict[str, Any]:
    days = step.get("days")
    due = anchor + sign * (days if isinstance(days, int) else 0) * DAY
    category = step.get("category")
    return {
        "type": "task",
        "title": str(step["description"]),
        "category": category if isinstance(category, str) else None,
        "due_at": midnight(min(max(due, EARLIEST), LATEST)),
        "due_date_only": True,
    }
