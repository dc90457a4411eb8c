"""The wheel: what it carries, and that it lives beside the widely used package named fixtures."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True
    )
    for name in tracked.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_carries_packages_migrations_and_the_corpus(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".data" not in name and ".dist-info" not in name}
    assert tops == {"adapter", "canonical", "dialects"}
    assert "canonical/store/sql/migrations/versions/0001_records.py" in names
    assert any(name.endswith("share/crmglot/fixtures/zurmo/003-login/request.http") for name in names)
    assert any(name == "dialects/zurmo/README.md" for name in names)
    code = {path.relative_to(ROOT).as_posix() for top in tops for path in (ROOT / top).rglob("*.py")}
    assert code <= set(names)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["8", "9"])
def test_the_pytest_plugin_of_the_wheel(wheel: Path, tmp_path: Path, version: str) -> None:
    """The example of docs/testing, in an environment that holds nothing else."""
    venv.create(tmp_path / "venv", with_pip=True, system_site_packages=False)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", f"{wheel}[pytest]", f"pytest=={version}.*"]
    subprocess.run(install, check=True, capture_output=True)
    shutil.copytree(ROOT / "docs" / "testing" / "python", tmp_path / "example")
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=tmp_path / "example", capture_output=True, text=True, check=False)
    assert "7 passed" in done.stdout, done.stdout


@pytest.mark.slow
def test_the_wheel_lives_beside_the_package_named_fixtures(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True, system_site_packages=False)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*install, str(wheel), "fixtures", "pbr"], check=True, capture_output=True)
    code = "import importlib.util as u; print([u.find_spec(n).origin for n in ('fixtures', 'adapter', 'dialects')])"
    shown = subprocess.run([python, "-I", "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert "site-packages/fixtures/__init__.py" in shown.stdout
    files = subprocess.run(
        [python, "-m", "pip", "show", "--files", "crmglot"], check=True, capture_output=True, text=True
    ).stdout
    assert "share/crmglot/fixtures/zurmo" in files
    assert "site-packages/fixtures" not in files
