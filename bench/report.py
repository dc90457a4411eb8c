"""Where a table goes: the place in README.md between the two marks of its name."""

from __future__ import annotations

import datetime
import platform
import sqlite3
from pathlib import Path
from typing import Final

from bench.table import Row, as_markdown

README: Final = Path(__file__).parent / "README.md"
END: Final = "<!-- end -->\n"


def machine() -> str:
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{platform.system()} {platform.machine()}, {versions}"


def write(rows: list[Row], command: str, name: str) -> None:
    """Replaces the table of that name in README.md."""
    begin = f"<!-- {name} -->\n"
    before, _, rest = README.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(END)
    when = datetime.datetime.now(datetime.UTC).date().isoformat()
    table = f"{when}, `{command}`, {machine()}:\n\n{as_markdown(rows)}\n"
    README.write_text(f"{before}{begin}\n{table}\n{END}{after}", encoding="utf-8")


def summary(rows: list[Row]) -> str:
    """How many rows miss a target."""
    missed = sum(not row.met for row in rows)
    return f"{missed} of {sum(bool(row.checks) for row in rows)} rows miss a target" if missed else "all met"
