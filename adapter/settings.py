"""Settings: from the environment (prefix ``CRMGLOT_``), over an optional TOML file."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PREFIX = "CRMGLOT_"
MIN_SECRET = 16
LOOPBACK = ("127.0.0.0/8", "::1/128")


class BadSetting(Exception):
    """One clear line about what is wrong; the command line ends with exit code 2."""


@dataclass(frozen=True)
class Settings:
    """`hosts` maps a host name to the dialect served at its root, for vendors without a home domain.

    `trusted_proxies` are the networks whose ``X-Forwarded-Proto``, ``-Host`` and ``-Prefix`` count.
    `statement_timeout` is how many seconds one statement of a request or a job may take in the database.
    """

    database_url: str = "sqlite:///crmglot.db"
    secret_key: str = ""
    default_tenant: str | None = None
    testing: bool = False
    testing_token: str = ""
    trusted_proxies: tuple[str, ...] = LOOPBACK
    hosts: Mapping[str, str] = field(default_factory=dict)
    threads: int = 16
    workers: int = 1
    queue_url: str | None = None
    statement_timeout: float = 10.0

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
    if name == "statement_timeout":
        return _seconds(name, value)
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
        _check_url(name, value, {"sqlite": "sqlite:///", "postgresql": "postgresql://"})
    if name == "queue_url" and value:
        _check_url(name, value, {"sqlite": "sqlite:///", "redis": "redis://", "rediss": "rediss://"})
    if name == "secret_key" and value and len(value) < MIN_SECRET:
        raise BadSetting(f"{PREFIX}SECRET_KEY must have at least {MIN_SECRET} characters")
    return value or (None if name in ("default_tenant", "queue_url") else value)


def _check_url(name: str, url: str, beginnings: Mapping[str, str]) -> None:
    """Raises BadSetting, without repeating the address, which may hold a password."""
    called = f"{PREFIX}{name.upper()}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise BadSetting(f"{called} is no address: the host or the port cannot be read") from None
    begins = beginnings.get(parts.scheme.removesuffix("+psycopg"))
    if begins is None:
        raise BadSetting(f"{called} must begin with {' or '.join(list(beginnings.values())[:2])}")
    if parts.scheme == "sqlite":
        file = Path(url.removeprefix(begins))
        kind = name.partition("_")[0]
        if not url.startswith(begins) or str(file) in (".", "/", ":memory:") or parts.query or file.is_dir():
            raise BadSetting(f"{called}: an SQLite {kind} must be a file")
        if not file.parent.is_dir():
            raise BadSetting(f"{called}: there is no folder {file.parent}")
    elif name == "queue_url" and not (parts.hostname and re.fullmatch(r"/?[0-9]{0,4}", parts.path)):
        raise BadSetting(f"{called} must look like redis://host:6379/0")


def _whole_number(name: str, value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()) or len(text) > 4 or not 1 <= int(text) <= 1024:
        raise BadSetting(f"{PREFIX}{name.upper()} must be a number from 1 to 1024")
    return int(text)


def _seconds(name: str, value: Any) -> float:
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", str(value), re.ASCII) or not 0.1 <= float(value) <= 3600:
        raise BadSetting(f"{PREFIX}{name.upper()} must be seconds, from 0.1 to 3600")
    return float(value)


def _hosts(value: Any, dialects: tuple[str, ...]) -> dict[str, str]:
    """``crm.acme.com=zurmo,data.acme.com=crust``, or a TOML table."""
    pairs = value
    if not isinstance(value, dict):
        parts = [part.strip() for part in str(value).split(",") if part.strip()]
        if any("=" not in part for part in parts):
            raise BadSetting(f"{PREFIX}HOSTS must look like crm.example.com=zurmo,other.example.com=crust")
        pairs = dict(part.split("=", 1) for part in parts)
    for host, dialect in pairs.items():
        if not host:
            raise BadSetting(f"{PREFIX}HOSTS must look like crm.example.com=zurmo,other.example.com=crust")
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
            _make_secret(path)
        secret = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError:
        secret = ""
    except OSError as error:
        raise BadSetting(f"{path}: {error.strerror}") from error
    if len(secret) < MIN_SECRET:
        raise BadSetting(f"{path} must hold at least {MIN_SECRET} characters; delete it to have one made")
    return secret


def _make_secret(path: Path) -> None:
    """Puts the whole key there or nothing: another process may look at any moment, or make one too."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with open(new, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(new, path)
    finally:
        new.unlink(missing_ok=True)
