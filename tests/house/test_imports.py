"""The house plan holds: import contracts, docstrings, and lock files that pin everything and name no index."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PACKAGES = ("adapter", "canonical", "dialects")
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.-]*)==(?P<version>[0-9][\w.!+-]*)( \\| ;.*)?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def modules() -> list[Path]:
    return sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def pins(lock: str) -> dict[str, str]:
    """What a lock file pins, name to version."""
    found = (PIN.match(line) for line in (ROOT / lock).read_text().splitlines())
    return {match["name"]: match["version"] for match in found if match}


def test_every_folder_of_code_is_a_package() -> None:
    """One that is not runs from a checkout, and is missing in the wheel."""
    bare = {path.parent for path in modules()} - {path.parent for path in modules() if path.name == "__init__.py"}
    assert {path.as_posix() for path in bare} == {
        # Alembic finds these by their path; `setup.cfg` names them as data.
        "canonical/store/sql/migrations",
        "canonical/store/sql/migrations/versions",
    }


def test_import_contracts_are_kept() -> None:
    lint_imports = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [lint_imports, "--config", "setup.cfg", "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", modules(), ids=str)
def test_module_says_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    assert docstring, f"{path} has no docstring"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_everything_by_hash(lock: str) -> None:
    """Nothing but pins, their hashes and comments: no index, no link, no option, no path."""
    lines = [line for line in (ROOT / lock).read_text().splitlines() if line and not line.lstrip().startswith("#")]
    strange = [line for line in lines if not PIN.match(line) and not HASH.match(line)]
    assert strange == []
    assert pins(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"://|--(extra-)?index-url|--trusted-host|--find-links|(^|[\s(])[/~]", text, re.MULTILINE)


def test_locks_agree() -> None:
    """What is tested is what ships."""
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime


def test_build_tool_is_pinned() -> None:
    assert re.search(r'^requires = \["setuptools==[\d.]+"\]$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_the_oldest_python_needs_too(lock: str) -> None:
    """It is made with a newer one, and pip refuses with hashes what it does not name."""
    oldest = {"python_version": "3.11", "python_full_version": "3.11.0", "extra": ""}
    pinned, missing = pins("requirements.lock") | pins(lock), set()
    installed = {canonicalize_name(found.metadata["Name"]) for found in metadata.distributions()}
    for name in pinned.keys() & installed:
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate(oldest):
                missing |= {canonicalize_name(needed.name)} - pinned.keys()
    assert missing == set()
