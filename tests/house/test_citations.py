"""Every citation of a dossier leads somewhere: the page is in docs/wire and has the section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dialects

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("adapter", "canonical", "dialects", "tests", "fixtures", "docs", "bench")
CITATION = re.compile(
    r"(?P<name>\w+)\s+dossier,\s+(?:sections?|example)\s+(?P<sections>\d+(?:\.\d+)?(?:(?:,|\s+and|\s+to)\s+\d+(?:\.\d+)?\b)*)",
    re.S,
)
"""A line may break anywhere in it, also in a comment."""


def citations() -> Iterator[tuple[str, str, str]]:
    """File, dialect and section of every citation in code, comments and pages."""
    for place in PLACES:
        for file in sorted((ROOT / place).rglob("*")):
            if file.suffix not in (".py", ".md") or "wire" in file.parts[-2:-1]:
                continue
            text = re.sub(r"\n\s*#?\s*", " ", file.read_text())
            for found in CITATION.finditer(text):
                name = found["name"].lower()
                if name in dialects.names():
                    for section in re.findall(r"\d+(?:\.\d+)?", found["sections"]):
                        yield str(file.relative_to(ROOT)), name, section


CITED = sorted(set(citations()))


def sections(name: str) -> set[str]:
    page = (ROOT / "docs" / "wire" / f"{name}.md").read_text()
    return set(re.findall(r"^#+ (\d+(?:\.\d+)?)[. ]", page, re.M))


@pytest.mark.parametrize("name", dialects.names())
def test_every_section_that_is_cited_is_there(name: str) -> None:
    there = sections(name)
    mine = [(file, section) for file, cited, section in CITED if cited == name]
    assert len(mine) > 10
    assert [entry for entry in mine if entry[1] not in there] == []


def test_the_pages_name_nothing_outside_the_repository() -> None:
    for page in (ROOT / "docs" / "wire").glob("*.md"):
        for target in re.findall(r"`(\.\./[^`]*)`", page.read_text()):
            pytest.fail(f"{page.name}: {target}")
