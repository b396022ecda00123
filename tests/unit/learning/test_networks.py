"""The networks' shapes, sizes and first weights."""

import pytest
import torch
from torch import nn

from chiron.learning.networks import new_network
from schemas.training import Architecture

every_network = pytest.mark.parametrize("architecture", list(Architecture))
TWELVE = 12


def n_parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def random_windows(n: int, n_leads: int, n_samples: int) -> torch.Tensor:
    return torch.randn(n, n_leads, n_samples, generator=torch.Generator().manual_seed(0))


@every_network
@pytest.mark.parametrize(("n_leads", "n_samples"), [(1, 2000), (12, 1000), (3, 257), (1, 100)])
def test_any_length_and_number_of_leads_give_one_logit_per_code(architecture, n_leads, n_samples):
    network = new_network(architecture, n_leads, 3, seed=0).eval()
    assert network.architecture is architecture
    assert network(torch.zeros(2, n_leads, n_samples)).shape == (2, 3)


@every_network
def test_the_first_weights_depend_on_the_seed_alone_and_the_global_state_stays(architecture):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (
        nn.utils.parameters_to_vector(new_network(architecture, 1, 2, seed=s).parameters()) for s in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


@every_network
def test_a_record_is_judged_by_itself_and_not_by_its_batch(architecture):
    network = new_network(architecture, 1, 2, seed=0).eval()
    x = random_windows(4, 1, 1000)
    torch.testing.assert_close(network(x)[2:3], network(x[2:3]), atol=1e-5, rtol=1e-5)


@every_network
def test_training_draws_nothing(architecture):
    network = new_network(architecture, 1, 2, seed=0).train()
    x = random_windows(4, 1, 500)
    assert torch.equal(network(x), network(x))


@every_network
def test_every_weight_learns(architecture):
    network = new_network(architecture, 2, 3, seed=0).train()
    for parameter in network.parameters():
        nn.init.normal_(parameter, 0.0, 0.05, generator=torch.Generator().manual_seed(1))
    network(random_windows(4, 2, 2000)).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_the_small_network_has_the_weights_that_its_first_files_hold():
    weights = new_network(Architecture.RESNET, 1, 2, seed=0).state_dict()
    assert {name.partition(".")[0] for name in weights} == {"stem", "stem_norm", "blocks", "head"}
    assert weights["blocks.3.second.weight"].shape == (64, 64, 9)
    assert weights["head.weight"].shape == (2, 128)
    # one block of a to b channels: 9 ab + 9 bb + ab, and 4 b for its norms
    widths = ((16, 16), (16, 32), (32, 48), (48, 64))
    blocks = sum(10 * a * b + 9 * b * b + 4 * b for a, b in widths)
    assert n_parameters(new_network(Architecture.RESNET, 1, 2, seed=0)) == 15 * 16 + 32 + blocks + 128 * 2 + 2


def test_xresnet_has_the_size_of_the_published_one():
    """From the layers' sizes in the authors' repository helme/ecg_ptbxl_benchmarking: xresnet1d50, kernel 5."""

    def layer(n_in, n_out, kernel):
        return n_in * n_out * kernel + 2 * n_out  # no bias, but a norm

    stem = layer(TWELVE, 32, 5) + layer(32, 32, 5) + layer(32, 64, 5)
    first = layer(64, 64, 1) + layer(64, 64, 5) + layer(64, 256, 1) + layer(64, 256, 1)
    other = layer(256, 64, 1) + layer(64, 64, 5) + layer(64, 256, 1)
    head = 2 * 512 + 512 * 128 + 128 + 2 * 128 + 128 * 71 + 71
    expected = stem + first + (3 + 4 + 6 + 3 - 1) * other + head
    assert n_parameters(new_network(Architecture.XRESNET, TWELVE, 71, seed=0)) == expected


def test_xresnet_divides_the_rate_by_32_into_256_channels():
    network = new_network(Architecture.XRESNET, TWELVE, 71, seed=0).eval()
    # 2.5 s at 100 Hz, as in the benchmark: 250 -> 125 -> 63 -> 63, 32, 16, 8
    assert network.stages(network.stem(torch.zeros(1, TWELVE, 250))).shape == (1, 256, 8)


def test_a_block_of_xresnet_begins_as_its_shortcut():
    block = new_network(Architecture.XRESNET, 1, 2, seed=0).eval().stages[1][1]
    h = random_windows(2, 256, 50).abs()
    torch.testing.assert_close(block(h), h)


def test_multiscale_has_the_weights_of_the_small_network_and_a_head_four_times_as_wide():
    one, four = (new_network(a, 1, 2, seed=0) for a in (Architecture.RESNET, Architecture.MULTISCALE))
    assert n_parameters(four) - n_parameters(one) == 3 * 128 * 2
    for name, weight in one.state_dict().items():
        if not name.startswith("head"):
            assert torch.equal(four.state_dict()[name], weight)


def test_multiscale_sees_at_each_level_what_the_trunk_sees_in_the_pooled_input_alone():
    network = new_network(Architecture.MULTISCALE, 1, 4, seed=0).eval()
    x = random_windows(2, 1, 4096)
    half = x.reshape(2, 1, 2048, 2).mean(-1)
    alone = network.features(half)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.weight[:, 128:192] = torch.eye(64)[:4]  # the means of the second level
        network.head.bias.zero_()
    # but for the last times, which see the next level across the zeros instead of the end
    torch.testing.assert_close(network(x), alone[:, :4].mean(-1), atol=0.02, rtol=0.05)
