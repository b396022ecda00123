"""A lineage that never was, for tests of what people see."""

from schemas.lineage import Checks, Filling, Lineage, ModelVersion, Origin, Training
from schemas.release import FlowRun

__all__ = ["made_up_lineage"]


def made_up_lineage(name: str = "demo") -> Lineage:
    """Two sources of one dataset, two cohorts for its holes, a registered model and one that is not."""
    sources = tuple(
        Origin(kind="landing", name=f"{name}-{i}", content_sha256=str(i) * 64, manifest_found=False) for i in (1, 2)
    )
    ingested = tuple(_origin("ingested", source.name, f"{i}a", (source,)) for i, source in enumerate(sources))
    checks = Checks(n_checks=60, n_passed=58, blocked=False, warnings=("readable", "signal_unique"))
    dataset = _origin("validated", name, "b", ingested, releases=("demo@1.0.0", "copy@2.0.0"), checks=checks)
    return Lineage(
        release="demo@1.0.0",
        manifest_sha256="c" * 64,
        flow_run=FlowRun(id="0d5f6c1e-1111", name="brave-otter"),
        dataset=dataset,
        fillings=tuple(_filling(dataset, i) for i in range(2)),
        trainings=(
            Training(
                used_as="real",
                trained_for="atrial fibrillation",
                file_sha256="d" * 64,
                models=(ModelVersion(name=f"{name}-atrial-fibrillation", version="3", aliases=("champion",)),),
                verdict="Synthetic data helped: +0.014 [+0.002, +0.026].",
                training_sha256="e" * 64,
            ),
            Training(
                used_as="real",
                trained_for="atrial fibrillation",
                file_sha256="f" * 64,
                models=(),
                verdict=None,
                training_sha256="e" * 64,
            ),
        ),
        notes=("registered models of elsewhere were not looked at",),
    )


def _origin(kind: str, name: str, digits: str, parents: tuple[Origin, ...], **more: object) -> Origin:
    known = {"simulated": True, "licence": "CC0-1.0", "code_version": "0.1.0", "stage_version": 3, "n_records": 1391}
    return Origin.model_validate(
        {
            "kind": kind,
            "name": name,
            "content_sha256": (digits * 64)[:64],
            "manifest_found": True,
            "parents": parents,
            **known,
            **more,
        }
    )


def _filling(dataset: Origin, i: int) -> Filling:
    return Filling(
        dataset=dataset.name,
        dataset_sha256=dataset.content_sha256,
        cohort="demo-holes",
        cohort_sha256=str(i) * 64,
        cohort_releases=("demo-holes@1.0.0",) if i else (),
        n_holes=1000,
        n_closed=810 + i,
    )
