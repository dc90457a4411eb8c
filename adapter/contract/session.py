"""``session.json``: what the exchanges beside it are: whose dialect, asked of which server, when."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson

from adapter.contract.exchange import BadExchange, read_capped
from adapter.formats import Malformed, TooDeep, TooLarge, json_body

NAME = "session.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class SessionFile:
    """Whose dialect, the upstream's address, and when the recording began, as RFC 3339."""

    dialect: str
    upstream: str
    recorded_at: str

    def save(self, root: Path) -> None:
        """Writes it whole or not at all."""
        root.mkdir(parents=True, exist_ok=True)
        about = {
            "version": VERSION,
            "dialect": self.dialect,
            "upstream": self.upstream,
            "recorded_at": self.recorded_at,
        }
        handle, path = tempfile.mkstemp(prefix=".", dir=root)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(about, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        Path(path).chmod(0o644)
        Path(path).replace(root / NAME)

    @classmethod
    def load(cls, root: Path) -> SessionFile | None:
        """That of a folder, None where there is none. Raises BadExchange."""
        path = root / NAME
        if not path.exists() and not path.is_symlink():
            return None
        try:
            data = json_body.parse(read_capped(path), max_depth=8)
        except (Malformed, TooDeep, TooLarge) as error:
            raise BadExchange(f"{NAME}: {error}") from None
        if not isinstance(data, dict) or data.get("version") != VERSION:
            raise BadExchange(f"{NAME}: not version {VERSION}")
        fields = [data.get(key) for key in ("dialect", "upstream", "recorded_at")]
        if not all(isinstance(field, str) for field in fields):
            raise BadExchange(f"{NAME}: dialect, upstream and recorded_at are texts")
        return cls(*(str(field) for field in fields))
