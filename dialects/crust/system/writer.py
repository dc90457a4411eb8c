"""Writing a record's values as JSON: one function for a module's fixed fields, generated from the field tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from dialects.crust.system.table import SystemModule, Targets

Writer = Callable[[Any, Targets], bytes]
"""From a record and its targets to its values: ``[{"name":"Subject","value":"Call","related":null}, ...]``."""
END = ',"related":null}'


def writer(system: SystemModule, names: tuple[str, ...]) -> Writer:
    """Writes those fixed fields, in that order, of records that have nothing of this dialect's own.

    Texts that may need escaping go through orjson, one by one; the rest between them is put together as text.
    Its source holds names of our own tables only.
    """
    parts: list[str] = []
    used: dict[str, Any] = {"join": b"".join, "dumps": orjson.dumps}
    between = "["
    for at, name in enumerate(names):
        shown = system.by_name[name].shown
        used.update(shown.names)
        between += f'{"," if at else ""}{{{{"name":"{name}","value":'
        if shown.clean:
            between += f'"{{{shown.source}}}"'
        else:
            parts += [f"f'''{between}'''.encode()", f"dumps({shown.source})"]
            between = ""
        between += END.replace("}", "}}")
    parts.append(f"f'''{between}]'''.encode()")
    return eval(f"lambda r, t: join(({', '.join(parts)}))", used)  # type: ignore[no-any-return]  # noqa: S307
