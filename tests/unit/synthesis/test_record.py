import numpy as np
from cohorts import only, quiet

from chiron.datasets.signals import signal_sha256
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.record import synthesize_record
from schemas.codes import Sex
from schemas.cohort import CohortSpec, Group
from schemas.states import Rhythm


def test_a_record_depends_on_its_specification_seed_and_index_alone():
    spec = CohortSpec(seed=9)
    first = synthesize_record(spec, 41)
    synthesize_record(spec, 5)
    again = synthesize_record(CohortSpec(seed=9), 41)
    assert np.array_equal(first.signal, again.signal)
    assert (first.parameters, first.events) == (again.parameters, again.events)
    assert signal_sha256(first.signal) == signal_sha256(synthesize_records(spec, 40, 43).signals[1])


def test_a_record_says_what_it_is():
    record = synthesize_record(CohortSpec(name="made-up"), 12)
    assert record.record_id == "made-up-00000012"
    assert record.signal.dtype == np.int16
    assert set(record.findings) == set(VOCABULARY)
    assert record.group in CohortSpec().groups
    assert record.sex in Sex
    assert np.isfinite(list(record.parameters.values())).all()


def test_events_are_in_order_and_within_the_record():
    record = synthesize_record(only(Group(rhythm=Rhythm.ATRIAL_FIBRILLATION)), 3)
    starts = [start for _, start, _ in record.events]
    assert starts == sorted(starts)
    assert all(0 <= start <= end <= 2000 for _, start, end in record.events)
    assert {"N", "(AFIB", "(N)", "(t)", "t"} <= {code for code, _, _ in record.events}


def test_amplitudes_are_those_of_handheld_recordings():
    # PhysioNet/CinC 2017, training records: median R 0.66 mV, central 80 % from 0.31 to 1.12 mV.
    spec = only(Group(noise=quiet()), fs_hz=250)
    peaks = [np.quantile(np.abs(synthesize_record(spec, i).signal / 1000), 0.995) for i in range(80)]
    assert 0.4 < np.median(peaks) < 1.0
    assert 0.15 < np.quantile(peaks, 0.1) < 0.5
    assert 0.8 < np.quantile(peaks, 0.9) < 1.8
