"""The report of a migration: one object as JSON, text or a page of HTML that needs nothing else, signed.

The signature is Ed25519 over the bytes of the file without it. Whoever knows the operator's public key learns by it
that not a letter was changed since; the key stands in the report too, so that two reports can be held to each other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from adapter.migrate import outcome
from adapter.migrate.ledger import STATES, VERIFIED, Ledger
from adapter.migrate.plan import Plan
from adapter.migrate.sides import Unreadable
from canonical.values import SECOND, iso_time

ENDINGS: Final = (".html", ".json", ".txt")
MAX_BYTES: Final = 256 * 1024 * 1024
_COLOURS: Final = ("#2b7a3d", "#2f5fa8", "#8a8f98", "#c9a227", "#b3332b")
_STYLE: Final = (
    "body{font:15px/1.4 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}"
    "td,th{border:1px solid #bbb;padding:.2em .6em;text-align:left;overflow-wrap:anywhere}"
)
_LISTS: Final = (
    ("Losses", "losses", ("kind", "field", "reason", "count")),
    ("Differences", "differences", ("kind", "source_id", "target_id", "field", "expected", "got")),
    ("Set aside", "quarantined", ("n", "kind", "source_id", "reason")),
    ("Ids that were taken", "collisions", ("kind", "source_id", "rule")),
)


def told(plan: Plan, ledger: Ledger) -> dict[str, Any]:
    """What the ledger knows of the last run. Raises `Unreadable` where there was none."""
    last = ledger.last_run()
    if last is None:
        raise Unreadable(f"{plan.path.name}: was never run")
    number, started, ended = last
    result = outcome.outcome(ledger, plan.kinds)
    seconds = None if ended is None else round(max(ended - started, 0) / SECOND, 3)
    rate = round(result["total"]["read"] / seconds, 1) if seconds else None
    proof = json.loads(ledger.meta(VERIFIED, "null"))
    if proof is not None and proof["at"] < started:
        proof = None
    run = {
        "from": plan.source,
        "to": plan.target,
        "run": number,
        "started": iso_time(started),
        "ended": None if ended is None else iso_time(ended),
        "seconds": seconds,
        "records_per_second": rate,
        "verified": None if proof is None else iso_time(proof["at"]),
    }
    return {**run, **result, "differences": [] if proof is None else proof["differences"]}


# -- the three forms --------------------------------------------------------------------------------


def rendered(report: Mapping[str, Any], ending: str, key: Ed25519PrivateKey) -> bytes:
    """The signed file."""
    public = key.public_key().public_bytes_raw().hex()
    if ending == ".json":
        named = {**report, "key": public}
        return _dumped({**named, "signature": key.sign(_dumped(named)).hex()})
    body = (as_html(report) if ending == ".html" else as_text(report)).encode("utf-8", "replace")
    return body + _line(ending, public, key.sign(body).hex())


def _dumped(report: Mapping[str, Any]) -> bytes:
    return (json.dumps(report, ensure_ascii=True, indent=1) + "\n").encode()


def _line(ending: str, public: str, signature: str) -> bytes:
    line = f"Signed: ed25519 {public} {signature}"
    return (f"<!-- {line} -->\n" if ending == ".html" else f"{line}\n").encode()


def as_text(report: Mapping[str, Any]) -> str:
    head = [f"{title}: {value}" for title, value in _heads(report)]
    return "\n".join([*head, "", outcome.as_text(report)]) + "\n"


def as_html(report: Mapping[str, Any]) -> str:
    """Everything that a record or a server said is escaped; no script, nothing that is fetched."""
    words = ("kind", "read", *STATES)
    counts = [
        {"kind": kind, **row} for kind, row in {**report["kinds"], "total": report["total"]}.items() if row["read"]
    ]
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8"><title>Migration report</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style></head><body><h1>Migration report</h1>",
        _table(("title", "value"), [{"title": title, "value": value} for title, value in _heads(report)], head=False),
        "<h2>Records</h2>",
        _table(words, counts),
        _chart(report["kinds"]),
    ]
    for title, name, columns in _LISTS:
        rows = report[name]
        parts.append(f"<h2>{title} ({len(rows)})</h2>")
        if rows:
            parts.append(_table(columns, rows))
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _heads(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = ("from", "to", "run", "started", "ended", "seconds", "records_per_second", "verified")
    return [(name.replace("_", " "), _shown(report[name])) for name in names]


def _shown(value: Any) -> str:
    """No control character leaves the page, or moves the cursor of a terminal."""
    text = "—" if value is None else str(value)
    return "".join(char if char.isprintable() else " " for char in text)


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, head: bool = True) -> str:
    top = "<tr>" + "".join(f"<th>{escape(name)}</th>" for name in columns) + "</tr>" if head else ""
    body = ("".join(f"<td>{escape(_shown(row[name]))}</td>" for name in columns) for row in rows)
    return f"<table>{top}" + "".join(f"<tr>{cells}</tr>" for cells in body) + "</table>"


def _chart(kinds: Mapping[str, Mapping[str, int]]) -> str:
    """A bar for each kind, as long as it has records, in pieces of what became of them."""
    rows = [(kind, row) for kind, row in kinds.items() if row["read"]]
    most = max((row["read"] for _, row in rows), default=1)
    out = []
    for line, (kind, row) in enumerate(rows):
        x, y = 120.0, 22 * line
        out.append(f'<text x="0" y="{y + 15}">{escape(kind)}</text>')
        for state, colour in zip(STATES, _COLOURS, strict=True):
            wide = 560 * row[state] / most
            if wide:
                title = f"<title>{escape(kind)} {state}: {row[state]}</title>"
                out.append(f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="18" fill="{colour}">{title}</rect>')
            x += wide
    base = 22 * len(rows) + 18
    for at, (state, colour) in enumerate(zip(STATES, _COLOURS, strict=True)):
        out.append(f'<rect x="{120 * at}" y="{base - 12}" width="12" height="12" fill="{colour}"/>')
        out.append(f'<text x="{120 * at + 18}" y="{base}">{state}</text>')
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="700" height="{base + 8}" role="img">{"".join(out)}</svg>'


# -- keys and signatures ----------------------------------------------------------------------------


def key_of(plan: Plan) -> Ed25519PrivateKey:
    """The operator's key: beside the plan, made when it is first needed, its owner's alone."""
    path = plan.path.with_name(plan.path.name + ".key")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        try:
            return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii").strip()))
        except ValueError:
            raise Unreadable(f"{path.name}: is no key") from None
    key = Ed25519PrivateKey.generate()
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(key.private_bytes_raw().hex() + "\n")
    return key


def signer(path: Path) -> str:
    """The public key that signed a report as it stands. Raises `Unreadable` for one that was changed."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise Unreadable(f"{path.name}: too large for a report")
    try:
        body, public, signature = _taken_apart(data, path.suffix)
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), body)
    except InvalidSignature:
        raise Unreadable(f"{path.name}: was changed since it was signed") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable(f"{path.name}: is no signed report") from None
    return public


def _taken_apart(data: bytes, ending: str) -> tuple[bytes, str, str]:
    """What was signed, the key and the signature. Raises ValueError, KeyError or TypeError."""
    if ending == ".json":
        report = json.loads(data)
        # A member that is there twice, or a blank, is a change that the object does not show.
        if _dumped(report) != data:
            raise InvalidSignature
        signature = report.pop("signature")
        return _dumped(report), report["key"], signature
    body, _, line = data.rstrip(b"\n").rpartition(b"\n")
    words = line.decode("ascii").removeprefix("<!-- ").removesuffix(" -->").split(" ")
    if len(words) != 4 or words[:2] != ["Signed:", "ed25519"]:
        raise ValueError
    body += b"\n"
    if body + _line(ending, words[2], words[3]) != data:
        raise InvalidSignature
    return body, words[2], words[3]
