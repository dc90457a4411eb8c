"""``make dialect name=x``: the rooms of a new dialect, filled with one small resource that is served and asked.

The templates beside this file are a whole dialect: tasks as JSON under ``/tasks`` with a Bearer token. Whoever writes
a sixth dialect replaces them piece by piece and always has something that runs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

TEMPLATES = Path(__file__).parent / "dialect"
ROOT = Path(__file__).resolve().parents[3]
NAME = re.compile(r"[a-z][a-z0-9]{1,30}")


def make(name: str, packages: Path) -> list[Path]:
    """Writes the dialect `name` below the folder `packages` and gives the files.

    Raises `ValueError` and `FileExistsError`. A name is 2 to 31 lower-case letters and digits: it becomes a package, a
    mount and a namespace.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r}: a dialect's name is 2 to 31 lower-case letters and digits, a letter first")
    home = packages / name
    home.mkdir()
    made = []
    for template in sorted(TEMPLATES.rglob("*.tmpl")):
        file = home / template.relative_to(TEMPLATES).with_suffix("")
        file.parent.mkdir(exist_ok=True)
        file.write_text(template.read_text().replace("NAME", name).replace("TITLE", name.capitalize()))
        made.append(file)
    return made


LEFT_TO_DO = """Made {count} files in dialects/{name}/, and fixtures/{name}/deviations.json.
It runs already: `make serve`, then GET /{name}/tasks with `Authorization: Bearer <API token>`.
Next, as CONTRIBUTING.md tells: docs/wire/{name}.md with the vendor's facts, fixtures, and the rows that the tests over
all dialects want (tests/dialects/shapes/{name}.py, tests/matrix: clients, speakers, doers, rules). `make check` names
each that is missing."""


def main() -> None:
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    try:
        made = make(name, ROOT / "dialects")
    except (ValueError, FileExistsError) as error:
        sys.exit(f"make dialect: {error}")
    fixtures = ROOT / "fixtures" / name
    fixtures.mkdir(exist_ok=True)
    (fixtures / "deviations.json").write_text("[]\n")
    sys.stdout.write(LEFT_TO_DO.format(count=len(made), name=name) + "\n")
