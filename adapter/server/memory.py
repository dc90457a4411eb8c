"""Giving back what large requests took: the C library keeps it, unless told otherwise."""

from __future__ import annotations

import ctypes
from contextlib import suppress

LARGE = 256 * 1024
"""Bytes of a request's body from which on memory is given back after it."""
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8
_ARENAS = 4
_SEPARATE = 128 * 1024


def _library() -> ctypes.CDLL | None:
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        # Looked up here, so that a library without them is none.
        library.malloc_trim, library.mallopt  # noqa: B018
        return library
    return None


_LIBC = _library()


def keep_apart() -> None:
    """Large pieces come from the system and go back to it by themselves, however many have gone before; and threads
    share a few heaps. glibc only."""
    if _LIBC is not None:
        _LIBC.mallopt(_MMAP_THRESHOLD, _SEPARATE)
        _LIBC.mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """What is free in the heaps goes back to the system."""
    if _LIBC is not None:
        _LIBC.malloc_trim(0)
