"""The filters of every resource (dossier, sections 5 and 8)."""

from __future__ import annotations

from dialects.affinitylive.query.activities import ACTIVITIES, took_part
from dialects.affinitylive.query.filters import Filters
from dialects.affinitylive.query.people import AFFILIATIONS, COMPANIES, CONTACTS, EMPLOYMENTS, STAFF
from dialects.affinitylive.query.work import ISSUES, PROSPECTS, TASKS

FILTERS: dict[str, Filters] = {
    "activities": ACTIVITIES,
    "companies": COMPANIES,
    "contacts": CONTACTS,
    "affiliations": AFFILIATIONS,
    "staff": STAFF,
    "tasks": TASKS,
    "issues": ISSUES,
    "prospects": PROSPECTS,
}

__all__ = ["ACTIVITIES", "EMPLOYMENTS", "FILTERS", "Filters", "took_part"]
