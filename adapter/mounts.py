"""Which dialect a request is for: by path prefix on any host, or by the Host header at the root. Never by sniffing."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from adapter.gateway import Gateway


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a request goes: the gateway, the prefix it came under, and the label of the host that names a tenant."""

    gateway: Gateway
    prefix: str
    tenant_host: str | None


_mount = functools.lru_cache(maxsize=4096)(Mount)


class Mounts:
    """The mounts of one server. `hosts` maps further host names to dialects (for those without a home domain)."""

    def __init__(self, gateways: Mapping[str, Gateway], hosts: Mapping[str, str] | None = None) -> None:
        self.gateways = dict(gateways)
        self._exact: dict[str, Gateway] = {}
        self._suffixes: list[tuple[str, Gateway]] = []
        for gateway in self.gateways.values():
            for pattern in gateway.dialect.hosts:
                if pattern.startswith("*."):
                    self._suffixes.append((pattern[1:], gateway))
                else:
                    self._exact[pattern] = gateway
        # The longer suffix wins: `.api.example.com` before `.example.com`.
        self._suffixes.sort(key=lambda entry: -len(entry[0]))
        for host, name in (hosts or {}).items():
            self._exact[host.lower()] = self.gateways[name]

    def add_host(self, host: str, name: str) -> None:
        """One more host whose root is that dialect's."""
        self._exact[hostname(host)] = self.gateways[name]

    def forget_host(self, host: str) -> None:
        self._exact.pop(hostname(host), None)

    def find(self, host: str, raw_path: str) -> tuple[Mount, str] | None:
        """The mount and the path below it; None when no dialect is meant. A prefix counts on every host."""
        name, label = _names(host)
        # A client whose base address ends in a slash sends two.
        segment, _, rest = raw_path.lstrip("/").partition("/")
        prefixed = self.gateways.get(segment)
        if prefixed is not None:
            return _mount(prefixed, f"/{segment}", label), f"/{rest}"
        gateway = self._exact.get(name)
        if gateway is not None:
            return _mount(gateway, "", label), raw_path
        for suffix, owner in self._suffixes:
            if name.endswith(suffix):
                return _mount(owner, "", label), raw_path
        return None


@functools.lru_cache(maxsize=4096)
def _names(host: str) -> tuple[str, str | None]:
    """The host's name, and the same again where it could name a tenant."""
    name = hostname(host)
    return name, name if "." in name and not _is_address(name) else None


def hostname(host: str) -> str:
    """The name of a Host header, lower case, without its port and without the dot of the root."""
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0][1:]
    return (name.rpartition(":")[0] if ":" in name else name).removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
