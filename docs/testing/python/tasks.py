"""A small client of Capsule's tasks, as it might be yours."""

from __future__ import annotations

import time
from typing import Any

import requests


class Tasks:
    """Adds and reads tasks; comes again when it is told to."""

    def __init__(self, base: str, token: str, wait: float = 1.0) -> None:
        self._base = base
        self._auth = (token, "x")
        self._wait = wait

    def add(self, text: str, due: str) -> int:
        task = {"task": {"description": text, "dueDate": due}}
        answer = self._send("POST", "/api/task", json=task)
        return int(answer.headers["Location"].rpartition("/")[2])

    def read(self, id: int) -> dict[str, Any]:
        task: dict[str, Any] = self._send("GET", f"/api/task/{id}").json()["task"]
        return task

    def _send(self, method: str, path: str, **given: Any) -> requests.Response:
        for _ in range(3):
            answer = requests.request(
                method, self._base + path, auth=self._auth, headers={"Accept": "application/json"}, timeout=10, **given
            )
            if answer.status_code != 429:
                break
            time.sleep(self._wait)
        answer.raise_for_status()
        return answer
