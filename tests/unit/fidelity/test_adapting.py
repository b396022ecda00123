import numpy as np
import pytest

from chiron.errors import EmptySource
from chiron.fidelity.adapting import adapt_shapes
from chiron.fidelity.chosen import choose
from chiron.fidelity.common import agree_on_preparation
from chiron.fidelity.giveaway import beat_view
from chiron.fidelity.measured import measure, measured_signals
from chiron.synthesis.kernel import synthesize_records
from schemas.codes import SINUS_RHYTHM
from schemas.cohort import CohortSpec, Group

PEOPLE = 160


def test_adapted_hearts_are_closer_to_the_recordings_they_were_fitted_to(make_hearts):
    dataset = make_hearts("odd-hearts", PEOPLE)
    chosen = choose(dataset, (SINUS_RHYTHM,), np.random.default_rng(0))
    how = agree_on_preparation(chosen, chosen)
    real = beat_view(measure(chosen, ("I",), how, "real"), how.rate_hz).shape[chosen.having(0)]

    def mean_beat(model):
        spec = CohortSpec(seed=9, duration_s=10, groups={"sinus": Group()})
        mv = synthesize_records(spec, 0, 150, model=model).signals[:, 0] / np.float32(spec.gain_per_mv)
        return np.nanmean(beat_view(measured_signals(mv, spec.fs_hz, how), how.rate_hz).shape, axis=0)

    adapted = adapt_shapes(dataset, n_hearts=300, n_rounds=2)
    before, after = (np.abs(mean_beat(model) - np.nanmean(real, axis=0)).mean() for model in (None, adapted.model))
    assert after < 0.9 * before
    assert adapted.low_pass_hz[0] >= 20


def test_too_few_recordings_in_sinus_rhythm_are_refused(make_hearts):
    with pytest.raises(EmptySource, match="expected at least 30"):
        adapt_shapes(make_hearts("few-hearts", 40))
