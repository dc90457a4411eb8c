"""Short lists that clients read to make sense of the rest: users, milestones, tracks, countries, currencies,
and what was deleted (capsule dossier, section 8)."""

from __future__ import annotations

from collections.abc import Sequence

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.model import User
from canonical.query import Query
from dialects.capsule import query
from dialects.capsule.fields import writers
from dialects.capsule.fields.picklists import milestones, tracks
from dialects.capsule.fields.user import UserContext
from dialects.capsule.perform.common import Parent, page_cap
from dialects.capsule.perform.replies import TEXT_PLAIN, answer_for, reply_list, reply_texts
from dialects.capsule.wire import countries, currencies

_DELETED_ROOTS = {"party": "deletedParties", "opportunity": "deletedOpportunities", "kase": "deletedKases"}


def options(call: Call, allowed: str) -> WireResponse:
    """What OPTIONS answers: the methods of the path."""
    return WireResponse(200, [("Allow", allowed), *TEXT_PLAIN])


def users(call: Call) -> WireResponse:
    """Every user, inactive ones too: whoever owns something must be found here (capsule dossier, section 9)."""
    answer = answer_for(call)
    found = call.desk.find(User, Query(sort=query.BY_ID)).items
    context = UserContext(call.caller.username, call.settings["currency"], call.settings["timezone"])
    return reply_list(answer, "users", writers.USER, found, context)


def list_milestones(call: Call) -> WireResponse:
    answer = answer_for(call)
    return reply_list(answer, "milestones", writers.MILESTONE, milestones(call.desk).items)


def list_tracks(call: Call) -> WireResponse:
    answer = answer_for(call)
    direction = query.parameters(call.request).get("direction")
    found = [item for item in tracks(call.desk) if direction in (None, item.data.get("direction", "START_DATE"))]
    return reply_list(answer, "tracks", writers.TRACK, found)


def list_countries(call: Call) -> WireResponse:
    return _texts(call, "countries", "country", countries.NAMES)


def list_currencies(call: Call) -> WireResponse:
    return _texts(call, "currencies", "currency", currencies.CODES)


def _texts(call: Call, root: str, name: str, values: Sequence[str]) -> WireResponse:
    answer = answer_for(call)
    return reply_texts(answer, root, name, values)


def deleted(call: Call, parent: Parent) -> WireResponse:
    """The ids of records deleted since a moment, oldest first."""
    answer = answer_for(call)
    given = query.parameters(call.request)
    page = query.window(given, page_cap(call))
    found, _ = call.desk.changes(
        parent.kind.KIND, ("delete",), query.since(given), offset=page.offset, limit=page.limit
    )
    return reply_list(answer, _DELETED_ROOTS[parent.noun], writers.DELETED[parent.noun], found)
