import numpy as np

from chiron.synthesis.converter import ALL_LEADS, digitise, mix
from chiron.synthesis.structures import MEASURED
from schemas.cohort import LEADS


def _digital(x, leads=LEADS, gain=1000.0):
    measured = [lead for lead in MEASURED if lead in leads or lead in ("I", "II")]
    columns = np.array([MEASURED.index(lead) for lead in measured])
    out = np.empty((len(leads), len(x)), dtype=np.int16)
    wanted = np.array([ALL_LEADS.index(lead) for lead in leads])
    digitise(np.ascontiguousarray(x[:, : len(measured)], dtype=np.float32), columns, wanted, gain, out)
    return dict(zip(leads, out.astype(int), strict=True))


def test_measured_leads_are_rounded_to_the_nearest_step_ties_to_even():
    x = np.zeros((6, 8))
    x[:, 0] = [0.0014, 0.0016, -0.0016, 0.0025, 0.0035, 1.0]
    assert _digital(x)["I"].tolist() == [1, 2, -2, 2, 4, 1000]  # 2.5 and 3.5 steps


def test_what_is_beyond_the_converters_range_stays_at_its_end():
    x = np.full((2, 8), 7.0)
    x[1] = -7.0
    assert _digital(x)["V3"].tolist() == [5000, -5000]


def test_the_other_limb_leads_follow_by_einthovens_law_and_goldbergers_equations():
    digital = _digital(np.random.default_rng(1).normal(0, 0.7, (500, 8)))
    first, second = digital["I"], digital["II"]
    assert np.array_equal(digital["III"], second - first)
    for lead, exact in (("aVR", -(first + second) / 2), ("aVL", first - second / 2), ("aVF", second - first / 2)):
        assert np.abs(digital[lead] - exact).max() <= 0.5


def test_some_leads_are_as_they_are_among_all():
    x = np.random.default_rng(2).normal(0, 0.5, (50, 8))
    assert np.array_equal(_digital(x)["aVF"], _digital(x, ("aVF",))["aVF"])


def test_a_mixture_is_a_weighted_sum():
    x, noise = np.random.default_rng(3).normal(0, 1, (2, 100, 8)).astype(np.float32)
    mixed = x.copy()
    mix(mixed, noise, np.float32(1), np.float32(0.5))
    assert np.allclose(mixed, x + 0.5 * noise, atol=1e-6)
