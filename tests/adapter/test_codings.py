"""Content codings of bodies: what comes of them, and how little a bomb costs."""

from __future__ import annotations

import gzip
import zlib

import pytest

from adapter.formats import Malformed, TooLarge, codings


def packed(data: bytes) -> bytes:
    """The same bytes in every process, which the names of the tests are made from."""
    return gzip.compress(data, mtime=0)


TEXT = b"data[name]=Zo\xc3\xab" * 20
GZIP = packed(TEXT)
RAW = zlib.compress(TEXT)[2:-4]


@pytest.mark.parametrize(
    ("body", "names", "expected"),
    [
        (GZIP, "gzip", TEXT),
        (GZIP, " X-GZip ", TEXT),
        (GZIP + b"\0" * 100, "gzip", TEXT),
        (GZIP + GZIP, "gzip", TEXT + TEXT),
        (zlib.compress(TEXT), "deflate", TEXT),
        (RAW, "deflate", TEXT),
        (packed(zlib.compress(TEXT)), "deflate, gzip", TEXT),
        (packed(b""), "gzip", b""),
        (b"", "gzip", b""),
        # Names of character sets, and whatever else clients put there, code nothing.
        *((TEXT, names, TEXT) for names in ("", "identity", "utf-8", "br", "UTF-8, identity", ",")),
        (GZIP, "identity, gzip", TEXT),
    ],
)
def test_decoded(body: bytes, names: str, expected: bytes) -> None:
    assert codings.decoded(body, names, 1000) == expected


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (TEXT, "gzip"),
        (GZIP[:-1], "gzip"),
        (GZIP[:5], "gzip"),
        (GZIP[:-8] + b"\1\2\3\4" + GZIP[-4:], "gzip"),
        (GZIP + b"more", "gzip"),
        (GZIP + GZIP[:5], "gzip"),
        (packed(b"") * 17, "gzip"),
        (GZIP, "deflate"),
        (GZIP, "gzip, gzip"),
        (GZIP, "gzip, gzip, gzip"),
        (zlib.compress(TEXT)[:-1], "deflate"),
        (zlib.compress(TEXT) + b"more", "deflate"),
        (b"\0", "deflate"),
        (b"\0", "gzip"),
    ],
)
def test_what_is_not_coded_as_it_says(body: bytes, names: str) -> None:
    with pytest.raises(Malformed):
        codings.decoded(body, names, 100_000)


@pytest.mark.slow
def test_the_cap_counts_what_comes_out() -> None:
    assert len(codings.decoded(packed(b"a" * 1000), "gzip", 1000)) == 1000
    for body, names in (
        (packed(b"a" * 1001), "gzip"),
        (packed(b"a" * 600) * 2, "gzip"),
        (packed(packed(b"a" * 100_000_000)), "gzip, gzip"),
        (zlib.compress(b"a" * 100_000_000), "deflate"),
    ):
        with pytest.raises(TooLarge) as caught:
            codings.decoded(body, names, 1000)
        assert (caught.value.size, caught.value.limit) == (caught.value.limit + 1, caught.value.limit)
