"""Rebuilding: a released cohort is made anew from its specification, and its content hash compared, not transferred.

Record i of a cohort depends on its specification and seed alone, which the released manifest holds. The rebuilt folder
has the released content; its files may be packed otherwise where the libraries are of other versions, and then its own
manifest says so.
"""

import time
from pathlib import Path

from pydantic import ValidationError

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, stage_key, write_manifest
from chiron.datasets.placing import new_folder, place_files, refuse_occupied
from chiron.datasets.signals import default_shard_samples
from chiron.datasets.workdir import remove_tree
from chiron.errors import BadParameters, CallerError, Damaged
from chiron.releases.cache import open_cache
from chiron.releases.description import describe_release
from chiron.releases.source import FoundRelease, ReleaseSource, find_release
from chiron.releases.staging import described_manifest
from chiron.settings import settings
from chiron.synthesis.cohort import _STAGE as SYNTHESIZE  # what decides which code makes which bytes
from chiron.synthesis.cohort import Map, synthesize_cohort
from schemas.manifest import DatasetRef, Kind, Manifest
from schemas.params import SynthesizeParams
from schemas.results import Pulled

__all__ = ["rebuild_release"]


def rebuild_release(
    spec: str,
    dest: Path,
    *,
    registry: str,
    remote: str | None = None,
    map: Map = map,  # noqa: A002 - it takes the built-in's place
) -> Pulled:
    """Make a released cohort anew in a folder that is empty or not there; only its manifest is fetched.

    A killed call goes on where it stopped. map: spreads the work, as in `synthesize_cohort`.
    Raises CallerError where the release is no cohort, or one that this version of Chiron makes otherwise, Damaged where
    what was made has other content, and what `pull_release` raises.
    """
    began = time.monotonic()
    dest = dest.expanduser().resolve()
    refuse_occupied(dest)
    source = ReleaseSource(find_release(spec, registry=registry, remote=remote), open_cache())
    params = _specification(source.manifest, source.found.release.tag)
    workdir = dest.parent / f".{dest.name}.rebuild"
    outcome = synthesize_cohort(
        workdir,
        params,
        map=map,
        batch_records=settings().batch_records,
        shard_samples=default_shard_samples("int16"),
    )
    _require_content(outcome.ref, source)
    with new_folder(dest) as folder:
        _fill(folder, open_dataset(outcome.ref), source.found)
    remove_tree(workdir)
    return source.pulled(time.monotonic() - began)


def _specification(manifest: Manifest, tag: str) -> SynthesizeParams:
    """What the cohort was made from. Refuses what can't be made again here."""
    if manifest.kind is not Kind.COHORT:
        raise CallerError(f"rebuild of {tag}: expected a cohort, found a {manifest.kind} dataset; pull it")
    if manifest.stage_version != SYNTHESIZE.version:
        raise CallerError(
            f"rebuild of {tag}: expected version {SYNTHESIZE.version} of the synthesis, found one of version "
            f"{manifest.stage_version}, made by Chiron {manifest.code_version}; use that one, or pull it"
        )
    try:
        params = SynthesizeParams.model_validate(manifest.parameters)
    except ValidationError:
        params = None
    draft = Draft(manifest.name, simulated=True, licence=manifest.licence, parameters=manifest.parameters)
    if (
        params is None
        or manifest.parameters != params.model_dump(mode="json")
        or stage_key(SYNTHESIZE, draft) != manifest.key
    ):
        raise BadParameters(
            f"rebuild of {tag}: expected the specification of a cohort that this version makes, found another, "
            f"of Chiron {manifest.code_version}; pull it"
        )
    return params


def _require_content(made: DatasetRef, source: ReleaseSource) -> None:
    wanted = source.found.record.content_sha256
    if made.content_sha256 != wanted:
        raise Damaged(
            f"rebuild of {source.found.release.tag}: expected content {wanted[:12]}, found {made.content_sha256[:12]} "
            "made from its specification; pull it, and report this"
        )


def _fill(folder: Path, made: Dataset, found: FoundRelease) -> None:
    """The cohort's files, and those that describe them under the name and version of the release."""
    own = found.record.model_copy(update={"manifest_sha256": made.manifest.manifest_sha256})
    described = describe_release(made, own, registry=found.release.registry)
    place_files({name: made.folder / name for name in made.manifest.files}, folder)
    for name, data in described.items():
        (folder / name).write_bytes(data)
    write_manifest(folder, described_manifest(made.manifest, described))
