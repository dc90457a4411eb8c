"""How a command fails: one clear line and an exit code."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from adapter.logs import say
from adapter.settings import BadSetting
from canonical.errors import CanonicalError, Duplicate, Invalid, NotFound, WrongSchema

F = TypeVar("F", bound=Callable[..., Any])


class Failure(click.ClickException):
    """One clear line and exit code 1."""

    def show(self, file: Any = None) -> None:
        say(f"crmglot: {self.format_message()}")


class Misuse(Failure):
    """One clear line and exit code 2: a bad setting or option."""

    exit_code = 2


def told(function: F) -> F:
    """Turns what the core raises into one line."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except NotFound as error:
            raise Failure(f"there is no {error.kind} {error.id}") from error
        except Duplicate as error:
            raise Failure(f"{error.field} {error.value} is taken".replace("  ", " ")) from error
        except Invalid as error:
            raise Failure(str(error)) from error
        except (WrongSchema, BadSetting) as error:
            raise Misuse(str(error)) from error
        except CanonicalError as error:
            raise Failure(str(error) or type(error).__name__) from error

    return wrapper  # type: ignore[return-value]
