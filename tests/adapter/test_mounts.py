"""Which dialect and which tenant a request means: prefix, host, credential, default; never a guess."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapter.mounts import Mounts, hostname
from adapter.settings import Settings
from tests.adapter.echo_dialect import ECHO
from tests.support.world import World, every_dialect


@pytest.fixture(scope="module")
def mounts(tmp_path_factory: pytest.TempPathFactory) -> Mounts:
    with World(tmp_path_factory.mktemp("mounts")) as world:
        gateways = {dialect.name: world.gateway(dialect) for dialect in (*every_dialect(), ECHO)}
        return Mounts(gateways, {"CRM.acme.com": "zurmo"})


@pytest.mark.parametrize(
    ("host", "path", "dialect", "prefix", "below", "tenant_host"),
    [
        ("localhost:8080", "/zurmo/app/index.php", "zurmo", "/zurmo", "/app/index.php", None),
        ("localhost", "/capsule", "capsule", "/capsule", "/", None),
        ("localhost", "/capsule/", "capsule", "/capsule", "/", None),
        ("localhost", "/capsule//api", "capsule", "/capsule", "//api", None),
        ("127.0.0.1:8080", "/capsule/api/task/1", "capsule", "/capsule", "/api/task/1", None),
        ("[::1]:8080", "/capsule/api", "capsule", "/capsule", "/api", None),
        # As of a client whose base address ends in a slash.
        ("localhost", "//zurmo/app", "zurmo", "/zurmo", "/app", None),
        ("acme.capsulecrm.com", "//api/task/1", "capsule", "", "//api/task/1", "acme.capsulecrm.com"),
        # The raw path stays raw.
        ("localhost", "/zurmo/a%2Fb%26c", "zurmo", "/zurmo", "/a%2Fb%26c", None),
        # On a host with a name the host may tell the tenant, under a prefix too.
        ("crm.example.com", "/capsule/api", "capsule", "/capsule", "/api", "crm.example.com"),
        # By host at the root; port, letter case and the dot of the root aside.
        ("ACME.capsulecrm.com.:443", "/api/task/1", "capsule", "", "/api/task/1", "acme.capsulecrm.com"),
        ("crm2.opentaps.com.", "/activities", "opentaps", "", "/activities", "crm2.opentaps.com"),
        ("crm.acme.com.", "/app/index.php", "zurmo", "", "/app/index.php", "crm.acme.com"),
        ("Acme.CapsuleCRM.com:443", "/api/task/1", "capsule", "", "/api/task/1", "acme.capsulecrm.com"),
        ("crm.acme.com", "/app/index.php", "zurmo", "", "/app/index.php", "crm.acme.com"),
        ("crm.echo.test", "/x", "echo", "", "/x", "crm.echo.test"),
        ("acme.echo.test", "/x", "echo", "", "/x", "acme.echo.test"),
        ("acme.api.echo.test", "/x", "echo", "", "/x", "acme.api.echo.test"),
        # A prefix counts on every host.
        ("acme.capsulecrm.com", "/zurmo/app", "zurmo", "/zurmo", "/app", "acme.capsulecrm.com"),
    ],
)
def test_found(
    mounts: Mounts, host: str, path: str, dialect: str, prefix: str, below: str, tenant_host: str | None
) -> None:
    found = mounts.find(host, path)
    assert found is not None
    mount, rest = found
    assert (mount.gateway.dialect.name, mount.prefix, rest, mount.tenant_host) == (dialect, prefix, below, tenant_host)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("localhost", "/"),
        ("localhost", ""),
        ("localhost", "/activities"),
        ("localhost", "/Zurmo/app"),
        ("localhost", "/zurmox/app"),
        ("localhost", "/%7Aurmo/app"),
        ("example.com", "/api/task/1"),
        ("capsulecrm.com", "/api/task/1"),
        ("notcapsulecrm.com", "/api/task/1"),
        ("acme.capsulecrm.com.evil.test", "/api/task/1"),
        ("", "/api/task/1"),
    ],
)
def test_not_found(mounts: Mounts, host: str, path: str) -> None:
    assert mounts.find(host, path) is None


def test_the_longer_suffix_wins() -> None:
    class Fake:
        def __init__(self, name: str, *hosts: str) -> None:
            self.dialect = replace(ECHO, name=name, hosts=hosts)

    made = Mounts({"a": Fake("a", "*.test"), "b": Fake("b", "*.api.test"), "c": Fake("c", "one.api.test")})  # type: ignore[dict-item]
    names = [made.find(host, "/x") for host in ("x.test", "x.api.test", "one.api.test", "api.test")]
    assert [found[0].gateway.dialect.name if found else None for found in names] == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Acme.COM:80", "acme.com"),
        (" acme.com ", "acme.com"),
        ("acme.com", "acme.com"),
        ("[::1]:80", "::1"),
        ("[::1]", "::1"),
        ("", ""),
        (":80", ""),
    ],
)
def test_hostname(host: str, name: str) -> None:
    assert hostname(host) == name


def test_no_two_dialects_claim_one_host() -> None:
    patterns = [pattern for dialect in every_dialect() for pattern in dialect.hosts]
    assert len(patterns) == len(set(patterns))
    assert "*.capsulecrm.com" in patterns


def test_names_are_prefixes() -> None:
    """No dialect's name hides the server's own paths, and none needs encoding."""
    for dialect in every_dialect():
        assert dialect.name.isalnum()
        assert dialect.name not in ("healthz", "readyz")


def test_hosts_of_settings_must_name_a_dialect(mounts: Mounts) -> None:
    with pytest.raises(KeyError):
        Mounts(mounts.gateways, {"a.test": "none"})
    assert Mounts(mounts.gateways, Settings().hosts).find("localhost", "/capsule/") is not None
