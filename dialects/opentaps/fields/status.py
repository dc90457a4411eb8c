"""Status words and the states they stand for. Any word is legal and comes back (opentaps dossier, section 7)."""

from __future__ import annotations

from typing import Any

from canonical.model import STATES, Activity
from canonical.query import And, Compare, Node, Op, any_of, eq

NAMESPACE = "opentaps"

WORDS = {
    "open": "CREATED",
    "in_progress": "STARTED",
    "awaiting": "AWAITING",
    "rejected": "REJECTED",
    "completed": "COMPLETED",
    "cancelled": "CANCELLED",
}
"""What a state is called when no word of the client's own fits it."""
_STATES = {word: state for state, word in WORDS.items()} | {
    "DONE": "completed",
    "CLOSED": "completed",
    "FINISHED": "completed",
    "CANCELED": "cancelled",
}
_NOT_COMPLETED = Compare("state", Op.NE, "completed")
_KEY = f"extras.{NAMESPACE}.status_key"


def state_of(word: str) -> str:
    """The state a word stands for; ``open`` for one that says nothing."""
    return _STATES.get(word.strip().upper(), "open")


def kept_word(word: str) -> dict[str, Any]:
    """The extras that keep a word: none when the state alone brings it back."""
    if word == WORDS[state_of(word)]:
        return {"status": None, "status_key": None}
    return {"status": word, "status_key": word.strip().upper()}


def shown_status(activity: Activity) -> str:
    """The client's own word while it fits the state, else the state's word."""
    kept = activity.extras.get(NAMESPACE)
    if kept is not None:
        word = kept.get("status")
        if isinstance(word, str) and state_of(word) == activity.state:
            return word
    return WORDS.get(activity.state, "CREATED")


def status_node(words: list[str]) -> Node:
    """The activities that show one of these words, letter case aside."""
    shows = any_of(*(node for word in words for node in _shows(word.strip().upper())))
    if any(state_of(word) == "completed" for word in words):
        return shows
    # Follows from the rest; said plainly, the index of what is open serves.
    return And((_NOT_COMPLETED, shows))


def words_in(node: Node) -> list[str]:
    """The words that `status_node` was made of."""
    match node:
        case And((first, rest)) if first == _NOT_COMPLETED:
            return words_in(rest)
        case And((Compare("state"), Compare(field, Op.EQ, str() as word))) if field == _KEY:
            return [word]
        case Compare() | And():
            return []
    return [word for child in getattr(node, "nodes", ()) for word in words_in(child)]


def _shows(key: str) -> list[Node]:
    nodes: list[Node] = [And((eq("state", state_of(key)), eq(_KEY, key)))]
    for state in STATES:
        if WORDS[state] == key:
            misfit = tuple(word for word in _STATES if _STATES[word] != state)
            if state == "open":
                stale: Node = Compare(_KEY, Op.IN, misfit)
            else:
                fitting = tuple(word for word in _STATES if _STATES[word] == state)
                stale = And(tuple(Compare(_KEY, Op.NE, word) for word in fitting))
            nodes.append(And((eq("state", state), any_of(Compare(_KEY, Op.NULL), stale))))
    return nodes
