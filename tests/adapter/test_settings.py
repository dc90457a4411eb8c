"""Settings: from the environment over a file; a bad one is one clear line."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapter.settings import LOOPBACK, BadSetting, Settings, load

DIALECTS = ("capsule", "zurmo")
KEY = "0123456789abcdef"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(**given: str) -> Settings:
    return load({f"CRMGLOT_{name.upper()}": value for name, value in given.items()}, DIALECTS)


def test_defaults(tmp_path: Path) -> None:
    found = read()
    assert found.database_url == "sqlite:///crmglot.db"
    assert (found.default_tenant, found.testing, found.trusted_proxies) == (None, False, LOOPBACK)
    assert (found.hosts, found.queue_url) == ({}, None)
    assert len(found.secret_key) == 64


def test_a_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    first = read(database_url=f"sqlite:///{tmp_path}/a.db").secret_key
    assert read(database_url=f"sqlite:///{tmp_path}/a.db").secret_key == first
    assert read(database_url=f"sqlite:///{tmp_path}/b.db").secret_key != first
    assert stat.S_IMODE((tmp_path / "a.db.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("kept", ["", "short", "\xff" * 20])
def test_a_key_file_without_a_key_is_no_key(tmp_path: Path, kept: str) -> None:
    (tmp_path / "a.db.key").write_bytes(kept.encode("latin-1"))
    with pytest.raises(BadSetting, match="must hold at least 16 characters"):
        read(database_url=f"sqlite:///{tmp_path}/a.db")


def test_processes_that_begin_together_share_a_key(tmp_path: Path) -> None:
    """Whoever looks while another makes the key sees none or all of it."""
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            keys = set(
                pool.map(lambda _, n=number: read(database_url=f"sqlite:///{tmp_path}/{n}.db").secret_key, range(8))
            )
            assert len(keys) == 1
    assert len(list(tmp_path.iterdir())) == 20


def test_everything_from_the_environment() -> None:
    found = read(
        database_url="postgresql://u:p@h/n",
        secret_key=KEY,
        default_tenant="acme",
        testing="1",
        trusted_proxies="10.0.0.0/8, 192.168.1.1 ,::1",
        hosts="CRM.acme.com=zurmo, other.example.com=capsule",
        threads="4",
        workers="2",
        queue_url="redis://localhost/0",
        statement_timeout="2.5",
    )
    assert found == Settings(
        database_url="postgresql://u:p@h/n",
        secret_key=KEY,
        default_tenant="acme",
        testing=True,
        trusted_proxies=("10.0.0.0/8", "192.168.1.1", "::1"),
        hosts={"crm.acme.com": "zurmo", "other.example.com": "capsule"},
        threads=4,
        workers=2,
        queue_url="redis://localhost/0",
        statement_timeout=2.5,
    )


def test_the_environment_is_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "crmglot.toml").write_text(
        f'secret_key = "{KEY}"\ndefault_tenant = "file"\ntesting = true\nthreads = 3\n'
        'trusted_proxies = ["10.0.0.1"]\n[hosts]\n"CRM.acme.com" = "zurmo"\n'
    )
    found = read(default_tenant="environment")
    assert (found.default_tenant, found.testing, found.threads) == ("environment", True, 3)
    assert (found.trusted_proxies, found.hosts) == (("10.0.0.1",), {"crm.acme.com": "zurmo"})
    (tmp_path / "other.toml").write_text(f'secret_key = "{KEY}"\ndefault_tenant = "other"\n')
    assert read(config="other.toml").default_tenant == "other"


def test_empty_means_unset() -> None:
    found = read(default_tenant="", queue_url="", testing="", trusted_proxies="", hosts="")
    assert (found.default_tenant, found.queue_url, found.testing) == (None, None, False)
    assert (found.trusted_proxies, found.hosts) == ((), {})


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("database_url", "mysql://x/y", "CRMGLOT_DATABASE_URL must begin with sqlite:/// or postgresql://"),
        ("database_url", "nonsense", "CRMGLOT_DATABASE_URL must begin with sqlite:/// or postgresql://"),
        ("database_url", "", "CRMGLOT_DATABASE_URL must begin with sqlite:/// or postgresql://"),
        ("database_url", "sqlite://", "CRMGLOT_DATABASE_URL: an SQLite database must be a file"),
        ("database_url", "sqlite:///", "CRMGLOT_DATABASE_URL: an SQLite database must be a file"),
        ("database_url", "sqlite:///:memory:", "CRMGLOT_DATABASE_URL: an SQLite database must be a file"),
        ("database_url", "postgresql://h/n", "CRMGLOT_SECRET_KEY is needed with this database"),
        ("database_url", "sqlite:////no/such/folder/a.db", "CRMGLOT_DATABASE_URL: there is no folder /no/such/folder"),
        ("database_url", "sqlite:////tmp", "CRMGLOT_DATABASE_URL: an SQLite database must be a file"),
        ("database_url", "sqlite:///a.db?mode=ro", "CRMGLOT_DATABASE_URL: an SQLite database must be a file"),
        ("database_url", "sqlite+other:///a.db", "CRMGLOT_DATABASE_URL must begin with sqlite:/// or postgresql://"),
        (
            "database_url",
            "postgresql://u:the-password@h:port/n",
            "CRMGLOT_DATABASE_URL is no address: the host or the port cannot be read",
        ),
        (
            "database_url",
            "postgresql://[::1/n",
            "CRMGLOT_DATABASE_URL is no address: the host or the port cannot be read",
        ),
        ("hosts", "=crust", "CRMGLOT_HOSTS must look like crm.example.com=zurmo,other.example.com=crust"),
        ("queue_url", "redis://h:port", "CRMGLOT_QUEUE_URL is no address: the host or the port cannot be read"),
        ("queue_url", "redis://", "CRMGLOT_QUEUE_URL must look like redis://host:6379/0"),
        ("queue_url", "redis://h/name", "CRMGLOT_QUEUE_URL must look like redis://host:6379/0"),
        ("queue_url", "sqlite:///", "CRMGLOT_QUEUE_URL: an SQLite queue must be a file"),
        ("queue_url", "sqlite:q", "CRMGLOT_QUEUE_URL: an SQLite queue must be a file"),
        ("queue_url", "sqlite:////no/such/folder/q", "CRMGLOT_QUEUE_URL: there is no folder /no/such/folder"),
        ("secret_key", "short", "CRMGLOT_SECRET_KEY must have at least 16 characters"),
        ("testing", "yes", "CRMGLOT_TESTING must be 0 or 1"),
        ("trusted_proxies", "10.0.0.0/8,nobody", "CRMGLOT_TRUSTED_PROXIES: nobody is not a network"),
        ("hosts", "crm.acme.com", "CRMGLOT_HOSTS must look like crm.example.com=zurmo,other.example.com=crust"),
        ("hosts", "crm.acme.com=none", "CRMGLOT_HOSTS: crm.acme.com: there is no dialect none"),
        ("threads", "0", "CRMGLOT_THREADS must be a number from 1 to 1024"),
        ("threads", "٣", "CRMGLOT_THREADS must be a number from 1 to 1024"),
        ("statement_timeout", "0", "CRMGLOT_STATEMENT_TIMEOUT must be seconds, from 0.1 to 3600"),
        ("statement_timeout", "9e3", "CRMGLOT_STATEMENT_TIMEOUT must be seconds, from 0.1 to 3600"),
        ("workers", "many", "CRMGLOT_WORKERS must be a number from 1 to 1024"),
        ("workers", "9" * 5000, "CRMGLOT_WORKERS must be a number from 1 to 1024"),
        ("queue_url", "amqp://x", "CRMGLOT_QUEUE_URL must begin with sqlite:/// or redis://"),
    ],
)
def test_bad_ones(name: str, value: str, line: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read(**{name: value})
    assert str(caught.value) == line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not toml", "bad.toml: "),
        ("colour = 1", "bad.toml: unknown setting colour"),
        ("database_url = 5", "CRMGLOT_DATABASE_URL must be text"),
        ("threads = true", "CRMGLOT_THREADS must be a number from 1 to 1024"),
        ("hosts = 5", "CRMGLOT_HOSTS must look like"),
        ("hosts = {a = 5}", "CRMGLOT_HOSTS: a: there is no dialect 5"),
        ("trusted_proxies = 5", "CRMGLOT_TRUSTED_PROXIES: 5 is not a network"),
        ("trusted_proxies = [5]", "CRMGLOT_TRUSTED_PROXIES: 5 is not a network"),
        ("trusted_proxies = [[1]]", "CRMGLOT_TRUSTED_PROXIES: [1] is not a network"),
        ("testing = 5", "CRMGLOT_TESTING must be 0 or 1"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(BadSetting) as caught:
        read(config="bad.toml")
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    for name in ("none.toml", str(tmp_path)):
        with pytest.raises(BadSetting, match=name):
            read(config=name)
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSetting):
        read(config="bytes.toml")


def test_secrets_do_not_show() -> None:
    shown = repr(read(database_url="postgresql://u:the-password@h/n", secret_key="the-secret-key-of-us"))
    assert "the-" not in shown
