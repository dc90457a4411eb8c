"""Which format an answer takes, from the `Accept` header (capsule dossier, section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


@dataclass(frozen=True, slots=True)
class Answer:
    """How an answer is written: as JSON or as XML, under which content type."""

    json: bool
    content_type: str


JSON = Answer(True, "application/json")
XML = Answer(False, "application/xml;charset=UTF-8")
TEXT_XML = Answer(False, "text/xml;charset=UTF-8")

# Best first where a client wants several alike: naming JSON at all means JSON, as RestSharp's long list does.
_OFFERS = ((JSON, "application/json"), (XML, "application/xml"), (TEXT_XML, "text/xml"))
_WILD = {"*/*": XML, "*": XML, "application/*": XML, "text/*": TEXT_XML}


@lru_cache(maxsize=512)
def answer_format(accept: str | None) -> Answer | None:
    """The format for an `Accept` header; None when the client takes neither XML nor JSON.

    ``*/*`` and no header at all mean XML. Quality values count, their order does not.
    """
    if accept is None or not accept.strip() or len(accept) > 4096:
        return XML
    wanted: dict[str, float] = {}
    for item in accept.lower().split(","):
        media, *parameters = (part.strip() for part in item.split(";"))
        if media:
            wanted[media] = max(wanted.get(media, 0.0), _quality(parameters))
    if not wanted:
        return XML
    best: Answer | None = None
    quality = 0.0
    for offer, media in _OFFERS:
        if wanted.get(media, 0.0) > quality:
            best, quality = offer, wanted[media]
    if best is not None:
        return best
    for media, offer in _WILD.items():
        if wanted.get(media, 0.0) > 0:
            return offer
    return None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 1.0
    return 1.0


def asks_for_xml(accept: str | None) -> bool:
    """Whether XML is what an `Accept` header names, and not only what it lets pass."""
    answer = answer_format(accept)
    return answer is not None and not answer.json and "xml" in (accept or "").lower()


def error_format(accept: str | None) -> Answer:
    """As `answer_format` for what is told in any case: in XML when nothing suits."""
    return answer_format(accept) or XML
