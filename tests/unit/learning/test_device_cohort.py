"""A cohort generated where it is trained on: prepared as recordings are, and each batch always the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from chiron.errors import BadParameters
from chiron.learning.cohort_source import CohortSource
from chiron.learning.device_cohort import DeviceCohort, prepared_on_device
from chiron.learning.windows import windows_of
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM
from schemas.cohort import CohortSpec
from schemas.training import WindowSpec

WINDOW = WindowSpec(duration_s=4.0)
CODES = (SINUS_RHYTHM, ATRIAL_FIBRILLATION)
STREAM = DeviceCohort(CohortSpec(fs_hz=100.0), WINDOW, CODES, n_batches=3, device="cpu", batch=20, span=40)


@pytest.mark.parametrize("n_samples", [400, 340, 230])
def test_recordings_are_prepared_as_on_the_processor(n_samples):
    steps = np.random.default_rng(1).standard_normal((3, 2, n_samples))
    signals = np.cumsum(steps, axis=-1).astype(np.float32) / 10  # they wander
    expected = np.concatenate([windows_of(signal, 100.0, WINDOW) for signal in signals])
    found = prepared_on_device(torch.from_numpy(signals), WINDOW)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.fixture(scope="module")
def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(STREAM)


def test_a_batch_depends_on_its_number_alone(batches):
    assert [tuple(x.shape) for x, _ in batches] == [(20, 1, 400)] * 3
    for mine, same in zip(STREAM.since(1), batches[1:], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, same, strict=True))


def test_the_findings_are_those_of_the_same_records(batches):
    """The first span is records 0 to 39, in another order; plans do not depend on how long a record is."""
    target = torch.cat([target for _, target in batches[:2]])
    spec = STREAM.spec.model_copy(update={"duration_s": 4.0})
    _, expected = CohortSource(spec, WINDOW, CODES)(0, 40)
    assert abs(target.mean(dim=0).numpy() - expected.mean(axis=0)).max() < 0.11


def test_three_in_ten_are_shorter_than_the_window(batches):
    edge = torch.cat([x for x, _ in batches[:2]])[:, 0, :20]
    assert int((edge == 0).all(dim=1).sum()) == 12


def test_another_rate_or_a_span_that_is_no_multiple_is_refused():
    with pytest.raises(BadParameters, match="expected 100 Hz, the rate of the window, found 250 Hz"):
        replace(STREAM, spec=CohortSpec(fs_hz=250.0))
    with pytest.raises(BadParameters, match="expected a multiple of the batch, 20, found 50"):
        replace(STREAM, span=50)
