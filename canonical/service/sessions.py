"""Ending what a user signed in for."""

from __future__ import annotations

from typing import Final

from canonical.store.port import Unit

PERMANENT: Final = "api"
"""The kind of token that a user keeps until he is given another."""


def end_sessions(unit: Unit, user_id: int, *, permanent: bool = False) -> None:
    """Sessions, temporary tokens and what OAuth issued; with `permanent` his API tokens too.

    What is in no table (JWT) ends by the user's `sessions_from`.
    """
    kinds = {row["kind"] for row in unit.select("token", {"user_id": user_id})}
    for kind in sorted(kinds if permanent else kinds - {PERMANENT}):
        unit.delete("token", {"user_id": user_id, "kind": kind})
