"""Writing a record's values as JSON: one function for a module's fixed fields, generated from the field tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapter.fields.compile import json_array_writer
from dialects.crust.fields.system.table import SystemModule, Targets

Writer = Callable[[Any, Targets], bytes]
"""From a record and its targets to its values: ``[{"name":"Subject","value":"Call","related":null}, ...]``."""


def writer(system: SystemModule, names: tuple[str, ...]) -> Writer:
    """Writes those fixed fields, in that order, of records that have nothing of this dialect's own.

    A field without a text is left out: it was never set.
    """
    rows = [system.by_name[name] for name in names]
    clean = {row.name for row in rows if row.clean}
    return json_array_writer(rows, '{{"name":"{}","value":'.format, ',"related":null}', clean.__contains__)
