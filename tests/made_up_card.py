"""A model's card that never was, with every field filled in, for tests of what people see."""

from made_up_boost import made_up_boost

from schemas.base import Interval
from schemas.boost import Arm, Mix
from schemas.card import BoostVerdict, Calibration, CardMetric, CardSource, InputLimits, Range, SourceRole
from schemas.codes import ATRIAL_FIBRILLATION, OTHER_RHYTHM, SINUS_RHYTHM, SplitName
from schemas.ledger import Ancestry, LedgerFacts
from schemas.training import ModelCard, ModelOutput, WindowSpec

__all__ = ["made_up_card"]


def made_up_card() -> ModelCard:
    """A network for three rhythms of one lead."""
    return ModelCard(
        architecture="resnet1d-1",
        leads=("I",),
        window=WindowSpec(),
        normalisation="robust-1",
        filters=("baseline below 0.5 Hz taken away", "resampled to 100 Hz"),
        limits=InputLimits(
            fs_hz=Range(low=100, high=10_000),
            duration_s=Range(low=5, high=604_800),
            peak_mv=Range(low=0.1, high=6.0),
            min_quality=0.31,
        ),
        outputs=(
            ModelOutput(
                code_system=ATRIAL_FIBRILLATION.system,
                code=ATRIAL_FIBRILLATION.code,
                name="atrial fibrillation",
                threshold=0.42,
                calibration=Calibration(slope=0.81, intercept=-0.12),
                unsure=Range(low=0.3, high=0.5),
            ),
            ModelOutput(
                code_system=SINUS_RHYTHM.system, code=SINUS_RHYTHM.code, name="normal sinus rhythm", threshold=0.55
            ),
            ModelOutput(code_system=OTHER_RHYTHM.system, code=OTHER_RHYTHM.code, name="other rhythm"),
        ),
        thresholds_chosen="Youden's index on the valid split",
        abstention_chosen="at 90 % coverage on the valid split",
        arm=Arm.SYNTHETIC_FIRST,
        metrics=(
            _metric("AUROC", "atrial fibrillation", 0.979, n_positive=163),
            _metric("mean F1", "the classes", 0.812, mix=Mix.NATURAL),
            _metric("Brier score", "atrial fibrillation", 0.041, n_positive=163),
        ),
        boost=BoostVerdict.of(made_up_boost()),
        sources=(
            CardSource(
                role=SourceRole.TARGET, content_sha256="1" * 64, name="cinc2017", version="1.2.0", licence="ODC-By 1.0"
            ),
            CardSource(role=SourceRole.COHORT, content_sha256="2" * 64, name="cinc2017-cohort", simulated=True),
        ),
        parameters={"seed": 1, "window": {"fs_hz": 100.0}, "sizes": [0, 60]},
        environment={"chiron": "0.9.0", "torch": "2.13.0"},
        simulated=False,
        licence="ODC-By 1.0",
        ledger=LedgerFacts(
            n_records=796,
            n_patients=0,
            n_patients_unknown=796,
            ancestry=(Ancestry(source="cinc2017", pseudonym_key_fingerprint=None),),
            datasets=("1" * 64,),
        ),
    )


def _metric(name: str, of: str, value: float, *, mix: Mix = Mix.SAMPLED, n_positive: int | None = None) -> CardMetric:
    return CardMetric(
        name=name,
        of=of,
        value=Interval(value=value, lower=value - 0.02, upper=value + 0.013),
        dataset="cinc2017@1.2.0",
        split=SplitName.TEST,
        mix=mix,
        n_records=561,
        n_positive=n_positive,
    )
