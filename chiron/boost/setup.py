"""What all jobs of one experiment share: what data is read as, where its files lie, and what it all hangs on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chiron.boost.checks import require_arms, require_classes, require_related
from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import Dataset
from chiron.learning.examples import View, codes_of, common_codes
from schemas.boost import BoostPlan
from schemas.codes import Code
from schemas.tables import RECORDS
from schemas.training import Architecture, WindowSpec

__all__ = ["Setup", "make_setup"]

_VERSION: Final = 1  # of what jobs make of the same inputs: another number makes finished ones count no more


@dataclass(frozen=True)
class Setup:
    """Small enough to be sent to every worker; arrays lie in files below `folder`.

    sha256: of everything that every job depends on. exclusive: every record has exactly one of the codes.
    """

    folder: Path
    real: Dataset
    cohort: Dataset
    related: tuple[Dataset, ...]
    view: View  # the target is the first code
    exclusive: bool
    architecture: Architecture
    sha256: str


def make_setup(  # noqa: PLR0913 - what an experiment is made from
    real: Dataset,
    cohort: Dataset,
    related: Sequence[Dataset],
    plan: BoostPlan,
    folder: Path,
    *,
    window: WindowSpec,
    architecture: Architecture,
) -> Setup:
    """Raises BadParameters where the datasets have no labels in common, or the plan asks for what is not there."""
    require_arms(plan)
    require_related(plan, related)
    view = View(_leads_of(cohort), _codes(real, cohort, plan), window)
    identity = {
        "version": _VERSION,
        "real": real.manifest.content_sha256,
        "cohort": cohort.manifest.content_sha256,
        "related": [each.manifest.content_sha256 for each in related],
        "leads": view.leads,
        "codes": [list(code) for code in view.codes],
        "exclusive": bool(plan.target.classes),
        "window": window.model_dump(mode="json"),
        "architecture": architecture.value,
    }
    digest = sha256_hex(canonical_json(identity))
    return Setup(folder, real, cohort, tuple(related), view, bool(plan.target.classes), architecture, digest)


def _leads_of(cohort: Dataset) -> tuple[str, ...]:
    return tuple(cohort.scan(RECORDS).select("leads").head(1).collect()["leads"][0].to_list())


def _codes(real: Dataset, cohort: Dataset, plan: BoostPlan) -> tuple[Code, ...]:
    """The target first; then the other classes in the plan's order, or whatever else both datasets teach."""
    target = plan.target.key
    if not plan.target.classes:
        return common_codes(real, cohort, target)
    classes = [Code(system, code) for system, code in plan.target.classes]
    require_classes(classes, codes_of(cohort), cohort.manifest.name)
    return (target, *(code for code in classes if code != target))
