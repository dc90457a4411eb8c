"""``serve --world``: a database with the world in it, made before anybody is served."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapter import worlds
from adapter.cli.database import upgrade_schema
from adapter.cli.faults import Failure
from adapter.cli.known import default_picklists, setting_of
from adapter.cli.opening import read_settings, working_core
from adapter.cli.worlds import read_world
from adapter.gateway import real_now
from adapter.testing import Foreseeable

DATABASE, SECRET = "CRMGLOT_DATABASE_URL", "CRMGLOT_SECRET_KEY"


@contextmanager
def world_of(file: str) -> Iterator[str | None]:
    """The configured database, or a temporary one, upgraded and with the tenants of `file`; gives the first token.

    A tenant that is there already is left as it is. Child processes find the temporary database by the environment.
    """
    wanted = read_world(file, empty=True)
    owner, folder = os.getpid(), None
    if DATABASE not in os.environ:
        folder = tempfile.mkdtemp(prefix="crmglot-world-")
        os.environ[DATABASE] = f"sqlite:///{folder}/world.db"
    try:
        settings = read_settings()
        if folder is not None and settings.testing and SECRET not in os.environ:
            # What is signed with it is to be the same in every run.
            os.environ[SECRET] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        upgrade_schema(settings)
        yield _loaded(wanted, foreseeable=settings.testing)
    finally:
        if folder is not None and os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


def _loaded(wanted: list[worlds.NewTenant], *, foreseeable: bool) -> str | None:
    with working_core() as core:
        if foreseeable:
            core.make_foreseeable(Foreseeable(core.tokens_known()))
        there = core.directory.tenant_slugs()
        missing = [tenant for tenant in wanted if tenant.slug not in there]
        try:
            loaded = worlds.load(core, missing, default_picklists(), real_now(), check_setting=setting_of)
        except worlds.WorldError as error:
            raise Failure(str(error)) from error
    made = {each.slug: each.tokens for each in loaded}
    for tenant in wanted:
        for user in tenant.users:
            token = made.get(tenant.slug, {}).get(user.username) or user.token
            if token is not None:
                return token
    return None
