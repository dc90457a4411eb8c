"""The YAML variant: block style, every string in double quotes, so that ``"1"`` and ``"no"`` stay strings.

Text beyond ASCII is escaped, as the content type names no charset.
"""

from __future__ import annotations

import re
from typing import Any

_SPECIAL = re.compile(r"[^ !#-\[\]-~]")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def render(data: dict[str, Any]) -> bytes:
    """The document of an envelope."""
    lines = ["---"]
    _mapping(data, "", lines)
    return ("\n".join(lines) + "\n").encode("ascii")


def quoted(text: str) -> str:
    """A double-quoted YAML scalar."""
    return f'"{_SPECIAL.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    short = _SHORT.get(char)
    if short is not None:
        return short
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _scalar(value: Any) -> str | None:
    """The text of what stands on one line; None for what does not."""
    if value is None:
        return "~"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return None if value else "{}"
    if isinstance(value, list | tuple):
        return None if value else "[]"
    return str(value)


def _mapping(data: dict[str, Any], indent: str, lines: list[str], first: str | None = None) -> None:
    """`first` is what stands before the first key instead of the indent: the dash of a sequence."""
    for key, value in data.items():
        lead = indent if first is None else first
        first = None
        text = _scalar(value)
        if text is not None:
            lines.append(f"{lead}{key}: {text}")
            continue
        lines.append(f"{lead}{key}:")
        if isinstance(value, dict):
            _mapping(value, indent + "  ", lines)
        else:
            _sequence(value, indent + "  ", lines)


def _sequence(data: Any, indent: str, lines: list[str]) -> None:
    for item in data:
        text = _scalar(item)
        if text is not None:
            lines.append(f"{indent}- {text}")
        elif isinstance(item, dict):
            _mapping(item, indent + "  ", lines, f"{indent}- ")
        else:
            lines.append(f"{indent}-")
            _sequence(item, indent + "  ", lines)
