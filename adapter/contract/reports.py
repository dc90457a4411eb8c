"""The report of a verification as text, JSON or JUnit XML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import orjson

from adapter.contract.exchange import Exchange
from adapter.contract.verify import Report
from adapter.formats.xml_body import escape_attribute, escape_text


def as_text(report: Report, session: Iterable[Exchange] = ()) -> str:
    """For people: a paragraph a difference, then what else is to be said."""
    lines: list[str] = []
    for each in report.differences:
        lines += [
            f"{each.exchange}: {each.path}",
            f"  expected  {each.expected}",
            f"  got       {each.got}",
            f"  nearest   {each.nearest}",
            f"  {each.curl}",
        ]
    lines += [f"{name}: a named deviation, as declared" for name in report.honoured]
    lines += [f"{name}: no longer differs; remove its deviation" for name in report.stale]
    lines += [f"{name}: a deviation of an exchange that does not exist" for name in report.unused]
    lines += [f"{name}: says the same as an exchange before it" for name in report.duplicates]
    differing = len({each.exchange for each in report.differences})
    lines.append(f"{report.exchanges} exchanges, {len(report.differences)} differences in {differing} of them")
    return "\n".join(lines) + "\n"


def as_json(report: Report, session: Iterable[Exchange] = ()) -> str:
    """For programs."""
    told: dict[str, Any] = {
        "exchanges": report.exchanges,
        "differences": [asdict(each) for each in report.differences],
        "deviations": {"honoured": report.honoured, "stale": report.stale},
        "unused": report.unused,
        "duplicates": report.duplicates,
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def as_junit(report: Report, session: Iterable[Exchange] = ()) -> str:
    """For build servers: a test case an exchange."""
    cases: list[str] = []
    failures = 0
    for exchange in session:
        found = [each for each in report.differences if each.exchange == exchange.name]
        texts = [f"{each.path}: expected {each.expected}, got {each.got}\n{each.curl}" for each in found]
        texts += ["no longer differs; remove its deviation"] if exchange.name in report.stale else []
        failures += bool(texts)
        name = escape_attribute(exchange.name)
        if texts:
            message = escape_attribute(texts[0].partition("\n")[0])
            inside = f'<failure message="{message}">{escape_text(chr(10).join(texts))}</failure>'
            cases.append(f'  <testcase classname="crmglot.contract" name="{name}">{inside}</testcase>')
        else:
            cases.append(f'  <testcase classname="crmglot.contract" name="{name}"/>')
    head = f'<testsuite name="crmglot contract verify" tests="{len(cases)}" failures="{failures}" errors="0">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>", ""])


FORMS = {"text": as_text, "json": as_json, "junit": as_junit}
