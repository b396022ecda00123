from itertools import pairwise

import numpy as np
import pytest
from wfdb.processing import XQRS, compare_annotations

from chiron.synthesis.leads import measured_leads
from chiron.synthesis.person import Person
from chiron.synthesis.plan import Beat
from chiron.synthesis.record import VOCABULARY, synthesize_record
from chiron.synthesis.rhythm import plan_rhythm
from chiron.synthesis.stream import Stream
from chiron.synthesis.waves import qt_stretch, render_heart
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, OTHER_RHYTHM, PREMATURE_VENTRICULAR, SINUS_RHYTHM
from schemas.cohort import CohortSpec, NoiseSpec, Range, Rhythm

FS_HZ = 500.0
CLEAN = NoiseSpec(
    snr_db=Range(low=24, high=30),
    powerline_share=0,
    step_share=0,
    transient_share=0,
    gap_share=0,
    saturation_share=0,
)


def _only(rhythm, **wish):
    return CohortSpec(prevalence={rhythm: 1.0}, **wish)


def _heart(rhythm, index, duration_s=60.0):
    """A plan and what lead I sees of it, without noise: mV at 500 Hz."""
    stream = Stream(3, index)
    person = Person(stream, measured_leads(("I",)), wide_qrs=False, arms_swapped=False)
    plan = plan_rhythm(stream, rhythm, duration_s=duration_s, breath_hz=0.25)
    n_samples = int(duration_s * FS_HZ)
    mv = render_heart(stream, person, plan, n_samples=n_samples, fs_hz=FS_HZ, low_pass_hz=100, breath_hz=0.25)
    return plan, mv[0]


def test_a_record_depends_on_its_specification_seed_and_index_alone():
    spec = CohortSpec(seed=9)
    first = synthesize_record(spec, 41)
    synthesize_record(spec, 5)
    again = synthesize_record(CohortSpec(seed=9), 41)
    assert np.array_equal(first.signal, again.signal)
    assert first.parameters == again.parameters
    assert not np.array_equal(first.signal, synthesize_record(CohortSpec(seed=10), 41).signal)
    assert not np.array_equal(first.signal, synthesize_record(spec, 42).signal)


def test_a_record_says_what_it_is():
    record = synthesize_record(CohortSpec(name="made-up"), 12)
    assert record.record_id == "made-up-00000012"
    assert record.signal.dtype == np.int16
    assert set(record.findings) == set(VOCABULARY)
    assert np.isfinite(list(record.parameters.values())).all()


@pytest.mark.parametrize(
    ("rhythm", "finding"),
    [
        (Rhythm.SINUS, SINUS_RHYTHM),
        (Rhythm.SINUS_ARRHYTHMIA, SINUS_RHYTHM),
        (Rhythm.ATRIAL_FIBRILLATION, ATRIAL_FIBRILLATION),
        (Rhythm.ATRIAL_FLUTTER, OTHER_RHYTHM),
        (Rhythm.PREMATURE_VENTRICULAR, OTHER_RHYTHM),
        (Rhythm.BUNDLE_BRANCH_BLOCK, OTHER_RHYTHM),
        (Rhythm.NOISE_ONLY, NOISE),
    ],
)
def test_each_rhythm_has_exactly_one_of_the_four_classes(rhythm, finding):
    record = synthesize_record(_only(rhythm), 0)
    classes = (SINUS_RHYTHM, ATRIAL_FIBRILLATION, OTHER_RHYTHM, NOISE)
    assert [code for code in classes if record.findings[code]] == [finding]


def test_rhythms_cover_the_recording_and_fibrillation_may_begin_or_end_in_it():
    records = [synthesize_record(_only(Rhythm.ATRIAL_FIBRILLATION), i) for i in range(60)]
    for record in records:
        spans = record.rhythms
        assert (spans[0][0], spans[-1][1]) == (0, 2000)
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        assert sum(end - start for start, end, code in spans if code == "(AFIB") > 900
    assert {len(record.rhythms) for record in records} == {1, 2}


def test_ventricular_beats_are_found_where_they_are():
    record = synthesize_record(_only(Rhythm.PREMATURE_VENTRICULAR), 3)
    assert record.findings[PREMATURE_VENTRICULAR]
    assert "V" in {code for _, code in record.beats}


def test_the_qrs_does_not_change_with_the_interval_before_it():
    correlations = []
    for index in range(12):
        plan, mv = _heart(Rhythm.ATRIAL_FIBRILLATION, index)
        inside = (plan.r_s > 1) & (plan.r_s < 59) & (plan.kind == Beat.NORMAL)
        at = np.rint(plan.r_s[inside] * FS_HZ).astype(int)
        beats = np.stack([mv[i - 40 : i + 40] for i in at])
        size = np.abs(beats - np.median(beats, axis=1, keepdims=True))
        width = (size > size.max(axis=1, keepdims=True) / 2).sum(axis=1)
        before = np.diff(plan.r_s, prepend=np.nan)[inside]
        correlations.append(np.corrcoef(width, before)[0, 1])
    assert abs(np.median(correlations)) < 0.2


def test_nothing_jumps_where_one_beat_ends_and_the_next_begins():
    for rhythm in (Rhythm.SINUS_TACHYCARDIA, Rhythm.ATRIAL_FIBRILLATION, Rhythm.PREMATURE_VENTRICULAR):
        plan, mv = _heart(rhythm, 1)
        steps = np.abs(np.diff(mv, 2))
        middle = np.rint((plan.r_s[:-1] + np.diff(plan.r_s) / 2) * FS_HZ).astype(int)
        middle = middle[(middle > 10) & (middle < mv.size - 10)]
        assert steps[middle].max() < np.quantile(steps, 0.995)


def test_repolarisation_takes_as_long_as_fridericia_says():
    # Fridericia 1920: QT grows with the cube root of RR; at 40, 60, 120 a minute 1.145, 1 and 0.794 times.
    for bpm, factor in ((40, 1.1447), (60, 1.0), (120, 0.7937)):
        assert qt_stretch(np.arange(8) * 60 / bpm) == pytest.approx(factor, abs=1e-3)


def test_an_independent_detector_finds_the_beats_where_the_noise_is_low():
    found, wanted, false = 0, 0, 0
    for index in range(12):
        spec = _only(Rhythm.SINUS, fs_hz=250, duration_s=30, noise=CLEAN, inverted_share=0)
        record = synthesize_record(spec, index)
        detector = XQRS(sig=record.signal[0] / spec.gain_per_mv, fs=250)
        detector.detect(verbose=False)
        truth = np.array([sample for sample, _ in record.beats if 250 < sample < 29 * 250])
        near = compare_annotations(truth, detector.qrs_inds, window_width=25)
        found, wanted = found + near.tp, wanted + truth.size
        false += int(((detector.qrs_inds > 250) & (detector.qrs_inds < 29 * 250)).sum()) - near.tp
    assert found / wanted > 0.95
    assert false / wanted < 0.05


def test_the_ratio_of_signal_to_noise_is_the_one_asked_for():
    quiet, loud = (
        NoiseSpec(snr_db=Range(low=db, high=db), powerline_share=0, step_share=0, transient_share=0, gap_share=0,
                  saturation_share=0)
        for db in (80, 6)
    )  # fmt: skip
    for index in range(5):
        heart = synthesize_record(_only(Rhythm.SINUS, noise=quiet), index).signal[0] / 1000
        both = synthesize_record(_only(Rhythm.SINUS, noise=loud), index).signal[0] / 1000
        ratio_db = 10 * np.log10((heart**2).mean() / ((both - heart) ** 2).mean())
        assert ratio_db == pytest.approx(6, abs=0.1)


def test_amplitudes_are_those_of_handheld_recordings():
    # PhysioNet/CinC 2017, training records: median R 0.66 mV, central 80 % from 0.31 to 1.12 mV.
    spec = _only(Rhythm.SINUS, noise=CLEAN, fs_hz=250)
    peaks = [np.quantile(np.abs(synthesize_record(spec, i).signal / 1000), 0.995) for i in range(80)]
    assert 0.4 < np.median(peaks) < 1.0
    assert 0.15 < np.quantile(peaks, 0.1) < 0.5
    assert 0.8 < np.quantile(peaks, 0.9) < 1.8
