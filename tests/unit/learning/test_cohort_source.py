"""The records of a cohort as examples: of every length, and the same whatever else is asked for."""

import numpy as np

from chiron.learning.cohort_source import CohortSource
from chiron.learning.windows import windows_of
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import synthesize_records
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM
from schemas.cohort import CohortSpec
from schemas.training import WindowSpec

SPEC = CohortSpec(seed=7)
SOURCE = CohortSource(SPEC, WindowSpec(), (SINUS_RHYTHM, ATRIAL_FIBRILLATION))


def test_a_record_is_the_same_alone_and_among_others():
    x, target = SOURCE(30, 70)
    for index in (30, 47, 48, 69):
        alone_x, alone_target = SOURCE(index, index + 1)
        np.testing.assert_array_equal(alone_x[0], x[index - 30])
        np.testing.assert_array_equal(alone_target[0], target[index - 30])


def test_a_record_of_full_length_is_that_of_the_cohort_prepared_as_a_real_one():
    x, target = SOURCE(0, 4)
    records = synthesize_records(SPEC, 0, 4)
    for k in range(4):
        wanted = windows_of(records.signals[k] / 1000.0, SPEC.fs_hz, WindowSpec())[0]
        np.testing.assert_allclose(x[k], wanted, atol=1e-5)
    np.testing.assert_array_equal(target[:, 1], records.findings[:, VOCABULARY.index(ATRIAL_FIBRILLATION)])


def test_three_records_in_ten_are_shorter_than_a_window():
    x, _ = SOURCE(0, 160)
    filled_s = (x[:, 0] != 0).sum(axis=-1) / WindowSpec().fs_hz
    np.testing.assert_allclose(np.mean(filled_s < 18), 0.3)
    assert filled_s.min() > 9
