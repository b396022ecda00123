"""Where a dataset comes from and what was trained on it: put together from manifests, the registry and the models.

Ancestors are looked up in the workdir by content; where they are not there, the child's manifest is all that is known.
How it is shown does not belong here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chiron.datasets.dataset import Dataset
from chiron.errors import ChironError, NotFound
from chiron.provenance.inspecting import inspected
from chiron.provenance.stages import FoundStage, StageIndex
from chiron.provenance.trainings import trainings_on
from chiron.releases.registry import normal_address, open_registry
from schemas.gate import CheckStatus, GateReport
from schemas.lineage import Checks, Filling, Lineage, Origin
from schemas.manifest import Kind, Manifest, ParentEntry
from schemas.populations import FilledReport
from schemas.release import ReleaseRecord, Withdrawal
from schemas.tables import RECORDS

__all__ = ["lineage_of"]

_DEEPEST: Final = 50  # generations; a manifest can't name itself, but a hostile one may name many

Tags = Mapping[str, tuple[str, ...]]
"""The releases of each content."""


def lineage_of(
    spec: str, workdir: Path, *, registry: str, remote: str | None = None, tracking_uri: str | None = None
) -> Lineage:
    """The lineage of a release, or of a dataset's folder.

    spec: a folder; a release, as `choose_release` reads it; or the content hash of anything finished in the workdir.
    tracking_uri: of the model registry; None for the workdir's.
    Raises NotFound where there is no such dataset, Damaged where its manifest was altered.
    """
    stages = StageIndex(workdir)
    records, withdrawn, notes = _releases_if_any(registry)
    tell = _Teller(workdir, stages, records, withdrawn, tracking_uri, notes)
    stage = stages.starting_with(spec) if not any(r.content_sha256.startswith(spec) for r in records) else None
    if stage is not None:
        return tell(Dataset(stage.folder, stage.manifest), None)
    with inspected(spec, registry=registry, remote=remote) as found:
        return tell(found.dataset([GateReport.file_name]), found.record)


def _releases_if_any(registry: str) -> tuple[list[ReleaseRecord], list[Withdrawal], list[str]]:
    """All releases, and which are withdrawn. A folder has a lineage without a registry too."""
    try:
        with open_registry(normal_address(registry)) as opened:
            return opened.records(), list(opened.withdrawals().values()), []
    except ChironError as error:
        return [], [], [f"releases were not looked at: {error}"]


@dataclass(frozen=True)
class _Teller:
    """What was looked up once, for every part of a lineage."""

    workdir: Path
    stages: StageIndex
    records: list[ReleaseRecord]
    withdrawn: list[Withdrawal]
    tracking_uri: str | None
    notes: list[str]

    def __call__(self, dataset: Dataset, record: ReleaseRecord | None) -> Lineage:
        manifest, tags = dataset.manifest, _tags(self.records)
        known = record or _record_of(manifest, self.records)
        trainings, faults = trainings_on(manifest.content_sha256, self.workdir, self.stages, self.tracking_uri)
        taken_back = [
            f"{note.tag} was withdrawn ({note.reason}): {note.remedy}"
            for note in self.withdrawn
            if note.content_sha256 == manifest.content_sha256
        ]
        return Lineage(
            release=f"{known.name}@{known.version}" if known else None,
            manifest_sha256=manifest.manifest_sha256,
            flow_run=known.flow_run if known else None,
            dataset=_origin(FoundStage(dataset.folder, manifest), self.stages, tags, _DEEPEST),
            fillings=tuple(_fillings(manifest.content_sha256, self.stages, tags)),
            trainings=trainings,
            notes=(*self.notes, *taken_back, *faults),
        )


def _record_of(manifest: Manifest, records: Iterable[ReleaseRecord]) -> ReleaseRecord | None:
    """The release that a folder is: a pulled one the one with its manifest, another the newest with its content."""
    same = [record for record in records if record.content_sha256 == manifest.content_sha256]
    pulled = (record for record in same if record.manifest_sha256 == manifest.manifest_sha256)
    return next(pulled, same[-1] if same else None)


def _tags(records: Iterable[ReleaseRecord]) -> Tags:
    tags: dict[str, tuple[str, ...]] = {}
    for record in records:
        tags[record.content_sha256] = (*tags.get(record.content_sha256, ()), f"{record.name}@{record.version}")
    return tags


def _origin(found: FoundStage, stages: StageIndex, tags: Tags, depth: int) -> Origin:
    """What a folder and its manifest tell, and the same of its parents."""
    manifest = found.manifest
    records = manifest.tables.get(RECORDS.name)
    return Origin(
        kind=manifest.kind,
        name=manifest.name,
        content_sha256=manifest.content_sha256,
        manifest_found=True,
        releases=tags.get(manifest.content_sha256, ()),
        simulated=manifest.simulated,
        licence=manifest.licence,
        code_version=manifest.code_version,
        stage_version=manifest.stage_version,
        profile=_profile(manifest),
        n_records=records.n_rows if records else None,
        checks=_checks(found),
        parents=tuple(_parent(parent, stages, tags, depth - 1) for parent in manifest.parents) if depth else (),
    )


def _parent(parent: ParentEntry, stages: StageIndex, tags: Tags, depth: int) -> Origin:
    """A parent: in full where the workdir has it."""
    found = stages.with_content(parent.content_sha256, parent.kind)
    if found is not None:
        return _origin(found, stages, tags, depth)
    return Origin(
        kind=parent.kind,
        name=parent.name,
        content_sha256=parent.content_sha256,
        manifest_found=False,
        releases=tags.get(parent.content_sha256, ()) if parent.kind != "landing" else (),
    )


def _profile(manifest: Manifest) -> str | None:
    """The name of the source's profile; a private one's is all that its manifest tells."""
    profile = manifest.parameters.get("profile")
    named = profile.get("name") if isinstance(profile, dict) else profile
    return named if isinstance(named, str) else None


def _checks(found: FoundStage) -> Checks | None:
    """The gate's verdict; None where nothing was checked, or the report is not at hand."""
    try:
        gate = Dataset(found.folder, found.manifest).report(GateReport)
    except (NotFound, ValueError):
        return None
    passed = [check for check in gate.checks if check.status is CheckStatus.PASSED]
    blocking = {check.name for check in gate.blocking}
    warnings = {check.name for check in gate.checks if check.status is not CheckStatus.PASSED} - blocking
    return Checks(
        n_checks=len(gate.checks), n_passed=len(passed), blocked=gate.blocked, warnings=tuple(sorted(warnings))
    )


def _fillings(content_sha256: str, stages: StageIndex, tags: Tags) -> Iterator[Filling]:
    """The cohorts that were made for the holes of this dataset, or the dataset that this cohort was made for."""
    for stage in stages.made_from(content_sha256, Kind.FILLING):
        dataset, *cohorts = stage.manifest.parents
        cohort = cohorts[0] if cohorts else None
        try:
            filled = Dataset(stage.folder, stage.manifest).report(FilledReport)
        except (NotFound, ValueError):  # of another generation
            continue
        yield Filling(
            dataset=dataset.name,
            dataset_sha256=dataset.content_sha256,
            cohort=cohort.name if cohort else None,
            cohort_sha256=cohort.content_sha256 if cohort else None,
            cohort_releases=tags.get(cohort.content_sha256, ()) if cohort else (),
            n_holes=filled.n_holes,
            n_closed=filled.n_closed,
        )
