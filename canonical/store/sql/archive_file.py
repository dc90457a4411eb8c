"""The file of an archive: a zip of JSON lines with a manifest. What comes from elsewhere is believed in nothing."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import orjson

from canonical.errors import Unsupported

FORMAT: Final = "crmglot archive"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
MAX_MANIFEST: Final = 1 << 20
MAX_LINE: Final = 64 << 20
MAX_RATIO: Final = 250
"""How many times as long as in the file a member may be: a bomb has a thousand, a tenant of equal rows some fifty."""
PACKINGS: Final = (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)
"""In the order in which they are tried."""
SMALL: Final = 1 << 20
"""Members up to this many bytes may shrink to anything."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError),
    *(RuntimeError, ValueError, OverflowError, IndexError),
)

Row = dict[str, Any]


class Refused(Unsupported):
    """What the file says cannot be taken; nothing of it was."""


@contextmanager
def refusing(file: Path) -> Iterator[None]:
    """Turns what a file that is no whole archive raises into one line that names it."""
    try:
        yield
    except Refused as error:
        raise Refused(f"{file.name}: {error}") from error
    except OSError as error:
        raise Refused(f"{file.name}: {error.strerror or 'cannot be read'}") from error
    except _BROKEN as error:
        raise Refused(f"{file.name} is no whole archive of crmglot") from error


class Writing:
    """An archive in the making. The same rows make the same bytes."""

    def __init__(self, file: IO[bytes], packing: int) -> None:
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)
        self._packing = packing
        self._members: dict[str, Row] = {}

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def member(self, name: str, pages: Iterable[list[Row]]) -> None:
        hashed, count, size = hashlib.sha256(), 0, 0
        with self._zip.open(_info(name, self._packing), "w", force_zip64=True) as out:
            for page in pages:
                lines = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in page)
                out.write(lines)
                hashed.update(lines)
                count += len(page)
                size += len(lines)
        self._members[name] = {"rows": count, "bytes": size, "sha256": hashed.hexdigest()}

    def is_tight(self) -> bool:
        """Whether a member shrank so much that reading would take it for a bomb: then it is not to be packed."""
        return any(map(_is_tight, self._zip.infolist()))

    def tell(self, told: Mapping[str, Any]) -> None:
        """Writes the manifest, after all members."""
        manifest = {"format": FORMAT, "version": VERSION, **told, "members": self._members}
        self._zip.writestr(_info(MANIFEST, self._packing), orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def _is_tight(info: zipfile.ZipInfo) -> bool:
    return info.file_size > max(SMALL, MAX_RATIO * info.compress_size)


def _info(name: str, packing: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = packing
    info.external_attr = 0o600 << 16
    return info


class Reading:
    """An archive whose manifest and list of members are in order; the members are checked as they are read."""

    def __init__(self, file: IO[bytes], names: Iterable[str], schema: str) -> None:
        """Raises Refused, and what `refusing` turns into it, unless it has just the members `names`."""
        self._zip = zipfile.ZipFile(file)
        infos = self._zip.infolist()
        found = [info.filename for info in infos]
        wanted = {MANIFEST, *names}
        for info in infos:
            if info.filename not in wanted:
                raise Refused(f"there is an unknown member {info.filename[:60]!r} in it")
            if info.flag_bits & 1 or info.compress_type not in PACKINGS:
                raise Refused(f"{info.filename} is packed in a way that no archive is")
            if _is_tight(info):
                raise Refused(f"{info.filename} is packed more tightly than records are")
        if len(found) != len(set(found)) or set(found) != wanted:
            raise Refused("members are missing from it, or there twice")
        self.manifest = self._read_manifest(schema)
        self._members: dict[str, Row] = self.manifest["members"]
        for info in infos:
            if info.filename != MANIFEST and info.file_size != self._members[info.filename]["bytes"]:
                raise Refused(f"{info.filename} is not as long as the manifest says")

    def _read_manifest(self, schema: str) -> Row:
        if self._zip.getinfo(MANIFEST).file_size > MAX_MANIFEST:
            raise Refused("its manifest is too long")
        manifest = orjson.loads(self._zip.read(MANIFEST))
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise Refused("is no archive of crmglot")
        if manifest.get("version") != VERSION:
            raise Refused(f"is of an unknown version, {str(manifest.get('version'))[:20]}")
        if manifest.get("schema") != schema:
            there = str(manifest.get("schema"))[:20]
            raise Refused(f"is of the database schema {there}, and this version of crmglot has {schema}")
        told = manifest.get("members")
        members: Row = told if isinstance(told, dict) else {}
        if members.keys() != set(self._zip.namelist()) - {MANIFEST} or not all(map(_is_told, members.values())):
            raise Refused("its manifest does not tell of its members")
        return manifest

    def count(self, name: str) -> int:
        return int(self._members[name]["rows"])

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of a member, one after another. Raises Refused at the end when they are not what was written."""
        told = self._members[name]
        hashed, count = hashlib.sha256(), 0
        with self._zip.open(name) as opened, io.BufferedReader(opened, 1 << 16) as lines:  # type: ignore[type-var]
            while line := lines.readline(MAX_LINE + 1):
                count += 1
                if len(line) > MAX_LINE:
                    raise Refused(f"line {count} of {name} is too long")
                hashed.update(line)
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError:
                    raise Refused(f"line {count} of {name} is no JSON") from None
                if not isinstance(row, dict):
                    raise Refused(f"line {count} of {name} is no record")
                yield row
        if count != told["rows"] or hashed.hexdigest() != told["sha256"]:
            raise Refused(f"{name} is not what the manifest says")


def _is_told(member: object) -> bool:
    return (
        isinstance(member, dict)
        and all(type(member.get(name)) is int for name in ("rows", "bytes"))
        and isinstance(member.get("sha256"), str)
    )
