"""Secrets that an operator gives, where no `ps` shows them."""

from __future__ import annotations

import sys

import click

from adapter.cli.faults import Misuse


def asked(what: str) -> str:
    """A secret from the terminal, without echo, or the first line of standard input. Raises Misuse."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, confirmation_prompt=True, err=True))
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise Misuse(f"a {what.lower()} is needed: --{what.lower()}, or a line on standard input")
    return given
