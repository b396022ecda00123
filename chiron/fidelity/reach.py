"""How far a cohort reaches beyond the real records: their support in the joint space, and strata that hold too few.

Shapes: N real records, M synthetic, Q quantities.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.spatial.distance import cdist

from chiron.fidelity.chosen import Chosen
from chiron.fidelity.measured import Measured
from chiron.fidelity.quantities import QUANTITIES
from chiron.fidelity.statistics import share, spread
from chiron.quality.strata import ANY, age_band, rate_band
from schemas.codes import Code, concept_name
from schemas.fidelity import Direction, Reach, Stratum

__all__ = ["beyond", "kinds_of_patient", "reach", "scaled_alike"]

N_FEW: Final = 10  # a stratum with fewer records teaches little
_PERCENT: Final = 99
_FARTHEST: Final = 10.0  # spreads: one wild value shall not decide what is near
_N_DIRECTIONS: Final = 6
_N_STRATA: Final = 15
_BANDS: Final = ("age_band", "sex", "rate_band")

Floats = npt.NDArray[np.float64]
Groups = npt.NDArray[Any]


def reach(codes: Sequence[Code], sides: tuple[Chosen, Chosen], measured: tuple[Measured, Measured]) -> Reach:
    """Of all compared records."""
    kept = [m.has_beat for m in measured]
    real, made = scaled_alike(measured[0].values[kept[0]], measured[1].values[kept[1]])
    outside, step = beyond(real, made, sides[0].group[kept[0]])
    away = np.abs(step[outside]).mean(axis=0) if outside.any() else np.zeros(real.shape[1])
    order = np.argsort(-away)[: _N_DIRECTIONS if outside.any() else 0]
    counted = _strata(codes, sides, measured)
    filled = counted.filter((pl.col("n_real") < N_FEW) & (pl.col("n_synthetic") >= N_FEW))
    return Reach(
        n_quantities=real.shape[1],
        beyond=share(int(outside.sum()), outside.size),
        directions=tuple(
            Direction(name=QUANTITIES[q].name, part=QUANTITIES[q].part, away=float(away[q])) for q in order
        ),
        strata=tuple(Stratum(**row) for row in filled.head(_N_STRATA).iter_rows(named=True)),
        n_strata=counted.height,
        n_filled=filled.height,
        n_few=N_FEW,
    )


def scaled_alike(real: Floats, synthetic: Floats) -> tuple[Floats, Floats]:
    """Both in spreads from the real median, unmeasured values at it. (N, Q), (M, Q) -> the same."""
    known = [column[np.isfinite(column)] for column in real.T]
    middle = np.array([np.median(column) if column.size else 0.0 for column in known])
    scale = np.array([spread(column) or 1.0 if column.size else 1.0 for column in known])
    scaled = [np.clip((side - middle) / scale, -_FARTHEST, _FARTHEST) for side in (real, synthetic)]
    return np.nan_to_num(scaled[0]), np.nan_to_num(scaled[1])


def beyond(real: Floats, synthetic: Floats, groups: Groups) -> tuple[npt.NDArray[np.bool_], Floats]:
    """(M,) which synthetic records are farther from the nearest real one than 99 % of real ones from another group's.

    And (M, Q) the step from the nearest real record to each. real: (N, Q), synthetic: (M, Q); groups: (N,).
    """
    within = np.where(groups[:, None] == groups[None, :], np.inf, cdist(real, real)).min(axis=1)
    between = cdist(synthetic, real)
    step = synthetic - real[between.argmin(axis=1)]
    return between.min(axis=1) > np.percentile(within[np.isfinite(within)], _PERCENT), step


def kinds_of_patient(chosen: Chosen, measured: Measured, known: Sequence[str] = _BANDS) -> pl.DataFrame:
    """(N,) age band, sex and rate band; null where unknown, `ANY` where the band is not among the known ones."""
    rate = pl.Series("heart_rate_per_min", measured.rate_per_min).fill_nan(None)
    frame = chosen.rows.select("age_years", "sex").with_columns(rate)
    bands = frame.select(age_band=age_band(), sex="sex", rate_band=rate_band())
    return bands.with_columns(pl.lit(ANY).alias(name) for name in _BANDS if name not in known)


def _strata(codes: Sequence[Code], sides: tuple[Chosen, Chosen], measured: tuple[Measured, Measured]) -> pl.DataFrame:
    """Every kind of patient and finding that either side has, the emptiest real ones first, then the fullest synthetic.

    What the real dataset never states divides no strata.
    """
    stated = kinds_of_patient(sides[0], measured[0])
    known = [name for name in _BANDS if stated[name].null_count() < stated.height]
    counts = [
        _count(codes, side, kinds_of_patient(side, own, known)).rename({"len": name})
        for side, own, name in zip(sides, measured, ("n_real", "n_synthetic"), strict=True)
    ]
    keys = ["name", *_BANDS]
    return (
        counts[0]
        .join(counts[1], on=keys, how="full", coalesce=True)
        .with_columns(pl.col("n_real", "n_synthetic").fill_null(0).cast(pl.Int64))
        .sort("n_real", "n_synthetic", *keys, descending=[False, True, False, False, False, False])
    )


def _count(codes: Sequence[Code], chosen: Chosen, kinds: pl.DataFrame) -> pl.DataFrame:
    frames = [
        kinds.filter(pl.Series(chosen.having(c))).with_columns(name=pl.lit(concept_name(code)))
        for c, code in enumerate(codes)
    ]
    return pl.concat(frames).drop_nulls().group_by("name", *_BANDS).len()
