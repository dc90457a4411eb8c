"""Mock servers of others, each with one task in it. A server is one class and its row in `MOCKS`.

None is a dependency of this project: they are started from where the caller has them.
"""

from __future__ import annotations

import shlex
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

import orjson

from bench import client
from bench.client import Environ
from bench.sides import Facts, Plain

_JSON: Final = {"Content-Type": "application/json"}


class Missing(Exception):
    """A server that cannot be started here, and why."""


class Mock(ABC):
    """Made of the words that start it, as `find` gives them, and of a task that the floor has."""

    name: ClassVar[str]
    least: ClassVar[float]
    """How many times the CPU of our GET one its own must be."""
    warm_up: ClassVar[int]
    """Requests before it is measured."""

    def __init__(self, words: list[str], floor: Plain, id: int) -> None:
        self.words, self.floor, self.id = words, floor, id
        self.facts = floor.get(id)

    def command(self, folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """What starts it, and its environment beside ours."""
        return [*self.words, *self.options(folder, port)], {}

    @staticmethod
    @abstractmethod
    def find(given: str | None) -> list[str]:
        """From what the caller gave. Raises Missing."""

    @abstractmethod
    def options(self, folder: Path, port: int) -> list[str]:
        """The words after those that start it. It may fill the folder."""

    @abstractmethod
    def put(self) -> list[Environ]:
        """Puts the task there."""

    @abstractmethod
    def one(self) -> Environ: ...
    @abstractmethod
    def read_one(self, body: bytes) -> Facts: ...


def on_path(command: str) -> list[str]:
    """Its words, the first one found. Raises Missing."""
    first, *others = shlex.split(command) or [""]
    found = shutil.which(first)
    if found is None:
        raise Missing(f"there is no {first or 'command'}")
    return [str(Path(found).absolute()), *others]


class WireMock(Mock):
    """One stub, found by its URL, with a canned answer. What costs it time is off: journal, gzip, chunks."""

    name = "WireMock"
    least = 0.8
    warm_up = 150_000
    """Its compiler, with one core, is at work for most of these."""

    @staticmethod
    def find(given: str | None) -> list[str]:
        """`given` is its standalone jar."""
        if given is None:
            raise Missing("no --wiremock JAR")
        if not Path(given).is_file():
            raise Missing(f"there is no {given}")
        return [*on_path("java"), "-jar", str(Path(given).absolute())]

    def options(self, folder: Path, port: int) -> list[str]:
        return [
            *("--port", str(port), "--bind-address", "127.0.0.1", "--root-dir", str(folder)),
            *("--no-request-journal", "--disable-request-logging"),
            *("--disable-gzip", "--use-chunked-encoding", "never"),
        ]

    def put(self) -> list[Environ]:
        canned = client.call(self.floor.app, self.floor.one(self.id))
        asked = {"method": "GET", "url": self.one()["RAW_URI"]}
        answered = {"status": 200, "headers": _JSON, "body": canned.decode()}
        stub = orjson.dumps({"request": asked, "response": answered})
        return [client.request("POST", "/__admin/mappings", _JSON, stub)]

    def one(self) -> Environ:
        return self.floor.one(self.id)

    def read_one(self, body: bytes) -> Facts:
        return self.floor.read_one(body)


class Moto(Mock):
    """DynamoDB with one table of one item, read by GetItem: the JSON protocol 1.0, signed by nobody."""

    name = "moto"
    least = 12
    warm_up = 500
    key: Final = {"AttributeName": "id"}

    @staticmethod
    def find(given: str | None) -> list[str]:
        """`given` is the command that starts it, ``moto_server`` unless told otherwise."""
        return on_path("moto_server" if given is None else given)

    def options(self, folder: Path, port: int) -> list[str]:
        return ["-H", "127.0.0.1", "-p", str(port)]

    def put(self) -> list[Environ]:
        table = {
            "KeySchema": [{**self.key, "KeyType": "HASH"}],
            "AttributeDefinitions": [{**self.key, "AttributeType": "N"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        item = {name: _attribute(value) for name, value in self.facts.items()}
        return [self._call("CreateTable", table), self._call("PutItem", {"Item": item})]

    def one(self) -> Environ:
        return self._call("GetItem", {"Key": {"id": _attribute(self.id)}})

    def read_one(self, body: bytes) -> Facts:
        return {name: _value(attribute) for name, attribute in orjson.loads(body)["Item"].items()}

    @staticmethod
    def _call(action: str, sent: dict[str, Any]) -> Environ:
        scope = "bench/20140101/us-east-1/dynamodb/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{action}",
            "X-Amz-Date": "20140101T000000Z",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}",
        }
        return client.request("POST", "/", headers, orjson.dumps({"TableName": "tasks", **sent}))


def _attribute(value: int | str | None) -> dict[str, Any]:
    """As DynamoDB types it."""
    match value:
        case None:
            return {"NULL": True}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}


_READ: Final[dict[str, Callable[[Any], int | str | None]]] = {"NULL": lambda _: None, "N": int, "S": str}


def _value(attribute: dict[str, Any]) -> int | str | None:
    ((kind, told),) = attribute.items()
    return _READ[kind](told)


MOCKS: Final[dict[str, type[Mock]]] = {"wiremock": WireMock, "moto": Moto}
"""By the option that says where it is: a row here is a server that ours is measured against."""
