"""Restoring a backup into a new workdir. Nothing that is there is overwritten, and the workdir appears at once."""

import shutil
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from chiron.datasets.canonical import file_sha256
from chiron.datasets.workdir import claim_workdir, private_folder, remove_tree, sync_path, sync_tree
from chiron.errors import BadParameters, CallerError, Damaged, NotFound
from chiron.models.relocate import relocate_files
from chiron.progress import report_progress
from chiron.releases.git_command import git
from chiron.releases.objects import Objects
from chiron.releases.registry import create_registry, is_folder
from chiron.upkeep.backup import BACKUP, WITHDRAWN_LIST
from chiron.upkeep.databases import is_postgresql, load_postgresql
from schemas.housekeeping import BackupManifest, BackupPart

__all__ = ["restore"]


def restore(source: Path, workdir: Path, *, databases: dict[str, str] | None = None) -> BackupManifest:
    """Make the workdir that was backed up; every file of the backup is verified first.

    databases: the addresses of empty PostgreSQL databases for `mlflow` and `prefect`, where they were such.
    Objects of a remote outside of the workdir go back there, where they are missing.
    Raises NotFound where there is no backup, Damaged where a byte of it is another, CallerError where the workdir or a
    database holds something, BadParameters where the address of a database is missing.
    """
    manifest, workdir = _verified(source), workdir.expanduser().resolve()
    if workdir.exists() and (not workdir.is_dir() or any(workdir.iterdir())):
        raise CallerError(f"workdir {workdir}: expected an empty folder or none, found something there; name another")
    dumps = [part for part in manifest.parts if part.kind == "postgresql"]
    addresses = {part.name: _address_for(part, databases or {}) for part in dumps}
    partial = workdir.with_name(f".{workdir.name}.restoring")
    remove_tree(partial)  # of a restore that was killed
    claim_workdir(partial)
    for part in manifest.parts:
        if part.kind != "postgresql":
            _restore(source, part, manifest, partial, workdir)
    for name, url in addresses.items():
        load_postgresql(url, source / name)
    sync_tree(partial)
    if workdir.is_dir():
        workdir.rmdir()
    partial.rename(workdir)
    sync_path(workdir.parent)
    return manifest


def _verified(source: Path) -> BackupManifest:
    """What the folder holds, every byte of it checked."""
    if not (source / BACKUP).is_file():
        raise NotFound(f"backup {source}: expected {BACKUP}, found none; is this the folder of a backup?")
    try:
        manifest = BackupManifest.model_validate_json((source / BACKUP).read_bytes())
    except ValidationError as error:
        raise Damaged(f"{source / BACKUP}: expected a backup's manifest, found other content; use another") from error
    found = {p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_symlink() or not p.is_dir()}
    if found - {BACKUP} != manifest.files.keys():
        raise Damaged(f"backup {source}: expected the files that its manifest names, found others; use another backup")
    for done, (name, sha256) in enumerate(manifest.files.items(), 1):
        if (source / name).is_symlink() or file_sha256(source / name) != sha256:
            raise Damaged(f"backup {source}: expected SHA-256 {sha256[:12]} of {name}, found other bytes; use another")
        report_progress("files verified", done, len(manifest.files))
    if any(not {"", ".", ".."}.isdisjoint(PurePosixPath(part.name).parts) for part in manifest.parts):
        raise Damaged(f"{source / BACKUP}: expected names inside the backup, found one that leads outside")
    return manifest


def _address_for(part: BackupPart, databases: dict[str, str]) -> str:
    name = part.name.removesuffix(".dump")
    url = databases.get(name, "")
    if not is_postgresql(url):
        raise BadParameters(
            f"restore of {name}: expected the address of an empty PostgreSQL database, for it came from {part.origin}, "
            "found none; set CHIRON_MLFLOW_TRACKING_URI or PREFECT_SERVER_DATABASE_CONNECTION_URL"
        )
    return url


def _restore(source: Path, part: BackupPart, manifest: BackupManifest, partial: Path, workdir: Path) -> None:
    """Bring one part to its place in the workdir that is being made."""
    if part.kind == "registry":
        _registry(source / part.name, partial / "registry.git")
    elif part.kind == "objects":
        _objects(source / part.name, _remote_now(part.origin, Path(manifest.workdir), partial))
    elif part.name == WITHDRAWN_LIST:
        shutil.copyfile(source / part.name, private_folder(partial) / WITHDRAWN_LIST)
    elif part.kind == "folder":
        shutil.copytree(source / part.name, partial / part.name)
    else:
        name = Path(part.name).stem
        (partial / name).mkdir(exist_ok=True, mode=0o700)
        shutil.copyfile(source / part.name, partial / name / part.name)
        if name == "mlflow":
            relocate_files(partial / name / part.name, old=Path(manifest.workdir), new=workdir)


def _registry(bundle: Path, folder: Path) -> None:
    """A bare repository with every commit and tag of a bundle."""
    create_registry(folder)
    if bundle.stat().st_size:
        git("fetch", "--quiet", str(bundle), "+refs/*:refs/*", at=folder)


def _remote_now(origin: str, old: Path, partial: Path) -> str:
    """Where a remote is now: what was in the workdir is in the one that is being made."""
    if is_folder(origin) and Path(origin).is_relative_to(old):
        return str(partial / Path(origin).relative_to(old))
    return origin


def _objects(folder: Path, remote: str) -> None:
    """Store the objects that are missing."""
    objects = Objects(remote)
    places = {path.parent.name + path.name: path for path in folder.rglob("*") if path.is_file()}
    missing = sorted(places.keys() - objects.all().keys())
    for done, oid in enumerate(missing, 1):
        objects.put(oid, places[oid])
        report_progress("objects restored", done, len(missing))
