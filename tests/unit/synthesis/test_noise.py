import numpy as np
import pytest
from scipy.signal import butter, correlate, sosfilt, welch

from chiron.synthesis.bank import make_bank
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.filters import Device
from chiron.synthesis.noise import NUMBERS, fill_noise, noise_settings
from chiron.synthesis.recorded_bank import read_recordings
from schemas.cohort import Group, NoiseSpec
from schemas.states import NoiseKind

FS_HZ = 250.0
KINDS = list(NoiseKind)


def _settings(**changed):
    return noise_settings([Group(noise=NoiseSpec(**changed))])


USUAL = _settings()
WITHOUT_HIGH_PASS = Device(40.0, 0.0)


def _noise(
    index, *, n_samples=15_000, n_leads=2, fs_hz=FS_HZ, device=WITHOUT_HIGH_PASS, settings=USUAL, breathing_hz=0.25
):
    out, numbers = np.empty((n_samples, n_leads), dtype=np.float32), np.full(len(NUMBERS), -1.0)
    stream = new_stream(1, index, Topic.NOISE)
    mean_square = fill_noise(stream, make_bank(fs_hz), settings, 0, fs_hz, device, breathing_hz, out, numbers)
    return out.astype(np.float64) / np.sqrt(mean_square), dict(zip(NUMBERS, numbers.tolist(), strict=True))


def _alone(kind, *, n_records, device, n_samples=3600, fs_hz=360.0):
    """(n_records, n_samples) of records without bursts in which one kind has nine tenths of the power."""
    settings, rows, index = _settings(kinds={kind: 1.0}), [], 0
    while len(rows) < n_records:
        x, numbers = _noise(index, n_samples=n_samples, n_leads=1, fs_hz=fs_hz, device=device, settings=settings)
        if numbers[f"{kind}_share"] > 0.9 and np.isnan(numbers["burst_db"]):
            rows.append(x[:, 0])
        index += 1
    return np.array(rows)


@pytest.mark.parametrize("n_leads", [1, 2, 8])
def test_the_mean_square_that_is_stated_is_that_over_all_leads_and_every_lead_has_some(n_leads):
    for index in range(20):
        x, _ = _noise(index, n_leads=n_leads)
        assert (x**2).mean() == pytest.approx(1, abs=1e-5)
        assert (x.std(axis=0) > 0.2).all()


def test_noise_comes_and_goes_and_differs_from_record_to_record():
    loudness, centre_hz = [], []
    for index in range(100):
        x = _noise(index)[0][:, 0]
        loudness.append(np.log(x.reshape(-1, 250).std(axis=1)).std())
        f, power = welch(x, FS_HZ, nperseg=2048)
        centre_hz.append((f * power).sum() / power.sum())
    # MIT-BIH Noise Stress Test: this standard deviation is 0.5 to 0.9 for its three kinds.
    assert 0.25 < np.median(loudness) < 1.0
    assert np.quantile(centre_hz, 0.1) < 1.0
    assert np.quantile(centre_hz, 0.9) > 5.0


def test_noise_above_the_band_of_the_device_is_weak():
    for index in range(20):
        f, power = welch(_noise(index, device=Device(30.0, 0.5))[0][:, 0], FS_HZ, nperseg=2048)
        assert power[f > 90].sum() < 0.05 * power.sum()


def test_noise_below_the_band_of_the_device_is_weaker_than_without_a_high_pass():
    low = []
    for high_pass_hz in (0.0, 0.9):
        spectra = [welch(_noise(i, device=Device(40.0, high_pass_hz))[0][:, 0], FS_HZ, nperseg=5000) for i in range(30)]
        low.append(np.mean([power[f < 0.3].sum() / power.sum() for f, power in spectra]))
    assert low[1] < 0.2 * low[0]


def test_noise_is_a_function_of_the_record():
    assert np.array_equal(_noise(7)[0], _noise(7)[0])
    assert not np.array_equal(_noise(7)[0], _noise(8)[0])


def test_the_noise_of_different_records_does_not_correlate_at_any_lag():
    muscle = _settings(kinds={NoiseKind.MUSCLE: 1.0})
    rows = [_noise(index, n_samples=5000, n_leads=1, settings=muscle)[0][:, 0] for index in range(12)]
    rows = [row / np.linalg.norm(row) for row in rows]
    largest = [np.abs(correlate(rows[i], rows[j], method="fft")).max() for i in range(12) for j in range(i)]
    # two white noises in 10 to 40 Hz for 20 s: some 1,200 independent values, and as many lags: about 4/sqrt(1200)
    assert np.median(largest) < 0.2
    assert max(largest) < 0.9


def test_neighbouring_leads_share_noise_and_distant_ones_do_not():
    near, far = [], []
    for index in range(150):
        correlations = np.corrcoef(_noise(index, n_samples=5000, n_leads=8, device=Device(40.0, 0.9))[0].T)
        near.append(np.abs(np.diag(correlations, 1)).mean())
        far.append(np.abs(np.diag(correlations, 5)).mean())
    # the lead halves its power between two electrodes, and its neighbour has one of them: sqrt(1/2)^2
    assert 0.3 < np.mean(near) < 0.6
    assert np.mean(far) < 0.25


def test_the_kind_that_leads_has_its_share():
    for kind in KINDS:
        settings = _settings(kinds={kind: 1.0})
        shares = [_noise(i, n_samples=500, settings=settings)[1][f"{kind}_share"] for i in range(100)]
        assert np.median(shares) > 0.6


def test_shares_sum_to_one_and_modelled_noise_says_so():
    for index in range(20):
        _, numbers = _noise(index, n_samples=500)
        assert sum(numbers[f"{kind}_share"] for kind in (*KINDS, "breathing")) == pytest.approx(1)
        assert numbers["noise_recorded"] == 0


def test_a_burst_is_louder_than_the_rest_by_what_is_noted():
    tremor = _settings(kinds={NoiseKind.TREMOR: 1.0})
    noted, seen = [], []
    for index in range(150):
        x, numbers = _noise(index, n_leads=1, settings=tremor)
        noted.append(numbers["burst_db"])
        loud = np.log(x.reshape(-1, 250).std(axis=1))
        seen.append(20 / np.log(10) * (loud.max() - np.median(loud)))
    has = np.isfinite(noted)
    assert 0.35 < has.mean() < 0.55  # 45 % of the records
    assert 6 < np.nanmin(noted) < np.nanmax(noted) <= 20.01  # a factor of 2 to 10
    assert np.median(np.array(seen)[has]) > np.median(np.array(seen)[~has]) + 4


def test_the_baseline_moves_with_the_breath():
    powers = []
    for breathing_hz in (0.2, 0.4):
        spectra = [
            welch(_noise(i, n_samples=25_000, breathing_hz=breathing_hz)[0][:, 0], FS_HZ, nperseg=10_000)
            for i in range(40)
        ]
        powers.append(np.mean([power for _, power in spectra], axis=0))
    f = spectra[0][0]
    assert powers[1][np.argmin(abs(f - 0.4))] > 1.5 * powers[0][np.argmin(abs(f - 0.4))]


def test_a_long_record_does_not_repeat():
    muscle = _settings(kinds={NoiseKind.MUSCLE: 1.0})
    x = _noise(3, n_samples=400_000, n_leads=1, settings=muscle)[0][:, 0]
    piece, rest = x[1000:6000], x[6000:]
    template = piece / np.linalg.norm(piece)
    power = np.convolve(rest**2, np.ones(5000), "valid")
    likeness = np.abs(correlate(rest, template, "valid", method="fft")) / np.sqrt(power)
    assert likeness.max() < 0.7


def test_a_long_record_does_not_jump_where_it_goes_over_to_another_stretch():
    wander, index = _settings(kinds={NoiseKind.WANDER: 1.0}), 0
    while True:  # a record of what is slow alone: a jump would be a hundred times its usual change
        _, numbers = _noise(index, n_samples=500, n_leads=1, settings=wander)
        if numbers["wander_share"] + numbers["breathing_share"] > 0.999:
            break
        index += 1
    x = _noise(index, n_samples=400_000, n_leads=1, settings=wander)[0][:, 0]
    jumps = np.abs(np.diff(x))
    assert jumps.max() < 0.04 * x.std()


@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "high_pass_hz"), [(NoiseKind.WANDER, 0.05), (NoiseKind.MOTION, 0.5), (NoiseKind.MUSCLE, 5.0)]
)
def test_modelled_noise_comes_and_goes_like_recorded_noise(real_data, kind, high_pass_hz):
    recorded = read_recordings(real_data / "nstdb")[kind].astype(np.float64)
    for corner_hz, side in ((40.0, "low"), (high_pass_hz, "high")):
        recorded = sosfilt(butter(2, corner_hz, side, fs=360, output="sos"), recorded, axis=1)
    own = _come_and_go(_alone(kind, n_records=120, device=Device(40.0, high_pass_hz)))
    both = _come_and_go(recorded[:, 7200:640_800].reshape(2, -1, 3600))
    assert both.min() / 2 < own < 2 * both.max()


def _come_and_go(x):
    """The standard deviation of the log rms per second, in the median record of (..., records, samples)."""
    rms = x.reshape(*x.shape[:-1], 10, 360).std(axis=-1)
    return np.median(np.log(rms).std(axis=-1), axis=-1)
