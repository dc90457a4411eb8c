"""What `setup.cfg` cannot say: the recorded corpus goes into the wheel with its folders kept."""

from pathlib import Path

from setuptools import setup

CORPUS = Path("fixtures")


def corpus() -> list[tuple[str, list[str]]]:
    """Every folder of the corpus, paired with where it is installed, in a stable order."""
    folders: dict[str, list[str]] = {}
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            folders.setdefault(f"share/crmglot/{path.parent.as_posix()}", []).append(path.as_posix())
    return list(folders.items())


setup(data_files=corpus())
