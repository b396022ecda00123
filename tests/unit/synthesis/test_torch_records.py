"""Records made by torch against those of the compiled generator, sample by sample where there is no noise."""

import resource
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from chiron.errors import BadParameters
from chiron.learning.streaming import Stream
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.torch_draws import Draws
from chiron.synthesis.torch_records import torch_records
from schemas.cohort import CohortSpec, Group, NoiseSpec
from schemas.states import Ectopy, Rhythm, VentricularConduction

QUIET = NoiseSpec(
    snr_db=(80.0, 80.0), step_share=0, transient_share=0, powerline_share=0, gap_share=0, saturation_share=0
)
HEARTS = {
    "sinus": Group(share=0.3, noise=QUIET),
    "premature": Group(share=0.3, ectopy={Ectopy.VENTRICULAR: 0.5, Ectopy.ATRIAL: 0.5}, noise=QUIET),
    "flutter": Group(share=0.1, rhythm=Rhythm.ATRIAL_FLUTTER, noise=QUIET),
    "paced": Group(share=0.1, rhythm=Rhythm.PACED, noise=QUIET),
    "wide": Group(share=0.2, ventricular={VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK: 1.0}, noise=QUIET),
}
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V5")


def _compiled_mv(spec, first, stop):
    return synthesize_records(spec, first, stop).signals / np.float32(spec.gain_per_mv)


def _torch_mv(spec, first, stop, device="cpu"):
    signals, _ = torch_records(spec, first, stop, device=device)
    return signals.cpu().numpy()


@pytest.mark.parametrize(("fs_hz", "leads"), [(500.0, LEADS), (100.0, ("V2",)), (256.0, ("aVF", "I"))])
def test_hearts_are_the_compiled_ones_within_two_microvolts(fs_hz, leads):
    spec = CohortSpec(fs_hz=fs_hz, duration_s=10.0, leads=leads, groups=HEARTS)
    compiled, rendered = _compiled_mv(spec, 5, 45), _torch_mv(spec, 5, 45)
    assert rendered.shape == compiled.shape
    assert np.abs(compiled).max() > 0.5
    assert np.abs(rendered - compiled).max() < 0.002 + 1.5 / spec.gain_per_mv  # both are rounded to whole steps


def test_fibrillating_hearts_are_the_compiled_ones_up_to_the_phase_of_the_last_f_waves():
    groups = {"fibrillation": Group(rhythm=Rhythm.ATRIAL_FIBRILLATION, noise=QUIET)}
    spec = CohortSpec(fs_hz=500.0, duration_s=10.0, leads=("V1",), groups=groups)
    compiled, rendered = _compiled_mv(spec, 0, 20), _torch_mv(spec, 0, 20)
    assert np.abs(rendered - compiled).max() < 0.01


def test_findings_are_the_compiled_ones():
    spec = CohortSpec(duration_s=10.0)
    _, findings = torch_records(spec, 30, 90, device="cpu")
    assert findings.shape == (60, len(VOCABULARY))
    assert np.array_equal(findings, synthesize_records(spec, 30, 90).findings)


def test_a_generator_makes_new_noise_around_the_same_hearts():
    spec = CohortSpec(duration_s=5.0)
    first, second = (
        torch_records(spec, 0, 8, device="cpu", generator=torch.Generator().manual_seed(seed))[0] for seed in (1, 2)
    )
    again, _ = torch_records(spec, 0, 8, device="cpu", generator=torch.Generator().manual_seed(1))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert torch.equal(*(torch_records(spec, 0, 8, device="cpu")[0] for _ in range(2)))


def test_every_array_is_on_the_device_and_nothing_waits_for_it(monkeypatch):
    # the device "meta" knows shapes alone: to read a value from it, or to mix it with another device, is an error
    monkeypatch.setattr(Draws, "unit", lambda self, *shape: torch.rand(self.n, *shape, device="meta"))
    monkeypatch.setattr(Draws, "normal", lambda self, sd, *shape: sd * torch.randn(self.n, *shape, device="meta"))
    spec, nobody = CohortSpec(duration_s=10.0, leads=("I", "III", "V2")), SimpleNamespace(device=torch.device("meta"))
    signals, _ = torch_records(spec, 0, 20, device="meta", generator=nobody)
    assert signals.device.type == "meta"
    assert signals.shape == (20, 3, 1000)


def test_memory_does_not_grow_with_the_number_of_records_beyond_the_result():
    spec = CohortSpec(fs_hz=250.0, duration_s=10.0, leads=("I", "II", "V1", "V6"))
    torch_records(spec, 0, 200, device="cpu")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signals, _ = torch_records(spec, 0, 800, device="cpu")
    grown_bytes = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown_bytes < 4 * signals.nbytes + 2**27


def test_a_record_that_is_too_long_is_refused():
    with pytest.raises(BadParameters, match="at most 31000 samples"):
        torch_records(CohortSpec(fs_hz=500.0, duration_s=100.0), 0, 1, device="cpu")


def _source(first, stop):
    signals, findings = torch_records(CohortSpec(duration_s=5.0), first, stop, device="cpu")
    return signals.numpy(), findings.astype(np.float32)


def test_a_stream_of_training_examples_may_be_made_by_torch():
    batches = list(Stream(_source, n_distinct=64, n_batches=5, batch=16, span=32, n_processes=0))
    assert [(len(x), len(y)) for x, y in batches] == [(16, 16)] * 5
    assert np.array_equal(batches[0][0], batches[4][0])  # the curriculum begins again


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_makes_the_same_hearts():
    spec = CohortSpec(fs_hz=500.0, duration_s=10.0, leads=LEADS, groups=HEARTS)
    assert np.abs(_torch_mv(spec, 0, 40, "cuda") - _torch_mv(spec, 0, 40)).max() < 0.004
