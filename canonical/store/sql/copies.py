"""Copies of an SQLite database: one made while others write, and one put into the database's place.

A copy is whole or not there: it is made under another name, checked, synced and renamed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from canonical.errors import Unavailable, WrongSchema
from canonical.store.sql import schema
from canonical.store.sql.backend import BUSY_SECONDS
from canonical.store.sql.in_use import alone, private

PART: Final = ".part"
QUEUE: Final = ".queue"
"""What the name of the queue's copy ends in, beside that of the database."""
OLD: Final = ".old"
BESIDE: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; beside another one it damages that."""
TABLES: Final = frozenset(("tenant", "app_user", "activity", "party"))


def backup(database: Path, queue: Path | None, file: Path) -> None:
    """Copies what is committed at this moment to `file`, and the queue's database, if there is one, beside it.

    Others read and write meanwhile. Raises WrongSchema, Unavailable.
    """
    if not database.exists():
        raise WrongSchema(f"there is no database file {database.name}; run `crmglot db upgrade`")
    refuse_own(database, queue, file)
    with telling(database):
        version_of(database)
    with telling(file), part_of(Path(f"{file}{QUEUE}")) as queue_part, part_of(file) as part:
        if queue is not None and queue.exists():
            copy(queue, queue_part)
            put(queue_part, Path(f"{file}{QUEUE}"))
        else:
            Path(f"{file}{QUEUE}").unlink(missing_ok=True)
        copy(database, part)
        put(part, file)


def restore(database: Path, queue: Path | None, file: Path) -> None:
    """Puts the copy in the database's place, and the queue's.

    A database that was there is left as it is until the new one is whole; one that can no longer be read is kept under
    another name, if something lay beside it. Raises Unavailable for what is no database of ours and while somebody has
    the old one open; WrongSchema for another version's.
    """
    refuse_own(database, queue, file)
    with telling(file):
        if version_of(file) != schema.newest():
            raise WrongSchema(
                f"the schema of {file.name} is not the newest; run "
                f"`CRMGLOT_DATABASE_URL=sqlite:///{file} crmglot db upgrade` first"
            )
    queue_copy = Path(f"{file}{QUEUE}")
    with alone(database), telling(database), part_of(database) as part:
        copy(file, part)
        keep_owner(database, part)
        if queue is None:
            settle(database)
            put(part, database)
            return
        with part_of(queue) as queue_part:
            if queue_copy.exists():
                copy(queue_copy, queue_part)
                keep_owner(queue, queue_part)
            settle(database)
            # Its messages only wake workers up: better none than those of another database.
            remove(queue)
            put(part, database)
            if queue_copy.exists():
                put(queue_part, queue)


def refuse_own(database: Path, queue: Path | None, file: Path) -> None:
    """Raises Unavailable for a name that the database, or what lies beside it, has itself."""
    endings = ("", ".lock", ".open", ".key", QUEUE, PART, *BESIDE)
    own = [Path(f"{database}{ending}").resolve() for ending in endings]
    if file.resolve() in own or (queue is not None and file.resolve() == queue.resolve()):
        raise Unavailable(f"{file.name} is the database's own")


# -- steps --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def telling(file: Path) -> Iterator[None]:
    """Turns what the disk and SQLite raise into one line."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{file.name}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise Unavailable(f"{file.name}: {error}") from error


def opened(file: Path) -> contextlib.closing[sqlite3.Connection]:
    """To read and write, or to read only where no more is allowed; nothing is made."""
    address = f"file:{quote(str(file))}?mode=rw"
    return closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None))


def version_of(file: Path) -> str:
    """The version of its schema. Raises Unavailable for what is no database of ours, WrongSchema for a newer one."""
    if not file.is_file():
        raise Unavailable(f"there is no file {file.name}")
    try:
        with opened(file) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables >= TABLES:
                raise Unavailable(f"{file.name} is no database of crmglot")
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise Unavailable(f"{file.name} is no database of crmglot: {error}") from error
    if row is None or row[0] not in schema.known():
        raise WrongSchema(schema.NEWER)
    return str(row[0])


@contextlib.contextmanager
def part_of(file: Path) -> Iterator[Path]:
    """An empty file of our own under another name, gone at the end. Raises Unavailable while another has it."""
    part = Path(f"{file}{PART}")
    with open(part, "ab", opener=private) as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable(f"another command is writing {part.name}") from None
        held.truncate(0)
        for ending in BESIDE:
            Path(f"{part}{ending}").unlink(missing_ok=True)
        try:
            yield part
        finally:
            remove(part)


def copy(source: Path, part: Path) -> None:
    """All that is committed in `source`, as of one moment. Raises Unavailable for a damaged one."""
    with opened(source) as reading, opened(part) as writing:
        # Nobody reads this file before it is synced.
        writing.execute("PRAGMA journal_mode=OFF")
        writing.execute("PRAGMA synchronous=OFF")
        # In one go: in steps it would begin anew whenever somebody writes. Readers keep no writer waiting.
        reading.backup(writing, pages=-1)
    with opened(part) as copied:
        # One file and nothing beside it.
        copied.execute("PRAGMA journal_mode=DELETE")
        (found,) = copied.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise Unavailable(f"{source.name} is damaged: {found.splitlines()[-1]}")


def put(part: Path, file: Path) -> None:
    """Renames a finished copy, so that it outlasts a power loss."""
    with open(part, "rb") as written:
        os.fsync(written.fileno())
    os.replace(part, file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def keep_owner(old: Path, new: Path) -> None:
    """Whoever could open the old file can open the new one, though root restores it."""
    if old.exists():
        there = old.stat()
        shutil.copymode(old, new)
        if os.geteuid() == 0:
            os.chown(new, there.st_uid, there.st_gid)


def settle(database: Path) -> None:
    """Takes what lies beside the old database into it: the new one must not find it and take it for its own.

    What can no longer be read is put aside under another name.
    """
    if not any(Path(f"{database}{ending}").exists() for ending in BESIDE):
        return
    try:
        with opened(database) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.Error:
        pass
    left = [ending for ending in BESIDE if Path(f"{database}{ending}").exists()]
    if left and database.exists():
        for ending in ("", *BESIDE):
            Path(f"{database}{OLD}{ending}").unlink(missing_ok=True)
        os.link(database, f"{database}{OLD}")
    for ending in left:
        if database.exists():
            os.replace(f"{database}{ending}", f"{database}{OLD}{ending}")
        else:
            Path(f"{database}{ending}").unlink()


def remove(database: Path) -> None:
    """A database, and first what lies beside it."""
    for ending in (*BESIDE, ""):
        Path(f"{database}{ending}").unlink(missing_ok=True)
