"""Floating-point numbers as other languages print them."""

from __future__ import annotations

from decimal import Decimal


def php_float(value: float, exponent: str = "e") -> str:
    """`value` as PHP 5 prints it: 14 digits, no final ``.0``, ``1.0e+25``.

    Source: php-src main/snprintf.c, php_gcvt, with `precision` at its default. `exponent` is the letter used:
    ``e`` in json_encode, ``E`` in string conversion. `value` must be finite.
    """
    mantissa, letter, power = f"{value:.14g}".partition("e")
    if not letter:
        return mantissa
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}{exponent}{power[0]}{power[1:].lstrip('0')}"


def go_float(value: float) -> str:
    """`value` as Go's encoding/json prints it: shortest digits, plain from 1e-6 up to 1e21, else ``1e-7``.

    Source: encoding/json, floatEncoder.encode. `value` must be finite.
    """
    if value and not 1e-6 <= abs(value) < 1e21:
        mantissa, _, power = repr(value).partition("e")
        return f"{mantissa}e{power.replace('-0', '-', 1)}"
    return f"{Decimal(repr(value)):f}".removesuffix(".0")
