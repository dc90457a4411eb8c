"""Character sets that clients name, and bytes as text in one of them.

ISO-8859-1 and US-ASCII mean windows-1252 here, as in WHATWG's Encoding: whoever sends 80 to 9F means ``€ … ’ “ ”``,
and nobody ever meant control characters.
"""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases
from urllib.parse import unquote_to_bytes

LATIN = "cp1252"
_CODECS = (
    *("utf_8", "utf_16", "utf_16_le", "utf_16_be"),
    *("koi8_r", "koi8_u", "mac_roman", "tis_620", "shift_jis", "cp932", "euc_jp", "iso2022_jp"),
    *("big5", "gb2312", "gbk", "gb18030", "euc_kr", "cp949"),
    *(f"iso8859_{number}" for number in range(2, 17) if number != 12),
    *(f"cp{number}" for number in (437, 850, *range(1250, 1259))),
)
_LATIN = ("latin_1", "ascii")


def _labels() -> dict[str, str]:
    """Every spelling that Python knows of these: a label that a client makes up is never looked for elsewhere."""
    labels = {}
    for alias, codec in (*aliases.items(), *((codec, codec) for codec in (*_CODECS, *_LATIN))):
        if codec in _CODECS or codec in _LATIN:
            labels[alias] = LATIN if codec in _LATIN else codec.replace("_", "-") if codec.startswith("utf") else codec
    return labels


_KNOWN = _labels()
_LABEL = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.ASCII | re.IGNORECASE)
# Latin-1 with the letters of windows-1252; its five undefined bytes stay as they are in Latin-1.
_WINDOWS = {
    byte: bytes((byte,)).decode(LATIN) for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def label(content_type: str | None) -> str | None:
    """What a Content-Type names as its ``charset=``; None where it names none."""
    found = _LABEL.search(content_type) if content_type else None
    return None if found is None else found[1]


def named(name: str) -> str | None:
    """The codec for a label (`LATIN` for what is read as windows-1252); None for one that is not known here."""
    return _KNOWN.get(name.lower().replace("-", "_").replace(":", "_"))


def of_form(name: str | None) -> str:
    """The codec of a form with that label: UTF-8 for none, an unknown one, and those that no form is written in."""
    found = named(name) if name else None
    return "utf-8" if found is None or found.startswith("utf") else found


def decode(data: bytes, codec: str) -> str:
    """Text in a codec that `named` gave. Raises `ValueError` for bytes that are none in it, windows-1252 excepted."""
    if codec != LATIN:
        return data.decode(codec)
    text = data.decode("iso-8859-1")
    return text if text.isprintable() else text.translate(_WINDOWS)


def text(data: bytes, codec: str = "utf-8") -> str:
    """Text in a codec, or in windows-1252 where the bytes are none in it: somebody wrote it, and nothing is lost."""
    try:
        return decode(data, codec)
    except ValueError:
        return decode(data, LATIN)


def unquoted(path: str) -> str:
    """Text of a target without its percent signs, in UTF-8 or else windows-1252."""
    return text(unquote_to_bytes(path)) if "%" in path else path


def in_utf8(data: bytes, name: str | None) -> bytes:
    """A document, which begins with an ASCII character, in UTF-8 and without a byte order mark.

    A mark tells the character set before the label `name` does; without either it is UTF-8, and so it is under an
    unknown label, and under UTF-16 without a mark where no byte is zero (.NET's way of declaring a string). Raises
    `ValueError` for bytes that are none of the character set, unless that is UTF-8: then the bytes are not looked at.
    """
    marked = next(((mark, codec) for mark, codec in _BOMS if data.startswith(mark)), None)
    if marked is not None:
        mark, codec = marked
        data = data.removeprefix(mark)
    else:
        codec = (named(name) if name else None) or "utf-8"
        if codec.startswith("utf-16"):
            codec = _order(data[:2])
    return data if codec == "utf-8" else decode(data, codec).encode()


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _order(start: bytes) -> str:
    """The codec of what says UTF-16 without a mark, by its first character, an ASCII one."""
    if start[:1] == b"\0":
        return "utf-16-be"
    return "utf-16-le" if start[1:] == b"\0" else "utf-8"
