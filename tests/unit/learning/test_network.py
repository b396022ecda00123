"""The network's shapes and its first weights."""

import pytest
import torch

from chiron.learning.network import new_network


@pytest.mark.parametrize(("n_leads", "n_samples"), [(1, 2000), (12, 1000), (1, 257)])
def test_any_length_and_number_of_leads_give_one_logit_per_code(n_leads, n_samples):
    network = new_network(n_leads, 3, seed=0).eval()
    assert network(torch.zeros(2, n_leads, n_samples)).shape == (2, 3)


def test_the_first_weights_depend_on_the_seed_alone_and_the_global_state_stays():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (new_network(1, 2, seed=s).head.weight for s in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_record_is_judged_by_itself_and_not_by_its_batch():
    network = new_network(1, 2, seed=0).eval()
    x = torch.randn(4, 1, 1000, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(x)[2:3], network(x[2:3]), atol=1e-5, rtol=1e-5)
