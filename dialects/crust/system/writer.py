"""Writing a record's values as JSON: one function for a module's fixed fields, generated from the field tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from dialects.crust.system.table import SystemModule, Targets

Writer = Callable[[Any, Targets], bytes]
"""From a record and its targets to its values: ``[{"name":"Subject","value":"Call","related":null}, ...]``."""
END = ',"related":null}'
"""What follows a value."""


def writer(system: SystemModule, names: tuple[str, ...]) -> Writer:
    """Writes those fixed fields, in that order, of records that have nothing of this dialect's own.

    A field without a text is left out: it was never set. Texts that may need escaping go through orjson, one by one;
    the rest is put together as text. Its source holds names of our own tables only.
    """
    used: dict[str, Any] = {"dumps": orjson.dumps}
    lines = ["def write(r, t):", " out = ''"]
    for name in names:
        shown = system.by_name[name].shown
        used.update(shown.names)
        value = "{v}" if shown.clean else "{dumps(v).decode()}"
        quote = '"' if shown.clean else ""
        text = f',{{{{"name":"{name}","value":{quote}{value}{quote}{END.replace("}", "}}")}'
        lines += [f" v = {shown.source}", f" if v: out += f'''{text}'''"]
    lines.append(" return f'[{out[1:]}]'.encode()")
    exec("\n".join(lines), used)  # noqa: S102
    made: Writer = used["write"]
    return made
