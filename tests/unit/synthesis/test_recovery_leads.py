"""The leads of a record follow from each other, whatever the heart does and whatever goes wrong with the recorder."""

import numpy as np
import pytest
from measuring import any_state

from chiron.synthesis.record import synthesize_record
from schemas.cohort import LEADS, CohortSpec, NoiseSpec

DISTURBED = NoiseSpec(
    snr_db=(-10.0, 20.0),
    powerline_share=0.6,
    step_share=0.6,
    transient_share=0.6,
    gap_share=0.5,
    saturation_share=0.5,
    lead_off_share=0.3,
    inverted_share=0.5,
    inaudible_share=0.1,
)
N_RECORDS = 80


@pytest.fixture(scope="module")
def records():
    """(parameters, leads by name) of every state of the heart under every fault."""
    spec = CohortSpec(seed=11, fs_hz=125, duration_s=8, leads=LEADS, groups=any_state(DISTURBED))
    made = [synthesize_record(spec, i) for i in range(N_RECORDS)]
    return [(r.parameters, dict(zip(LEADS, r.signal.astype(int), strict=True))) for r in made]


def test_every_fault_is_there(records):
    for fault in ("gap_s", "saturation_mv", "lead_off", "powerline_uv", "transient_mv"):
        assert sum(fault in parameters for parameters, _ in records) > N_RECORDS / 6
    assert 0 < sum(parameters["inverted"] for parameters, _ in records) < N_RECORDS


def test_einthovens_law_holds_to_the_last_bit(records):
    for _, lead in records:
        assert np.array_equal(lead["III"], lead["II"] - lead["I"])


def test_goldbergers_leads_hold_to_one_step(records):
    for _, lead in records:
        assert np.abs(2 * lead["aVR"] + lead["I"] + lead["II"]).max() <= 1
        assert np.abs(2 * lead["aVL"] - 2 * lead["I"] + lead["II"]).max() <= 1
        assert np.abs(2 * lead["aVF"] - 2 * lead["II"] + lead["I"]).max() <= 1
        assert np.abs(lead["aVR"] + lead["aVL"] + lead["aVF"]).max() <= 2
