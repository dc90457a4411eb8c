"""The recorder: a reverse proxy between a client and a vendor that writes each exchange down, without secrets.

What the client gets is byte for byte what the vendor sent, header order and letter case too; only the framing and the
Connection header are the proxy's own.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from adapter.contract.hop import BadMessage, Message, Upstream
from adapter.contract.listener import Listener, framed
from adapter.contract.recording import Recording


class Recorder(Listener):
    """Passes on what clients ask and records it; `tell` hears a line for each exchange."""

    name = "crmglot contract record"

    def __init__(
        self, recording: Recording, upstream: Upstream, host: str, port: int, tell: Callable[[str], None]
    ) -> None:
        super().__init__(host, port)
        self._recording = recording
        self._upstream = upstream
        self._tell = tell

    def __enter__(self) -> Recorder:
        return self

    def exchange(self, connection: socket.socket, request: Message) -> bool:
        """Asks the vendor, writes the exchange down, and answers."""
        began = time.time()
        try:
            answer = self._upstream.ask(request)
        except TimeoutError:
            return self._failed(connection, request, began, 504, "the upstream server did not answer in time")
        except (OSError, BadMessage, ValueError) as error:
            what = str(error) if isinstance(error, BadMessage) else type(error).__name__
            return self._failed(connection, request, began, 502, f"the upstream server: {what}")
        stays = self.stays(request)
        # Written before it is answered, so that exchanges stand in the order in which the client made them.
        self._tell(self._recording.add(request, self._upstream.headers(request), answer, began, time.time()))
        connection.sendall(framed(answer, request, stays))
        return stays

    def _failed(self, connection: socket.socket, request: Message, began: float, status: int, what: str) -> bool:
        self._tell(self._recording.line(request, status, began) + f"  {what}; nothing written")
        connection.sendall(self.plain(status, what))
        return False
