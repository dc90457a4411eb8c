"""`deviations.json`: the cases known to answer differently from the vendor, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from adapter.contract.compare import Difference
from adapter.contract.exchange import BadExchange, read_capped
from adapter.formats import Malformed, json_body


def load_deviations(path: Path) -> dict[str, str]:
    """Case name -> reason. A missing file means none. Raises BadExchange for any other shape."""
    if not path.exists() and not path.is_symlink():
        return {}
    try:
        data = json_body.parse(read_capped(path), max_depth=2)
    except Malformed as error:
        raise BadExchange(f"{path.name}: {error}") from None
    if not isinstance(data, dict) or not all(isinstance(reason, str) and reason.strip() for reason in data.values()):
        raise BadExchange(f"{path.name}: not an object of reasons")
    return data


def judge(cases: Iterable[str], differences: Iterable[Difference], deviations: Mapping[str, str]) -> list[str]:
    """What is wrong, a sentence each: differences nobody declared, and declared ones that are no more.

    `cases` are the names of all cases that were run. An empty list means all is as declared.
    """
    known = set(cases)
    differences = list(differences)
    differing = {difference.case for difference in differences}
    return [
        *(str(difference) for difference in differences if difference.case not in deviations),
        *(f"{case}: deviation for a case that does not exist" for case in deviations if case not in known),
        *(
            f"{case}: no longer differs; remove its deviation"
            for case in deviations
            if case in known and case not in differing
        ),
    ]
