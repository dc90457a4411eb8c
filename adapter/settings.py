"""Settings: from the environment (prefix ``CRMGLOT_``), over an optional TOML file."""

from __future__ import annotations

import ipaddress
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "CRMGLOT_"
LOOPBACK = ("127.0.0.0/8", "::1/128")


class BadSetting(Exception):
    """One clear line about what is wrong; the command line ends with exit code 2."""


@dataclass(frozen=True)
class Settings:
    """`hosts` maps a host name to the dialect served at its root, for vendors without a home domain.

    `trusted_proxies` are the networks whose ``X-Forwarded-Proto`` and ``-Host`` count.
    """

    database_url: str = "sqlite:///crmglot.db"
    secret_key: str = ""
    default_tenant: str | None = None
    testing: bool = False
    trusted_proxies: tuple[str, ...] = LOOPBACK
    hosts: Mapping[str, str] = field(default_factory=dict)
    threads: int = 16
    workers: int = 1
    queue_url: str | None = None

    def __repr__(self) -> str:
        return f"Settings(testing={self.testing}, default_tenant={self.default_tenant!r})"


def load(environ: Mapping[str, str], dialects: tuple[str, ...]) -> Settings:
    """The settings. ``CRMGLOT_CONFIG`` names the TOML file, by default ``crmglot.toml`` when there is one.

    Raises BadSetting.
    """
    values = _from_file(environ)
    for name in Settings.__dataclass_fields__:
        text = environ.get(PREFIX + name.upper())
        if text is not None:
            values[name] = text
    out: dict[str, Any] = {}
    for name, value in values.items():
        out[name] = _parsed(name, value, dialects)
    if not out.get("secret_key"):
        out["secret_key"] = _kept_secret(out.get("database_url", Settings.database_url))
    return Settings(**out)


def _from_file(environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get(PREFIX + "CONFIG")
    path = Path(named or "crmglot.toml")
    if named is None and not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"{path}: {error}") from error
    unknown = values.keys() - Settings.__dataclass_fields__.keys()
    if unknown:
        raise BadSetting(f"{path}: unknown setting {sorted(unknown)[0]}")
    return values


def _parsed(name: str, value: Any, dialects: tuple[str, ...]) -> Any:
    if name in ("threads", "workers"):
        return _whole_number(name, value)
    if name == "testing":
        if str(value).lower() not in ("0", "1", "true", "false", ""):
            raise BadSetting(f"{PREFIX}TESTING must be 0 or 1")
        return str(value).lower() in ("1", "true")
    if name == "trusted_proxies":
        networks = (
            value if isinstance(value, list) else [part.strip() for part in str(value).split(",") if part.strip()]
        )
        for network in networks:
            try:
                ipaddress.ip_network(str(network), strict=False)
            except ValueError:
                raise BadSetting(f"{PREFIX}TRUSTED_PROXIES: {network} is not a network") from None
        return tuple(str(network) for network in networks)
    if name == "hosts":
        return _hosts(value, dialects)
    if not isinstance(value, str):
        raise BadSetting(f"{PREFIX}{name.upper()} must be text")
    if name == "database_url":
        scheme = urlsplit(value).scheme.partition("+")[0]
        if scheme not in ("sqlite", "postgresql"):
            raise BadSetting(f"{PREFIX}DATABASE_URL must begin with sqlite:/// or postgresql://")
        if scheme == "sqlite" and value.partition("///")[2].strip("/") in ("", ":memory:"):
            raise BadSetting(f"{PREFIX}DATABASE_URL: an SQLite database must be a file")
    if name == "queue_url" and value and urlsplit(value).scheme not in ("sqlite", "redis", "rediss"):
        raise BadSetting(f"{PREFIX}QUEUE_URL must begin with sqlite:/// or redis://")
    if name == "secret_key" and value and len(value) < 16:
        raise BadSetting(f"{PREFIX}SECRET_KEY must have at least 16 characters")
    return value or (None if name in ("default_tenant", "queue_url") else value)


def _whole_number(name: str, value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()) or len(text) > 4 or not 1 <= int(text) <= 1024:
        raise BadSetting(f"{PREFIX}{name.upper()} must be a number from 1 to 1024")
    return int(text)


def _hosts(value: Any, dialects: tuple[str, ...]) -> dict[str, str]:
    """``crm.acme.com=zurmo,data.acme.com=crust``, or a TOML table."""
    pairs = value
    if not isinstance(value, dict):
        parts = [part.strip() for part in str(value).split(",") if part.strip()]
        if any("=" not in part for part in parts):
            raise BadSetting(f"{PREFIX}HOSTS must look like crm.example.com=zurmo,other.example.com=crust")
        pairs = dict(part.split("=", 1) for part in parts)
    for host, dialect in pairs.items():
        if dialect not in dialects:
            raise BadSetting(f"{PREFIX}HOSTS: {host}: there is no dialect {dialect}")
    return {host.lower(): dialect for host, dialect in pairs.items()}


def _kept_secret(database_url: str) -> str:
    """Without a configured key, one kept beside an SQLite database, made at first use.

    Raises BadSetting on other databases: several machines must share the key.
    """
    if not database_url.startswith("sqlite"):
        raise BadSetting(f"{PREFIX}SECRET_KEY is needed with this database")
    path = Path(database_url.partition("///")[2] + ".key")
    try:
        if not path.exists():
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(secrets.token_hex(32), encoding="ascii")
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror}") from error
