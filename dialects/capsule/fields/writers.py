"""The writers, one for each element that stands alone or in a list."""

from __future__ import annotations

from dialects.capsule.fields import custom, history, kase, opportunity, party, task, user
from dialects.capsule.fields.writer import Writer

TASK = Writer("task", task.FIELDS)
HISTORY = Writer("historyItem", history.FIELDS)
PERSON = Writer("person", party.PERSON_FIELDS)
ORGANISATION = Writer("organisation", party.ORGANISATION_FIELDS)
PARTIES = {party.PERSON: PERSON, party.ORGANISATION: ORGANISATION}
OPPORTUNITY = Writer("opportunity", opportunity.FIELDS)
MILESTONE = Writer("milestone", opportunity.MILESTONE_FIELDS)
KASE = Writer("kase", kase.FIELDS)
TAG = Writer("tag", user.TAG_FIELDS)
CUSTOM_FIELD = Writer("customField", custom.FIELDS)
DEFINITION = Writer("customFieldDefinition", custom.DEFINITION_FIELDS)
USER = Writer("user", user.USER_FIELDS)
TRACK = Writer("track", user.TRACK_FIELDS)
DELETED = {
    noun: Writer(name, user.DELETED_FIELDS)
    for noun, name in (("party", "deletedParty"), ("opportunity", "deletedOpportunity"), ("kase", "deletedKase"))
}
