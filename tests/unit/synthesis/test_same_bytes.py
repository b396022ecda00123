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
        (HANDHELD, "81f31448455611e6af4e9f65875452f44738aa5d8a721ddaacbdeb64e880298f"),
        (CLINICAL, "8b5752ddf8967104d0f4a205ee0e515c0a407e3d3fae49d9de44ee04a580aedc"),
    ],
)
def test_a_hundred_records_have_the_bytes_that_they_always_had(spec, expected):
    hashes = "".join(signal_sha256(synthesize_record(spec, i).signal) for i in range(100))
    assert hashlib.sha256(hashes.encode()).hexdigest() == expected
