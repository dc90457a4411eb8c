"""Keeps one command running until standard input closes. Started by path; imports nothing of ours, to stay small."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY = 30.0
"""A command that ran for so many seconds is started anew without a longer pause."""
GRACE = 25.0


def parent_is_there(seconds: float) -> bool:
    """False at once when standard input closes, True when it is still open after so many seconds."""
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return not ready


def tell(status: int, pause: float) -> None:
    """A line of the log, as `adapter.logs` writes them."""
    event = {
        "level": "error",
        "message": "worker ended",
        "status": status,
        "again_in": pause,
        "at": round(time.time(), 3),
    }
    try:
        os.write(2, json.dumps(event, separators=(",", ":")).encode() + b"\n")
    except OSError:
        return


def main(command: list[str]) -> None:
    pause = FIRST_PAUSE
    while True:
        started = time.monotonic()
        child = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - the command of whoever started us
        try:
            while child.poll() is None:
                if not parent_is_there(0.5):
                    child.terminate()
                    child.wait(GRACE)
                    return
        except subprocess.TimeoutExpired:
            return
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        tell(child.returncode, pause)
        if not parent_is_there(pause):
            return
        pause = FIRST_PAUSE if time.monotonic() - started > STEADY else min(pause * 2, LONGEST_PAUSE)


if __name__ == "__main__":
    main(sys.argv[1:])
