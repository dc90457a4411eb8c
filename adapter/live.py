"""Live: a vendor's own server as an endpoint, over requests. Bounded in time and size, paced, polite about 429."""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from adapter.formats import TooLarge
from adapter.wire import WireRequest, WireResponse

SAFE = ("GET", "HEAD", "OPTIONS")
HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade"}
OF_THE_TRANSFER = {"content-encoding", "content-length", "transfer-encoding"}
BUSY = (429, 503)


class Unreachable(Exception):
    """The server gave no answer, after all tries. The text names neither the query string nor any header."""


class Live:
    """Sends to `base_url` plus the request's target, and gives the answer as it came.

    Redirects are not followed: a 302 is an answer. A safe request without an answer, and any request answered 429 or
    503, is tried again up to `tries` times in all, after the server's ``Retry-After`` or 1, 2, 4, … seconds, at most
    `longest_wait`. Between two requests at least `pace` seconds pass. Answers beyond `max_bytes` raise TooLarge.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float = 30.0,
        tries: int = 3,
        pace: float = 0.0,
        longest_wait: float = 60.0,
        max_bytes: int = 64 * 1024 * 1024,
        session: requests.Session | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._tries = tries
        self._pace = pace
        self._longest_wait = longest_wait
        self._max_bytes = max_bytes
        self._sleep = sleep
        self._clock = clock
        self._next = 0.0
        if session is None:
            session = requests.Session()
            session.trust_env = False
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=0))
        self._session = session

    def send(self, request: WireRequest) -> WireResponse:
        """The server's answer. Raises Unreachable, TooLarge."""
        for attempt in range(1, self._tries + 1):
            self._keep_pace()
            try:
                response = self._once(request)
            except requests.RequestException as error:
                if attempt == self._tries or request.method not in SAFE:
                    raise Unreachable(f"{request.method} {self.base_url}: {type(error).__name__}") from None
                self._sleep(min(2.0 ** (attempt - 1), self._longest_wait))
                continue
            if response.status not in BUSY or attempt == self._tries:
                return response
            self._sleep(min(_retry_after(response, 2.0 ** (attempt - 1)), self._longest_wait))
        raise Unreachable(f"{request.method} {self.base_url}: no tries")

    def _keep_pace(self) -> None:
        wait = self._next - self._clock()
        if wait > 0:
            self._sleep(wait)
        self._next = self._clock() + self._pace

    def _once(self, request: WireRequest) -> WireResponse:
        headers = {name: value for name, value in request.headers if name.lower() not in HOP_BY_HOP}
        prepared: Any = requests.Request(request.method, self.base_url, headers=headers, data=request.body or None)
        prepared = self._session.prepare_request(prepared)
        # The target is sent as it is: requests would decode and encode it anew.
        prepared.url = self.base_url + request.target
        with self._session.send(prepared, timeout=self._timeout, allow_redirects=False, stream=True) as answer:
            body = b""
            for chunk in answer.iter_content(65536):
                body += chunk
                if len(body) > self._max_bytes:
                    raise TooLarge(len(body), self._max_bytes)
            # The chunks are joined and the body is inflated by now.
            kept = [pair for pair in answer.raw.headers.items() if pair[0].lower() not in OF_THE_TRANSFER]
            return WireResponse(answer.status_code, kept, body)


def _retry_after(response: WireResponse, default: float) -> float:
    """The seconds that ``Retry-After`` asks for, as a number or a date."""
    text = response.header("Retry-After")
    if text is None:
        return default
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return default
