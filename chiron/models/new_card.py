"""The card of a model that was just trained: what the trainer knows, and what can be measured of what it read."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl
from pydantic import JsonValue
from scipy.special import expit, logit

from chiron.datasets.dataset import Dataset
from chiron.learning.examples import lead_rows
from chiron.measures.prepared import FILTERS, NORMALISATION, prepared_with_peak
from chiron.models.scorers import scorer_of
from chiron.quality.signal_leads import lead_scores
from schemas.boost import Arm
from schemas.card import BoostVerdict, CardMetric, CardSource, InputLimits, Range, SourceRole
from schemas.training import ModelCard, ModelKind, ModelOutput, WindowSpec

if TYPE_CHECKING:
    from chiron.learning.baselines import Forest, Logistic
    from chiron.learning.networks import Network

__all__ = ["Reading", "card_of", "measured_limits", "source_of", "unsure_around"]

Row = dict[str, Any]

_MOST_MEASURED: Final = 1000  # records: enough for a hundredth
_MARGIN: Final = 3.0  # beyond the lowest and highest hundredth of R amplitudes
_SHORTEST_S: Final = 5.0
_LIBRARIES: Final = ("numpy", "scipy", "polars", "safetensors")
_OF_KIND: Final = {ModelKind.NETWORK: "torch", ModelKind.FOREST: "scikit-learn", ModelKind.LOGISTIC: "scikit-learn"}


class Reading(NamedTuple):
    """How the answers are read: all of it was chosen on validation data, or not at all."""

    exclusive: bool = False  # exactly one of the outputs is true of a record
    temperature: float = 1.0  # of exclusive outputs
    thresholds_chosen: str = "not chosen"  # how, and on what
    min_confidence: float | None = None  # of exclusive outputs
    abstention_chosen: str = "not chosen"


def card_of(  # noqa: PLR0913 - what only the trainer knows
    predictor: "Network | Forest | Logistic",
    *,
    leads: Sequence[str],
    window: WindowSpec,
    outputs: Sequence[ModelOutput],
    arm: Arm,
    sources: Sequence[CardSource],
    parameters: dict[str, JsonValue],
    limits: InputLimits = InputLimits(),  # noqa: B008 - immutable
    metrics: Sequence[CardMetric] = (),
    boost: BoostVerdict | None = None,
    reading: Reading = Reading(),  # noqa: B008 - immutable
) -> ModelCard:
    """The card to save `predictor` with. sources: the target's first; simulated and licence are the target's.

    boost: `BoostVerdict.of(report)`. limits: `measured_limits` of the real training records.
    """
    scorer = scorer_of(predictor, exclusive=reading.exclusive)
    target = next(source for source in sources if source.role is SourceRole.TARGET)
    return ModelCard(
        kind=scorer.kind,
        architecture=scorer.architecture,
        leads=tuple(leads),
        window=window,
        normalisation=NORMALISATION,
        filters=FILTERS,
        limits=limits,
        outputs=tuple(outputs),
        arm=arm,
        metrics=tuple(metrics),
        boost=boost,
        sources=tuple(sources),
        parameters=parameters,
        environment=_environment(scorer.kind),
        simulated=target.simulated,
        licence=target.licence or "not stated",
        **reading._asdict(),
    )


def source_of(dataset: Dataset, role: SourceRole, release: str | None = None) -> CardSource:
    """What a card says of a dataset. release: `NAME@VERSION`, where it is known that this content is one."""
    manifest = dataset.manifest
    name, _, number = (release or manifest.name).partition("@")
    return CardSource(
        role=role,
        content_sha256=manifest.content_sha256,
        name=name,
        version=number or None,
        simulated=manifest.simulated,
        licence=manifest.licence,
    )


def measured_limits(dataset: Dataset, records: pl.DataFrame, leads: Sequence[str], window: WindowSpec) -> InputLimits:
    """What recordings must keep to, from those that a model was trained on: rows of `records`, at most 1,000 are read.

    Amplitudes may be three times beyond the lowest and the highest hundredth; quality is at least the lowest hundredth.
    A rate below that of the window lacks what the model looks for.
    """
    rows = records.sort("record_id").gather_every(max(records.height // _MOST_MEASURED, 1)).iter_rows(named=True)
    measured = np.array([_measured(dataset, row, leads, window) for row in rows])
    (low, high), quality = np.quantile(measured[:, 0], (0.01, 0.99)), np.quantile(measured[:, 1], 0.01)
    shortest = records.select((pl.col("n_samples") / pl.col("fs_hz")).min()).item()
    return InputLimits(
        fs_hz=Range(low=min(window.fs_hz, records.select(pl.col("fs_hz").min()).item()), high=10_000),
        duration_s=Range(low=max(min(shortest, _SHORTEST_S), 2.0), high=InputLimits().duration_s.high),
        peak_mv=Range(low=float(low / _MARGIN), high=float(high * _MARGIN)),
        min_quality=round(float(quality), 3),
    )


def unsure_around(threshold: float, min_confidence: float) -> Range:
    """Where an output can't tell: nearer to its threshold than `min_confidence`, on the scale of the logit.

    As of `chiron.evaluation.abstention`: a rule that was chosen on validation data.
    """
    middle = float(logit(np.clip(threshold, 1e-7, 1 - 1e-7)))
    return Range(low=float(expit(middle - min_confidence)), high=float(expit(middle + min_confidence)))


def _measured(dataset: Dataset, row: Row, leads: Sequence[str], window: WindowSpec) -> tuple[float, float]:
    """The typical R amplitude in mV, and the score of signal quality."""
    signal = dataset.signal_mv(row)[lead_rows(row["leads"], leads)]
    scores = lead_scores(signal, np.ones(len(signal), bool), fs_hz=row["fs_hz"])
    peak = prepared_with_peak(signal, row["fs_hz"], window.fs_hz).peak
    return peak, float(scores.mean() + scores.min()) / 2


def _environment(kind: ModelKind) -> dict[str, str]:
    """Versions of what the answer depends on."""
    return {name: _version(name) for name in ("chiron", *_LIBRARIES, _OF_KIND[kind])}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
