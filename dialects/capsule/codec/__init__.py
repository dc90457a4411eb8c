"""The four directions as pure functions: requests and answers, to operations and results and back.

The server's handlers use the same field tables; these serve contract tests and migration. Where an operation needs
more than its bytes tell, the name stands in: ``owner_username``, ``organisation_name``, ``creator_username``.
"""

from __future__ import annotations

from dialects.capsule.codec.answers import parse_response, render_response
from dialects.capsule.codec.parse import parse_request
from dialects.capsule.codec.render import render_request

__all__ = ["parse_request", "parse_response", "render_request", "render_response"]
