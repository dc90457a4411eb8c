"""`docs/coverage.md`: what is served, asked and recorded, made from the route tables, capabilities and fixtures.

``python -m tests.support.coverage`` writes it; a house test finds it stale.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import dialects
from adapter.client import KINDS, Capability, record_of
from adapter.contract.exchange import load_session
from adapter.dialect import Dialect
from adapter.formats import Malformed
from adapter.routes import MethodNotAllowed, RouteNotFound
from canonical.model import KINDS as SPECS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "coverage.md"
VERBS = (
    "list",
    "read",
    "create",
    "update",
    "delete",
    "complete",
    "reopen",
    "link",
    "unlink",
    "tag",
    "untag",
    "deletions",
)
_PARTS = ("links", "points", "tags", "custom")
_INTERNAL = {"id", "version", "extras", "sequence", "owner_chosen", "creator_id", "modifier_id", "modifier_username"}


def page() -> str:
    """The whole page."""
    lines = [
        "# What is served, asked and recorded",
        "",
        "Made by `make coverage` from the route tables, the capabilities of the client sides and the fixtures.",
        "",
        "## Asked of a vendor",
        "",
        "What the client sides can ask of each kind (`adapter/client.py`); a blank cell raises `Unsupported`.",
        "",
        *_asked(),
        "",
        "## Not said or not heard",
        "",
        "Fields of the core that a client side cannot write when it creates a record; each is a Loss of that kind.",
        "",
        *_losses(),
        "",
        "## Served",
        "",
        "Every operation of every dialect with its routes and how many recorded or composed exchanges exercise it.",
    ]
    for name in dialects.names():
        lines += ["", f"### {dialects.load(name).title}", "", *_served(dialects.load(name))]
    return "\n".join(lines) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(head)
    return [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}", *(f"| {' | '.join(row)} |" for row in rows)]


def _rows(dialect: Dialect) -> tuple[Capability, ...]:
    return () if dialect.client is None else dialect.client.capabilities


def _asked() -> list[str]:
    loaded = [dialects.load(name) for name in dialects.names()]
    found = []
    for kind in (*KINDS, "tag", "custom_field"):
        cells = []
        for dialect in loaded:
            verbs = [row.verb for row in _rows(dialect) if row.kind == kind]
            cells.append(", ".join(sorted(verbs, key=lambda verb: VERBS.index(verb) if verb in VERBS else 99)))
        found.append([kind, *cells])
    return _table(["Kind", *(dialect.name for dialect in loaded)], found)


def _losses() -> list[str]:
    loaded = [dialects.load(name) for name in dialects.names()]
    found = []
    for kind in KINDS:
        record = record_of(kind)
        fields = [spec.name for spec in SPECS[record.KIND].fields if spec.name not in _INTERNAL]
        fields += [part for part in _PARTS if hasattr(record(), part)]
        cells = []
        for dialect in loaded:
            row = next((row for row in _rows(dialect) if (row.kind, row.verb) == (kind, "create")), None)
            cells.append(
                "-" if row is None else ", ".join(name for name in fields if not _said(name, row)) or "nothing"
            )
        found.append([kind, *cells])
    return _table(["Kind", *(dialect.name for dialect in loaded)], found)


def _said(name: str, row: Capability) -> bool:
    """A reference may be said by its name: the owner by username, the employer by the organisation's name."""
    other = {"owner_id": "owner_username", "organisation_id": "organisation_name", "party_id": "party_name"}.get(name)
    return name in row.fields or other in row.fields


def _served(dialect: Dialect) -> list[str]:
    exchanges: Counter[str] = Counter()
    for exchange in load_session(ROOT / "fixtures" / dialect.name):
        try:
            path = dialect.locate(exchange.request)
            exchanges[dialect.routes.match(dialect.effective_method(exchange.request), path).route.operation] += 1
        except (RouteNotFound, MethodNotAllowed, Malformed):
            continue
    routes: dict[str, list[str]] = {}
    for route in dialect.routes:
        entry = f"`{'/'.join(route.methods)} {route.template}`".replace("|", "\\|")
        if entry not in routes.setdefault(route.operation, []):
            routes[route.operation].append(entry)
    return _table(
        ["Operation", "Routes", "Exchanges"],
        [[f"`{name}`", "<br>".join(routes[name]), str(exchanges[name] or "")] for name in sorted(routes)],
    )


if __name__ == "__main__":
    PAGE.write_text(page())
