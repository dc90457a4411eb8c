"""What can be wrong with bytes from the wire, before anybody asks what they mean.

Malformed     the bytes do not follow their format
  TooDeep     they may, but nest deeper than allowed
  OutOfRange  they may, but a number in them is beyond what can be kept
TooLarge      more of something than allowed; never read to the end
"""

from __future__ import annotations


class Malformed(Exception):
    """Bytes that break the rules of their format.

    `message` is fit to be shown to a client. `line` and `column` count from 1, `offset` from 0; each is None
    where the format's parser does not tell.
    """

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, offset: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.offset = offset


class TooDeep(Malformed):
    """Well formed as far as it was read, but nested deeper than allowed."""


class OutOfRange(Malformed):
    """Well formed as far as it was read, but a number in it is beyond a double."""


class TooLarge(Exception):
    """More bytes, pairs or elements than allowed: `size` found so far, `limit` permitted."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} is more than the limit of {limit}")
        self.size = size
        self.limit = limit
