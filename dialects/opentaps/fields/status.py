"""Status words and the states they stand for. Any word is legal and comes back (opentaps dossier, section 7)."""

from __future__ import annotations

from typing import Any

from canonical.model import STATES, Activity
from canonical.query import And, Compare, Node, Op, Or, one_of

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
_FITTING: dict[str, frozenset[str] | None] = {
    state: None if state == "open" else frozenset(word for word in _STATES if _STATES[word] == state)
    for state in STATES
}
"""The words that stand for a state; of ``open`` there is no end."""
KNOWN_BY_WORDS = frozenset(state for state, words in _FITTING.items() if words is not None)
"""The states that a list of words tells from all others."""
_MISFIT = frozenset(word for word, state in _STATES.items() if state != "open")
"""The words that do not stand for ``open``."""
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
    """The activities that show one of these words, letter case aside.

    First, in which states they can be; then, of each state where the state alone does not tell, which kept words show.
    Put so that nothing but the state need be looked at where no word is kept, and the index of what is open serves.
    """
    wanted: dict[str, list[str]] = {}
    for word in words:
        key = word.strip().upper()
        wanted.setdefault(state_of(key), []).append(key)
    shows = (_shows(state, wanted[state]) for state in wanted)
    within = one_of("state", list(wanted))
    # Follows from the rest; said plainly, the index of what is open serves.
    first = (within,) if "completed" in wanted else (_NOT_COMPLETED, within)
    return And((*first, *(node for node in shows if node is not None)))


def _shows(state: str, keys: list[str]) -> Node | None:
    """Whether an activity, if it is in that state, shows one of the words; None where all do."""
    fitting = _FITTING[state]
    elsewhere = Compare("state", Op.NE, state)
    if WORDS[state] not in keys:
        return Or((elsewhere, one_of(_KEY, keys)))
    # The state's own word is shown where none is kept, and where the kept one is of another state.
    if fitting is None:
        shown = [*sorted(_MISFIT), *keys]
        return Or((elsewhere, Compare(_KEY, Op.NULL), one_of(_KEY, shown)))
    hidden = sorted(fitting.difference(keys))
    if not hidden:
        return None
    return Or((elsewhere, Compare(_KEY, Op.NULL), And(tuple(Compare(_KEY, Op.NE, word) for word in hidden))))


def words_of(state: str) -> list[str]:
    """The words that stand for one of the states `KNOWN_BY_WORDS`."""
    return sorted(_FITTING[state] or ())


def words_in(node: Node) -> list[str]:
    """The words that `status_node` was made of, by their states; none where it is another node."""
    states: list[str] = []
    kept: dict[str, list[str]] = {}
    for child in node.nodes if isinstance(node, And) else ():
        match child:
            case Compare("state", Op.IN, tuple(some)):
                states = [state for state in some if isinstance(state, str) and state in _FITTING]
            case Or((Compare("state", Op.NE, str(state)), *shown)):
                kept[state] = _words_shown(state, shown)
    words = [word for state in states for word in kept.get(state, sorted(_FITTING[state] or ()))]
    return words if words and status_node(words) == node else []


def _words_shown(state: str, nodes: list[Node]) -> list[str]:
    """The words of one state that `_shows` was made of."""
    match nodes[-1]:
        case Compare(_, Op.IN, tuple(shown)):
            return [str(word) for word in shown if word not in _MISFIT or _STATES[str(word)] == state]
        case And(hidden):
            return sorted(
                (_FITTING[state] or frozenset()).difference(getattr(child, "value", None) for child in hidden)
            )
    return []
