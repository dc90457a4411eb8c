"""The queue that wakes workers: huey, on SQLite by default, on Redis by ``CRMGLOT_QUEUE_URL``.

A message says "look at this job now". What there is to do stands in the database's agenda, which workers look
through by themselves: a lost message, or a process that dies between commit and message, costs half a second.
Messages are JSON, not pickles: whoever can write to the queue cannot make a worker run code.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from huey import Huey, RedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from adapter.jobs.scripts import Checker
from adapter.logs import Log
from adapter.settings import BadSetting, Settings
from canonical.service.workflows import ScriptError

NAME: Final = "crmglot"
UNCONFIGURED: Final = "crmglot.queue"
PATIENCE: Final = 5.0
"""How many seconds nothing is sent to a queue that has failed."""


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Messages as JSON lists."""

    def _serialize(self, data: Any) -> bytes:
        return orjson.dumps(list(data))

    def _deserialize(self, data: Any) -> Message:
        fields = orjson.loads(bytes(data))
        return Message(*fields)


class Queue:
    """Messages from whoever makes jobs to whoever runs them. `work` is what a worker does with one."""

    def __init__(self, huey: Huey) -> None:
        self.huey = huey
        self.work: Callable[[int, int], object] = lambda tenant_id, job_id: None
        self._send = huey.task(name="look_at")(self._look_at)

    def _look_at(self, tenant_id: int, job_id: int) -> None:
        self.work(tenant_id, job_id)

    def send(self, tenant_id: int, job_id: int) -> None:
        """Raises what the queue's storage raises."""
        self._send(tenant_id, job_id)


def open_queue(settings: Settings) -> Queue:
    """The configured queue; without one a file beside the SQLite database, or in the working directory.

    Raises BadSetting for an address that cannot be meant, and for a file what SQLite raises.
    """
    options: dict[str, Any] = {"results": False, "serializer": JsonSerializer()}
    url = settings.queue_url
    if url is not None and urlsplit(url).scheme in ("redis", "rediss"):
        # Only those who have a Redis pay for its client.
        import redis

        try:
            pool = redis.ConnectionPool.from_url(url, socket_connect_timeout=2, socket_timeout=10)
            # Made and not used: only so is an option that there is not found before the first message.
            pool.connection_class(**pool.connection_kwargs)
        except (TypeError, ValueError):
            raise BadSetting("CRMGLOT_QUEUE_URL has an option that cannot be used") from None
        return Queue(RedisHuey(NAME, connection_pool=pool, **options))
    file = queue_file(settings)
    with suppress(FileExistsError):
        # Its owner's alone, like the database.
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return Queue(SqliteHuey(NAME, filename=str(file), **options))


def queue_file(settings: Settings) -> Path:
    """Where the queue lies when it is no Redis."""
    if settings.queue_url is not None:
        return Path(settings.queue_url.partition("///")[2])
    if settings.database_url.startswith("sqlite"):
        return Path(settings.database_url.partition("///")[2] + ".queue")
    return Path(UNCONFIGURED)


class QueueAutomation:
    """The core's `canonical.service.workflows.Automation`: checks scripts, and tells workers of new jobs."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._checker = Checker()
        self._queue: Queue | None = None
        self._guard = threading.Lock()
        self._silent_until = 0.0

    def check(self, bodies: Sequence[str]) -> list[ScriptError | None]:
        return self._checker.check(bodies)

    def announce(self, tenant_id: int, job_id: int) -> None:
        if time.monotonic() < self._silent_until:
            return
        try:
            with self._guard:
                if self._queue is None:
                    self._queue = open_queue(self._settings)
            self._queue.send(tenant_id, job_id)
        except Exception as error:
            self._silent_until = time.monotonic() + PATIENCE
            self._log.event({"level": "error", "message": "the queue is away", "error": type(error).__name__})
