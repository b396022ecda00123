"""One condition at a time: all that is said of the real and synthetic records with one label.

Shapes: N real records, M synthetic, n of either side that are compared.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.fidelity.chosen import FEWEST, Chosen
from chiron.fidelity.distributions import compared_quantities, curve_pair
from chiron.fidelity.giveaway import BeatView, beat_view, differing_regions, give_aways
from chiron.fidelity.measured import Measured
from chiron.fidelity.quantities import SPECTRUM_HZ
from chiron.fidelity.shapes import shape_distance
from chiron.fidelity.telling_apart import balanced, halves, tell_apart
from chiron.fidelity.verdicts import condition_sentence
from schemas.base import Interval
from schemas.codes import NOISE, Code, concept_name
from schemas.fidelity import Condition, TwoSampleTest

__all__ = ["Pair", "condition_of", "mixed_alike", "mixed_condition", "two_sample_test"]

_RATE_STEP: Final = 15.0  # 1/min: beats are compared at like rates, because rate changes their shape
_MIXED: Final = "all shared labels"
_MIXED_DRAWS: Final = 1
_N_HALVINGS: Final = 6

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]


class Pair(NamedTuple):
    """Both sides, chosen and measured, real first."""

    chosen: tuple[Chosen, Chosen]
    measured: tuple[Measured, Measured]
    codes: tuple[Code, ...]
    rate_hz: float
    seed: int

    def groups(self, which: tuple[Indices, Indices]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """The groups of the records at these indices of either side."""
        return self.chosen[0].group[which[0]], self.chosen[1].group[which[1]]

    def rng(self, purpose: int) -> np.random.Generator:
        """Random numbers of one purpose, so that none depends on what was drawn before."""
        return np.random.default_rng([self.seed, purpose])


def condition_of(pair: Pair, c: int) -> Condition:
    """The records with the finding number `c`."""
    having = (pair.chosen[0].having(c), pair.chosen[1].having(c))
    strata = (np.where(having[0], 0, -1), np.where(having[1], 0, -1))
    which = (np.flatnonzero(having[0]), np.flatnonzero(having[1]))
    return _condition(pair, which, strata, c)


def mixed_condition(pair: Pair) -> Condition:
    """All shared findings, as many records of each on either side."""
    kinds = (pair.chosen[0].kind, pair.chosen[1].kind)
    mixed = _condition(pair, mixed_alike(pair), kinds, None)
    if mixed.beats is None:
        return mixed
    like = _like_beats(pair, kinds, pair.rng(_MIXED_DRAWS))
    x = (beat_view(pair.measured[0], pair.rate_hz).x, beat_view(pair.measured[1], pair.rate_hz).x)
    return mixed.model_copy(update={"beats": _with_controls(mixed.beats, pair, x, like)})


def mixed_alike(pair: Pair) -> tuple[Indices, Indices]:
    """As many records of each shared finding on either side."""
    kinds = (pair.chosen[0].kind, pair.chosen[1].kind)
    found = tuple(np.where(kind >= 0, kind, -1 - side) for side, kind in enumerate(kinds))
    return balanced(found[0], found[1], pair.rng(2))


def _condition(pair: Pair, which: tuple[Indices, Indices], strata: tuple[Indices, Indices], c: int | None) -> Condition:
    """which: records whose quantities are compared; strata: (N,), (M,) findings beats are matched in, -1 for none."""
    real, made = pair.measured
    code = None if c is None else pair.codes[c]
    rng = pair.rng(_MIXED_DRAWS if c is None else 10 + c)
    like = _like_beats(pair, strata, rng)
    condition = Condition(
        code_system=code.system.value if code else None,
        code=code.code if code else None,
        name=concept_name(code) if code else _MIXED,
        n_real=which[0].size,
        n_synthetic=which[1].size,
        quantities=compared_quantities(real.values[which[0]], made.values[which[1]], pair.groups(which), rng),
        spectrum=curve_pair(SPECTRUM_HZ, real.spectrum_db[which[0]], made.spectrum_db[which[1]]),
        sentence="",
        **_beats_of(pair, like, rng),
    )
    return condition.model_copy(update={"sentence": condition_sentence(condition)})


def _like_beats(pair: Pair, strata: tuple[Indices, Indices], rng: np.random.Generator) -> tuple[Indices, Indices]:
    """As many readable records of either side with a beat, of the same finding and of like rate."""
    noise = pair.codes.index(NOISE) if NOISE in pair.codes else None
    places = []
    for side, (chosen, measured, stratum) in enumerate(zip(pair.chosen, pair.measured, strata, strict=True)):
        readable = measured.has_beat & (stratum >= 0)
        if noise is not None:
            readable &= ~chosen.having(noise)
        rate = np.nan_to_num(measured.rate_per_min // _RATE_STEP).astype(np.int64)
        places.append(np.where(readable, 1000 * (stratum + 1) + rate, -1 - side))
    return balanced(places[0], places[1], rng)


def _beats_of(pair: Pair, like: tuple[Indices, Indices], rng: np.random.Generator) -> dict[str, Any]:
    """The fields of a condition that are about averaged beats; none where there are too few."""
    if like[0].size < FEWEST:
        return {}
    views = tuple(_taken(beat_view(m, pair.rate_hz), i) for m, i in zip(pair.measured, like, strict=True))
    groups = pair.groups(like)
    told = tell_apart(views[0].x, views[1].x, groups, seed=pair.seed)
    return {
        "beat": curve_pair(views[0].t, views[0].shape, views[1].shape),
        "regions": differing_regions(views[0].t, views[0].shape, views[1].shape),
        "shape": shape_distance(views[0].shape, views[1].shape, groups, rng),
        "beats": TwoSampleTest(what="averaged beats", n_per_side=like[0].size, real_synthetic=told.auroc),
        "give_aways": give_aways(told, views[0].part, seed=pair.seed),
    }


def _taken(view: BeatView, which: Indices) -> BeatView:
    return view._replace(shape=view.shape[which], x=view.x[which])


def two_sample_test(pair: Pair, what: str, x: tuple[Floats, Floats], which: tuple[Indices, Indices]) -> TwoSampleTest:
    """Both sides by some features. x: (N, F), (M, F)."""
    told = tell_apart(x[0][which[0]], x[1][which[1]], pair.groups(which), seed=pair.seed)
    return TwoSampleTest(what=what, n_per_side=which[0].size, real_synthetic=told.auroc)


def _with_controls(
    test: TwoSampleTest, pair: Pair, x: tuple[Floats, Floats], which: tuple[Indices, Indices]
) -> TwoSampleTest:
    """The test beside random halves of either side, which must not be told apart."""
    real, made = (
        _halved(side[own], group, pair.seed) for side, own, group in zip(x, which, pair.groups(which), strict=True)
    )
    return test.model_copy(update={"real_real": real, "synthetic_synthetic": made})


def _halved(x: Floats, group: npt.NDArray[Any], seed: int) -> Interval:
    """The mean over random halvings, and where 95 % of such halvings lie.

    Folds share training records, so that one halving moves more than DeLong's interval says.
    """
    found = []
    for draw in range(_N_HALVINGS):
        first = halves(group, np.random.default_rng([seed, 3, draw]))
        told = tell_apart(x[first], x[~first], (group[first], group[~first]), seed=seed)
        found.append(told.areas.value[0])
    mean, half = float(np.mean(found)), 1.96 * float(np.std(found, ddof=1))
    return Interval(value=mean, lower=max(mean - half, 0.0), upper=min(mean + half, 1.0))
