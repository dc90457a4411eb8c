"""How long an event takes: the time between its start and its end."""

from __future__ import annotations

from typing import Any

from canonical.values import LATEST, MINUTE
from dialects.crust.fields.system.table import Draft, SystemField, label_of, told
from dialects.crust.fields.system.texts import parse_integer


def duration(name: str) -> SystemField:
    """Writing it moves the end; without a start the text is kept."""

    def read(record: Any) -> str:
        if record.start_at is None or record.end_at is None:
            return ""
        return str((record.end_at - record.start_at) // MINUTE)

    def write(draft: Draft, sent: str) -> str:
        start, end, minutes = draft.value("start_at"), draft.value("end_at"), parse_integer(sent)
        if start is None:
            return ""
        # An end that was sent along says more than the minutes do.
        if draft.values.get("end_at") is None and minutes is not None and 0 <= minutes <= (LATEST - start) // MINUTE:
            end = draft.values["end_at"] = start + minutes * MINUTE
        return "" if end is None else str((end - start) // MINUTE)

    return SystemField(name, "Number", label_of(name), write, show=told(read, "start_at", "end_at"), clean=True)
