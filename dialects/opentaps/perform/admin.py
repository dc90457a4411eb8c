"""Logins, rights, tokens, activity types: for administrators only (opentaps dossier, section 8, item 6)."""

from __future__ import annotations

from adapter.dialect import Call
from adapter.wire import WireResponse
from canonical.accounts import Principal
from canonical.errors import Duplicate
from canonical.model import Party, PicklistItem, User
from canonical.operations import Create, Update
from canonical.query import Query, Window, eq
from canonical.values import fold
from dialects.opentaps.auth import DOMAIN_CONF, parameters
from dialects.opentaps.errors import NameTaken, Refused, Rejected, Unknown
from dialects.opentaps.fields.activity import MAX_NAME, canonical_type
from dialects.opentaps.fields.contact import GivenContact, point, read_contact
from dialects.opentaps.fields.picklists import TYPES_LIST
from dialects.opentaps.fields.status import NAMESPACE
from dialects.opentaps.perform import contacts
from dialects.opentaps.perform.names import TenantNames
from dialects.opentaps.perform.scene import user_id, user_type
from dialects.opentaps.wire.envelope import answer

USER_TYPES = ("INTERNAL", "GOOGLE_APPS", "TWITTER_LOGIN")
PERMISSIONS = ("CONTACT_VIEW", "CONTACT_UPDATE", "ACTIVITY_VIEW", "ACTIVITY_UPDATE", DOMAIN_CONF)
UPDATES = ("CONTACT_UPDATE", "ACTIVITY_UPDATE")
SAVE, SAVE_TYPE = "save user", "save activity type"


# -- logins -----------------------------------------------------------------------------------------


def _given_login(call: Call) -> tuple[str, str]:
    """`userId` and `userIdType`. Raises Rejected."""
    params = parameters(call)
    id = params.given("userId")
    if id is None:
        raise Rejected(SAVE, "userId", params.get("userId"))
    if len(id) > MAX_NAME:
        raise Rejected(SAVE, "userId", id, "is too long")
    type_ = (params.given("userIdType") or USER_TYPES[0]).upper()
    if type_ not in USER_TYPES:
        raise Rejected(SAVE, "userIdType", params.get("userIdType"), f"must be one of {', '.join(USER_TYPES)}")
    return id, type_


def _login(call: Call, id: str) -> User | None:
    found = call.desk.find(User, Query(eq("username", id), window=Window(0, 20))).items
    return next((user for user in found if fold(user.username) == fold(id)), None)


def _existing(call: Call) -> User:
    """The active user that `userId` names. Raises Rejected, Unknown."""
    text = parameters(call).given("userId")
    if text is None:
        raise Rejected(SAVE, "userId", None)
    found = _login(call, text)
    if found is None or not found.active:
        raise Unknown("user", text)
    return found


def _make_login(call: Call, party: Party, id: str, type_: str) -> WireResponse:
    """A login for a contact; it can sign in once its token was made by `/admin/reset-token`."""
    extras = {NAMESPACE: {"userId": id, "userIdType": type_}}
    known = _login(call, id)
    if known is not None and known.active:
        raise NameTaken("user", id)
    if known is not None:
        values = {"active": True, "person_id": party.id, "is_admin": False, "view_only": False}
        user = call.desk.update(Update(User, known.id, values, extras))
    else:
        names = {"first_name": party.first_name, "last_name": party.last_name, "person_id": party.id}
        email = next((found.value for found in party.points if found.kind == "email"), None)
        try:
            user = call.desk.create(Create(User, {"username": id.lower(), "email": email, **names}, extras=extras))
        except Duplicate:
            raise NameTaken("user", id) from None
    if party.user_id is None:
        call.desk.update(Update(Party, party.id, {"user_id": user.id}))
    shown = TenantNames(call).shown("party", party.id, party.created_at)
    return answer({"userId": user_id(user), "userIdType": user_type(user), "contactId": shown})


def create_user(call: Call) -> WireResponse:
    """A login for a contact that is there."""
    text = parameters(call).given("contactId")
    if text is None:
        raise Rejected(SAVE, "contactId", None)
    id, type_ = _given_login(call)
    return _make_login(call, TenantNames(call).party(text, ("points",)), id, type_)


def create_user_contact(call: Call) -> WireResponse:
    """A contact and its login at once."""
    id, type_ = _given_login(call)
    params = parameters(call)
    given: GivenContact = read_contact(params)
    address = params.given("emailAddress")
    if address is not None and "email" not in given.points:
        if len(address) > MAX_NAME:
            raise Rejected(SAVE, "emailAddress", address, "is too long")
        given.points["email"] = [point("email", address, "PRIMARY")]
    made = contacts.create(call, given)
    return _make_login(call, call.desk.get(Party, made.id, ("points",)), id, type_)


def delete_user(call: Call) -> WireResponse:
    """The login ends at once, its tokens too; what it did keeps its name."""
    user = _existing(call)
    if user.id == call.caller.user_id:
        raise Refused("You cannot remove your own user.")
    call.desk.update(Update(User, user.id, {"active": False, "is_admin": False}))
    if user.person_id is not None:
        _hand_over_card(call, user)
    call.accounts.replace_api_token(_principal(call, user), call.now)
    return answer({"userId": user_id(user)})


def _hand_over_card(call: Call, user: User) -> None:
    """The contact goes on as the card of another of its logins, or as nobody's."""
    others = call.desk.find(User, Query(eq("person_id", user.person_id))).items
    heir = next((other.id for other in others if other.active and other.id != user.id), None)
    card = call.desk.get_many(Party, (user.person_id or 0,)).get(user.person_id or 0)
    if card is not None and card.user_id == user.id:
        call.desk.update(Update(Party, card.id, {"user_id": heir}))


def _principal(call: Call, user: User) -> Principal:
    return Principal(call.caller.tenant_id, user.id, user.username, user.is_admin, user.view_only)


def reset_token(call: Call) -> WireResponse:
    """A new permanent token for `userId` or the caller; the old one dies at once."""
    user = call.caller if parameters(call).given("userId") is None else _principal(call, _existing(call))
    return answer({"authToken": call.accounts.replace_api_token(user, call.now)})


# -- rights -----------------------------------------------------------------------------------------


def _rights(user: User) -> list[str]:
    return [
        right
        for right in PERMISSIONS
        if not (right in UPDATES and user.view_only) and not (right == DOMAIN_CONF and not user.is_admin)
    ]


def _shown_rights(user: User) -> WireResponse:
    return answer({"userId": user_id(user), "permissions": _rights(user)})


def list_permissions(call: Call) -> WireResponse:
    return _shown_rights(_existing(call))


def _changed_rights(call: Call, *, grant: bool) -> WireResponse:
    user = _existing(call)
    sent = parameters(call).given("permission")
    right = (sent or "").upper()
    if right not in PERMISSIONS:
        raise Rejected("change permission", "permission", sent, f"must be one of {', '.join(PERMISSIONS)}")
    if not grant and user.id == call.caller.user_id:
        raise Refused("You cannot take permissions from yourself.")
    if right in UPDATES:
        # The core knows one right to write: the two go together.
        call.losses.add("user", "permission", "updates_go_together")
        values = {"view_only": not grant}
    elif right == DOMAIN_CONF:
        values = {"is_admin": grant}
    else:
        if not grant:
            raise Refused("Every user may view; remove the user instead.")
        values = {}
    return _shown_rights(call.desk.update(Update(User, user.id, values)))


def grant_permission(call: Call) -> WireResponse:
    return _changed_rights(call, grant=True)


def take_permission(call: Call) -> WireResponse:
    return _changed_rights(call, grant=False)


# -- activity types -----------------------------------------------------------------------------------


def _type_name(call: Call) -> str:
    sent = parameters(call).given("activityType")
    if sent is None:
        raise Rejected(SAVE_TYPE, "activityType", parameters(call).get("activityType"))
    if len(sent) > MAX_NAME:
        raise Rejected(SAVE_TYPE, "activityType", sent, "is too long")
    return canonical_type(sent, "").upper()


def list_types(call: Call) -> WireResponse:
    return answer([item.value for item in call.desk.picklist(TYPES_LIST)])


def add_type(call: Call) -> WireResponse:
    """Capitalised; once more changes nothing. The list is advice: any type may be used."""
    name = _type_name(call)
    if all(item.value != name for item in call.desk.picklist(TYPES_LIST)):
        call.desk.save_picklist_item(PicklistItem(TYPES_LIST, name))
    return answer({"activityType": name})


def drop_type(call: Call) -> WireResponse:
    """Activities of the type keep it."""
    name = _type_name(call)
    found = next((item for item in call.desk.picklist(TYPES_LIST) if item.value == name), None)
    if found is None:
        raise Unknown("activity type", name)
    call.desk.delete_picklist_item(found.id)
    return answer({"activityType": name})
