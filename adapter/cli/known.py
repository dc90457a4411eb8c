"""What all dialects together know: the settings by name, and the lists that every new tenant gets."""

from __future__ import annotations

import dialects
from adapter.cli.faults import Misuse
from adapter.dialect import Setting
from canonical.model import PicklistItem


def default_picklists() -> list[PicklistItem]:
    return [item for name in dialects.names() for item in dialects.load(name).picklists]


def setting_of(text: str) -> tuple[str, str]:
    """Name and value of ``zurmo.profile=v3``. Raises Misuse."""
    name, equals, value = text.partition("=")
    dialect_name, dot, key = name.partition(".")
    if not equals or not dot:
        raise Misuse(f"{text}: a setting looks like zurmo.profile=v3")
    try:
        setting: Setting = dialects.load(dialect_name).setting(key)
    except KeyError:
        raise Misuse(f"{name}: there is no such setting") from None
    if setting.choices and value not in setting.choices:
        raise Misuse(f"{name} must be one of: {', '.join(setting.choices)}")
    if setting.check is not None:
        try:
            setting.check(value)
        except ValueError as error:
            raise Misuse(f"{name}: {error}") from error
    return name, value
