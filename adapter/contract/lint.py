"""Lint: what is wrong with a recording before it runs: secrets left, duplicates, order, sizes, what is unused."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapter.contract.carrying import HELD
from adapter.contract.exchange import FILES, Exchange
from adapter.contract.redaction import OPEN, Redactor
from adapter.contract.session import NAME
from adapter.contract.values import values
from adapter.contract.verify import duplicates, unused
from adapter.dialect import Dialect

LARGE = 1_000_000
KNOWN = frozenset({NAME, "deviations.json", "README.md"})
FATAL = frozenset({"secret", "duplicate"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, and where; `kind` is ``secret``, ``duplicate``, ``unused``, ``order`` or ``size``."""

    kind: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.text}"


def lint(root: Path, session: Sequence[Exchange], dialect: Dialect, deviations: Iterable[str]) -> list[Complaint]:
    """All that is wrong with the recording in `root`. No complaint repeats a secret."""
    found = [Complaint("duplicate", name, "says the same as an exchange before it") for name in duplicates(session)]
    found += [Complaint("unused", name, "a deviation of no exchange") for name in unused(session, deviations)]
    found += [Complaint("unused", name, "no part of a recording") for name in _strange(root, session)]
    steps = {exchange.step for exchange in session}
    for exchange in session:
        found += _secrets(exchange, dialect)
        found += _order(exchange, steps)
        size = len(exchange.request_bytes) + len(exchange.response_bytes)
        if size > LARGE:
            found.append(Complaint("size", exchange.name, f"{size} bytes"))
    return found


def _secrets(exchange: Exchange, dialect: Dialect) -> Iterator[Complaint]:
    for file, raw in zip(FILES, (exchange.request_bytes, exchange.response_bytes), strict=False):
        redactor = Redactor(dialect.traces.secrets, (), dialect.secret_parameters)
        held = redactor.learn(raw)
        secret = {name for name, each in redactor.credentials.items() if each.role not in OPEN}
        # A placeholder within a value means that the secret part of it is out.
        left = {name for name in secret if not HELD.search(redactor.credentials[name].value)}
        for name in sorted(left):
            places = ", ".join(held.get(name, ["somewhere in it"]))
            yield Complaint("secret", f"{exchange.name}/{file}", f"a {redactor.credentials[name].role} at {places}")


def _order(exchange: Exchange, steps: set[int]) -> Iterator[Complaint]:
    held = {value.place for value in values(exchange.request_bytes)} | {"target", "body"}
    for carry in exchange.carries:
        if carry.step not in steps:
            yield Complaint("order", exchange.name, f"carry {carry.name} is of step {carry.step}, which is not there")
        elif carry.step >= exchange.step:
            yield Complaint(
                "order", exchange.name, f"carry {carry.name} is of step {carry.step}, which is not before it"
            )
        for place in carry.places:
            if place not in held and not re.match(r"header ", place):
                yield Complaint("unused", exchange.name, f"carry {carry.name} is for {place}, which is not there")


def _strange(root: Path, session: Iterable[Exchange]) -> list[str]:
    names = {exchange.name for exchange in session}
    found = [entry.name for entry in os.scandir(root) if entry.name not in names | KNOWN]
    for name in sorted(names):
        found += [f"{name}/{entry.name}" for entry in os.scandir(root / name) if entry.name not in FILES]
    return sorted(found)
