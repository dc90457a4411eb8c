"""The route that a request without one most likely meant."""

from __future__ import annotations

from difflib import SequenceMatcher

from adapter.dialect import Dialect
from adapter.routes import Route
from adapter.wire import WireRequest

UNKNOWN = "unknown."
"""What the operations begin with by which a dialect answers what it has no route for."""
MAX_SEGMENTS = 20
MAX_SEGMENT = 60


def nearest(dialect: Dialect, request: WireRequest) -> str | None:
    """Its methods and template (``GET /api/task/{id}``), None where no part of any route is alike."""
    try:
        path = dialect.locate(request)
    except Exception:
        path = request.path
    segments = [segment[:MAX_SEGMENT] for segment in path.strip("/").split("/")[:MAX_SEGMENTS]]
    alike: dict[tuple[str, str], float] = {}
    best: tuple[float, Route] | None = None
    for route in dialect.routes:
        if route.operation.startswith(UNKNOWN):
            continue
        score = _score(route, segments, alike) + (0.01 if request.method in route.methods else 0.0)
        if best is None or score > best[0]:
            best = (score, route)
    if best is None or best[0] < 0.3:
        return None
    return f"{'|'.join(best[1].methods)} {best[1].template}"


def _score(route: Route, segments: list[str], alike: dict[tuple[str, str], float]) -> float:
    """From 0 to 1: how alike the segments are, one by one; what is left over on either side is not."""
    template = route.template.strip("/").split("/")
    if template[-1].endswith(":rest}"):
        segments = segments[: len(template)]
    total = 0.0
    for wanted, given in zip(template, segments, strict=False):
        if wanted.startswith("{"):
            total += 0.8 if ":int" not in wanted or given.isdigit() else 0.2
            continue
        found = alike.get((wanted, given))
        if found is None:
            found = alike[wanted, given] = SequenceMatcher(None, wanted, given).ratio()
        total += found
    return total / max(len(template), len(segments))
