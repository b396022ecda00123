"""The gate, for whoever uses a dataset: what did not pass is neither released nor trained on."""

from chiron.datasets.dataset import Dataset
from chiron.errors import GateClosed
from schemas.gate import GateReport
from schemas.manifest import Kind

__all__ = ["require_open_gate"]

_GATED = (Kind.VALIDATED, Kind.COHORT)


def require_open_gate(dataset: Dataset) -> None:
    """Raise GateClosed where the dataset was not checked, or a blocking check did not pass."""
    manifest = dataset.manifest
    if manifest.kind not in _GATED:
        raise GateClosed(
            f"gate of {manifest.name}: expected a checked dataset, found one of kind {manifest.kind}; validate it"
        )
    gate = dataset.report(GateReport)
    if gate.blocked:
        raise GateClosed(f"gate of {manifest.name}: {gate.reasons}; see gate.json in {dataset.folder}")
