"""Backup and restore of what can't be made again: the registry, the objects of its releases, MLflow and Prefect.

    backup.json            what is in the folder, where it came from, and the SHA-256 of every file
    registry.bundle        every commit and tag
    objects/0/5d/41...     the objects that releases need, by their MD5, one folder per remote
    mlflow.db, mlflow/     the model registry and its files        (mlflow.dump: from PostgreSQL)
    prefect.db             the history of runs                      (prefect.dump: from PostgreSQL)
    withdrawn.json         the keyed hashes of who must not be taken in again

A registry names its bytes, and MLflow its files: each is copied before what it names, so that nothing is named that is
not in the folder. It appears at once and whole. Keys of pseudonyms are in no backup: keep them elsewhere.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chiron.datasets.canonical import canonical_json, file_sha256
from chiron.datasets.workdir import check_workdir, remove_tree, sync_path, sync_tree
from chiron.errors import BadParameters, CallerError
from chiron.models.registry import default_tracking_uri
from chiron.progress import report_progress
from chiron.releases.git_command import git
from chiron.releases.objects import Objects
from chiron.releases.registry import is_folder, normal_address
from chiron.upkeep.databases import copy_sqlite, dump_postgresql, is_postgresql, sqlite_file, without_password
from chiron.upkeep.inventory import oids_of, read_publications, standing
from schemas.housekeeping import BackupManifest, BackupPart

__all__ = ["BACKUP", "WITHDRAWN_LIST", "Sources", "back_up"]

BACKUP: Final = "backup.json"
WITHDRAWN_LIST: Final = "withdrawn.json"


@dataclass(frozen=True)
class Sources:
    """Where everything is. `objects`: also the bytes of releases; None: where the remote is a folder.

    tracking_uri: MLflow's; None for SQLite in the workdir. prefect_url: the address of Prefect's database, which only
    those know who started its server; None for the one in the workdir.
    """

    workdir: Path
    registry: str
    remote: str | None = None
    objects: bool | None = None
    tracking_uri: str | None = None
    prefect_url: str | None = None

    @property
    def mlflow(self) -> str:
        """The address of MLflow's database."""
        return self.tracking_uri or default_tracking_uri(self.workdir)

    @property
    def prefect(self) -> str:
        """The address of Prefect's database."""
        return self.prefect_url or f"sqlite:///{self.workdir / 'prefect' / 'prefect.db'}"


def back_up(dest: Path, sources: Sources) -> BackupManifest:
    """Copy everything into a new folder. What is not there is not copied; the manifest says what is.

    Raises CallerError where the folder holds something, BadParameters where a database is behind a server or of
    another kind, NotFound or Damaged where a release is not whole, ServiceUnavailable where something does not answer.
    """
    dest = dest.expanduser().resolve()
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise CallerError(f"backup {dest}: expected an empty folder or none, found something there; name another")
    check_workdir(sources.workdir)
    partial = dest.with_name(f".{dest.name}.partial")
    remove_tree(partial)  # of a backup that was killed
    partial.mkdir(parents=True, mode=0o700)
    parts = tuple(_parts(partial, sources))
    names = sorted(path.relative_to(partial).as_posix() for path in partial.rglob("*") if path.is_file())
    manifest = BackupManifest(
        workdir=str(sources.workdir.resolve()),
        parts=parts,
        files={name: file_sha256(partial / name) for name in names},
    )
    (partial / BACKUP).write_bytes(canonical_json(manifest.model_dump(mode="json")))
    sync_tree(partial)
    if dest.is_dir():
        dest.rmdir()
    partial.rename(dest)
    sync_path(dest.parent)
    return manifest


def _parts(folder: Path, sources: Sources) -> Iterator[BackupPart]:
    """Copy one part after the other, each before what it names."""
    yield from _database(folder, "mlflow", sources.mlflow)
    artifacts = sources.workdir / "mlflow" / "artifacts"
    if artifacts.is_dir():
        shutil.copytree(artifacts, folder / "mlflow" / "artifacts")
        yield BackupPart(kind="folder", name="mlflow/artifacts", origin=str(artifacts.resolve()))
    yield from _database(folder, "prefect", sources.prefect)
    address = normal_address(sources.registry)
    if not is_folder(address) or (Path(address) / "HEAD").is_file():
        _bundle(address, folder)
        yield BackupPart(kind="registry", name="registry.bundle", origin=address)
        yield from _objects(folder, address, sources)
    withdrawn = sources.workdir / "private" / WITHDRAWN_LIST
    if withdrawn.is_file():
        shutil.copyfile(withdrawn, folder / WITHDRAWN_LIST)
        yield BackupPart(kind="folder", name=WITHDRAWN_LIST, origin=str(withdrawn.resolve()))


def _database(folder: Path, name: str, url: str) -> Iterator[BackupPart]:
    """Copy a database, if it is there."""
    file = sqlite_file(url)
    if is_postgresql(url):
        dump_postgresql(url, folder / f"{name}.dump")
        yield BackupPart(kind="postgresql", name=f"{name}.dump", origin=without_password(url))
    elif file is None:
        raise BadParameters(
            f"{name}: expected the address of an SQLite or PostgreSQL database, found that of a server; run the backup "
            "where its database is"
        )
    elif file.is_file():
        copy_sqlite(file, folder / f"{name}.db")
        yield BackupPart(kind="sqlite", name=f"{name}.db", origin=str(file.resolve()))


def _bundle(address: str, folder: Path) -> None:
    """Every commit and tag of the registry, in git's own file for that."""
    mirror = folder / ".mirror"
    git("clone", "--quiet", "--mirror", "--no-local", "--", address, str(mirror))
    if git("for-each-ref", at=mirror):  # git makes no bundle of nothing
        git("bundle", "create", "--quiet", str(folder / "registry.bundle"), "--all", at=mirror)
    else:
        (folder / "registry.bundle").touch()
    remove_tree(mirror)


def _objects(folder: Path, address: str, sources: Sources) -> Iterator[BackupPart]:
    """The objects that the releases which stand need, each checked by its MD5."""
    published = standing(read_publications(address, sources.remote))
    remotes = sorted({one.remote for one in published})
    wanted = [r for r in remotes if sources.objects or (sources.objects is None and is_folder(r))]
    for number, remote in enumerate(wanted):
        objects, name = Objects(remote), f"objects/{number}"
        oids = sorted(oids_of(published, objects))
        for done, oid in enumerate(oids, 1):
            place = folder / name / oid[:2] / oid[2:]
            place.parent.mkdir(parents=True, exist_ok=True)
            objects.fetch(oid, place)
            report_progress("objects copied", done, len(oids))
        yield BackupPart(kind="objects", name=name, origin=remote)
