"""The route table (seed 000; opentaps dossier, sections 2 and 8).

`meta`: ``task`` fixes the type, ``right`` names the permission beyond viewing, ``e1`` marks the 2012 mount.
"""

from __future__ import annotations

import re

from adapter.formats import form_body
from adapter.routes import Route, RouteNotFound, RouteTable
from adapter.wire import WireRequest
from dialects.opentaps.auth import DOMAIN_CONF
from dialects.opentaps.perform import activities, admin, associations, contacts, e1, groups, oauth, tags

GET, POST, PUT, DELETE = ("GET",), ("POST",), ("PUT",), ("DELETE",)
TASK = {"task": True}
ADMIN = {"right": DOMAIN_CONF}
E1 = {"e1": True}
OVERRIDES = ("PUT", "DELETE")
_SLASHES = re.compile("//+")
ASSOCIATIONS = "/activities/contact/"
"""What stands below is never a count and a start."""

_ACTIVITIES = tuple(
    row
    for noun, meta in (("activities", {}), ("task", TASK))
    for name in ("activity" if noun == "activities" else "task",)
    for at in (f"/{noun}/{{id}}",)
    for row in (
        Route(f"{name}.list", GET, f"/{noun}", activities.listing, kind="activity", meta=meta),
        Route(f"{name}.save", POST, f"/{noun}", activities.save, writes=True, kind="activity", meta=meta),
        Route(f"{name}.read", GET, at, activities.read_or_list, kind="activity", meta=meta),
        Route(f"{name}.update", PUT, at, activities.update, writes=True, kind="activity", meta=meta),
        Route(f"{name}.change", POST, at, activities.update_by_post, writes=True, kind="activity", meta=meta),
        Route(f"{name}.delete", DELETE, at, activities.delete, writes=True, kind="activity", meta=meta),
        Route(f"{name}.page", GET, f"{at}/{{start}}", activities.listing, kind="activity", meta=meta),
    )
)

_ASSOCIATIONS = (
    Route("contact.add", POST, "/activities/contact/add", associations.add, writes=True, kind="activity"),
    Route("contact.remove", POST, "/activities/contact/remove", associations.remove, writes=True, kind="activity"),
    Route("contact.add", ("GET", "PUT", "DELETE"), "/activities/contact/add", e1.post_only, public=True),
    Route("contact.remove", ("GET", "PUT", "DELETE"), "/activities/contact/remove", e1.post_only, public=True),
)

_CONTACTS = (
    Route("contact.find", GET, "/contact", contacts.find, kind="party"),
    Route("contact.save", POST, "/contact", contacts.save, writes=True, kind="party"),
    Route("contact.update", PUT, "/contact", contacts.update, writes=True, kind="party"),
    Route("contact.delete", DELETE, "/contact", contacts.delete, writes=True, kind="party"),
    Route("contact.users", GET, "/contacts-users", contacts.with_login, kind="party"),
    Route("contact.logins", GET, "/contact-users/{id}", contacts.logins, kind="user"),
)

_TOKENS = (
    Route("token.temporary", POST, "/oauth/temp-token", oauth.temporary, public=True),
    Route("token.validate", POST, "/oauth/validate", oauth.validate, public=True),
)

_ADMIN = (
    Route("user.create", POST, "/admin/user", admin.create_user, writes=True, kind="user", meta=ADMIN),
    Route("user.delete", DELETE, "/admin/user", admin.delete_user, writes=True, kind="user", meta=ADMIN),
    Route(
        "user.create_contact",
        POST,
        "/admin/user-contact",
        admin.create_user_contact,
        writes=True,
        kind="user",
        meta=ADMIN,
    ),
    Route("user.permissions", GET, "/admin/user-permission", admin.list_permissions, kind="user", meta=ADMIN),
    Route("user.grant", POST, "/admin/user-permission", admin.grant_permission, writes=True, kind="user", meta=ADMIN),
    Route("user.take", DELETE, "/admin/user-permission", admin.take_permission, writes=True, kind="user", meta=ADMIN),
    Route("token.reset", POST, "/admin/reset-token", admin.reset_token, writes=True, kind="user", meta=ADMIN),
    Route("type.list", GET, "/admin/activity-type", admin.list_types, meta=ADMIN),
    Route("type.add", POST, "/admin/activity-type", admin.add_type, writes=True, meta=ADMIN),
    Route("type.drop", DELETE, "/admin/activity-type", admin.drop_type, writes=True, meta=ADMIN),
)

_TAGS = (
    Route("tag.find", GET, "/tag", tags.find),
    Route("tag.create", POST, "/tag", tags.create, writes=True),
    Route("tag.update", PUT, "/tag", tags.update, writes=True),
    Route("tag.delete", DELETE, "/tag", tags.delete, writes=True),
    Route("tag.activities", GET, "/tagActivities", activities.of_tag, kind="activity"),
)

_GROUPS = (
    Route("group.find", GET, "/contact-group", groups.find),
    Route("group.create", POST, "/contact-group", groups.create, writes=True),
    Route("group.update", PUT, "/contact-group", groups.update, writes=True),
    Route("group.delete", DELETE, "/contact-group", groups.delete, writes=True),
    Route("group.members", GET, "/contact-group-member", groups.find_members, kind="party"),
    Route("group.add_member", POST, "/contact-group-member", groups.add_member, writes=True, kind="party"),
    Route("group.drop_member", DELETE, "/contact-group-member", groups.drop_member, writes=True, kind="party"),
)

# The unauthenticated service of 2012; only where the tenant names a user for it.
_E1 = (
    Route("note.create", POST, "/notes/note", activities.save, writes=True, kind="activity", meta=E1),
    Route("note.read", GET, "/notes/note/{id}", activities.read, kind="activity", meta=E1),
    Route("note.list", GET, "/notes/notes", activities.listing, kind="activity", meta=E1),
    Route("note.list", GET, "/notes/notes/{id}", activities.listing, kind="activity", meta=E1),
    Route("note.list", GET, "/notes/notes/{id}/{start}", activities.listing, kind="activity", meta=E1),
    Route("user.read", GET, "/notes/user/{userKey}", e1.no_user, meta=E1),
    Route("user.logout", POST, "/notes/user/logout/{userKey}", e1.no_user, meta=E1),
)

ROUTES = RouteTable((*_ACTIVITIES, *_ASSOCIATIONS, *_CONTACTS, *_TOKENS, *_ADMIN, *_TAGS, *_GROUPS, *_E1))


def locate(request: WireRequest) -> str:
    """The path without the optional prefix ``/crm2``.

    A base address that ends with a slash doubles one of the path, and the seed's own ends after ``activities``. Raises
    `RouteNotFound` for a suffix: no client uses one; and for another word than add and remove below ``contact``.
    """
    path = _SLASHES.sub("/", request.path)
    if path.startswith("/crm2/") or path == "/crm2":
        path = path[5:] or "/"
    if path.startswith(ASSOCIATIONS) and path[len(ASSOCIATIONS) :].rstrip("/") not in ("add", "remove"):
        raise RouteNotFound(path)
    if path.rstrip("/").lower().endswith(".json"):
        raise RouteNotFound(path)
    return path


def effective_method(request: WireRequest) -> str:
    """PUT or DELETE where a POST says so, by header or query, as the framework of 2012 had it."""
    method = request.method
    if method == "HEAD":
        return "GET"
    if method != "POST":
        return method
    named = request.headers.get("X-HTTP-Method-Override")
    if named is None and "method=" in request.query:
        named = dict(reversed(form_body.parse_pairs(request.query))).get("method")
    named = (named or "").strip().upper()
    return named if named in OVERRIDES else method
