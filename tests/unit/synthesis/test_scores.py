"""Scores against the records that the compiled generator makes of the same plans."""

import numpy as np
import pytest

from chiron.synthesis.findings import findings_of
from chiron.synthesis.kernel import PARAMETER_NAMES, synthesize_records
from chiron.synthesis.scores import make_scores
from chiron.synthesis.structures import Wave
from chiron.synthesis.truth import EVENT_CODES
from schemas.cohort import CohortSpec

SPEC = CohortSpec(duration_s=10.0, leads=("II", "V3"))
N = 120


@pytest.fixture(scope="module")
def scores():
    return make_scores(SPEC, 40, 40 + N)


@pytest.fixture(scope="module")
def records():
    return synthesize_records(SPEC, 40, 40 + N)


def _parameter(records, name):
    return records.parameters[:, PARAMETER_NAMES.index(name)]


def test_facts_are_those_of_the_record(scores, records):
    assert np.array_equal(findings_of(scores.facts), records.findings)
    assert np.array_equal(scores.facts.heart_rate_bpm, _parameter(records, "heart_rate_bpm"))
    assert np.array_equal(scores.group, records.group)


@pytest.mark.parametrize("name", ["snr_db", "low_pass_hz", "high_pass_hz", "breathing_hz"])
def test_what_the_recorder_is_like_is_drawn_as_of_the_record(scores, records, name):
    assert np.array_equal(getattr(scores, name), _parameter(records, name))


def test_every_beat_within_a_record_has_its_qrs_where_the_events_say(scores, records):
    beats = [EVENT_CODES.index(code) for code in "NAVajE/"]
    heard = scores.facts.inaudible[records.event_record] == 0
    noted = heard & np.isin(records.event_code, beats)
    is_qrs = np.isin(scores.placed.wave, [Wave.QRS, Wave.WIDE_QRS]) & (
        scores.facts.inaudible[scores.placed.record] == 0
    )
    within = is_qrs & (scores.placed.sample >= 0) & (scores.placed.sample < SPEC.n_samples)
    written = np.column_stack([records.event_record[noted], records.event_start[noted]])
    placed = np.column_stack([scores.placed.record[within], scores.placed.sample[within]])
    assert len(written) > 5 * N
    assert np.array_equal(np.unique(written, axis=0), np.unique(placed, axis=0))
    assert np.abs(scores.placed.rest_s).max() <= 0.5 / SPEC.fs_hz + 1e-6


def test_fibrillatory_waves_have_the_rate_of_the_record(scores, records):
    rate_hz = _parameter(records, "f_wave_rate_hz")
    assert np.array_equal(scores.fibrillation.record, np.flatnonzero(np.isfinite(rate_hz)))
    assert np.array_equal(scores.fibrillation.rate_hz, rate_hz[np.isfinite(rate_hz)].astype(np.float32))


def test_scores_do_not_depend_on_what_else_is_asked_for(scores):
    alone = make_scores(SPEC, 47, 48)
    of_it = scores.placed.record == 7
    for many, one in zip(scores.placed[1:], alone.placed[1:], strict=True):
        assert np.array_equal(many[of_it], one)
    for many, one in zip(scores.forms, alone.forms, strict=True):
        assert np.array_equal(many[7], one[0])


def test_every_wave_that_is_kept_reaches_into_its_record(scores):
    before, after = scores.window[scores.placed.wave].T
    assert (scores.placed.sample + after >= 0).all()
    assert (scores.placed.sample - before < SPEC.n_samples).all()
