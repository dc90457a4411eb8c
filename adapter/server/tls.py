"""TLS as gunicorn makes it, and as clients from before 2014 need it."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable
from typing import Any

DEFAULT = "1.2"
VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, DEFAULT: ssl.TLSVersion.TLSv1_2}
# Both older versions sign with SHA-1, and their clients know none of the ciphers that Python's own list leaves.
_OLD_CIPHERS = "DEFAULT:@SECLEVEL=0"

MakeContext = Callable[[], ssl.SSLContext]


def context_from(lowest: str) -> Callable[[Any, MakeContext], ssl.SSLContext]:
    """gunicorn's hook: its context, which takes clients from version `lowest` on."""

    def hook(_: Any, make: MakeContext) -> ssl.SSLContext:
        context = make()
        if lowest != DEFAULT:
            context.set_ciphers(_OLD_CIPHERS)
            with warnings.catch_warnings():
                # Python calls them deprecated; the operator has been told so.
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = VERSIONS[lowest]
        return context

    return hook
