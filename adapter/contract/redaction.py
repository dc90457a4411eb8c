"""Redaction: secrets out of messages before anything is written, each one the same placeholder wherever it occurs.

A secret is known by its place (an authorization, a cookie, a field of a name that the dialect or the operator calls
secret). Once known it is replaced in every message, in whatever encoding: as text, percent-encoded, in base64,
escaped as in JSON or XML, or in a mixture of them.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from adapter.contract.values import Value, fitted, spliced, split, values
from adapter.wire import Headers

SHORT = 6
"""Shorter secrets (the ``x`` that stands for a password) are replaced where they are told to be one, not in words."""
LONG = 8
"""Shorter ones are replaced as words of their own only."""
OPEN = frozenset({"username", "client_id", "domain"})
"""Roles that are told, as they are no secrets: who signs in."""

GENERAL: Mapping[str, str] = {
    "password": "password",
    "passwd": "password",
    "api-key": "token",
    "apikey": "token",
    "x-api-key": "token",
    "access-token": "token",
    "refresh-token": "token",
    "token": "token",
    "client-secret": "client_secret",
    "proxy-authorization": "token",
}
"""Names that mean a secret with any vendor."""

_PLACEHOLDER = re.compile(r"\{\{[a-z_]+:\d+\}\}\Z")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]+(\S.*)\Z")
_IN_ADDRESS = re.compile(r"[?&#;]([\w.-]+)=([^&#;\s\"'<>]+)")
_ELSEWHERE = (
    re.compile(r"[\"']([\w.-]+)[\"']\s*:\s*\"([^\"\\]+)"),
    re.compile(r"[\s<]([\w.-]+)\s*=\s*[\"']([^\"'<>]+)[\"']"),
    re.compile(r"(?:\A|[\s&;])([\w.-]+)\s*=\s*([^\s&;\"'<>]+)"),
    re.compile(r"<([\w.-]+)[^<>]*>([^<>]+)</"),
    re.compile(r"name=\"?([\w.-]+)\"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]+)\r\n--"),
)
"""Names and values in bodies that nothing reads: broken JSON or XML, attributes, parts of multipart forms."""
_RUN = rb"[A-Za-z0-9+/_=-]*"


@dataclass(slots=True)
class Credential:
    """One secret, or the name of who signs in: its role, and `of`, how a Basic one is put together."""

    role: str
    value: str = field(repr=False)
    of: str = ""
    user: str = ""

    def told(self) -> dict[str, str]:
        """What may be written of it."""
        shown = {"role": self.role, "of": self.of, "user": self.user}
        if self.role in OPEN:
            shown["value"] = self.value
        return {key: text for key, text in shown.items() if text}


class Redactor:
    """The secrets of one recording. `names` maps names of headers, cookies and fields to roles; `further` and
    `parameters` are names of which no more is known than that they are secret."""

    def __init__(self, names: Mapping[str, str], further: Iterable[str] = (), parameters: Iterable[str] = ()) -> None:
        self._names = {
            **{Headers.key(name): "token" for name in parameters},
            **GENERAL,
            **{Headers.key(name): role for name, role in names.items()},
            **{Headers.key(name): "value" for name in further},
        }
        self._placeholders: dict[tuple[str, str], str] = {}
        self._count: dict[str, int] = {}
        self._patterns: dict[str, re.Pattern[bytes]] = {}
        self.credentials: dict[str, Credential] = {}

    def role_of(self, value: Value) -> str | None:
        """The role of a value by its place, None where it is none of secrets or names."""
        role = self._names.get(Headers.key(re.split(r"[\[\]]", value.name.rstrip("]"))[-1]))
        if role is not None:
            return role
        if value.place.startswith("cookie ") and (len(value.text) >= LONG or not value.text.isalpha()):
            return "session"
        return None

    def learn(self, raw: bytes) -> dict[str, list[str]]:
        """Takes note of the secrets of a message; gives placeholder names and the places that hold them."""
        held: dict[str, list[str]] = {}
        user = ""
        for value in values(raw):
            if Headers.key(value.name) == "authorization" and value.place.startswith("header "):
                for name in self._authorization(value.text):
                    held.setdefault(name, []).append(value.place)
                continue
            for name, text in _IN_ADDRESS.findall(value.text):
                self._note_named(name, unquote_plus(text))
            role = self.role_of(value)
            if role is None or not value.text or value.text in ("null", "true", "false"):
                continue
            if _PLACEHOLDER.match(value.text):
                continue
            name = self._note(role, value.text)
            held.setdefault(name, []).append(value.place)
            if role in OPEN:
                user = value.text
        for pattern in _ELSEWHERE:
            for named, text in pattern.findall(split(raw)[1].decode("utf-8", "replace")):
                self._note_named(named, text)
        if user:
            for name in held:
                if self.credentials[name].role not in OPEN:
                    self.credentials[name].user = self.credentials[name].user or user
        return held

    def _note_named(self, name: str, text: str) -> None:
        """A secret that stands by its name in an address, or in a body that is not what it says."""
        role = self._names.get(Headers.key(name))
        if role is not None and role not in OPEN and text and not _PLACEHOLDER.match(text):
            self._note(role, text)

    def _authorization(self, text: str) -> list[str]:
        match = _SCHEME.match(text)
        scheme, rest = (match[1].lower(), match[2]) if match else ("", text)
        if scheme != "basic":
            return [self._note("token", rest)] if rest and not _PLACEHOLDER.match(rest) else []
        try:
            plain = base64.b64decode(rest, validate=False).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return [self._note("token", rest)]
        username, _, password = plain.partition(":")
        user_role = self._names.get("basic-username", "username")
        of = username if user_role in OPEN or not username else "{{" + self._note(user_role, username) + "}}"
        if user_role in OPEN and username:
            self._note(user_role, username)
        if password and not (len(password) == 1 and user_role not in OPEN):
            secret = self._note(self._names.get("basic-password", "password"), password)
            self.credentials[secret].user = username if user_role in OPEN else ""
            password = "{{" + secret + "}}"
        name = self._note("basic", rest)
        self.credentials[name].of = f"{of}:{password}"
        return [name]

    def _note(self, role: str, text: str) -> str:
        known = self._placeholders.get((role if role in OPEN else "", text))
        if known is not None:
            return known
        count = self._count[role] = self._count.get(role, 0) + 1
        name = f"{role}:{count}"
        self._placeholders[role if role in OPEN else "", text] = name
        self.credentials[name] = Credential(role, text)
        if role not in OPEN and len(text) >= SHORT:
            self._patterns[name] = _pattern(text)
        return name

    def clean(self, raw: bytes) -> bytes:
        """The message without any secret known by now, its Content-Length fitting."""
        changes: dict[tuple[int, int], bytes] = {}
        for value in values(raw):
            if Headers.key(value.name) == "authorization" and value.place.startswith("header "):
                match = _SCHEME.match(value.text)
                rest = match[2] if match else value.text
                name = self._placeholders.get(("", rest))
                if name:
                    changes[value.end - len(rest), value.end] = _braced(name)
                continue
            role = self.role_of(value)
            name = self._placeholders.get(("", value.text))
            if role is not None and role not in OPEN and name is not None:
                span = value.start, value.end
                if value.coding == "json" and raw[value.start - 1 : value.start] != b'"':
                    changes[span] = b'"' + _braced(name) + b'"'
                else:
                    changes[span] = _braced(name)
        return self.scrubbed(spliced(raw, changes))

    def scrubbed(self, raw: bytes) -> bytes:
        """`raw` with what is known to be secret replaced, wherever it stands and whatever it is written in."""
        for name in sorted(self._patterns, key=lambda name: -len(self.credentials[name].value)):
            raw = self._patterns[name].sub(_braced(name), raw)
        return fitted(raw)

    def holds_secret(self, raw: bytes) -> bool:
        """Whether a secret known by now is in `raw` still."""
        return any(pattern.search(raw) for pattern in self._patterns.values())

    def shown(self, text: str) -> str:
        """A text for the terminal without secrets."""
        return self.scrubbed(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _braced(name: str) -> bytes:
    return b"{{" + name.encode() + b"}}"


def _pattern(text: str) -> re.Pattern[bytes]:
    """All ways in which `text` may be written: each character in any escape, or the whole within base64."""
    written = b"".join(b"(?:" + b"|".join(_ways(character)) + b")" for character in text)
    if len(text) < LONG:
        return re.compile(rb"(?<![0-9A-Za-z])" + written + rb"(?![0-9A-Za-z])")
    cores: set[bytes] = set()
    for codec in ("utf-8", "iso-8859-1"):
        try:
            data = text.encode(codec)
        except UnicodeEncodeError:
            continue
        for shift in range(3):
            whole = base64.b64encode(b"\0" * shift + data)
            start = (0, 2, 3)[shift]
            core = whole[start : len(whole) - (4 if (shift + len(data)) % 3 else 0)]
            cores |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    inside = b"|".join(re.escape(core) for core in sorted(cores, key=len, reverse=True) if len(core) >= 8)
    return re.compile(written + (b"|" + _RUN + b"(?:" + inside + b")" + _RUN if inside else b""))


def _ways(character: str) -> list[bytes]:
    ways: dict[bytes, None] = {}
    for codec in ("utf-8", "iso-8859-1"):
        try:
            data = character.encode(codec)
        except UnicodeEncodeError:
            continue
        ways[re.escape(data)] = None
        ways[b"(?i:" + b"".join(b"%%(?:25)?%02x" % byte for byte in data) + b")"] = None
    for unit in (character.encode("utf-16-be"),):
        ways[b"(?i:" + b"".join(rb"\\u%02x%02x" % (unit[i], unit[i + 1]) for i in range(0, len(unit), 2)) + b")"] = (
            None
        )
    ways[b"(?i:&#(?:0*%d|x0*%x);)" % (ord(character), ord(character))] = None
    named = html.escape(character).encode("utf-8", "replace")
    if named.startswith(b"&"):
        ways[named] = None
    if character == "'":
        ways[b"&apos;"] = None
    if character in '"\\/':
        ways[re.escape(b"\\" + character.encode())] = None
    if character == " ":
        ways[rb"\+"] = None
    return list(ways)
