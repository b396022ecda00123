"""The `train` stage: from a validated dataset and a cohort to a report, test predictions and a model file."""

from pathlib import Path
from typing import Final

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.gate import require_open_gate
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.learning.experiment import Experiment, run_experiment
from chiron.models.file import save_model
from chiron.models.new_card import Reading, card_of, source_of
from schemas.boost import Arm
from schemas.card import BoostVerdict, SourceRole
from schemas.codes import concept_name
from schemas.manifest import DatasetRef, Kind, ParentEntry
from schemas.params import TrainParams
from schemas.results import StageOutcome
from schemas.tables import PREDICTIONS
from schemas.trained import TrainReport
from schemas.training import ModelCard, ModelOutput

__all__ = ["MODEL_FILE", "train_models"]

MODEL_FILE: Final = "model.safetensors"
_STAGE: Final = Stage("train", 4, Kind.TRAINING)


def train_models(workdir: Path, params: TrainParams, real: DatasetRef, cohort: DatasetRef) -> StageOutcome:
    """Run the experiment once per inputs and parameters.

    Raises GateClosed where one of the datasets did not pass, BadParameters where the data can't teach the target,
    DataError where the test split holds what was trained on.

    The folder holds the table `predictions`, `train_report.json` and `model.safetensors`. Weights, and so predictions,
    may differ in their last bits between machines: the content hash of this stage is no promise across them.
    """
    measured, synthetic = open_dataset(real), open_dataset(cohort)
    require_open_gate(measured)
    require_open_gate(synthetic)

    def build(folder: Path) -> None:
        experiment = run_experiment(measured, synthetic, params)
        write_table(folder, PREDICTIONS, experiment.predictions)
        write_report(folder, experiment.report)
        card = _card(experiment, measured, synthetic, params)
        save_model(folder / MODEL_FILE, experiment.network, card, experiment.ledger)

    outcome = run_stage(workdir, _STAGE, _draft(measured, synthetic, params), build)
    report = open_dataset(outcome.ref).report(TrainReport)
    return outcome.model_copy(update={"summary": _summary(report)})


def _draft(real: Dataset, cohort: Dataset, params: TrainParams) -> Draft:
    return Draft(
        name=real.manifest.name,
        simulated=real.manifest.simulated,
        licence=real.manifest.licence,
        parents=tuple(
            ParentEntry(kind=d.manifest.kind, name=d.manifest.name, content_sha256=d.manifest.content_sha256)
            for d in (real, cohort)
        ),
        parameters=params.model_dump(mode="json"),
        pseudonym_key_fingerprint=real.manifest.pseudonym_key_fingerprint,
    )


def _card(experiment: Experiment, real: Dataset, cohort: Dataset, params: TrainParams) -> ModelCard:
    report = experiment.report
    outputs = tuple(
        ModelOutput(code_system=code.system, code=code.code, name=concept_name(code), threshold=threshold)
        for code, threshold in zip(experiment.view.codes, experiment.thresholds, strict=True)
    )
    return card_of(
        experiment.network,
        leads=experiment.view.leads,
        window=experiment.view.window,
        outputs=outputs,
        arm=Arm.SYNTHETIC_FIRST,
        sources=(source_of(real, SourceRole.TARGET), source_of(cohort, SourceRole.COHORT)),
        parameters=params.model_dump(mode="json"),
        boost=BoostVerdict(verdict=report.verdict),
        reading=Reading(thresholds_chosen="Youden's index on the valid split"),
    )


def _summary(report: TrainReport) -> str:
    kept = report.arms[-1]
    area = f"AUROC {kept.auroc.value:.3f} for {report.target_name}"
    return f"{area}, {kept.arm} at {kept.n_real} real records; {report.level}"
