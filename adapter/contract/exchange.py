"""A recorded exchange: a folder with `request.http`, `response.http` and `meaning.json`. See fixtures/README.md.

Folders come from anywhere, so they are read as hostile input: plain names, regular files, size caps, plain JSON.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from adapter.contract.http_text import parse_request, parse_response
from adapter.contract.schemas import load_meaning
from adapter.contract.volatile import PLACEHOLDER, Volatile
from adapter.formats import Malformed, TooLarge, json_body
from adapter.wire import WireRequest, WireResponse

MAX_BYTES = 4_000_000
MAX_CASES = 10_000
FILES = ("request.http", "response.http", "meaning.json")

_CASE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}\Z")


class BadExchange(Exception):
    """A folder that is no recorded exchange: what is wrong with it, and where."""


@dataclass(frozen=True, slots=True)
class Carry:
    """A value this request takes over from an earlier answer, and the places of the request that hold it.

    It is at `pointer` in the answer to `step`, in its cookie `cookie`, or the last id in its `header`; or it is a
    signed token made for
    the occasion (`made`: algorithm, key and expiry in words) about the subject so found. `places` are
    ``target``, ``body`` or ``header NAME``, or one value of those: ``path N``, ``query NAME``, ``form NAME``,
    ``cookie NAME``, ``body POINTER``.
    """

    name: str
    step: int
    places: tuple[str, ...]
    pointer: str | None = None
    cookie: str | None = None
    header: str | None = None
    made: Mapping[str, str] | None = None

    @property
    def placeholder(self) -> str | None:
        """``{{token:1}}`` where the recording holds a placeholder instead of the value."""
        return "{{" + self.name + "}}" if PLACEHOLDER.fullmatch("{{" + self.name + "}}") else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, byte for byte, with what they mean. Make it with `of` or `load`."""

    name: str
    request_bytes: bytes
    response_bytes: bytes
    meaning: Mapping[str, Any]
    request: WireRequest
    response: WireResponse
    carries: tuple[Carry, ...]
    volatile: tuple[Volatile, ...]

    @property
    def step(self) -> int:
        """Its place in the session; steps run in ascending order."""
        step: int = self.meaning["step"]
        return step

    @property
    def provenance(self) -> str:
        """Documented by whom, or recorded when and from what."""
        return str(self.meaning.get("provenance", ""))

    @property
    def operation(self) -> Any:
        """What is asked, in canonical words, as plain data; None where nothing is said."""
        return self.meaning.get("operation")

    @property
    def result(self) -> Any:
        """What came of it, in canonical words, without ids and moments; None where nothing is said."""
        return self.meaning.get("result")

    @classmethod
    def of(cls, name: str, request: bytes, response: bytes, meaning: Mapping[str, Any]) -> Exchange:
        """An exchange out of its three parts. Raises BadExchange."""
        if not _CASE.match(name):
            raise BadExchange(f"not a case name: {name[:100]!r}")
        try:
            loaded = load_meaning(meaning)
            carries = tuple(_carry(key, entry) for key, entry in loaded["carries"].items())
            volatile = tuple(
                Volatile(entry["kind"], entry.get("pointer"), entry.get("header"), entry["scope"])
                for entry in loaded["volatile"]
            )
            return cls(
                name, request, response, meaning, parse_request(request), parse_response(response), carries, volatile
            )
        except Malformed as error:
            raise BadExchange(f"{name}: {error}") from None

    def save(self, root: Path) -> None:
        """Writes the folder `root`/`name`, whole or not at all, in place of one that is there.

        Secrets must have been replaced before: nothing is hidden here.
        """
        folder = root / self.name
        if folder.is_symlink():
            raise BadExchange(f"{self.name}: a symbolic link")
        root.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".", dir=root))
        about = orjson.dumps(self.meaning, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        for file, content in zip(FILES, (self.request_bytes, self.response_bytes, about), strict=True):
            with (made / file).open("xb") as out:
                out.write(content)
        made.chmod(0o755)
        if folder.exists():
            for old in FILES:
                (made / old).replace(folder / old)
            made.rmdir()
        else:
            made.rename(folder)


def load(root: Path, name: str) -> Exchange:
    """The exchange in the folder `root`/`name`. Raises BadExchange; reads nothing outside that folder."""
    if not _CASE.match(name):
        raise BadExchange(f"not a case name: {name[:100]!r}")
    folder = root / name
    if folder.is_symlink() or not folder.is_dir():
        raise BadExchange(f"{name}: not a folder")
    try:
        meaning = json_body.parse(read_capped(folder / "meaning.json"), max_depth=32)
    except (Malformed, TooLarge) as error:
        raise BadExchange(f"{name}: meaning.json: {error}") from None
    return Exchange.of(name, read_capped(folder / "request.http"), read_capped(folder / "response.http"), meaning)


def load_session(root: Path) -> list[Exchange]:
    """All exchanges in the folders of `root`, in the order of their steps. Raises BadExchange."""
    # What begins with a dot was being written when its writer was killed.
    names = sorted(
        entry.name for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False) and entry.name[:1] != "."
    )
    if len(names) > MAX_CASES:
        raise BadExchange(f"more than {MAX_CASES} cases")
    session = sorted((load(root, name) for name in names), key=lambda exchange: exchange.step)
    for earlier, later in pairwise(session):
        if earlier.step == later.step:
            raise BadExchange(f"{earlier.name} and {later.name} are both step {later.step}")
    return session


def read_capped(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file of at most `limit` bytes, symbolic links not followed. Raises BadExchange."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise BadExchange(f"{path.name}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise BadExchange(f"{path.name}: not a regular file")
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BadExchange(f"{path.name}: more than {limit} bytes")
    return content


def _carry(name: str, entry: Mapping[str, Any]) -> Carry:
    source = entry.get("sub", entry)
    made = {key: entry[key] for key in ("made", "key", "exp")} if "made" in entry else None
    return Carry(
        name,
        source["step"],
        tuple(entry["places"]),
        source.get("pointer"),
        source.get("cookie"),
        source.get("header"),
        made,
    )
