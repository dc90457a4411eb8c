"""Worlds that are moved: served over HTTP by threads of this process, and a mixed company to move."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.serving import WSGIRequestHandler, make_server

from adapter import cli
from adapter.serve import create_app
from canonical.model import Activity, Case, ContactPoint, CustomField, CustomValue, Opportunity, Party
from canonical.operations import Create, NewLink
from canonical.service.desk import CoreDesk
from canonical.values import SECOND, Ref, instant
from tests.support.world import World

DAY = 86_400 * SECOND
START = instant(2014, 3, 1, 9, 0)
NAMES = ("Zoë", "Øyvind", "李雷", "Ann-Marie", "O'Brien", "Петр", "José", "Łukasz", "Ada", "Bo 🙂")


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


@contextmanager
def served(world: World) -> Iterator[str]:
    """The address of a server over all dialects of a world."""
    server: Any = make_server("127.0.0.1", 0, create_app(world.wsgi()), threaded=True, request_handler=_Quiet)
    # The store keeps a connection for each thread: as in operation, there are some threads and not one a client.
    pool = ThreadPoolExecutor(16)
    server.process_request = functools.partial(pool.submit, server.process_request_thread)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        pool.shutdown(wait=False, cancel_futures=True)


def company(world: World, size: int = 100) -> None:
    """A company of about so many records of every kind, with all that hangs on them."""
    world.add_user("bob", first_name="Bob", last_name="Ray", email="bob@acme.test")
    world.add_user("cyd", first_name="Cyd", last_name="Orr", email="cyd@acme.test")
    users = {name: world.principal(f"{name}-token").user_id for name in ("ann", "bob", "cyd")}

    def work(desk: CoreDesk) -> None:
        for kind in ("party", "opportunity", "case", "activity"):
            desk.save_custom_field(CustomField(kind, "Region", "Region"))
        owners = [users["ann"], users["bob"], users["cyd"]]
        organisations, people, deals, cases = [], [], [], []
        for n in range(max(1, size // 10)):
            values: dict[str, Any] = {
                "type": "organisation",
                "name": f"Fjord {n} & Søn <AS>",
                "about": f"Line 1\nLine {n}",
            }
            points = (
                ContactPoint("email", f"post{n}@fjord.example", "work"),
                ContactPoint(
                    "address", label="office", street=f"{n} High St", city="Leeds", postcode=f"LS{n}", country="Norway"
                ),
            )
            tags = ("customer",) if n % 2 else ()
            made = desk.create(
                Create(Party, values, points=points, tags=tags, custom=(CustomValue("Region", f"North {n}"),))
            )
            organisations.append(made.id)
        for n in range(size * 3 // 10):
            values = {
                "type": "person",
                "first_name": NAMES[n % len(NAMES)],
                "last_name": f"Lund {n}",
                "job_title": "Engineer & more" if n % 3 else None,
                "organisation_id": organisations[n % len(organisations)] if n % 4 else None,
                "owner_id": owners[n % 3],
                "created_at": START + n * DAY,
            }
            points = (
                ContactPoint("email", f"p{n}@people.example", "home"),
                ContactPoint("phone", f"+47 22 00 {n:04}", "work"),
            )
            labels = ("hot", "VIP é")[: n % 3]
            people.append(desk.create(Create(Party, values, points=points, tags=labels)).id)
        for n in range(size // 10):
            values = {
                "title": f"Deal {n}",
                "body": "long " * 200 + "end" if n % 2 else None,
                "party_id": people[n % len(people)],
                "amount": 1_500_000 * (n + 1),
                "currency": "GBP",
                "stage": "Bid",
                "probability": 40,
                "expected_close": "2031-06-07",
                "owner_id": owners[n % 3],
            }
            deals.append(desk.create(Create(Opportunity, values, tags=("big",) if n % 2 else ())).id)
            values = {"title": f"Matter {n}", "body": "Body", "party_id": organisations[n % len(organisations)]}
            cases.append(desk.create(Create(Case, values)).id)
        for n in range(size * 2 // 10):
            values = {
                "type": "task",
                "title": f"Ring {n}",
                "body": None if n % 3 else "first\nsecond ünïcode",
                "due_at": START + n * DAY,
                "due_date_only": n % 2 == 0,
                "category": "Call",
                "state": "completed" if n % 5 == 0 else "open",
                "owner_id": owners[n % 3],
            }
            target = (Ref("party", people[n % len(people)]), Ref("opportunity", deals[n % len(deals)]))[n % 2]
            desk.create(Create(Activity, values, (NewLink(target),) if n % 7 else ()))
            values = {
                "type": "note",
                "title": f"Note {n}",
                "body": f"text {n} <b>bold</b>",
                "start_at": START + n * DAY,
            }
            desk.create(Create(Activity, values, (NewLink(Ref("party", people[n % len(people)])),)))
        for n in range(size // 10):
            values = {"type": "email", "title": f"Mail {n}", "body": "Dear all", "start_at": START + n * DAY}
            desk.create(Create(Activity, values, (NewLink(Ref("party", people[n % len(people)])),)))
            values = {
                "type": "meeting",
                "title": f"Meet {n}",
                "start_at": START + n * DAY,
                "end_at": START + n * DAY + 3600 * SECOND,
            }
            desk.create(Create(Activity, values, (NewLink(Ref("case", cases[n % len(cases)])),)))

    world.write(work)


class Command:
    """``crmglot migrate`` over one database, with a plan in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, world: World | None = None) -> None:
        self.plan = folder / "plan.toml"
        self.environment = monkeypatch
        if world is not None:
            monkeypatch.setenv("CRMGLOT_DATABASE_URL", world.url)
        monkeypatch.setenv("CRMGLOT_SECRET_KEY", "0123456789abcdef")
        for role in ("SOURCE", "TARGET"):
            monkeypatch.setenv(f"CRMGLOT_{role}_TOKEN", "ann-token")
            monkeypatch.setenv(f"CRMGLOT_{role}_USERNAME", "ann")
            monkeypatch.setenv(f"CRMGLOT_{role}_PASSWORD", "ann-pw")
            monkeypatch.setenv(f"CRMGLOT_{role}_DOMAIN", "acme.com")
            monkeypatch.setenv(f"CRMGLOT_{role}_CLIENT_ID", "migration")
            monkeypatch.setenv(f"CRMGLOT_{role}_CLIENT_SECRET", "ann-secret")

    def __call__(self, command: str, *words: str, code: int | None = 0) -> dict[str, Any]:
        """What a command prints as JSON."""
        quiet = ("--quiet",) if command in ("run", "resume", "verify") else ()
        result = CliRunner().invoke(cli.main, ("migrate", command, str(self.plan), *words, "--json", *quiet))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert code is None or result.exit_code == code, result.output
        told: dict[str, Any] = json.loads(result.stdout) if result.stdout.strip() else {"error": result.stderr}
        return told

    def make(self, source: str, target: str, *words: str, code: int | None = 0) -> dict[str, Any]:
        given = ("migrate", "plan", "--from", source, "--to", target, "--out", str(self.plan), *words, "--json")
        result = CliRunner().invoke(cli.main, given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert code is None or result.exit_code == code, result.output
        told: dict[str, Any] = json.loads(result.stdout) if result.stdout.strip() else {"error": result.stderr}
        return told
