"""Noisy records made by torch against those of the compiled generator: equal in distribution, at other seeds."""

import numpy as np
import pytest
import torch
from scipy.signal import welch
from scipy.stats import kstest, mannwhitneyu
from sklearn.ensemble import HistGradientBoostingClassifier

from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.torch_records import torch_records
from schemas.cohort import CohortSpec, NoiseSpec, usual_groups
from schemas.states import NoiseKind

N_SIDE = 400
LEVEL = 0.001  # of each feature's test: with 10 features a false alarm in a hundred runs


def _compiled_mv(spec, n):
    return synthesize_records(spec, 0, n).signals / np.float32(spec.gain_per_mv)


def _torch_mv(spec, n, device="cpu"):
    return torch_records(spec, 0, n, device=device)[0].cpu().numpy()


def _features(x_mv, fs_hz):
    """(N, 10) of single leads (N, S): size, bands, how it comes and goes, peaks, what is flat or clipped."""
    f, power = welch(x_mv, fs_hz, nperseg=512)
    total = power.sum(axis=1) + 1e-12
    bands = [power[:, (f >= a) & (f < b)].sum(axis=1) / total for a, b in ((0, 1), (1, 4), (4, 9), (9, 20), (20, 45))]
    seconds = x_mv.reshape(len(x_mv), -1, int(fs_hz)).std(axis=2) + 1e-6
    flat, largest = np.diff(x_mv) == 0, np.abs(x_mv).max(axis=1)
    clipped = (np.abs(x_mv) == largest[:, None]).mean(axis=1)
    centred = x_mv - x_mv.mean(axis=1, keepdims=True)
    kurtosis = (centred**4).mean(axis=1) / ((centred**2).mean(axis=1) + 1e-6) ** 2
    return np.column_stack([np.log(total), *bands, np.log(seconds).std(axis=1), kurtosis, flat.mean(axis=1), clipped])


def _noisy(noise, **others):
    groups = {name: group.model_copy(update={"noise": noise}) for name, group in usual_groups().items()}
    return {"groups": groups, "fs_hz": 100.0, "duration_s": 20.0, **others}


EVERY_FAULT = NoiseSpec(step_share=0.5, transient_share=0.5, gap_share=0.3, saturation_share=0.3, lead_off_share=0.1)
ONLY_NOISE = NoiseSpec(snr_db=(-20.0, -20.0), step_share=0, transient_share=0, powerline_share=0, saturation_share=0)
COHORTS = {
    "usual": {},
    "faults": _noisy(EVERY_FAULT),
    "noise": _noisy(ONLY_NOISE),
    "clinical": {"fs_hz": 250.0, "duration_s": 10.0},
}


@pytest.fixture(scope="module", params=COHORTS)
def two_samples(request):
    """Features of compiled records and of torch's records of another seed."""
    spec = CohortSpec(leads=("I", "V2"), **COHORTS[request.param])
    other = spec.model_copy(update={"seed": 77})
    return [
        _features(x[:, 1].astype(np.float64), spec.fs_hz)
        for x in (_compiled_mv(spec, N_SIDE), _torch_mv(other, N_SIDE))
    ]


def test_every_feature_is_distributed_alike(two_samples):
    compiled, rendered = two_samples
    p = [kstest(compiled[:, k], rendered[:, k], method="asymp").pvalue for k in range(compiled.shape[1])]
    assert min(p) > LEVEL, np.round(p, 5)


def test_no_classifier_tells_them_apart(two_samples):
    half = N_SIDE // 2
    learnt, kept = (np.concatenate([x[part] for x in two_samples]) for part in (slice(half), slice(half, None)))
    side = np.repeat([0, 1], half)
    classifier = HistGradientBoostingClassifier(max_iter=60, max_depth=3, random_state=0).fit(learnt, side)
    shown = classifier.predict_proba(kept)[:, 1]
    auroc = mannwhitneyu(shown[side == 1], shown[side == 0]).statistic / half**2
    error = np.sqrt((2 * half + 1) / (12 * half**2))  # of an AUROC of 1/2: Mann and Whitney 1947
    assert auroc < 0.5 + 1.96 * error, auroc  # on records that were not learnt from, less than a half is chance alone


def test_the_same_comparison_sees_another_mixture_of_noise():
    muscle = {NoiseKind.WANDER: 0.1, NoiseKind.MOTION: 0.45, NoiseKind.MUSCLE: 0.4, NoiseKind.TREMOR: 0.05}
    sides = [
        _torch_mv(CohortSpec(seed=seed, **_noisy(ONLY_NOISE.model_copy(update=how))), N_SIDE)
        for seed, how in enumerate(({}, {"kinds": muscle}))
    ]
    usual, other = (_features(x[:, 0].astype(np.float64), 100.0) for x in sides)
    assert min(kstest(usual[:, k], other[:, k]).pvalue for k in range(10)) < LEVEL


def test_leads_share_noise_as_in_compiled_records():
    spec = CohortSpec(leads=("V1", "V2", "V3", "V6"), groups=_noisy(NoiseSpec(snr_db=(-30.0, -30.0)))["groups"])
    near, far = [], []
    for x in (_compiled_mv(spec, 150), _torch_mv(spec, 150)):
        correlations = np.abs([np.corrcoef(record + 1e-6 * np.arange(record.shape[1])) for record in x])
        near.append(correlations[:, 0, 1])
        far.append(correlations[:, 0, 3])
    assert kstest(*near).pvalue > LEVEL
    assert kstest(*far).pvalue > LEVEL
    assert np.median(near[1]) > np.median(far[1]) + 0.1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_makes_records_of_the_same_distribution():
    spec = CohortSpec(leads=("I",))
    sides = [
        _features(_torch_mv(spec.model_copy(update={"seed": seed}), 2000, device)[:, 0].astype(np.float64), 100.0)
        for seed, device in ((1, "cpu"), (2, "cuda"))
    ]
    assert min(kstest(sides[0][:, k], sides[1][:, k]).pvalue for k in range(sides[0].shape[1])) > LEVEL
