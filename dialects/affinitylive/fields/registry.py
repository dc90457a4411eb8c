"""All resources, and the planner over them."""

from __future__ import annotations

from dialects.affinitylive.fields import activity, lookups, people, work
from dialects.affinitylive.fields.plan import Planner
from dialects.affinitylive.fields.table import Resource

RESOURCES: dict[str, Resource] = {
    resource.name: resource
    for resource in (
        activity.ACTIVITIES,
        activity.ALLOCATIONS,
        *people.RESOURCES,
        *work.RESOURCES,
        *lookups.RESOURCES,
    )
}
PLANNER = Planner(RESOURCES.values())
