"""The vendor's own server's answers, replayed as one session, and the dossier's examples as another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.contract import Exchange, hs256, judge, load_deviations, load_session, replay
from canonical.model.page import LayoutPage
from tests.support.world import World, over_postgres

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "crust"


def add_mila(world: World, password: str, last_name: str) -> None:
    """The one user there was before the first step, on a server like the vendor's: no modules, owners get lost."""
    values = {"first_name": "Mila", "last_name": last_name, "email": "mila@shop.example"}
    world.add_tenant("shop", "shop.example")
    world.add_user("mila", tenant="shop", password=password, admin=True, **values)
    world.set("crust.system_modules", "no", tenant="shop")
    world.set("crust.lose_owner_on_update", "yes", tenant="shop")


def problems(world: World, session: list[Exchange]) -> list[str]:
    found = replay(session, world.endpoint("crust", "shop"), mint=hs256(world.core.accounts.secret()))
    deviations = {
        case: reason
        for case, reason in load_deviations(FIXTURES / "deviations.json").items()
        if case in {exchange.name for exchange in session}
    }
    return judge((exchange.name for exchange in session), found, deviations)


def sessions() -> tuple[list[Exchange], list[Exchange]]:
    """The recording, and the examples."""
    whole = load_session(FIXTURES)
    recorded = [exchange for exchange in whole if not exchange.name.startswith("doc-")]
    return recorded, [exchange for exchange in whole if exchange.name.startswith("doc-")]


def test_the_recorded_session_is_answered_as_recorded(tmp_path: Path) -> None:
    recorded, _ = sessions()
    assert len(recorded) == 93
    with World(tmp_path, empty=True, now=None) as world:
        add_mila(world, "kresnicka-7", "Žagar")
        assert problems(world, recorded) == []


@pytest.mark.slow
def test_the_recorded_session_on_postgresql(tmp_path: Path) -> None:
    recorded, _ = sessions()
    with over_postgres(tmp_path) as world:
        world.now = None
        add_mila(world, "kresnicka-7", "Žagar")
        assert problems(world, recorded) == []


def test_every_example_is_answered_as_documented(tmp_path: Path) -> None:
    _, examples = sessions()
    assert len(examples) == 11
    with World(tmp_path, empty=True, now=None) as world:
        add_mila(world, "s3cret", "Ž")

        def pages(desk: Any) -> None:
            home = desk.save_page(LayoutPage(0, title="Home", blocks="[]", visible=True))
            desk.save_page(LayoutPage(0, home.id, title="News", visible=True))

        world.write(pages, "mila-token")
        assert problems(world, examples) == []
