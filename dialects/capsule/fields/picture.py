"""Where a party's picture is: always shown, the default avatar unless another is known."""

from __future__ import annotations

PATH = "/theme/default/images/"
PERSON = "person_avatar_70.png"
ORGANISATION = "org_avatar_70.png"


def picture_url(base_url: str, party_type: str | None) -> str:
    """``https://acme.capsulecrm.com/theme/default/images/person_avatar_70.png`` (capsule dossier, example 9)."""
    return f"{base_url}{PATH}{ORGANISATION if party_type == 'organisation' else PERSON}"
