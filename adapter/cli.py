"""The command line: the only room that joins dialects, store and shells."""

from __future__ import annotations

import functools
import logging
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

import dialects
from adapter import demo
from adapter.dialect import Dialect, Setting
from adapter.gateway import Gateway, real_now, testing_clock
from adapter.jobs import worker as worker_process
from adapter.jobs.queue import QueueAutomation, open_queue
from adapter.logs import Log, Records, hold_standard_streams, say
from adapter.mounts import Mounts
from adapter.serve import Wsgi, create_app
from adapter.server import ServerError, run
from adapter.settings import BadSetting, Settings, load
from canonical.errors import CanonicalError, Duplicate, Invalid, NotFound, Unavailable, WrongSchema
from canonical.model import PicklistItem
from canonical.service.core import CanonicalCore
from canonical.store.sql import schema
from canonical.store.sql.store import SqlStore

F = TypeVar("F", bound=Callable[..., Any])


class Failure(click.ClickException):
    """One clear line and exit code 1."""

    def show(self, file: Any = None) -> None:
        say(f"crmglot: {self.format_message()}")


class Misuse(Failure):
    """One clear line and exit code 2: a bad setting or option."""

    exit_code = 2


def read_settings() -> Settings:
    try:
        return load(os.environ, dialects.names())
    except BadSetting as error:
        raise Misuse(str(error)) from error


def open_core(settings: Settings) -> CanonicalCore:
    """The core over the configured database. Raises WrongSchema unless its schema is the newest, and Unavailable."""
    store = SqlStore(settings.database_url)
    try:
        store.check()
    except Unavailable:
        store.close()
        raise
    core = CanonicalCore(store, settings.default_tenant, settings.secret_key)
    core.automation = QueueAutomation(settings, Log())
    return core


def build_wsgi(settings: Settings, core: CanonicalCore, log: Log) -> Wsgi:
    """All dialects over one core."""
    clock = testing_clock if settings.testing else None
    gateways = {name: Gateway(dialects.load(name), core, log, clock) for name in dialects.names()}
    mounts = Mounts(gateways, settings.hosts)
    return Wsgi(mounts, settings, core.accounts.tenant_by_host, core.store.check, log)


def create_wsgi_app() -> Any:
    """The Flask application on the settings of the environment, for ``flask --app adapter.cli:create_wsgi_app``."""
    settings = read_settings()
    return create_app(build_wsgi(settings, open_core(settings), Log()))


def default_picklists() -> list[PicklistItem]:
    return [item for name in dialects.names() for item in dialects.load(name).picklists]


@contextmanager
def _core() -> Iterator[CanonicalCore]:
    core = open_core(read_settings())
    try:
        yield core
    finally:
        core.close()


def _told(function: F) -> F:
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


@click.group()
@click.version_option(package_name="crmglot")
def main() -> None:
    """One CRM core that speaks the wire dialects of opentaps, Zurmo, AffinityLive, Crust and Capsule."""
    hold_standard_streams()


@main.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@_told
def db_upgrade() -> None:
    """Create the schema, or bring it to the newest version."""
    upgrade_schema(read_settings())


def upgrade_schema(settings: Settings) -> None:
    """Raises Failure, with the database's own reason as far as that holds no address."""
    try:
        schema.upgrade(settings.database_url)
    except OSError as error:
        raise Failure(f"the schema could not be upgraded: {error.strerror}") from error
    except SQLAlchemyError as error:
        said = getattr(error, "orig", None)
        reason = str(said) if isinstance(said, sqlite3.Error) else type(error).__name__
        raise Failure(f"the schema could not be upgraded: {reason}") from error


@main.group()
def tenant() -> None:
    """Tenants: one a company."""


@tenant.command("add")
@click.argument("slug")
@click.option("--domain", "domains", multiple=True, metavar="NAME", help="A domain or host that means this tenant.")
@_told
def tenant_add(slug: str, domains: tuple[str, ...]) -> None:
    """Add a tenant."""
    with _core() as core:
        core.directory.add_tenant(slug, domains, default_picklists(), real_now())


@tenant.command("set")
@click.argument("slug")
@click.argument("settings", nargs=-1, required=True, metavar="DIALECT.SETTING=VALUE...")
@_told
def tenant_set(slug: str, settings: tuple[str, ...]) -> None:
    """Change a tenant's settings of a dialect."""
    wanted = dict(_setting(text) for text in settings)
    with _core() as core:
        core.directory.change_settings(slug, wanted)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    dialect_name, dot, key = name.partition(".")
    if not equals or not dot:
        raise Misuse(f"{text}: a setting looks like zurmo.profile=v3")
    try:
        setting: Setting = _dialect(dialect_name).setting(key)
    except KeyError:
        raise Misuse(f"{name}: there is no such setting") from None
    if setting.choices and value not in setting.choices:
        raise Misuse(f"{name} must be one of: {', '.join(setting.choices)}")
    if setting.check is not None:
        try:
            setting.check(value)
        except ValueError as error:
            raise Misuse(f"{name}: {error}") from error
    return name, value


def _dialect(name: str) -> Dialect:
    return dialects.load(name)


@main.group()
def user() -> None:
    """Users."""


@user.command("add")
@click.argument("username")
@click.option("--tenant", "slug", required=True)
@click.option("--password", help="Without it, it is asked for or read from standard input, and no `ps` shows it.")
@click.option("--token", help="The API token to give; without it one is made.")
@click.option("--first-name")
@click.option("--last-name")
@click.option("--email")
@click.option("--admin", is_flag=True)
@click.option("--view-only", is_flag=True)
@_told
def user_add(
    username: str,
    slug: str,
    password: str | None,
    token: str | None,
    first_name: str | None,
    last_name: str | None,
    email: str | None,
    admin: bool,
    view_only: bool,
) -> None:
    """Add a user and print the API token."""
    values = {
        "first_name": first_name,
        "last_name": last_name,
        "email": email,
        "is_admin": admin,
        "view_only": view_only,
    }
    if password is None:
        password = _asked("Password")
    with _core() as core:
        _, given = core.directory.add_user(slug, username, password, real_now(), token=token, values=values)
    click.echo(given)


def _asked(what: str) -> str:
    """A secret from the terminal, without echo, or the first line of standard input. Raises Misuse."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True, confirmation_prompt=True, err=True))
    given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise Misuse(f"a {what.lower()} is needed: --{what.lower()}, or a line on standard input")
    return given


@main.group("app")
def application() -> None:
    """OAuth applications."""


@application.command("add")
@click.argument("client_id")
@click.option("--tenant", "slug", required=True)
@click.option("--secret", help="Without it, it is asked for or read from standard input.")
@click.option("--user", "username", required=True)
@_told
def application_add(client_id: str, slug: str, secret: str | None, username: str) -> None:
    """Add an OAuth application that acts as a user."""
    if secret is None:
        secret = _asked("Secret")
    with _core() as core:
        core.directory.add_application(client_id, slug, secret, username)


@main.command("demo")
@click.option("--database-if-missing", is_flag=True, help="Do nothing when the database already has tenants.")
@_told
def demo_world(database_if_missing: bool) -> None:
    """Make a small demo world: a tenant, two users, a few records."""
    upgrade_schema(read_settings())
    with _core() as core:
        if core.directory.tenant_slugs():
            if database_if_missing:
                return
            raise Failure("the database already has tenants")
        demo.build(core, default_picklists())
    say(demo.GREETING)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; one unless told otherwise.")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False))
@_told
def serve(host: str, port: int, workers: int | None, tls_cert: str | None, tls_key: str | None) -> None:
    """Serve all dialects on one port."""
    settings = read_settings()
    if (tls_cert is None) != (tls_key is None):
        raise Misuse("--tls-cert and --tls-key go together")
    with _core() as core:
        if settings.default_tenant is not None and core.default_tenant() is None:
            raise Misuse(f"CRMGLOT_DEFAULT_TENANT: there is no tenant {settings.default_tenant}")
    if settings.queue_url:
        open_queue(settings)
    names = sorted({name for each in dialects.names() for name in dialects.load(each).underscore_headers})

    def factory() -> Any:
        return create_app(build_wsgi(settings, open_core(settings), Log()))

    logger = logging.getLogger("adapter.server")
    logger.propagate = False
    logger.handlers[:] = [Records(Log(), "server")]

    # On the defaults a job that a client creates runs with nothing else started.
    attached = None if settings.queue_url else worker_process.start_attached()
    try:
        run(
            factory,
            host=host,
            port=port,
            workers=workers or settings.workers,
            threads=settings.threads,
            tls_cert=tls_cert,
            tls_key=tls_key,
            underscore_headers=names,
            on_ready=lambda address: say(f"listening on {address}"),
        )
    except ServerError as error:
        raise Failure(str(error)) from error
    finally:
        if attached is not None and attached.stdin is not None:
            attached.stdin.close()


@main.command()
@click.option("--attached", is_flag=True, hidden=True, help="End when standard input closes.")
@_told
def worker(attached: bool) -> None:
    """Run workflow jobs."""
    settings = read_settings()
    with _core() as core:
        worker_process.main(core, settings, attached=attached)


if __name__ == "__main__":
    sys.exit(main())
