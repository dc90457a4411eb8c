"""The world of a server under test: taken down under a name, and put back within milliseconds."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from canonical.errors import Unsupported

START: Final = "start"
"""The name under which the world that the server started with is kept."""
MOST: Final = 50
MAX_BYTES: Final = 256 * 1024 * 1024
"""What all snapshots together may take of memory."""


class Rewindable(Protocol):
    """What the core gives of this."""

    def snapshot(self, limit: int) -> Any: ...
    def restore(self, snapshot: Any) -> None: ...
    def make_foreseeable(self, draw: Callable[[int], bytes]) -> None: ...
    def tokens_known(self) -> bytes: ...


class Foreseeable:
    """Bytes for tokens, the same in every run: a function of how many were drawn before. For tests only."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._guard = threading.Lock()
        self.drawn = 0

    def __call__(self, count: int) -> bytes:
        with self._guard:
            self.drawn += 1
            message = self.drawn.to_bytes(8)
        blocks = (hmac.digest(self._seed, message + bytes([at]), hashlib.sha256) for at in range(count // 32 + 1))
        return b"".join(blocks)[:count]


class Worlds:
    """Snapshots by name, and with each how many tokens were made by then, so that ids and tokens repeat too."""

    def __init__(self, core: Rewindable) -> None:
        self._core = core
        self._guard = threading.Lock()
        self._kept: dict[str, tuple[Any, int]] = {}
        self._why_not: str | None = None
        # Another one for each set of tokens that is there: those of an earlier run must not come again.
        self.tokens = Foreseeable(core.tokens_known())
        core.make_foreseeable(self.tokens)

    def begin(self) -> None:
        """Takes down the world that is there now as the one to go back to; why that cannot be is told later."""
        try:
            self.keep(START)
        except Unsupported as error:
            self._why_not = str(error)

    def keep(self, name: str) -> None:
        """Raises Unsupported where there is no room or no way."""
        with self._guard:
            if self._why_not is not None:
                raise Unsupported(self._why_not)
            others = [snapshot.size for kept, (snapshot, _) in self._kept.items() if kept != name]
            if len(others) >= MOST:
                raise Unsupported(f"there are {MOST} snapshots already")
            self._kept[name] = (self._core.snapshot(MAX_BYTES - sum(others)), self.tokens.drawn)

    def put_back(self, name: str) -> None:
        """Raises KeyError for a name that nothing is kept under, Unsupported."""
        with self._guard:
            if self._why_not is not None:
                raise Unsupported(self._why_not)
            snapshot, drawn = self._kept[name]
            self._core.restore(snapshot)
            self.tokens.drawn = drawn

    def names(self) -> list[str]:
        return sorted(self._kept)
