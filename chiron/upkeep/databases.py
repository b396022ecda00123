"""Copies of databases in use: SQLite through its own online backup, PostgreSQL through its own programs.

A password is never an argument of a program, for every user of a machine can read those, and never in a message.
"""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from chiron.errors import CallerError, EnvironmentFault, ServiceUnavailable

__all__ = ["copy_sqlite", "dump_postgresql", "is_postgresql", "load_postgresql", "sqlite_file", "without_password"]

_TABLES: Final = (
    "select count(*) from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')"
)


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite address, with whatever driver it names; None for another address."""
    scheme, _, path = url.partition(":///")
    return Path(path) if scheme.partition("+")[0] == "sqlite" and path else None


def is_postgresql(url: str) -> bool:
    """Whether an address, with whatever driver it names, is one of PostgreSQL."""
    return urlsplit(url).scheme.partition("+")[0] in ("postgresql", "postgres")


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit((parts.scheme.partition("+")[0], f"{user}{parts.hostname or ''}{port}", parts.path, "", ""))


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, while others may write to it, and check the copy."""
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            (verdict,) = new.execute("pragma integrity_check").fetchone()
    except sqlite3.Error as error:
        raise EnvironmentFault(f"database {source}: expected to copy it, found: {error}") from error
    if verdict != "ok":
        raise EnvironmentFault(f"database {source}: expected a sound one, found: {verdict}; repair it first")


def dump_postgresql(url: str, target: Path) -> None:
    """Dump a database, in PostgreSQL's own archive format. Raises ServiceUnavailable where that can't be done."""
    _run(url, ["pg_dump", "--format=custom", "--no-owner", f"--file={target}"])


def load_postgresql(url: str, source: Path) -> None:
    """Fill an empty database from a dump, all or nothing. Raises CallerError where it holds a table already."""
    if _run(url, ["psql", "--no-psqlrc", "--tuples-only", "--no-align", f"--command={_TABLES}"]).strip() != "0":
        raise CallerError(
            f"database {without_password(url)}: expected an empty one, found tables; restore into a new database"
        )
    _run(url, ["pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", str(source)])


def _run(url: str, command: list[str]) -> str:
    password = urlsplit(url).password
    environment = {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": unquote(password)} if password else {})}
    program, *arguments = command
    try:
        done = subprocess.run(
            [program, f"--dbname={without_password(url)}", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise EnvironmentFault(
            f"{program}: expected this program of PostgreSQL's client, found none; install postgresql-client"
        ) from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
        raise ServiceUnavailable(f"database {without_password(url)}: expected {program} to succeed, found: {said}")
    return done.stdout
