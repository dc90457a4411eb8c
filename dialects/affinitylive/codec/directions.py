"""The four directions for activities, without a desk: what contract tests and migration speak.

Operations: `Find`, `Get`, `Create`, `Update`, `Delete` of `Activity`. Results: `Page`, the activity, None.
"""

from __future__ import annotations

from dialects.affinitylive.codec.asking import parse_response, render_request
from dialects.affinitylive.codec.serving import Operation, parse_request, render_response

__all__ = ["Operation", "parse_request", "parse_response", "render_request", "render_response"]
