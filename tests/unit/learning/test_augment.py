"""Augmentation: what each kind may change and what it may not."""

import numpy as np
import pytest
import torch

from chiron.learning.augment import augment
from chiron.learning.networks import new_network
from chiron.learning.training import Examples, Recipe, fit
from chiron.measures.rpeaks import find_r_peaks
from schemas.training import Architecture, Augmentation
from tests.unit.learning.conftest import spikes

KINDS = tuple(Augmentation.model_fields)
NOTHING = Augmentation(**dict.fromkeys(KINDS, False))
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V6")


def only(*kinds: str) -> Augmentation:
    return NOTHING.model_copy(update=dict.fromkeys(kinds, True))


def beats(n: int, n_leads: int = 1) -> torch.Tensor:
    """Regular beats at 75 per minute, 20 s, a little lower in each further lead."""
    lead = spikes(np.full(24, 0.8), 2000) + 0.01
    return torch.from_numpy(np.stack([lead / (1 + k) for k in range(n_leads)])).float().expand(n, -1, -1)


def changed(x: torch.Tensor, kinds: Augmentation, seed: int = 0, **told) -> torch.Tensor:
    target = torch.zeros(len(x), 2)
    return augment(x, target, torch.ones_like(target), kinds, torch.Generator().manual_seed(seed), **told)[0]


def test_nothing_switched_on_changes_nothing():
    x, target, weight = beats(4, 3), torch.rand(4, 2), torch.rand(4, 2)
    same = augment(x, target, weight, NOTHING, torch.Generator().manual_seed(1), leads=("I", "II", "III"))
    assert all(torch.equal(a, b) for a, b in zip(same, (x, target, weight), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_alone_changes_windows_repeatably_and_leaves_what_it_was_given(kind):
    x = beats(64, 1 if kind == "polarity" else len(LEADS)).clone()
    before = x.clone()
    if kind == "mixing":
        x[::2] = 0.5 * x[::2]
        before = x.clone()
    one = changed(x, only(kind), leads=LEADS)
    assert torch.equal(one, changed(x, only(kind), leads=LEADS))
    assert not torch.equal(one, changed(x, only(kind), seed=1, leads=LEADS))
    assert not torch.equal(one, x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "mixing"])
def test_every_kind_but_mixing_leaves_targets_and_weights(kind):
    target, weight = torch.rand(64, 2), torch.rand(64, 2)
    x = beats(64, 2)
    _, same_target, same_weight = augment(x, target, weight, only(kind), torch.Generator().manual_seed(0))
    assert torch.equal(same_target, target)
    assert torch.equal(same_weight, weight)


def test_what_one_kind_does_does_not_depend_on_another():
    x = beats(64)
    turned = changed(x, only("polarity"))
    assert torch.equal(torch.sign(turned.sum(-1)), torch.sign(changed(x, only("polarity", "amplitude_warp")).sum(-1)))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_not_recorded_stays_zero(kind):
    x = beats(64, 2).clone()
    x[..., :500] = 0
    x[:, 1] = 0
    after = changed(x, only(kind), leads=("I", "aVF"))
    quiet = 350 if kind in {"time_warp", "slide"} else 500
    assert not after[..., :quiet].any()
    assert kind == "limb_reversal" or not after[:, 1].any()


def test_a_regular_rhythm_stays_regular_under_all_kinds_that_change_one_window():
    every = Augmentation(mixing=False)
    for window in changed(beats(40), every).numpy()[:, 0]:
        rr = np.diff(find_r_peaks(window, 100.0))
        assert rr.size == 0 or np.median(np.abs(rr - np.median(rr))) <= 2


def test_the_rate_changes_by_at_most_an_eighth():
    windows = changed(beats(60), only("time_warp")).numpy()[:, 0]
    rates = [np.median(np.diff(peaks)) for w in windows if (peaks := find_r_peaks(w, 100.0)).size > 4]
    assert 0.8 / 1.14 * 100 <= min(rates) < 76
    assert 84 < max(rates) <= 0.8 / 0.86 * 100


def test_a_slide_moves_every_beat_by_as_much_and_by_at_most_a_twentieth_of_the_window():
    x = beats(50)
    at = find_r_peaks(x[0, 0].numpy(), 100.0)
    for window in changed(x, only("slide")).numpy()[:, 0]:
        moved = find_r_peaks(window, 100.0)
        by = np.array([moved[np.argmin(np.abs(moved - each))] - each for each in at[3:-3]])
        assert np.ptp(by) <= 1
        assert np.abs(by).max() <= 40  # half a beat, of which nothing can be told


def test_an_amplitude_stays_within_its_bounds_and_the_beats_where_they_are():
    x = beats(200)
    gain = (changed(x, only("amplitude_warp")) / x)[:, 0]
    assert float(gain.log().abs().max()) <= 0.6 + 1e-4
    assert float(gain.max() / gain.min()) > 1.5
    assert float((gain[:, 1:] / gain[:, :-1]).log().abs().max()) < 1.05 * np.expm1(0.4) / 400  # apart of knots


def test_half_of_single_leads_change_sign_and_several_never():
    x = beats(200)
    upright = (changed(x, only("polarity")) == x).flatten(1).all(1)
    assert 0.4 < upright.float().mean() < 0.6
    assert torch.equal(changed(x, only("polarity"))[~upright], -x[~upright])
    assert torch.equal(changed(beats(50, 2), only("polarity")), beats(50, 2))


def test_leads_are_lost_whole_but_never_all_and_a_single_one_never():
    x = beats(400, 3)
    lost = (changed(x, only("lead_dropout")) == 0).all(-1)
    assert 0.05 < lost.float().mean() < 0.3
    assert lost.sum(1).max() == 2
    assert torch.equal(changed(x, only("lead_dropout"))[~lost], x[~lost])
    assert torch.equal(changed(beats(50), only("lead_dropout")), beats(50))


def test_noise_is_in_half_of_the_windows_of_bounded_size_and_another_in_each_lead():
    x = beats(400, 2)
    noise = changed(x, only("noise")) - x
    size = noise.std(-1)
    assert 0.4 < (size[:, 0] > 0).float().mean() < 0.6
    assert float(size.max()) < 0.2
    loud = noise[size[:, 0] > 0.05]
    assert np.mean([abs(np.corrcoef(pair)[0, 1]) for pair in loud.numpy()]) < 0.2


def test_a_baseline_is_slower_than_a_beat_and_adds_nothing_else():
    wander = (changed(beats(300), only("baseline")) - beats(300))[:, 0]
    moving = wander.abs().amax(1) > 0.01
    assert 0.15 < moving.float().mean() < 0.45
    power = torch.fft.rfft(wander[moving] * torch.hann_window(2000)).abs().square()
    assert float(power[:, 20:].sum() / power.sum()) < 1e-3  # 20 cycles in 20 s: 1 Hz


def test_a_filter_keeps_the_middle_of_the_band_and_takes_from_its_ends():
    t = torch.arange(2000) / 100
    for hz, least, most in ((5.0, 0.9, 1.0), (0.2, 0.0, 0.5), (49.0, 0.0, 0.8)):
        x = torch.sin(2 * torch.pi * hz * t + 0.3).expand(200, 1, -1)
        after = changed(x, only("filter"))
        size = (after / x.std()).std(-1)[:, 0]
        touched = (size < 0.999) | (hz == 5.0)
        assert touched.float().mean() > 0.3
        assert least <= float(size[touched].min())
        assert float(size[touched].mean()) <= most + 1e-3


def test_the_edges_of_a_filter_follow_the_sampling_rate():
    x = torch.sin(2 * torch.pi * 0.05 * torch.arange(2000) + 0.3).expand(200, 1, -1)  # 5 Hz at 100, 25 Hz at 500
    assert float(changed(x, only("filter")).std(-1).mean()) > float(
        changed(x, only("filter"), fs_hz=500.0).std(-1).mean()
    )


def test_some_windows_become_shorter_recordings_and_keep_their_samples():
    windows = changed(torch.ones(400, 1, 2000), only("crop"))[:, 0]
    kept = windows.mean(1)
    assert 0.08 < (kept < 0.99).float().mean() < 0.25
    assert float(kept.min()) >= 0.4
    assert set(windows.unique().tolist()) == {0.0, 1.0}
    assert (windows.diff().abs().sum(1) <= 2).all()  # one stretch


def test_mixing_adds_windows_and_their_labels_in_the_same_shares():
    x = torch.eye(8)[:, None].repeat(1, 1, 4)  # window i is one at every eighth sample, from i
    target, weight = torch.eye(8), torch.ones(8, 8)
    mixed, soft, same = augment(x, target, weight, only("mixing"), torch.Generator().manual_seed(0))
    torch.testing.assert_close(mixed[:, 0, :8], soft)
    torch.testing.assert_close(soft.sum(1), torch.ones(8))
    torch.testing.assert_close(same, weight)
    assert 0.6 <= float(soft.max(1).values.min()) < 1


def test_the_loss_of_a_mixed_pair_is_the_mean_of_both_losses_also_where_one_was_not_read():
    target = torch.tensor([[1.0, torch.nan], [0.0, 1.0]] * 8)
    weight = torch.tensor([[0.5, 1.0], [1.0, 0.25]] * 8)
    x = torch.arange(1.0, 17)[:, None, None].expand(-1, 1, 10)
    mixed, soft, total = augment(x, target, weight, only("mixing"), torch.Generator().manual_seed(3))
    other = ((x - mixed) / (x - x.roll(1, 0)))[:, 0, :1]
    assert float(other.max()) > 0.1

    def loss(targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        logits = torch.tensor([0.3, -1.2]).expand_as(targets)
        each = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets.nan_to_num(), reduction="none")
        return each * torch.where(targets.isfinite(), weights, 0.0)

    by_hand = (1 - other) * loss(target, weight) + other * loss(target.roll(1, 0), weight.roll(1, 0))
    torch.testing.assert_close(loss(soft, total), by_hand, atol=1e-5, rtol=1e-4)


def test_a_tenth_of_the_windows_have_their_arms_exchanged():
    x = beats(400, len(LEADS))
    after = changed(x, only("limb_reversal"), leads=LEADS)
    exchanged = (after != x).flatten(1).any(1)
    assert 0.05 < exchanged.float().mean() < 0.16
    torch.testing.assert_close(after[exchanged, 0], -x[exchanged, 0])
    assert torch.equal(changed(x, only("limb_reversal")), x)  # without names nothing can be told


def test_training_tells_the_names_of_the_leads():
    rng = np.random.default_rng(0)
    target = np.eye(2, dtype=np.float32)[np.arange(32) % 2]
    examples = Examples(
        rng.standard_normal((32, 3, 200)).astype(np.float32), np.arange(32), target, np.ones_like(target)
    )

    def trained(leads: tuple[str, ...]) -> torch.Tensor:
        network = new_network(Architecture.RESNET, 3, 2, seed=0)
        recipe = Recipe(3, 1e-3, batch=32, augmentation=only("limb_reversal"), leads=leads)
        fit(network, examples, recipe, seed=0)
        return torch.nn.utils.parameters_to_vector(network.parameters())

    assert not torch.equal(trained(("I", "II", "III")), trained(()))
    assert torch.equal(trained(("V1", "V2", "V3")), trained(()))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_windows_on_a_gpu_are_changed_there_and_repeatably():
    device = torch.device("cuda")
    x, target = beats(64, 3).to(device), torch.rand(64, 2, device=device)
    kinds = Augmentation(mixing=True)

    def drawn() -> tuple[torch.Tensor, ...]:
        generator = torch.Generator(device).manual_seed(1)
        return augment(x, target, torch.ones_like(target), kinds, generator, leads=("I", "II", "III"))

    one, same = drawn(), drawn()
    assert all(part.device.type == "cuda" for part in one)
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert torch.isfinite(one[0]).all()
