"""``crmglot contract``: recordings of a vendor's server, made and held against any other."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

import dialects
from adapter.cli.faults import Failure, Misuse, told
from adapter.cli.known import default_picklists
from adapter.cli.root import main
from adapter.client import Credentials
from adapter.contract import BadExchange, load_deviations, load_session
from adapter.contract.credentials import Needed, renamed, said, stand_ins
from adapter.contract.exchange import Exchange
from adapter.contract.fresh import fresh_world
from adapter.contract.hop import Upstream
from adapter.contract.lint import FATAL, lint
from adapter.contract.listener import Listener
from adapter.contract.recorder import Recorder
from adapter.contract.recording import Recording
from adapter.contract.reports import FORMS
from adapter.contract.session import SessionFile
from adapter.contract.stub import MODES, Stub, StubServer
from adapter.contract.verify import self_check, verify
from adapter.dialect import Dialect
from adapter.formats import TooLarge
from adapter.live import Live, Unreachable
from adapter.logs import say

CANNOT_RUN = 2

of_dialect = click.option("--dialect", metavar="NAME", help="Whose wire it is: " + ", ".join(dialects.names()) + ".")
of_recording = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))


@main.group()
def contract() -> None:
    """Contract tests: record a vendor's server, and hold recordings against any other."""


@contract.command("record")
@click.option(
    "--dialect", required=True, metavar="NAME", help="Whose wire it is: " + ", ".join(dialects.names()) + "."
)
@click.option("--upstream", required=True, metavar="URL", help="The vendor's server; the client's path goes below it.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="A new or empty folder.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8081, show_default=True, type=click.IntRange(0, 65535), help="0 for a free one.")
@click.option("--redact", "redacted", multiple=True, metavar="NAME", help="A field, header or cookie to replace too.")
@told
def record(dialect: str, upstream: str, out: Path, host: str, port: int, redacted: tuple[str, ...]) -> None:
    """Stand between a client and a vendor's server, and write each exchange down without secrets. Ctrl-C ends it."""
    spoken = named_dialect(dialect)
    try:
        above = Upstream(upstream)
    except ValueError as error:
        raise Misuse(f"--upstream: {error}") from error
    recording = new_recording(out, spoken, above.url, redacted)
    try:
        recorder = Recorder(recording, above, host, port, lambda line: click.echo(line))
    except OSError as error:
        raise Failure(f"{host}:{port}: {error.strerror}") from error
    serve_until_told(recorder, f"recording {above.url} at {recorder.address} into {out}")
    check_recording(recording)


def new_recording(out: Path, dialect: Dialect, upstream: str, redacted: tuple[str, ...] = ()) -> Recording:
    """A recording in a folder that is new or empty. Raises Misuse."""
    try:
        if out.is_symlink() or (out.exists() and any(out.iterdir())):
            raise Misuse(f"{out}: not a new or empty folder")
        return Recording(out, dialect, upstream, redacted)
    except OSError as error:
        raise Misuse(f"{out}: {error.strerror}") from error


def check_recording(recording: Recording) -> None:
    """Reads a recording anew and holds it against itself. Raises Failure, naming the exchanges that do not fit."""
    try:
        found = self_check(load_session(recording.root))
    except (BadExchange, TooLarge) as error:
        raise Failure(f"the recording does not replay: {error}") from error
    for each in found:
        say(f"{each.exchange}: {each.path}: expected {each.expected}, got {each.got}")
    for name in recording.left():
        say(f"{name}: holds a secret still")
    if found or recording.left():
        raise Failure("the recording does not replay against itself")
    say(f"{len(recording.exchanges)} exchanges; the recording replays against itself")


@contract.command("verify")
@of_recording
@of_dialect
@click.option("--against", default="gateway", show_default=True, metavar="gateway|URL", help="Whom to ask.")
@click.option("--tenant-token", metavar="T", help="The API token to sign in with.")
@click.option("--report", default="text", show_default=True, type=click.Choice(sorted(FORMS)))
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report there.")
@click.option("--strict", is_flag=True, help="Compare bodies byte for byte.")
@told
def verify_command(
    folder: Path,
    dialect: str | None,
    against: str,
    tenant_token: str | None,
    report: str,
    output: Path | None,
    strict: bool,
) -> None:
    """Ask for all of a recording again, of a fresh gateway or a live URL, and name each difference."""
    spoken, about, session = read_recording(folder, dialect)
    try:
        held = said(session, spoken.traces)
        deviations = load_deviations(folder / "deviations.json")
        upstream = about.upstream if about else session[0].request.base_url
        options: dict[str, Any] = {"upstream": upstream, "deviations": deviations, "strict": strict}
        options["after"] = progress(len(session))
        with ExitStack() as stack:
            if against == "gateway":
                fresh = stack.enter_context(fresh_world(spoken, held, default_picklists(), tenant_token))
                found = verify(session, fresh, known=fresh.known, **options)
            else:
                given = target_credentials(tenant_token)
                base = Upstream(against).url
                options |= {"known": stand_ins(held, given), "names": renamed(held, given), "base_url": base}
                found = verify(session, Live(base, tries=1), **options)
    except (BadExchange, Needed, Unreachable, TooLarge, ValueError) as error:
        raise Misuse(str(error)) from error
    text = FORMS[report](found, session)
    if output is None:
        click.echo(text, nl=False)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise Misuse(f"{output}: {error.strerror}") from error
    if not found.is_clean:
        raise SystemExit(1)


@contract.command("stub")
@of_recording
@of_dialect
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8082, show_default=True, type=click.IntRange(0, 65535), help="0 for a free one.")
@click.option("--mode", default="ordered", show_default=True, type=click.Choice(MODES))
@click.option("--list", "listed", is_flag=True, help="At the end, print the exchanges that were never asked for.")
@told
def stub_command(folder: Path, dialect: str | None, host: str, port: int, mode: str, listed: bool) -> None:
    """Answer a client from a recording alone. Ctrl-C ends it."""
    spoken, _, session = read_recording(folder, dialect)
    stub = Stub(session, spoken.traces, ordered=mode == "ordered")
    try:
        server = StubServer(stub, host, port)
    except OSError as error:
        raise Failure(f"{host}:{port}: {error.strerror}") from error
    serve_until_told(server, f"answering {len(session)} exchanges of {folder} at {server.address}")
    if listed:
        for name in stub.never_asked():
            click.echo(name)


def serve_until_told(server: Listener, greeting: str) -> None:
    """Serves until Ctrl-C or SIGTERM."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: threading.Thread(target=server.close).start())
    say(greeting)
    with server:
        server.serve()


@contract.command("lint")
@of_recording
@of_dialect
@told
def lint_command(folder: Path, dialect: str | None) -> None:
    """Say what is wrong with a recording: secrets and duplicates (exit code 1), order, sizes, what is unused."""
    spoken, _, session = read_recording(folder, dialect)
    try:
        found = lint(folder, session, spoken, load_deviations(folder / "deviations.json"))
    except BadExchange as error:
        raise Misuse(str(error)) from error
    for each in found:
        click.echo(str(each))
    if any(each.kind in FATAL for each in found):
        raise SystemExit(1)


def progress(total: int) -> Callable[[Exchange, int], None]:
    """Tells a terminal how far a run is; a pipe hears nothing."""
    shown = sys.stderr.isatty() and total > 20
    count = 0

    def after(exchange: Exchange, found: int) -> None:
        nonlocal count
        count += 1
        if shown:
            sys.stderr.write(f"\r{count}/{total}" + ("\n" if count == total else ""))
            sys.stderr.flush()

    return after


def target_credentials(token: str | None = None) -> Credentials:
    """Who one is at a live URL, out of ``CRMGLOT_TARGET_…``."""
    names = ("token", "username", "password", "domain", "client_id", "client_secret")
    given = {name: os.environ.get(f"CRMGLOT_TARGET_{name.upper()}", "") for name in names}
    return Credentials(**(given | ({"token": token} if token else {})))


def named_dialect(name: str) -> Dialect:
    """Raises Misuse with the names that there are."""
    if name not in dialects.names():
        raise Misuse(f"{name}: there is no such dialect; there are: {', '.join(dialects.names())}")
    return dialects.load(name)


def read_recording(folder: Path, dialect: str | None = None) -> tuple[Dialect, SessionFile | None, list[Exchange]]:
    """The exchanges of a folder and whose they are. Raises Misuse in one line that names the file."""
    if not folder.is_dir():
        raise Misuse(f"{folder}: there is no such folder")
    try:
        about = SessionFile.load(folder)
        session = load_session(folder)
    except (BadExchange, OSError) as error:
        raise Misuse(f"{folder}: {error}") from error
    name = dialect or (about.dialect if about else "")
    if not name:
        raise Misuse(f"{folder}: no session.json says whose dialect it is: --dialect")
    if not session:
        raise Misuse(f"{folder}: no exchanges in it")
    return named_dialect(name), about, session
