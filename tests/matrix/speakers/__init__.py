"""The dialects' speakers: a sixth dialect is one row more."""

from __future__ import annotations

from tests.matrix.clients import CLIENTS
from tests.matrix.speakers.affinitylive import AffinityLiveSpeaker
from tests.matrix.speakers.capsule import CapsuleSpeaker
from tests.matrix.speakers.crust import CrustSpeaker
from tests.matrix.speakers.opentaps import OpentapsSpeaker
from tests.matrix.speakers.speaker import Speaker
from tests.matrix.speakers.zurmo import ZurmoSpeaker
from tests.support.world import World

SPEAKERS: dict[str, type[Speaker]] = {
    "affinitylive": AffinityLiveSpeaker,
    "capsule": CapsuleSpeaker,
    "crust": CrustSpeaker,
    "opentaps": OpentapsSpeaker,
    "zurmo": ZurmoSpeaker,
}


def speakers(world: World) -> dict[str, Speaker]:
    """One of every dialect, signed in as ann."""
    return {name: speaker(world, CLIENTS[name](world)) for name, speaker in SPEAKERS.items()}
