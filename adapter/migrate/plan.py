"""The plan of a migration: a small versioned TOML file that an operator reads, changes and runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from adapter.client import KINDS, PARTS
from adapter.migrate.sides import Unreadable

VERSION: Final = 1
WORDS: Final = (*PARTS, *KINDS)
"""All words for kinds that a plan knows, in the order in which they are moved."""
MATCH_KEYS: Final = ("email", "phone", "name", "name_town")
CHANGED_BOTH: Final = ("source", "target", "quarantine")
HIDDEN: Final = ("quarantine", "show")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operator decided. `source` and `target` are sides as the command line names them.

    `users` maps usernames, ``*`` for all others; `match` names by kind what a record of the target is known by;
    `defaults` are by kind what records get that lack it, an empty text for quarantine; `values` are by kind and field
    the target's word for the source's; `drop` are by kind the fields that stay behind. `hidden`
    says what becomes of records that not everybody sees or reads, and whose target would show them to everybody.
    """

    source: str
    target: str
    kinds: tuple[str, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    drop: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changed_both: str = "source"
    pace: float = 0.0
    hidden: str = "quarantine"
    path: Path = Path()

    @property
    def ledger(self) -> Path:
        """Where the ledger is: beside the plan."""
        return self.path.with_name(self.path.name + ".ledger")


def in_order(words: Iterable[str]) -> tuple[str, ...]:
    """Kinds in the order in which they are moved, each once. Raises `Unreadable` for a word that is none."""
    given = [word.strip() for word in words if word.strip()]
    for word in given:
        if word not in WORDS:
            raise Unreadable(f"{word}: there is no such kind; kinds are {' '.join((*KINDS, *PARTS))}")
    return tuple(word for word in WORDS if word in given)


# -- reading ----------------------------------------------------------------------------------------


def read(path: Path) -> Plan:
    """Raises `Unreadable` with file, line and column of what is wrong."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise Unreadable(f"{path}: {reason or 'cannot be read'}") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"{path}: {error}") from None
    return _Reader(path, text).plan(data)


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()

    def wrong(self, table: str, key: str, reason: str) -> Unreadable:
        """An error with the place of a key in its table."""
        inside = not table
        for number, line in enumerate(self.lines, 1):
            header = re.match(r"\s*\[+([^\]]*)\]", line)
            if header:
                if key == "" and header[1].strip() == table:
                    return Unreadable(f"{self.path}: line {number}, column 1: {reason}")
                inside = header[1].strip() == table
            found = re.match(r"""\s*(["']?)""" + re.escape(key) + r"""\1\s*=""", line) if inside and key else None
            if found:
                column = len(line) - len(line.lstrip()) + 1
                return Unreadable(f"{self.path}: line {number}, column {column}: {reason}")
        return Unreadable(f"{self.path}: {table or 'top'}{'.' if key else ''}{key}: {reason}")

    def plan(self, data: dict[str, Any]) -> Plan:
        tables = {"version", "from", "to", "run", "users", "match", "defaults", "values", "drop"}
        for name in data:
            if name not in tables:
                raise self.wrong(
                    "" if not isinstance(data[name], dict) else name, "", f"{name}: there is no such part"
                )
        if data.get("version") != VERSION:
            raise self.wrong("", "version", f"version must be {VERSION}")
        run = self.table(data, "run", {"kinds", "pace", "changed_both", "hidden"})
        kinds = run.get("kinds")
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            raise self.wrong("run", "kinds", "kinds must be a list of kinds")
        try:
            ordered = in_order(kinds)
        except Unreadable as error:
            raise self.wrong("run", "kinds", str(error)) from None
        pace = run.get("pace", 0)
        if not isinstance(pace, int | float) or isinstance(pace, bool) or not 0 <= pace <= 3600:
            raise self.wrong("run", "pace", "pace must be seconds between two requests")
        both = run.get("changed_both", "source")
        if both not in CHANGED_BOTH:
            raise self.wrong("run", "changed_both", f"changed_both must be one of {', '.join(CHANGED_BOTH)}")
        hidden = run.get("hidden", "quarantine")
        if hidden not in HIDDEN:
            raise self.wrong("run", "hidden", f"hidden must be one of {', '.join(HIDDEN)}")
        return Plan(
            self.side(data, "from"),
            self.side(data, "to"),
            ordered,
            self.texts("users", data.get("users", {})),
            self.lists("match", data.get("match", {}), MATCH_KEYS),
            {kind: self.texts(f"defaults.{kind}", values) for kind, values in self.kinds(data, "defaults").items()},
            {
                (kind, name): self.texts(f"values.{kind}.{name}", words)
                for kind, fields in self.kinds(data, "values").items()
                for name, words in self.table(fields, "", None, f"values.{kind}").items()
            },
            self.lists("drop", data.get("drop", {}), ()),
            both,
            float(pace),
            hidden,
            self.path,
        )

    def side(self, data: dict[str, Any], name: str) -> str:
        table = self.table(data, name, {"side"})
        side = table.get("side")
        if not isinstance(side, str) or not side:
            raise self.wrong(name, "side", "side must be a text such as capsule=https://…")
        return side

    def table(self, data: Any, name: str, known: set[str] | None, called: str = "") -> dict[str, Any]:
        table = data.get(name, {}) if name else data
        called = called or name
        if not isinstance(table, dict):
            raise self.wrong(called, "", f"{called} must be a table")
        for key in table:
            if known is not None and key not in known:
                raise self.wrong(called, key, f"{key}: there is no such setting of {called}")
        return table

    def kinds(self, data: dict[str, Any], name: str) -> dict[str, Any]:
        table = self.table(data, name, None)
        for kind in table:
            if kind not in WORDS:
                raise self.wrong(f"{name}.{kind}", "", f"{kind}: there is no such kind")
        return table

    def texts(self, called: str, table: Any) -> dict[str, str]:
        for key, value in self.table(table, "", None, called).items():
            if not isinstance(value, str):
                raise self.wrong(called, key, f"{key} must be a text")
        return dict(table)

    def lists(self, called: str, table: Any, known: Sequence[str]) -> dict[str, tuple[str, ...]]:
        for kind, names in self.table(table, "", None, called).items():
            if kind not in WORDS:
                raise self.wrong(called, kind, f"{kind}: there is no such kind")
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise self.wrong(called, kind, f"{kind} must be a list of texts")
            for name in names:
                if known and name not in known:
                    raise self.wrong(called, kind, f"{name}: there is no such key; keys are {', '.join(known)}")
        return {kind: tuple(names) for kind, names in table.items()}


# -- writing ----------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """A TOML string."""
    out = "".join(
        f"\\u{ord(char):04x}" if ord(char) < 32 or char == "\x7f" else f"\\{char}" if char in '"\\' else char
        for char in text
    )
    return f'"{out}"'


def listed(texts: Iterable[str]) -> str:
    return "[" + ", ".join(quoted(text) for text in texts) + "]"


def written(plan: Plan, notes: Mapping[str, Sequence[str]]) -> str:
    """The file. `notes` are lines of comment by table (``kinds``, ``losses``, ``users``, …)."""
    lines = [f"version = {VERSION}", "", "[from]", f"side = {quoted(plan.source)}", ""]
    lines += ["[to]", f"side = {quoted(plan.target)}", "", "[run]"]
    lines += _comments(notes.get("kinds", ()))
    lines.append(f"kinds = {listed(plan.kinds)}")
    lines += [
        "# Seconds between two requests to a vendor's server.",
        f"pace = {plan.pace}",
        "# When both sides changed a field since the last run: source, target or quarantine.",
        f"changed_both = {quoted(plan.changed_both)}",
        "# Records that only some see or read, where the target shows all to everybody: quarantine, or show.",
        *_comments(notes.get("hidden", ())),
        f"hidden = {quoted(plan.hidden)}",
        "",
        "# Whom the source's users are on the target; * stands for all others.",
        "[users]",
    ]
    lines += [f"{quoted(name)} = {quoted(value)}" for name, value in plan.users.items()]
    lines += _comments(notes.get("users", ()))
    lines += [
        "",
        "# By what a record that the target had before is the same: email, phone, name, name_town.",
        "[match]",
    ]
    lines += [f"{kind} = {listed(keys)}" for kind, keys in plan.match.items()]
    for kind, values in plan.defaults.items():
        lines += [
            "",
            f'# What the target needs of a {kind}, where it lacks it; "" sets it aside.',
            f"[defaults.{kind}]",
        ]
        lines += [f"{name} = {quoted(value)}" for name, value in values.items()]
    for (kind, name), words in plan.values.items():
        lines += ["", "# The target's word for the source's.", f"[values.{kind}.{name}]"]
        lines += [f"{quoted(word)} = {quoted(value)}" for word, value in words.items()]
    lines += ["", "# By kind, fields that stay behind."]
    lines += _comments(notes.get("losses", ()))
    lines.append("[drop]")
    lines += [f"{kind} = {listed(names)}" for kind, names in plan.drop.items()]
    return "\n".join(lines) + "\n"


def _comments(lines: Sequence[str]) -> list[str]:
    return [f"# {line}".rstrip() for line in lines]
