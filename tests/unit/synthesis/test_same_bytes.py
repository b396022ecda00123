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
        (HANDHELD, "31496783f682b18d3eae9c4a8868a68d20637604c3e39367337b75124d8cedbf"),
        (CLINICAL, "7907cae1b8455fd96d47d02406781d5c1b11dbfb462cd1ad207e44b0bad644a4"),
    ],
)
def test_a_hundred_records_have_the_bytes_that_they_always_had(spec, expected):
    hashes = "".join(signal_sha256(synthesize_record(spec, i).signal) for i in range(100))
    assert hashlib.sha256(hashes.encode()).hexdigest() == expected
