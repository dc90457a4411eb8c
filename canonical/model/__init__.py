"""The kinds of record, and a description of each that search, storage and dialects share."""

from __future__ import annotations

from canonical.model import activity, case, employment, opportunity, party, user
from canonical.model.activity import CLOSED_STATES, STATE_RANKS, STATES, TYPES, Activity
from canonical.model.case import Case
from canonical.model.employment import Employment
from canonical.model.opportunity import Opportunity
from canonical.model.party import Party, display_name
from canonical.model.related import (
    MAX_DIGITS,
    SUBJECT,
    Change,
    ContactPoint,
    CustomField,
    CustomValue,
    Link,
    PicklistItem,
    StateChange,
    Tag,
    digits_back,
)
from canonical.model.spec import Extras, FieldSpec, Join, KindSpec, Record, describe
from canonical.model.subjects import IS_SUBJECT, TAKING_PART, first_subject, is_subject
from canonical.model.user import User
from canonical.model.visibility import SEEN_BY_ALL, VISIBILITIES, Viewer
from canonical.model.workflow import ENDED, JOB_STATUSES, Job, JobLog, Workflow, WorkflowTask

KINDS: dict[str, KindSpec] = {
    spec.name: spec
    for spec in (
        describe(Activity, activity.JOINS, activity.RELATIONS),
        describe(Party, party.JOINS, party.RELATIONS),
        describe(Opportunity, opportunity.JOINS, opportunity.RELATIONS),
        describe(Case, case.JOINS, case.RELATIONS),
        describe(User, user.JOINS, user.RELATIONS),
        describe(Employment, (), employment.RELATIONS),
    )
}

__all__ = [
    "CLOSED_STATES",
    "ENDED",
    "IS_SUBJECT",
    "JOB_STATUSES",
    "KINDS",
    "MAX_DIGITS",
    "SEEN_BY_ALL",
    "STATES",
    "STATE_RANKS",
    "SUBJECT",
    "TAKING_PART",
    "TYPES",
    "VISIBILITIES",
    "Activity",
    "Case",
    "Change",
    "ContactPoint",
    "CustomField",
    "CustomValue",
    "Employment",
    "Extras",
    "FieldSpec",
    "Job",
    "JobLog",
    "Join",
    "KindSpec",
    "Link",
    "Opportunity",
    "Party",
    "PicklistItem",
    "Record",
    "StateChange",
    "Tag",
    "User",
    "Viewer",
    "Workflow",
    "WorkflowTask",
    "describe",
    "digits_back",
    "display_name",
    "first_subject",
    "is_subject",
]
