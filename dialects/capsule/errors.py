"""What goes wrong beside what the core raises (capsule dossier, section 6)."""

from __future__ import annotations

from canonical.errors import CanonicalError

# The vendor's words, which name no field (capsule dossier, section 3).
NOT_A_NUMBER = "value not formatted as a number"


class Refusal(CanonicalError):
    """What this dialect refuses by itself, before or beside the core."""


class BadRequest(Refusal):
    """400: the values do not do. `message` names the element that is wrong, mostly; `element` always does."""

    def __init__(self, message: str, element: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.element = message.partition(" ")[0] if element is None else element


class Missing(Refusal):
    """404 with ``<noun> not found``."""

    def __init__(self, noun: str) -> None:
        super().__init__(noun)
        self.noun = noun


class NotAcceptable(Refusal):
    """406: neither XML nor JSON will do."""


class UnsupportedBody(Refusal):
    """415: the body is neither XML nor JSON."""
