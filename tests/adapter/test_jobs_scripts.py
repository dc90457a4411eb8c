"""Scripts in their sandbox: what they can say, that they cannot get out, and that nothing of theirs is without end."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from adapter.jobs.scripts import Checker, Limits, Script, ScriptFailed, parse_error

SMALL = Limits(cpu=1.0, wall=5.0, memory=192 * 1024 * 1024, steps=5_000_000, hold_cpu=0.2, hold_wall=1.0)


def run(body: str, limits: Limits = SMALL, **more: Any) -> list[dict[str, Any]]:
    """All that the script says; every call is answered with a small record."""
    said = []
    with Script(body, more.get("params", {}), more.get("error"), limits, more.get("wall", limits.wall)) as script:
        while True:
            message = script.next()
            if "done" in message:
                return said
            said.append(message)
            if "call" in message:
                script.answer({"id": 7, "title": "x"})


def failure(body: str, limits: Limits = SMALL, **more: Any) -> str:
    with pytest.raises(ScriptFailed) as caught:
        run(body, limits, **more)
    return str(caught.value)


# -- what they can do -------------------------------------------------------------------------------


def test_a_script_sees_its_parameters_and_why_the_job_failed() -> None:
    said = run('log(params["who"], len(params), error)\nprint("é", 1, None)', params={"who": "Žan"}, error="oh")
    assert said == [{"log": "Žan 1 oh"}, {"log": "é 1 null"}]
    assert run("log(error, params)") == [{"log": "null {}"}]


def test_calls_carry_what_json_can_say_and_bring_answers_back() -> None:
    body = (
        'r = crm.create("task", {"title": "é", "n": [1, (2, None)]}, due="2018-12-10")\nlog(r["title"], r["id"] + 1)'
    )
    call, log = run(body)
    assert call == {
        "call": "create",
        "values": ["task", {"title": "é", "n": [1, [2, None]]}],
        "named": {"due": "2018-12-10"},
    }
    assert log == {"log": "x 8"}


def test_the_language() -> None:
    body = """
def double(items):
    return [2 * item for item in items if item]

who = "Ann"
for item in double([1, 0, 2]):
    log(f"{who} {item}")
if len(who) == 3:
    log(json.encode({"a": [1, None]}), json.decode("[1]"))
log(dir(crm), hasattr(crm, "delete"))
"""
    assert [each["log"] for each in run(body)] == [
        "Ann 2",
        "Ann 4",
        '{"a":[1,null]} [1]',
        '["complete", "create", "find", "get", "link", "update"] false',
    ]


@pytest.mark.parametrize(
    ("body", "line", "column", "part"),
    [
        ("x = 1\ny = = 2", 2, 5, "unexpected symbol"),
        ("def f(:\n  pass", 1, 7, "unexpected symbol"),
        ('x = "abc', 1, 5, "unfinished string"),
        ("while True:\n  pass", 1, 1, "reserved keyword"),
        ("import os", 1, 1, "reserved keyword"),
        ('load("a", "b")', 1, 1, "`load` is not allowed"),
        ("return 1", 1, 1, "outside"),
        ("x = \0", 1, 5, "invalid input"),
        ("é = 1", 1, 1, "invalid input"),
    ],
)
def test_what_does_not_parse_is_told_with_its_place(body: str, line: int, column: int, part: str) -> None:
    error = parse_error(body)
    assert error is not None
    assert (error.line, error.column) == (line, column)
    assert part in error.message


def test_what_parses_is_not_run_to_know_it() -> None:
    assert Checker().check(["fail('not yet')", "no_such_name", ""]) == [None, None, None]


def test_the_checker_remembers() -> None:
    checker = Checker()
    first = checker.check(["x = "])
    started = time.perf_counter()
    assert checker.check(["x = "] * 100) == first * 100
    assert time.perf_counter() - started < 0.02


@pytest.mark.parametrize("body", ["(" * 32_000, "[" * 32_000, "x = " + "not " * 16_000, "x = " + "-" * 60_000])
def test_text_made_to_break_the_parser_is_only_an_error(body: str) -> None:
    assert parse_error(body) is not None


def test_errors_tell_where() -> None:
    assert failure('x = 1\nfail("no such person:", x)') == "line 2, column 1: fail: no such person: 1"
    assert failure("x = 1\nlog(nobody)").startswith("line 2, column 5: Variable `nobody` not found")
    assert failure('def f():\n    return {}["a"]\nf()').startswith('line 2, column 12: Key `"a"` was not found')
    assert "division by zero" in failure("1 // 0")
    assert "not supported on type `function`" in failure("log(lambda x: x)")


def test_a_call_that_fails_ends_the_script_where_it_was() -> None:
    with Script('x = 1\ncrm.get("task", 1)\nlog("never")', {}, None, SMALL, 5) as script:
        assert script.next()["call"] == "get"
        script.refuse("crm.get: no")
        with pytest.raises(ScriptFailed, match=r"\Aline 2, column 1: crm.get: no\Z"):
            script.next()


# -- what they cannot do ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        'open("/etc/passwd")',
        'load("/etc/passwd", "x")',
        'load("@os//path", "x")',
        "import os",
        '__import__("os")',
        'eval("1")',
        'exec("1")',
        'getattr(crm, "__class__")',
        "crm.find.__self__",
        'crm.find.__globals__["sys"]',
        '"".__class__.__mro__',
        "().__class__.__bases__[0].__subclasses__()",
        "(lambda: 0).__code__",
        '"{0.__class__}".format(crm)',
        "_crm_find()",
        "breakpoint()",
        "debug(1)",
        "type(crm).mro()",
        'globals()["sys"]',
        "params.__init__",
        "log.__call__.__self__",
    ],
)
def test_there_is_no_way_out(body: str) -> None:
    assert failure(body)


def test_the_process_has_nothing_to_find() -> None:
    with Script('crm.get("task", 1)', {}, None, SMALL, 5) as script:
        script.next()
        process = script._process._process.pid
        folder = Path(f"/proc/{process}")
        environment = (folder / "environ").read_bytes()
        assert b"CRMGLOT" not in environment
        assert b"PATH=" not in environment
        # Its three streams and nothing else: no database, no sockets.
        assert sorted(os.listdir(folder / "fd")) == ["0", "1", "2"]
        limits = (folder / "limits").read_text(encoding="ascii")
        for name, value in (("open files", 3), ("processes", 0), ("file size", 0), ("core file size", 0)):
            line = next(line for line in limits.splitlines() if line.startswith(f"Max {name} "))
            assert line.split(f"Max {name}")[1].split()[:2] == [str(value)] * 2


# -- what ends them ---------------------------------------------------------------------------------

MEMORY_BOMBS = [
    'x = "a" * 1000000000',
    "x = [0] * 1000000000",
    'x = ["a"]\nfor i in range(60):\n  x = x + x',
    "sorted(range(100000000))",
    "x = {}\nfor i in range(100000000):\n  x[i] = str(i) * 1000",
    'x = "ab" * 50000000\ny = [x.upper() for i in range(100)]',
    "x = [1 for a in range(2000) for b in range(100000)]",
    'x = "%s" * 10000000 % tuple(range(10000000))',
    'json.encode(["x" * 1000000] * 1000)',
]


@pytest.mark.parametrize("body", MEMORY_BOMBS)
def test_memory_is_bounded(body: str) -> None:
    message = failure(body)
    assert "memory" in message or "steps" in message or "processor time" in message


STACK_BOMBS = [
    "def f(n):\n  return f(n + 1)\nf(0)",
    "x = []\nfor i in range(200000):\n  x = [x]\nlog(x)",
    "x = []\nfor i in range(200000):\n  x = [x]\nx == x",
    "x = 1" + " + 1" * 30_000,
]


@pytest.mark.parametrize("body", STACK_BOMBS)
def test_depth_is_bounded(body: str) -> None:
    assert failure(body)


def test_steps_are_bounded() -> None:
    assert failure("for i in range(2000000000):\n  pass") == "the script took more than 5000000 steps"
    assert run("for i in range(100000):\n  pass") == []


@pytest.mark.slow
def test_processor_time_is_bounded() -> None:
    started = time.monotonic()
    message = failure("x = 7\nfor i in range(60):\n  x = x * x", Limits(cpu=0.3, wall=20))
    assert message == "the script used more than 0.3 s of processor time"
    assert time.monotonic() - started < 10


def test_real_time_is_bounded() -> None:
    assert failure("x = 7\nfor i in range(60):\n  x = x * x", wall=0.2) == "the script timed out after 0.2 s"


def test_output_is_bounded() -> None:
    assert failure('log("x" * 70000)').endswith("the script logged more than 65536 bytes")
    assert failure('for i in range(1000):\n  log("x" * 100)').endswith("the script logged more than 65536 bytes")
    assert failure('crm.create("task", title="x" * 2000000)').endswith("the value is too large")


@pytest.mark.parametrize("body", ['x = 7\ncrm.create("task")\nfor i in range(60):\n  x = x * x'])
def test_after_its_first_write_a_script_must_hurry(body: str) -> None:
    with Script(body, {}, None, SMALL, 5) as script:
        script.next()
        script.hold()
        script.answer({"id": 1})
        started = time.monotonic()
        with pytest.raises(ScriptFailed, match="after its first write"):
            script.next()
        assert time.monotonic() - started < 2


def test_the_process_ends_with_the_block() -> None:
    with Script('crm.get("task", 1)', {}, None, SMALL, 5) as script:
        script.next()
        process = script._process._process
    assert process.poll() is not None


def test_hidden_characters_come_through() -> None:
    text = "a\u2028b\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")
    assert run("log(params['x'])", params={"x": text}) == [{"log": text}]
