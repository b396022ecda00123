"""How often intervals that say 95 % hold the truth, in simulations where the truth is known.

Scores are normal, so that the area under the ROC curve is known in closed form: positives lie d above negatives, and
everything around them has a variance of 1. Patients, training runs and arms share parts of it.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from rich.table import Table
from scipy.special import expit
from scipy.stats import binom, norm

from benchmarks.result import Benchmark, Target
from chiron.evaluation.bootstrap import bootstrapped, calibration_error_interval
from chiron.evaluation.calibration import calibration_line
from chiron.evaluation.metrics import auroc, brier, sensitivity_at_specificity
from chiron.evaluation.ranking import aurocs
from chiron.evaluation.resampled_metrics import aurocs_of
from chiron.evaluation.resampling import Runs, two_level
from schemas.base import Interval

TARGET: Final = Target("figure", "at least", 0.92)  # the least coverage of all; a share of 500 is known to 0.02
N_TRIALS: Final = 500
N_RESAMPLES: Final = 400
_SHARE_POSITIVE: Final = 0.3
_SEPARATION: Final = 1.5  # d of an AUROC of .856
_GAIN: Final = 0.3  # what the better arm has more

Trial = Callable[[np.random.Generator], Interval]


class Study(NamedTuple):
    """Something that makes an interval from data of its own, and what the interval should hold."""

    name: str
    truth: float
    trial: Trial


def studies() -> tuple[Study, ...]:
    """All that are printed, smallest first."""
    area = float(norm.cdf(_SEPARATION / np.sqrt(2)))
    paired = float(norm.cdf((_SEPARATION + _GAIN) / np.sqrt(2))) - area
    return (
        Study("AUROC, DeLong, 150 records", area, lambda rng: _delong(rng, 150)),
        Study("AUROC, DeLong by patient, 75 x 2 to 6 records", area, _clustered),
        Study("AUROC, DeLong difference of two models", paired, _delong_difference),
        Study("AUROC, BCa bootstrap, 150 records", area, lambda rng: _one_level(rng, auroc)),
        Study("sensitivity at 90 % specificity, BCa bootstrap", _sensitivity(), _at_specificity),
        Study("Brier score, BCa bootstrap", _brier(), _calibrated(0)),
        Study("calibration error, 300 records, logits right", 0.0, _miscalibrated(1.0)),
        Study("calibration error, 300 records, logits 1.6 times too large", _true_error(1.6), _miscalibrated(1.6)),
        Study("calibration slope, BCa bootstrap", 1.0, _calibrated(1)),
        Study("calibration intercept, BCa bootstrap", 0.0, _calibrated(2)),
        *(
            Study(f"AUROC, two levels, {n} draws, {name}", _mean_area(_SEPARATION, spread), _runs(n, spread))
            for n, name, spread in ((5, "that differ little", 0.1), (5, "that differ much", 0.5), (3, "much", 0.5))
        ),
        *(
            Study(f"difference of two arms, {n} draws, {name}", _gain(spread), _arms(n, spread))
            for n, name, spread in ((5, "that differ little", 0.1), (5, "that differ much", 0.5), (3, "much", 0.5))
        ),
        Study("difference of two equal arms, 5 draws", 0.0, _arms(5, 0.3, gain=0.0)),
    )


def coverage(study: Study, n_trials: int, seed: int = 0) -> float:
    """The share of intervals that hold the truth."""
    held = 0
    for i in range(n_trials):
        found = study.trial(np.random.default_rng([seed, i]))
        held += found.lower is not None and found.upper is not None and found.lower <= study.truth <= found.upper
    return held / n_trials


def run() -> Benchmark:
    """Every study, many times."""
    table = Table("interval", "truth", f"held in {N_TRIALS:,} trials", "95 % would give")
    low, high = binom.ppf([0.025, 0.975], N_TRIALS, 0.95) / N_TRIALS
    shares = []
    for study in studies():
        shares.append(coverage(study, N_TRIALS))
        table.add_row(study.name, f"{study.truth:.3f}", f"{shares[-1]:.3f}", f"{low:.3f} to {high:.3f}")
    return Benchmark(figure=min(shares), unit="share", anchor=0.95, table=table)


def _truth(rng: np.random.Generator, n: int) -> np.ndarray:
    truth: np.ndarray = rng.random(n) < _SHARE_POSITIVE
    truth[:2] = True, False
    return truth


def _delong(rng: np.random.Generator, n: int) -> Interval:
    truth = _truth(rng, n)
    return aurocs(truth, (_SEPARATION * truth + rng.standard_normal(n))[None]).interval(0)


def _clustered(rng: np.random.Generator) -> Interval:
    """Half of the variance is the patient's; most patients have records of one kind."""
    patient = np.repeat(np.arange(75), rng.integers(2, 7, 75))
    is_ill = rng.random(75) < _SHARE_POSITIVE
    truth = np.where(rng.random(patient.size) < 0.8, is_ill[patient], _truth(rng, patient.size))
    own = rng.standard_normal(75)[patient] + rng.standard_normal(patient.size)
    return aurocs(truth, (_SEPARATION * truth + own / np.sqrt(2))[None], patient).interval(0)


def _delong_difference(rng: np.random.Generator) -> Interval:
    truth = _truth(rng, 150)
    common = np.sqrt(0.6) * rng.standard_normal(150)
    noise = common + np.sqrt(0.4) * rng.standard_normal((2, 150))
    return aurocs(truth, np.array([[_SEPARATION + _GAIN], [_SEPARATION]]) * truth + noise).difference(0, 1)[0]


def _one_level(rng: np.random.Generator, metric: Callable[..., float]) -> Interval:
    truth = _truth(rng, 150)
    score = _SEPARATION * truth + rng.standard_normal(150)
    seed = int(rng.integers(2**31))
    return bootstrapped(
        lambda w: np.array([metric(truth, score, w)]), np.arange(150), n_resamples=N_RESAMPLES, seed=seed
    )[0]


def _at_specificity(rng: np.random.Generator) -> Interval:
    return _one_level(rng, sensitivity_at_specificity)


def _sensitivity() -> float:
    return float(norm.sf(norm.ppf(0.9) - _SEPARATION))


def _logits(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(-1.0, 1.5, n)


def _brier() -> float:
    p = expit(_logits(np.random.default_rng(1), 1_000_000))
    return float(np.mean(p * (1 - p)))


def _calibrated(which: int) -> Trial:
    """Probabilities that are right: Brier score, calibration slope, calibration intercept."""

    def trial(rng: np.random.Generator) -> Interval:
        probability = expit(_logits(rng, 200))
        truth = rng.random(200) < probability

        def statistics(weight: np.ndarray) -> np.ndarray:
            if which == 0:
                return np.array([brier(truth, probability, weight)])
            return np.array([calibration_line(truth, probability, weight)[which - 1]])

        seed = int(rng.integers(2**31))
        return bootstrapped(statistics, np.arange(200), n_resamples=N_RESAMPLES // 2, seed=seed)[0]

    return trial


def _true_error(fault: float) -> float:
    x = _logits(np.random.default_rng(1), 1_000_000)
    return float(np.sqrt(np.mean((expit(x) - expit(fault * x)) ** 2)))


def _miscalibrated(fault: float) -> Trial:
    def trial(rng: np.random.Generator) -> Interval:
        x = _logits(rng, 300)
        truth, seed = rng.random(300) < expit(x), int(rng.integers(2**31))
        return calibration_error_interval(truth, expit(fault * x), np.arange(300), n_resamples=N_RESAMPLES, seed=seed)

    return trial


def _mean_area(separation: float, spread: float) -> float:
    """Of networks whose separation is normal around `separation`: the mean area in closed form."""
    return float(norm.cdf(separation / np.sqrt(2 + spread**2)))


def _gain(spread: float) -> float:
    return _mean_area(_SEPARATION + _GAIN, spread) - _mean_area(_SEPARATION, spread)


def _scores(rng: np.random.Generator, truth: np.ndarray, separations: np.ndarray) -> np.ndarray:
    """(D, 2, N, 1): two initialisations of each draw; what is hard in a record is hard for all runs."""
    common = np.sqrt(0.6) * rng.standard_normal(truth.size)
    noise = common + np.sqrt(0.4) * rng.standard_normal((separations.size, 2, truth.size))
    return np.asarray((separations[:, None, None] * truth + noise)[..., None])


def _runs(n_draws: int, spread: float) -> Trial:
    def trial(rng: np.random.Generator) -> Interval:
        truth = _truth(rng, 150)
        runs = Runs(_scores(rng, truth, rng.normal(_SEPARATION, spread, n_draws)))
        seed = int(rng.integers(2**31))
        return two_level(aurocs_of, {0: runs}, truth, None, n_resamples=N_RESAMPLES, seed=seed).interval(0)

    return trial


def _arms(n_draws: int, spread: float, gain: float = _GAIN) -> Trial:
    """Half of what a draw does to one arm it does to the other."""

    def trial(rng: np.random.Generator) -> Interval:
        truth = _truth(rng, 150)
        shared, own = rng.normal(0, spread * np.sqrt(0.5), n_draws), rng.normal(0, spread * np.sqrt(0.5), (2, n_draws))
        arms = {
            arm: Runs(_scores(rng, truth, _SEPARATION + more + shared + own[arm]))
            for arm, more in ((0, 0.0), (1, gain))
        }
        seed = int(rng.integers(2**31))
        return two_level(aurocs_of, arms, truth, None, n_resamples=N_RESAMPLES, seed=seed).difference(1, 0)[0]

    return trial
