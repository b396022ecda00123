"""Hearts as they were drawn for synthetic records, and the distribution of those that are weighed.

Shapes: N hearts, W Gaussians, K components.
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.populations.morphology_fit import main_components
from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.arrays import Records
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.morphology import decades_of, draw_sizes, draw_usual
from chiron.synthesis.morphology_model import MorphologyModel
from schemas.cohort import CohortSpec

__all__ = ["DrawnHearts", "draw_hearts", "model_of_hearts"]

_LEAST_VARIANCE: Final = 1e-6


class DrawnHearts(NamedTuple):
    """amplitude: (N, W, 8), P, QRS and T of size one each; log_size: (N, 3); known: (N, 3) of 1, female, decades."""

    amplitude: Floats
    log_size: Floats
    known: Floats


def draw_hearts(spec: CohortSpec, records: Records, model: MorphologyModel) -> DrawnHearts:
    """The hearts of the first records of a cohort, before their states change them: the same draws again."""
    amplitude, log_size, known = [], [], []
    variety = [group.variety for group in spec.groups.values()]
    for i in range(len(records.signals)):
        stream = new_stream(np.uint64(spec.seed), np.uint64(i), int(Topic.SHAPES))
        decades = decades_of(records.age_years[i])
        who = variety[records.group[i]], decades, int(records.female[i])
        log_size.append(np.log(draw_sizes(stream, *who, model.size)))
        amplitude.append(draw_usual(stream, *who, model.mean, model.female, model.decade, model.components))
        known.append((1.0, who[2], decades))
    return DrawnHearts(np.array(amplitude), np.array(log_size), np.array(known))


def model_of_hearts(drawn: DrawnHearts, weight: Floats, model: MorphologyModel) -> MorphologyModel:
    """The distribution of weighed hearts, with the durations and as many components as a model. weight: (N,)."""
    share = weight / weight.sum()
    flat = drawn.amplitude.reshape(len(weight), -1)
    effects, left = _regressed(flat, drawn.known, share)
    apart = (left * np.sqrt(share * (len(share) - 1))[:, None]).reshape(drawn.amplitude.shape)
    size, sizes_left = _regressed(drawn.log_size, drawn.known, share)
    covariance = (share[:, None] * sizes_left).T @ sizes_left
    root = np.linalg.cholesky(covariance + _LEAST_VARIANCE * np.eye(3))
    mean, female, decade = (np.ascontiguousarray(one) for one in effects.reshape(3, *model.mean.shape))
    components = np.ascontiguousarray(main_components(apart, len(model.components)))
    return MorphologyModel(mean, female, decade, components, np.column_stack([size.T, root]), model.durations_ms)


def _regressed(y: Floats, known: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Weighted least squares: effects, and what they leave."""
    root = np.sqrt(share)[:, None]
    effects = np.asarray(np.linalg.lstsq(root * known, root * y, rcond=None)[0], dtype=np.float64)
    return effects, np.asarray(y - known @ effects)
