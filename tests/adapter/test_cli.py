"""Every command, as an operator types it: what it does, and one clear line where it cannot."""

from __future__ import annotations

import re
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import dialects
from adapter import cli, demo
from adapter.cli.faults import Misuse
from adapter.cli.known import default_picklists, setting_of
from adapter.cli.opening import read_settings
from adapter.jobs.queue import open_queue
from adapter.server import ServerError
from canonical.model import Activity, User
from canonical.query import Query, eq
from canonical.service.core import CanonicalCore
from canonical.store.sql import schema
from canonical.store.sql.store import SqlStore
from canonical.values import instant

NOW = instant(2014, 6, 1)


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty folder with nothing set but the database."""
    monkeypatch.chdir(tmp_path)
    for name in ("SECRET_KEY", "DEFAULT_TENANT", "TESTING", "CONFIG", "HOSTS"):
        monkeypatch.delenv(f"CRMGLOT_{name}", raising=False)
    url = f"sqlite:///{tmp_path}/cli.db"
    monkeypatch.setenv("CRMGLOT_DATABASE_URL", url)
    return url


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.main, words)


def done(*words: str) -> str:
    """What a command that succeeds prints."""
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def refused(code: int, *words: str) -> str:
    """The one line of a command that fails."""
    result = run(*words)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.endswith("\n")
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tenant acme and the user ann, as the commands make them."""
    path = tmp_path_factory.mktemp("template") / "cli.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMGLOT_DATABASE_URL", f"sqlite:///{path}")
        done("db", "upgrade")
        done("tenant", "add", "acme", "--domain", "acme.com", "--domain", "acme.capsulecrm.com")
        done("user", "add", "ann", "--tenant", "acme", "--password", "ann-pw", "--token", "ann-token")
    return path


@pytest.fixture
def ready(template: Path, tmp_path: Path, database: str) -> Iterator[CanonicalCore]:
    """The core over a copy of the template, on which the commands of a test work."""
    shutil.copyfile(template, tmp_path / "cli.db")
    core = CanonicalCore(SqlStore(database))
    yield core
    core.close()


class TestDatabase:
    def test_upgrade_makes_it_and_may_be_repeated(self, database: str) -> None:
        for _ in range(2):
            assert done("db", "upgrade") == ""
        store = SqlStore(database)
        store.check()
        store.close()

    def test_upgrade_of_what_is_no_database(self, tmp_path: Path) -> None:
        (tmp_path / "cli.db").write_bytes(b"no database" * 1000)
        assert refused(1, "db", "upgrade") == "crmglot: the schema could not be upgraded: file is not a database"
        for words in (("serve", "--port", "0"), ("worker",), ("tenant", "add", "x")):
            assert refused(1, *words) == "crmglot: file is not a database"

    def test_a_new_database_is_its_owners_alone(self, tmp_path: Path) -> None:
        done("db", "upgrade")
        done("tenant", "add", "acme")
        open_queue(read_settings())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert {"cli.db", "cli.db.key", "cli.db.lock", "cli.db.queue"} <= set(modes)
        assert set(modes.values()) == {0o600}, modes

    @pytest.mark.parametrize("words", [("db", "upgrade"), ("serve", "--port", "0"), ("worker",), ("demo",)])
    def test_a_schema_that_is_newer(self, ready: CanonicalCore, tmp_path: Path, words: tuple[str, ...]) -> None:
        with sqlite3.connect(tmp_path / "cli.db") as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        assert refused(2, *words) == "crmglot: the database schema is newer than this version of crmglot"

    @pytest.mark.parametrize(
        "words",
        [
            ("tenant", "add", "acme"),
            ("tenant", "set", "acme", "capsule.rate_limit=5"),
            ("user", "add", "ann", "--tenant", "acme", "--password", "x"),
            ("app", "add", "x", "--tenant", "acme", "--secret", "s", "--user", "ann"),
            ("serve", "--port", "0"),
        ],
    )
    def test_every_command_needs_the_schema(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        missing = "crmglot: there is no database file cli.db; run `crmglot db upgrade`"
        assert refused(2, *words) == missing
        assert not (tmp_path / "cli.db").exists()
        (tmp_path / "cli.db").touch()
        assert refused(2, *words) == "crmglot: the database has no schema; run `crmglot db upgrade`"

    def test_h5_backup_and_restore(self, ready: CanonicalCore, tmp_path: Path) -> None:
        open_queue(read_settings())
        done("db", "backup", "kept.db")
        assert {"kept.db", "kept.db.queue"} <= {path.name for path in tmp_path.iterdir()}
        done("tenant", "add", "later")
        ready.store.check()
        running = "crmglot: a server, a worker or another command has the database open; stop it first"
        assert refused(1, "db", "restore", "kept.db") == running
        ready.close()
        done("db", "restore", "kept.db")
        assert done("tenant", "list") == "acme\tacme.capsulecrm.com\tacme.com\n"
        (tmp_path / "kept.db").write_bytes(b"no database" * 1000)
        said = "crmglot: kept.db is no database of crmglot: file is not a database"
        assert refused(1, "db", "restore", "kept.db") == said
        assert refused(1, "db", "restore", "none.db") == "crmglot: there is no file none.db"
        assert refused(1, "db", "backup", "none/kept.db") == "crmglot: kept.db: No such file or directory"
        assert done("tenant", "list").startswith("acme")

    def test_postgresql_has_its_own_commands_for_copies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CRMGLOT_DATABASE_URL", "postgresql://u:secret@localhost/crm")
        monkeypatch.setenv("CRMGLOT_SECRET_KEY", "0123456789abcdef")
        said = refused(1, "db", "backup", "kept.dump")
        assert said.endswith("commands of its own for this: pg_dump --format=custom --file=kept.dump")
        assert "pg_restore" in refused(1, "db", "restore", "kept.dump")


class TestBadSettings:
    @pytest.mark.parametrize("words", [("db", "upgrade"), ("tenant", "add", "acme"), ("serve",), ("demo",)])
    def test_one_line_and_exit_code_2(self, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
        monkeypatch.setenv("CRMGLOT_DATABASE_URL", "mysql://x")
        assert refused(2, *words) == "crmglot: CRMGLOT_DATABASE_URL must begin with sqlite:/// or postgresql://"

    def test_flask_gets_it_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CRMGLOT_TESTING", "maybe")
        with pytest.raises(Misuse, match="CRMGLOT_TESTING must be 0 or 1"):
            cli.create_wsgi_app()


class TestTenant:
    def test_add(self, ready: CanonicalCore) -> None:
        found = ready.accounts.tenant_by_slug("acme")
        assert found is not None
        assert found.hosts == ("acme.capsulecrm.com", "acme.com")
        for host in ("ACME.com", "acme.capsulecrm.com", "acme.anything.test"):
            assert ready.accounts.tenant_by_host(host) == found

    def test_a_new_tenant_has_every_dialects_lists(self, ready: CanonicalCore) -> None:
        principal = ready.accounts.by_token("api", "ann-token", NOW)
        assert principal is not None
        desk = ready.reading(principal, "", NOW)
        for item in default_picklists():
            assert item.value in [found.value for found in desk.picklist(item.list)]

    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (("acme",), "crmglot: tenant acme is taken"),
            (("ACME",), "crmglot: tenant acme is taken"),
            (("other", "--domain", "Acme.com"), "crmglot: host acme.com is taken"),
            (("no spaces",), "crmglot: slug: not_a_slug"),
            (("ü",), "crmglot: slug: not_a_slug"),
            (("a" * 64,), "crmglot: slug: not_a_slug"),
            (("",), "crmglot: slug: not_a_slug"),
        ],
    )
    def test_add_refused(self, ready: CanonicalCore, words: tuple[str, ...], line: str) -> None:
        assert refused(1, "tenant", "add", *words) == line
        assert ready.directory.tenant_slugs() == ["acme"]

    def test_set(self, ready: CanonicalCore) -> None:
        done("tenant", "set", "acme", "zurmo.profile=v3", "capsule.rate_limit=5")
        done("tenant", "set", "acme", "capsule.currency=EUR", "zurmo.profile=seed")
        found = ready.accounts.tenant_by_slug("acme")
        assert found is not None
        assert found.settings == {"zurmo.profile": "seed", "capsule.rate_limit": "5", "capsule.currency": "EUR"}

    @pytest.mark.parametrize(
        ("word", "said"),
        [
            ("zurmo.profile", "a setting looks like zurmo.profile=v3"),
            ("profile=v3", "a setting looks like zurmo.profile=v3"),
            ("", "a setting looks like zurmo.profile=v3"),
            ("zurmo.profile=v4", "zurmo.profile must be one of: seed, v3"),
            ("zurmo.colour=red", "zurmo.colour: there is no such setting"),
            ("none.profile=v3", "none.profile: there is no such setting"),
            (".profile=v3", ".profile: there is no such setting"),
            ("capsule.rate_limit=many", "capsule.rate_limit: a whole number from 0 to 10000000 is needed"),
            ("capsule.rate_limit=٣", "capsule.rate_limit: a whole number from 0 to 10000000 is needed"),
            ("capsule.currency=XXXX", "capsule.currency: an ISO 4217 code is needed"),
        ],
    )
    def test_set_refused(self, ready: CanonicalCore, word: str, said: str) -> None:
        assert said in refused(2, "tenant", "set", "acme", "capsule.session_cookie=yes", word)
        found = ready.accounts.tenant_by_slug("acme")
        assert found is not None
        assert found.settings == {}

    def test_set_of_nobody(self, ready: CanonicalCore) -> None:
        assert refused(1, "tenant", "set", "none", "zurmo.profile=v3") == "crmglot: there is no tenant none"


def settings() -> list[tuple[str, str]]:
    return [(name, setting.name) for name in dialects.names() for setting in dialects.load(name).settings]


@pytest.mark.parametrize(("dialect", "name"), settings())
def test_every_setting_takes_its_default_and_is_documented(dialect: str, name: str) -> None:
    setting = dialects.load(dialect).setting(name)
    assert setting_of(f"{dialect}.{name}={setting.default}") == (f"{dialect}.{name}", setting.default)
    assert setting.help
    readme = Path(dialects.__file__).parent / dialect / "README.md"
    assert name in readme.read_text(encoding="utf-8")
    for value in ("\x00", "-1e400\n", "\ud800"):
        if setting.choices or setting.check is not None:
            with pytest.raises(Misuse):
                setting_of(f"{dialect}.{name}={value}")


class TestUser:
    @pytest.mark.slow
    def test_add_prints_the_token(self, ready: CanonicalCore) -> None:
        given = done(
            *("user", "add", "dana", "--tenant", "acme", "--password", "pw", "--token", "the-old-token"),
            *("--first-name", "Dana", "--last-name", "Doe", "--email", "d@acme.test", "--admin"),
        )
        assert given == "the-old-token\n"
        found = ready.accounts.by_token("api", "the-old-token", NOW)
        assert found is not None
        assert (found.username, found.is_admin, found.view_only) == ("dana", True, False)
        user = ready.reading(found, "", NOW).find(User, Query(eq("username", "dana"))).items[0]
        assert (user.first_name, user.last_name, user.email) == ("Dana", "Doe", "d@acme.test")
        assert ready.accounts.by_password(found.tenant_id, "dana", "pw", NOW) is not None

    def test_add_makes_a_token(self, ready: CanonicalCore) -> None:
        token = done("user", "add", "eve", "--tenant", "acme", "--password", "pw", "--view-only").strip()
        assert len(token) >= 32
        found = ready.accounts.by_token("api", token, NOW)
        assert found is not None
        assert (found.username, found.is_admin, found.view_only) == ("eve", False, True)

    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (("ann", "--tenant", "acme"), "crmglot: username ann is taken"),
            (("ANN", "--tenant", "acme"), "crmglot: username ANN is taken"),
            (("x", "--tenant", "none"), "crmglot: there is no tenant none"),
            ((" ", "--tenant", "acme"), "crmglot: username: required"),
            (("x", "--tenant", "acme", "--token", "short"), "crmglot: token: not_a_token"),
            (("x", "--tenant", "acme", "--token", "t" * 201), "crmglot: token: not_a_token"),
            (("x", "--tenant", "acme", "--token", "ann-token"), "crmglot: token is taken"),
        ],
    )
    def test_add_refused(self, ready: CanonicalCore, words: tuple[str, ...], line: str) -> None:
        assert refused(1, "user", "add", *words, "--password", "pw") == line
        principal = ready.accounts.by_token("api", "ann-token", NOW)
        assert principal is not None
        assert ready.reading(principal, "", NOW).count(User) == 1

    def test_options_that_are_missing(self, ready: CanonicalCore) -> None:
        assert run("user", "add", "x", "--password", "p").exit_code == 2

    @pytest.mark.slow
    def test_a_password_from_standard_input(self, ready: CanonicalCore) -> None:
        words = ("user", "add", "eve", "--tenant", "acme", "--token", "eves-own-token")
        assert refused(2, *words) == "crmglot: a password is needed: --password, or a line on standard input"
        assert CliRunner().invoke(cli.main, words, input="p w\n").stdout == "eves-own-token\n"
        assert ready.accounts.by_password(None, "eve", "p w", NOW) is not None


class TestApplication:
    def test_add(self, ready: CanonicalCore) -> None:
        done("app", "add", "4340@acme", "--tenant", "acme", "--secret", "s3cret", "--user", "ann")
        found = ready.accounts.by_secret("4340@acme", "s3cret", NOW)
        assert found is not None
        assert ready.accounts.by_secret("4340@acme", "wrong", NOW) is None

    def test_redirect_uris(self, ready: CanonicalCore) -> None:
        words = ("app", "add", "x", "--tenant", "acme", "--secret", "s3cret", "--user", "ann")
        for bad in ("javascript:alert(1)", "View-Source:x", "/cb", "https://a b/", "https://x/\r\n", "https:", "é:/x"):
            assert refused(1, *words, "--redirect-uri", bad) == "crmglot: redirect_uri: not_a_uri"
        done(*words, "--redirect-uri", "https://one.example/cb", "--redirect-uri", "myapp:/cb")
        found = ready.accounts.application("x")
        assert found is not None
        assert found.redirect_uris == ("https://one.example/cb", "myapp:/cb")

    def test_a_secret_from_standard_input(self, ready: CanonicalCore) -> None:
        words = ("app", "add", "x", "--tenant", "acme", "--user", "ann")
        assert CliRunner().invoke(cli.main, words, input="s3cret\n").exit_code == 0
        assert ready.accounts.by_secret("x", "s3cret", NOW) is not None

    def test_add_refused(self, ready: CanonicalCore) -> None:
        words = ("--tenant", "acme", "--secret", "s")
        done("app", "add", "x", *words, "--user", "ann")
        assert refused(1, "app", "add", "x", *words, "--user", "ann") == "crmglot: client_id x is taken"
        assert refused(1, "app", "add", "y", *words, "--user", "no") == "crmglot: there is no user no"
        none = ("app", "add", "y", "--tenant", "no", "--secret", "s", "--user", "ann")
        assert refused(1, *none) == "crmglot: there is no tenant no"


class TestDemo:
    @pytest.mark.slow
    def test_once(self, database: str) -> None:
        result = run("demo")
        assert (result.exit_code, result.stderr) == (0, f"{demo.GREETING}\n")
        core = CanonicalCore(SqlStore(database))
        principal = core.accounts.by_token("api", demo.TOKEN, NOW)
        assert principal is not None
        assert core.reading(principal, "", NOW).count(Activity) == 2
        core.close()
        assert refused(1, "demo") == "crmglot: the database already has tenants"
        assert done("demo", "--database-if-missing") == ""


class Attached:
    """No worker at all."""

    def __init__(self, log: object) -> None:
        self.look = lambda: None
        self.close = lambda: None


class TestServe:
    def test_it_runs_with_what_was_said(self, ready: CanonicalCore, monkeypatch: pytest.MonkeyPatch) -> None:
        given: dict[str, object] = {}
        monkeypatch.setattr("adapter.jobs.worker.AttachedWorker", Attached)
        monkeypatch.setattr(cli.serving, "run", lambda factory, **options: given.update(options, factory=factory))
        done("serve", "--host", "0.0.0.0", "--port", "0", "--workers", "3")
        assert (given["host"], given["port"], given["workers"], given["threads"]) == ("0.0.0.0", 0, 3, 16)
        assert {"ZURMO_SESSION_ID", "ZURMO_TOKEN"} <= set(given["underscore_headers"])  # type: ignore[call-overload]

    @pytest.mark.parametrize("option", ["--tls-cert", "--tls-key"])
    def test_half_a_certificate(self, ready: CanonicalCore, tmp_path: Path, option: str) -> None:
        (tmp_path / "one.pem").touch()
        assert refused(2, "serve", option, "one.pem") == "crmglot: --tls-cert and --tls-key go together"

    @pytest.mark.parametrize(
        "words", [("--port", "70000"), ("--port", "x"), ("--workers", "0"), ("--tls-cert", "none")]
    )
    def test_bad_options(self, ready: CanonicalCore, words: tuple[str, ...]) -> None:
        assert run("serve", *words).exit_code == 2

    def test_a_server_that_cannot_start(self, ready: CanonicalCore, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object, **__: object) -> None:
            raise ServerError("cannot listen on x")

        monkeypatch.setattr("adapter.jobs.worker.AttachedWorker", Attached)
        monkeypatch.setattr(cli.serving, "run", broken)
        assert refused(1, "serve") == "crmglot: cannot listen on x"

    def test_an_old_schema(self, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
        done("db", "upgrade")
        monkeypatch.setattr(schema, "newest", lambda: "9999")
        assert "not the newest" in refused(2, "serve")

    def test_settings_that_name_what_is_not_there(self, ready: CanonicalCore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CRMGLOT_DEFAULT_TENANT", "none")
        assert refused(2, "serve") == "crmglot: CRMGLOT_DEFAULT_TENANT: there is no tenant none"
        monkeypatch.delenv("CRMGLOT_DEFAULT_TENANT")
        monkeypatch.setenv("CRMGLOT_QUEUE_URL", "redis://127.0.0.1/0?bogus=1")
        for command in ("serve", "worker"):
            assert refused(2, command) == "crmglot: CRMGLOT_QUEUE_URL has an option that cannot be used"


def commands() -> list[str]:
    """Every command with its group; `demo` is what ``make serve`` runs."""
    found = []
    for name, command in cli.main.commands.items():
        below = getattr(command, "commands", None)
        found += [name] if below is None else [f"{name} {word}" for word in below]
    return [name for name in found if name != "demo"]


@pytest.mark.parametrize("name", commands())
def test_the_readme_tells_of_every_command(name: str) -> None:
    readme = (Path(dialects.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    group, _, word = name.rpartition(" ")
    # `user disable\\|enable` tells of two.
    wanted = rf"`crmglot {group}{' ' if group else ''}(?:\w+\\\|)*{word}\b"
    assert re.search(wanted, readme), wanted


def test_help() -> None:
    assert "opentaps" in done("--help")
    for group in ("db", "tenant", "user", "app", "list"):
        assert "Commands:" in done(group, "--help")
