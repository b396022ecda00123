"""MLflow's own database in another place: it names the files of models by absolute addresses."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

__all__ = ["relocate_files"]

_ADDRESSES: Final = ("artifact_location", "artifact_uri", "source", "storage_location")


def relocate_files(database: Path, *, old: Path, new: Path) -> None:
    """Let every address of a file below the folder `old` be one below `new`; nobody else may use the database."""
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            columns = {row[1] for row in connection.execute(f'pragma table_info("{table}")')}
            for column in columns.intersection(_ADDRESSES):
                for before, after in ((old.as_uri(), new.as_uri()), (str(old), str(new))):
                    connection.execute(
                        f'update "{table}" set "{column}" = ? || substr("{column}", ?) '  # noqa: S608 - its own names
                        f'where substr("{column}", 1, ?) = ?',
                        (after, len(before) + 1, len(before) + 1, f"{before}/"),
                    )
