"""A vendor's server as a side, or whatever speaks as it does: a driver over an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from adapter.client import Batch, UnexpectedAnswer
from adapter.driver import Driver
from adapter.formats import TooLarge
from adapter.live import Unreachable
from adapter.losses import LossReport
from adapter.migrate.sides import Given, Gone, Made, Traits, Unreadable
from canonical.errors import CanonicalError, Denied, Invalid, Problem, Unauthenticated, Unavailable
from canonical.values import Instant

T = TypeVar("T")


class LiveSide:
    """A driver's server. `name` is how the operator calls it, without credentials."""

    def __init__(self, name: str, driver: Driver) -> None:
        self.driver = driver
        side = driver.side
        self.traits = Traits(
            name,
            driver.dialect.name,
            side.capabilities,
            requires=side.requires,
            vocabulary=side.vocabulary,
            precision=side.precision,
            refers=side.refers,
        )
        self.losses = driver.losses

    def sign_in(self) -> None:
        """Raises `Unreadable` when the credentials are not good or the address is none of that vendor's."""
        name = self.traits.name
        try:
            self.driver.sign_in()
        except (Unauthenticated, Denied):
            raise Unreadable(f"{name}: the credentials are refused") from None
        except UnexpectedAnswer as error:
            raise Unreadable(f"{name}: the answer is not {self.traits.dialect}'s ({error})") from None
        except (Unreachable, TooLarge, Unavailable) as error:
            raise Unreadable(f"{name}: {error}") from None
        except CanonicalError:
            raise Unreadable(f"{name}: the answer is not {self.traits.dialect}'s: is that its address?") from None

    def pull(self, kind: str, since: Instant | None = None, *, again: bool = False) -> Iterator[Batch]:
        batches = self.driver.pull(kind, since)
        told = LossReport() if again else self.losses
        while True:
            self.driver.losses = told
            try:
                batch = self._answered(lambda: next(batches, None))
            finally:
                self.driver.losses = self.losses
            if batch is None:
                return
            yield batch

    def perform(self, operation: Any) -> Any:
        return self._answered(lambda: self.driver.perform(operation))

    def _answered(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except (Unreachable, UnexpectedAnswer, Unauthenticated, Unavailable, TooLarge) as error:
            raise Gone(f"{self.traits.name}: {error}") from None

    def create_many(self, given: Sequence[Given]) -> Iterator[Made]:
        for each in given:
            self.driver.losses = report = LossReport()
            try:
                made = self.perform(each.operation)
            except CanonicalError as error:
                yield Made(error=error)
                continue
            finally:
                self.driver.losses = self.losses
            told = tuple((loss.field, loss.reason, count) for loss, count in report.counts().items())
            if not made.id:
                yield Made(error=Invalid(Problem("id", "missing")))
            else:
                yield Made(made.id, losses=told)

    def made(self, keys: Sequence[str]) -> Mapping[str, int]:
        return {}

    def alias(self, kind: str, alias: str, id: int) -> str:
        return ""

    def collision(self, kind: str, alias: str, id: int = 0) -> str:
        return ""

    def written_id(self, kind: str, id: int) -> str:
        return self.driver.side.foreign_id(kind, id)

    def close(self) -> None:
        pass
