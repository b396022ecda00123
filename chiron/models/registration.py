"""From a finished experiment to the registry: its run is written, the gate decides, and what may pass is registered.

Everything here may be killed and run again: a training has one run and, where the gate lets it in, one version.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chiron.datasets.canonical import canonical_json, file_sha256
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.errors import GateClosed, NotFound
from chiron.models.gate import judge
from chiron.models.history import IS_MODEL, read_standing, settle
from chiron.models.looks import count_look
from chiron.models.registry import Entry, default_tracking_uri, models_with_tags, register_model
from chiron.models.rivals import TARGET_TAG, compare_with_registered
from chiron.models.runs import MODEL_ARTIFACT, flattened, keep_run, points_of, run_of
from chiron.models.tracking import answering, connect, has_model
from schemas.boost import BoostReport
from schemas.manifest import DatasetRef, Kind
from schemas.registry import ModelGate, Registration, Signed
from schemas.trained import RegisteredModel

__all__ = ["GATE_TAG", "register_candidate", "require_registered"]

GATE_TAG: Final = "gate"
"""The tag of a version that holds what the gate decided about it."""
_BY: Final = "the gate"
_MOST_IN_A_TAG: Final = 50  # rivals; the run's file has all


def register_candidate(  # noqa: PLR0913 - what was trained, on what, under which name, where, and in spite of what
    workdir: Path,
    trained: DatasetRef,
    real: DatasetRef,
    name: str,
    *,
    tracking_uri: str | None,
    tags: Mapping[str, str] | None = None,
    override: Signed | None = None,
) -> Registration:
    """Judge the model of an experiment, keep its run, and register it as `NAME-target` where it may be.

    real: the dataset that it was trained on, on whose test split it is compared with registered models. tags: more to
    say of run and version, as which releases it was made from. override: registers it in spite of a closed gate, as a
    challenger. A model that is registered already stays what it is, with the decision of then. Raises NotFound where
    `real` is another dataset, ServiceUnavailable where the registry does not answer.
    """
    training, dataset = open_dataset(trained), open_dataset(real)
    _require_same(training, dataset)
    report, file = training.report(BoostReport), training.folder / MODEL_ARTIFACT
    uri, sha256 = tracking_uri or default_tracking_uri(workdir), file_sha256(file)
    full_name = f"{name}-{_slug(report.target_name)}"
    n_looks = count_look(uri, dataset.manifest.content_sha256, sha256, once=True)
    known = _gate_of(uri, full_name, sha256)
    gate = known or _judged(uri, full_name, report, file, sha256, dataset, override)
    said = _tags(training, report, gate) | dict(tags or {})
    if known is None:
        _keep(uri, full_name, training, report, gate, sha256, said)
    model = None
    if gate.is_open or gate.override:
        shown = gate.model_copy(update={"rivals": gate.rivals[:_MOST_IN_A_TAG]})
        model = register_model(uri, full_name, file, said | {GATE_TAG: shown.model_dump_json()}, _entry(gate))
    return Registration(gate=gate, model=model, n_looks=n_looks)


def require_registered(registration: Registration) -> RegisteredModel:
    """The registered model. Raises GateClosed, with the reasons, where there is none."""
    if registration.model is None:
        raise GateClosed(f"model {registration.gate.model} was not registered: {registration.gate.reasons}")
    return registration.model


def _require_same(training: Dataset, dataset: Dataset) -> None:
    content = dataset.manifest.content_sha256
    if content not in {parent.content_sha256 for parent in training.manifest.parents}:
        raise NotFound(
            f"training {training.manifest.name}: expected the dataset that it was trained on, found content "
            f"{content[:12]}; run `chiron train` again"
        )


def _gate_of(tracking_uri: str, name: str, sha256: str) -> ModelGate | None:
    """What was decided about these bytes when they were registered."""
    for tagged in models_with_tags(tracking_uri):
        if (tagged.model.name, tagged.model.sha256) == (name, sha256) and GATE_TAG in tagged.tags:
            return ModelGate.model_validate_json(tagged.tags[GATE_TAG])
    return None


def _judged(  # noqa: PLR0913, PLR0917 - as above
    uri: str,
    name: str,
    report: BoostReport,
    file: Path,
    sha256: str,
    dataset: Dataset,
    override: Signed | None,
) -> ModelGate:
    client = connect(uri)
    with answering(uri):
        standing = settle(client, name) if has_model(client, name) else read_standing(client, name)
    code, target = report.plan.target.key, report.target_name
    rivals = compare_with_registered(uri, name, file, sha256, dataset, code=code, target=target)
    return judge(name, report, rivals, champion=standing.champion, override=override)


def _entry(gate: ModelGate) -> Entry:
    """How the version enters its history."""
    if gate.override:
        return Entry(gate.override, gate.champion, becomes_champion=False)
    why = "not distinguishable from the champion"
    if gate.becomes_champion:
        why = "better than the champion" if gate.champion else "the first champion"
    return Entry(Signed(by=_BY, why=why), gate.champion, gate.becomes_champion)


def _tags(training: Dataset, report: BoostReport, gate: ModelGate) -> dict[str, str]:
    """What run and version say: the target, the hashes of everything the model was made from, and who overrode."""
    tags = {
        TARGET_TAG: report.target_name,
        "target_code": f"{report.plan.target.code_system.value} {report.plan.target.code}",
        "verdict": report.verdict,
        f"{Kind.TRAINING}_sha256": training.manifest.content_sha256,
        "gate_is": "open" if gate.is_open else "closed",
    }
    for parent in training.manifest.parents:
        key = f"{parent.kind}_sha256"
        n_same = sum(other.startswith(key) for other in tags)
        tags[f"{key}_{n_same + 1}" if n_same else key] = parent.content_sha256
    if gate.override:
        tags |= {"override_by": gate.override.by, "override_why": gate.override.why}
    return tags


def _keep(  # noqa: PLR0913, PLR0917 - one argument per thing that is kept
    uri: str,
    name: str,
    training: Dataset,
    report: BoostReport,
    gate: ModelGate,
    sha256: str,
    tags: Mapping[str, str],
) -> None:
    """Write the run of a training. The file of the model is kept with it when it is registered."""
    client = connect(uri)
    pages = sorted(training.folder.glob("*.html"))
    with answering(uri), tempfile.TemporaryDirectory() as folder:
        decided = Path(folder) / ModelGate.file_name
        decided.write_bytes(canonical_json(gate.model_dump(mode="json")))
        run = run_of(client, uri, name, sha256)
        keep_run(
            client,
            run,
            params=flattened(report.plan.model_dump(mode="json")),
            points=points_of(report),
            tags={**tags, IS_MODEL: sha256},
            files=[training.folder / BoostReport.file_name, decided, *pages],
        )


def _slug(words: str) -> str:
    """Words joined by hyphens, for a name."""
    return "-".join("".join(c if c.isalnum() else " " for c in words.lower()).split())
