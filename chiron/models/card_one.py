"""Cards of format 1, as files had them before there was a boost experiment: what they say, in today's words."""

from typing import Any, Final

from schemas.base import Interval
from schemas.boost import Arm
from schemas.card import BoostVerdict, CardMetric, CardSource, InputLimits, Range, SourceRole
from schemas.codes import SplitName
from schemas.ledger import LedgerFacts
from schemas.training import ModelCard, ModelOutput, WindowSpec

__all__ = ["from_format_1"]

_KEYS: Final = frozenset(
    (
        *("format_version", "architecture", "leads", "window", "unit", "normalisation", "outputs", "arm", "metrics"),
        *("verdict", "dataset_sha256", "cohort_sha256", "parameters", "simulated", "intended_use", "ledger"),
    )
)


def from_format_1(about: dict[str, Any]) -> ModelCard:
    """The card. Raises ValueError, KeyError or TypeError where it is none of format 1."""
    if extra := set(about) - _KEYS:
        raise ValueError(f"card: expected the fields of format 1, found {len(extra)} others")
    outputs = tuple(ModelOutput.model_validate(output) for output in about["outputs"])
    known = {name: about[name] for name in ("architecture", "leads", "parameters", "simulated", "intended_use")}
    return ModelCard(
        **known,
        window=WindowSpec.model_validate(about["window"]),
        unit=about["unit"],
        normalisation=about["normalisation"],
        limits=InputLimits(fs_hz=Range(low=50, high=10_000)),
        outputs=outputs,
        thresholds_chosen="Youden's index on the valid split",
        arm=Arm.SYNTHETIC_FIRST,  # the only one that was ever kept
        metrics=tuple(_metrics(about["metrics"], outputs[0].name)),
        boost=BoostVerdict(verdict=about["verdict"]),
        sources=(
            CardSource(role=SourceRole.TARGET, content_sha256=about["dataset_sha256"], simulated=about["simulated"]),
            CardSource(role=SourceRole.COHORT, content_sha256=about["cohort_sha256"], simulated=True),
        ),
        ledger=LedgerFacts.model_validate(about["ledger"]) if about.get("ledger") else None,
    )


def _metrics(found: list[dict[str, Any]], target: str) -> list[CardMetric]:
    """The area of the model itself: the last of its arm."""
    own = [each for each in found if each["arm"] == Arm.SYNTHETIC_FIRST.value]
    return [
        CardMetric(
            name="AUROC",
            of=target,
            value=Interval.model_validate(each["auroc"]),
            dataset="its own",
            split=SplitName.TEST,
        )
        for each in own[-1:]
    ]
