"""From a finished comparison to the registry: a model is registered where the comparison speaks for it."""

from pathlib import Path

from chiron.datasets.dataset import open_dataset
from chiron.models.registry import default_tracking_uri, register_model
from chiron.models.stage import MODEL_FILE
from schemas.manifest import DatasetRef
from schemas.trained import RegisteredModel, TrainReport

__all__ = ["register_if_better"]


def register_if_better(
    workdir: Path, trained: DatasetRef, name: str, *, tracking_uri: str | None
) -> RegisteredModel | None:
    """The registered model, or None where the report says that synthetic data did not help.

    tracking_uri: None for SQLite in the workdir. Registering the same file again gives the version that it has.
    """
    training = open_dataset(trained)
    report = training.report(TrainReport)
    if not report.fit_for_registration:
        return None
    tags = {
        "target": report.target_name,
        "training_sha256": training.manifest.content_sha256,
        **{f"{parent.kind}_sha256": parent.content_sha256 for parent in training.manifest.parents},
    }
    uri = tracking_uri or default_tracking_uri(workdir)
    return register_model(uri, f"{name}-{_slug(report.target_name)}", training.folder / MODEL_FILE, tags)


def _slug(words: str) -> str:
    """Words joined by hyphens, for a name."""
    return "-".join(words.lower().split())
