"""The objects of a Crust server's answers as types: what they have, and nothing else (crust dossier, section 4)."""

from __future__ import annotations

from typing import Final

from dialects.crust.fields import objects
from dialects.crust.wire.gojson import BOOL, INT, RAW, STRING, UINT64, Struct

MODULE: Final = Struct(
    "types",
    "Module",
    (
        ("moduleID", UINT64),
        ("name", STRING),
        ("fields", objects.MODULE_FIELDS),
        ("page", RAW),
        ("createdAt", STRING),
        ("updatedAt", STRING),
        ("deletedAt", STRING),
    ),
)
USER: Final = Struct(
    "types",
    "User",
    (
        ("userID", UINT64),
        *((name, STRING) for name in ("username", "email", "name", "handle", "kind")),
        ("organisationID", UINT64),
        ("relatedUserID", UINT64),
        ("user", RAW),
        *((name, STRING) for name in ("createdAt", "updatedAt", "suspendedAt", "deletedAt")),
        ("teams", RAW),
    ),
)
RECORD: Final = Struct(
    "types",
    "Content",
    (
        ("contentID", UINT64),
        ("recordID", UINT64),
        ("moduleID", UINT64),
        ("user", USER),
        ("userID", UINT64),
        ("page", RAW),
        ("fields", objects.CONTENT_COLUMNS),
        *((name, STRING) for name in ("createdAt", "updatedAt", "deletedAt")),
    ),
)
"""With the id under both of its names."""
RECORDS: Final = Struct(
    "types",
    "ContentList",
    (
        (
            "meta",
            Struct(
                "types",
                "Meta",
                (("query", STRING), ("page", INT), ("perPage", INT), ("count", INT), ("sort", STRING)),
            ),
        ),
    ),
)
"""Beside the records themselves, which are read one by one."""
PAGE: Final = Struct(
    "types",
    "Page",
    (
        ("pageID", UINT64),
        ("selfID", UINT64),
        ("moduleID", UINT64),
        ("module", RAW),
        ("title", STRING),
        ("description", STRING),
        ("blocks", RAW),
        ("visible", BOOL),
    ),
)
"""Without the pages below, which are read one by one."""
CHART: Final = Struct(
    "types",
    "Chart",
    (("chartID", UINT64), ("name", STRING), ("config", RAW), ("createdAt", STRING), ("updatedAt", STRING)),
)
