"""What a tenant can switch: ``crmglot tenant set SLUG opentaps.NAME=VALUE``."""

from __future__ import annotations

from adapter.dialect import Setting

SETTINGS = (
    Setting(
        "e1_user",
        "",
        "the username under which the unauthenticated 2012 service (/notes/...) works; empty: it is not served",
    ),
)
