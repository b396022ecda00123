import numpy as np
import pytest
from scipy.signal import butter, sosfilt, sosfilt_zi, welch

from chiron.synthesis.device import NUMBERS, disturb, settle
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.filters import Device
from chiron.synthesis.noise import noise_settings
from schemas.cohort import Group, NoiseSpec

FS_HZ = 500.0
QUIET = {
    "powerline_share": 0.0,
    "step_share": 0.0,
    "transient_share": 0.0,
    "gap_share": 0.0,
    "saturation_share": 0.0,
    "lead_off_share": 0.0,
}
WIDE = Device(150.0, 0.05)


def _disturbed(x, index=1, *, fs_hz=FS_HZ, device=WIDE, **shares):
    """x with the faults that are named, in float32, and what they were made with."""
    out, numbers = np.array(x, dtype=np.float32), np.full(len(NUMBERS), -1.0)
    settings = noise_settings([Group(noise=NoiseSpec(**(QUIET | shares)))])
    disturb(new_stream(1, index, Topic.DEVICE), settings, 0, out, fs_hz, device, numbers)
    return out, dict(zip(NUMBERS, numbers.tolist(), strict=True))


def _white(n_samples=5000, n_leads=8):
    return np.random.default_rng(1).normal(size=(n_samples, n_leads))


def _nothing(n_samples=5000, n_leads=8):
    return np.zeros((n_samples, n_leads))


def test_a_recorder_without_faults_changes_nothing():
    x = _white().astype(np.float32)
    out, numbers = _disturbed(x)
    assert np.array_equal(out, x)
    assert numbers.pop("n_steps") == 0
    assert all(np.isnan(value) for value in numbers.values())


def test_settling_is_scipys_high_pass_at_rest_on_the_first_sample():
    x = (_white(2001, 3) + 5).astype(np.float32)
    sos = butter(2, 0.5, "high", fs=FS_HZ, output="sos")
    start = np.moveaxis(sosfilt_zi(sos)[:, None, :] * x[0].astype(np.float64)[None, :, None], 1, 2)
    expected = sosfilt(sos, x.astype(np.float64), axis=0, zi=start)[0]
    power = settle(x, Device(40.0, 0.5), FS_HZ)
    assert np.allclose(x, expected, atol=2e-5)
    assert power == pytest.approx((expected**2).mean(), rel=1e-4)


def test_a_high_pass_removes_an_offset_and_none_keeps_it():
    x = (np.full((1000, 1), 3.0) + np.linspace(0, 1, 1000)[:, None]).astype(np.float32)
    kept, settled = x.copy(), x.copy()
    settle(kept, Device(40.0, 0.0), 250.0)
    settle(settled, Device(40.0, 0.5), 250.0)
    assert np.array_equal(kept, x)
    assert np.abs(settled).max() < 0.5


def test_faults_are_a_function_of_the_record():
    every = dict.fromkeys(QUIET, 1.0)
    assert np.array_equal(_disturbed(_white(), 3, **every)[0], _disturbed(_white(), 3, **every)[0])
    assert not np.array_equal(_disturbed(_white(), 3, **every)[0], _disturbed(_white(), 4, **every)[0])


@pytest.mark.parametrize("index", range(8))
def test_mains_hum_is_a_line_at_fifty_or_sixty_hertz_of_the_noted_size(index):
    x, numbers = _disturbed(_nothing(), index, powerline_share=1.0)
    assert min(abs(numbers["mains_hz"] - 50), abs(numbers["mains_hz"] - 60)) < 0.3
    largest = x[:, np.abs(x).max(axis=0).argmax()].astype(np.float64)
    f, power = welch(largest, FS_HZ, nperseg=2500)
    assert abs(f[power.argmax()] - numbers["mains_hz"]) < 0.4
    turn = np.exp(-2j * np.pi * numbers["mains_hz"] / FS_HZ * np.arange(5000))
    assert 2000 * abs((largest * turn).mean()) == pytest.approx(numbers["powerline_uv"], rel=0.02)


def test_the_third_harmonic_is_there_unless_the_band_ends_below_it():
    def third(device):
        spectra = [
            welch(_disturbed(_nothing(), i, powerline_share=1.0, device=device)[0][:, 0], FS_HZ, nperseg=2500)
            for i in range(30)
        ]
        return np.mean([p[(f > 145) & (f < 185)].max() for f, p in spectra])

    assert third(Device(30.0, 0.05)) < 0.02 * third(WIDE)


def test_hum_that_the_converter_can_not_see_is_not_folded_into_the_band():
    for index in range(10):
        x, numbers = _disturbed(_nothing(), index, fs_hz=100.0, device=Device(40.0, 0.5), powerline_share=1.0)
        assert np.abs(x).max() == 0
        assert numbers["powerline_uv"] == 0


def test_a_step_shifts_the_baseline_and_fades_with_the_high_pass():
    moved, left = [], []
    for index in range(40):
        x, numbers = _disturbed(_nothing(20_000, 1), index, device=Device(40.0, 0.5), step_share=1.0)
        assert 1 <= numbers["n_steps"] <= 8
        moved.append(np.abs(x).max())
        left.append(np.abs(x[-1]).max())
    assert np.median(moved) > 0.3
    assert np.median(left) < 0.01


def test_switching_on_decays_within_seconds():
    for index in range(20):
        x, numbers = _disturbed(_nothing(), index, device=Device(40.0, 0.5), transient_share=1.0)
        assert np.abs(x[:1000]).max() <= abs(numbers["transient_mv"]) * 1.3
        assert np.abs(x[-500:]).max() < 0.05 * np.abs(x).max()


def test_an_electrode_shows_in_each_lead_by_another_size():
    x, _ = _disturbed(_nothing(), 5, transient_share=1.0)
    sizes = np.abs(x).max(axis=0)
    assert np.unique(sizes.round(6)).size == 8
    assert np.linalg.matrix_rank(x / np.abs(x).max(), tol=1e-3) == 1


def test_saturation_clips_at_the_noted_limit():
    for index in range(10):
        x, numbers = _disturbed(20 * _white(), index, saturation_share=1.0)
        assert 0.4 <= numbers["saturation_mv"] <= 5
        assert np.abs(x).max() == pytest.approx(numbers["saturation_mv"], rel=1e-6)
        assert (np.abs(x) == np.abs(x).max()).mean() > 0.5


def test_lost_contact_leaves_flat_stretches_of_the_noted_length_in_one_lead_or_in_all():
    n_flat_leads = set()
    for index in range(40):
        x, numbers = _disturbed(_white(), index, gap_share=1.0)
        flat = (np.diff(x, axis=0) == 0).sum(axis=0)
        n_flat_leads.add(int((flat > 0).sum()))
        assert flat.max() <= numbers["gap_s"] * FS_HZ
        assert flat.max() >= 0.4 * numbers["gap_s"] * FS_HZ - 3  # two gaps may overlap, or be of different leads
    assert {1, 8} <= n_flat_leads


def test_a_lead_without_contact_shows_nothing_of_the_heart_and_the_others_all_of_it():
    shown = []
    for index in range(40):
        heart = _white()
        x, numbers = _disturbed(heart, index, lead_off_share=1.0, device=Device(40.0, 0.5))
        lead = int(numbers["lead_off"])
        others = [k for k in range(8) if k != lead]
        assert np.array_equal(x[:, others], heart[:, others].astype(np.float32))
        if not x[:, lead].any():
            shown.append("nothing")
            continue
        shown.append("hum")
        assert abs(np.corrcoef(x[:, lead], heart[:, lead])[0, 1]) < 0.06
        f, power = welch(x[:, lead], FS_HZ, nperseg=2500)
        peaks = f[(f > 5)][power[f > 5].argmax()]
        assert min(abs(peaks - 50), abs(peaks - 60)) < 0.5
    assert 0.1 < shown.count("nothing") / 40 < 0.5  # 30 %
