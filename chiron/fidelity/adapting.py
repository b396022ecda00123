"""Wave shapes fitted to recordings of any leads: drawn hearts, weighed until their beats can't be told from real ones.

Hearts are drawn from a model, recorded and measured like the real recordings of sinus rhythm. The odds that a
classifier gives an averaged beat of being real say how much more often it is real than drawn (density ratio estimation:
Sugiyama, Suzuki & Kanamori 2012). The hearts, weighed by them, are the next model; recorders' bands are weighed along.
Shapes: N drawn hearts, R real recordings, W Gaussians.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.errors import EmptySource
from chiron.fidelity.chosen import FEWEST, Chosen, choose
from chiron.fidelity.common import agree_on_leads, agree_on_preparation
from chiron.fidelity.giveaway import beat_view
from chiron.fidelity.measured import Measured, measure, measured_signals
from chiron.fidelity.telling_apart import out_of_fold
from chiron.populations.drawn_hearts import DrawnHearts, draw_hearts, model_of_hearts
from chiron.populations.quantiles import clipped, weighted_quantiles
from chiron.progress import report_progress
from chiron.synthesis.kernel import PARAMETER_NAMES, synthesize_records
from chiron.synthesis.morphology_model import MorphologyModel, load_model
from schemas.codes import SINUS_RHYTHM
from schemas.cohort import LEADS, CohortSpec, Group, NoiseSpec
from schemas.fidelity import Preparation
from schemas.states import RATE_LIMITS_BPM, Rhythm

__all__ = ["AdaptedShapes", "adapt_shapes"]

_N_ROUNDS: Final = 5
_N_CLASSIFIERS: Final = 3
_DAMPING: Final = 0.7  # of the odds' logarithm: a step that is too long overshoots
_MOST_LOG_WEIGHT: Final = 3.0
_BANDS: Final = ("low_pass_hz", "high_pass_hz")
_WIDE: Final = NoiseSpec(displaced_share=0.0)  # of electrodes anywhere nothing is learned of the heart

Floats = npt.NDArray[np.float64]


class AdaptedShapes(NamedTuple):
    """A model, and the recorders' bands as `NoiseSpec` states them."""

    model: MorphologyModel
    low_pass_hz: tuple[float, ...]
    high_pass_hz: tuple[float, ...]


def adapt_shapes(dataset: Dataset, *, n_hearts: int = 1500, n_rounds: int = _N_ROUNDS, seed: int = 0) -> AdaptedShapes:
    """Fit to the recordings of sinus rhythm in train and valid; starts from the shipped model.

    Raises EmptySource where fewer than `FEWEST` recordings have a beat.
    """
    chosen = _sinus(dataset, seed)
    how = agree_on_preparation(chosen, chosen)
    leads = agree_on_leads(chosen.rows, pl.DataFrame({"leads": [list(LEADS)]}))
    real = measure(chosen, leads.real[:1], how, "real")
    if real.has_beat.sum() < FEWEST:
        raise EmptySource(f"wave shapes: expected at least {FEWEST} beats in sinus rhythm, found {real.has_beat.sum()}")
    model, noise = load_model(), _WIDE
    for done in range(n_rounds):
        spec = _like(real, how, leads.synthetic[0], noise, seed + done)
        drawn, made, bands = _recorded(spec, n_hearts, how, model)
        weight = _odds(real, made, how.rate_hz, seed)
        model = model_of_hearts(drawn, weight, model)
        noise = noise.model_copy(update=_weighed(bands, weight))
        report_progress("rounds of fitting", done + 1, n_rounds)
    return AdaptedShapes(model, noise.low_pass_hz, noise.high_pass_hz)


def _sinus(dataset: Dataset, seed: int) -> Chosen:
    chosen = choose(dataset, (SINUS_RHYTHM,), np.random.default_rng([seed, 0]))
    having = chosen.having(0)
    if having.sum() < FEWEST:
        raise EmptySource(
            f"wave shapes: expected at least {FEWEST} recordings of sinus rhythm, found {having.sum()}; "
            "fit to a dataset that has them"
        )
    return Chosen(dataset, chosen.rows.filter(pl.Series(having)), chosen.target[having], int(having.sum()), 0)


def _like(real: Measured, how: Preparation, lead: str, noise: NoiseSpec, seed: int) -> CohortSpec:
    """Hearts in sinus rhythm at the rates of the real ones."""
    rates = weighted_quantiles(real.rate_per_min, np.ones(real.rate_per_min.size)) or (60.0, 80.0)
    group = Group(heart_rate_bpm=clipped(rates, *RATE_LIMITS_BPM[Rhythm.SINUS]), noise=noise)
    return CohortSpec(
        seed=seed, fs_hz=how.rate_hz, duration_s=how.longest_s, leads=(lead,), groups={Rhythm.SINUS.value: group}
    )


def _recorded(
    spec: CohortSpec, n: int, how: Preparation, model: MorphologyModel
) -> tuple[DrawnHearts, Measured, Floats]:
    """Hearts, their averaged beats, and (N, 2) the bands that they were recorded in."""
    records = synthesize_records(spec, 0, n, model=model)
    mv = records.signals[:, 0].astype(np.float32) / np.float32(spec.gain_per_mv)
    bands = records.parameters[:, [PARAMETER_NAMES.index(name) for name in _BANDS]]
    return draw_hearts(spec, records, model), measured_signals(mv, spec.fs_hz, how), bands


def _odds(real: Measured, made: Measured, rate_hz: float, seed: int) -> Floats:
    """(N,) how much more often a beat like each drawn one is real; 0 where there is no beat."""
    views = [beat_view(side, rate_hz).x[side.has_beat] for side in (real, made)]
    x, is_real = np.concatenate(views), np.arange(sum(map(len, views))) < len(views[0])
    logs = np.zeros(len(x))
    for draw in range(_N_CLASSIFIERS):
        score = np.clip(out_of_fold(x, is_real, np.arange(len(x)), seed=seed + draw)[0], 1e-3, 1 - 1e-3)
        logs += np.log(score / (1 - score)) / _N_CLASSIFIERS
    logs += np.log(len(views[1]) / len(views[0]))
    weight = np.zeros(made.has_beat.size)
    weight[made.has_beat] = np.exp(np.clip(_DAMPING * logs[~is_real], -_MOST_LOG_WEIGHT, _MOST_LOG_WEIGHT))
    return weight


def _weighed(bands: Floats, weight: Floats) -> dict[str, tuple[float, ...]]:
    found = {name: weighted_quantiles(column, weight) for name, column in zip(_BANDS, bands.T, strict=True)}
    return {name: quantiles for name, quantiles in found.items() if quantiles is not None}
