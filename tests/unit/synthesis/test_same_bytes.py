"""The generator's bytes: where one of these hashes changes, raise the version of the synthesize stage."""

import hashlib

import pytest

from chiron.datasets.signals import signal_sha256
from chiron.synthesis.record import synthesize_record
from schemas.cohort import CohortSpec

HANDHELD = CohortSpec(seed=2026, n_records=1000)
CLINICAL = CohortSpec(seed=2026, n_records=1000, fs_hz=500.0, duration_s=10.0, leads=("I", "II", "V1", "V6"))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (HANDHELD, "b75f711163d9553ff07305dc15e1899cf21b3ddb5d1b4fc2c13282ece12a7c37"),
        (CLINICAL, "5f4a7eab54c99e49e626fdd984573da14e77e56e6ec7bc3a746668d063cd9885"),
    ],
)
def test_a_hundred_records_have_the_bytes_that_they_always_had(spec, expected):
    hashes = "".join(signal_sha256(synthesize_record(spec, i).signal) for i in range(100))
    assert hashlib.sha256(hashes.encode()).hexdigest() == expected
