"""A run that is killed goes on where it was, and ends with the same losses and weights, bit for bit."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_up_cohort import N_CODES, MadeUpCohort
from safetensors.torch import load_file

from chiron.learning.checkpoint import Keeper, key_of
from chiron.learning.networks import new_network
from chiron.learning.streaming import Stream
from chiron.learning.training import Examples, Recipe, Trace, fit
from schemas.training import Architecture

ROOT = Path(__file__).parents[3]
RECIPE = Recipe(n_steps=12, learning_rate=3e-3, batch=8)
TRAINER = """
import sys
from pathlib import Path
import numpy as np, torch
from safetensors.torch import save_file
from test_checkpoint import RECIPE, stored
from chiron.learning.networks import new_network
from chiron.learning.training import fit
from schemas.training import Architecture

checkpoint, result = map(Path, sys.argv[1:])
torch.set_num_threads(1)
network = new_network(Architecture.RESNET, 1, 4, seed=1)
said = lambda done, total: print(done, flush=True)
import chiron.learning.training
chiron.learning.training._LOG_EVERY = 1
trace = fit(network, stored(), RECIPE, seed=5, on_step=said, checkpoint=checkpoint)
save_file({**network.state_dict(), "losses": torch.tensor(trace.loss, dtype=torch.float64)}, result)
"""


def stored() -> Examples:
    x, target = MadeUpCohort(seed=1)(0, 21)
    target[3] = np.nan
    return Examples(x, np.arange(21), target, np.ones_like(target))


def streamed() -> Stream:
    return Stream(MadeUpCohort(seed=1), n_distinct=40, n_batches=12, batch=8, span=12, n_processes=0)


def trainer(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", TRAINER, str(folder / "checkpoint"), str(folder / "result")]
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests", Path(__file__).parent)))
    environment = {**os.environ, "CHIRON_CHECKPOINT_S": "0", "PYTHONPATH": path}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_killed_run_ends_with_the_bits_of_one_that_was_not(tmp_path, one_thread):
    with trainer(tmp_path) as killed:
        while int(killed.stdout.readline()) < 5:
            pass
        killed.send_signal(signal.SIGKILL)
    assert not (tmp_path / "result").exists()
    with trainer(tmp_path) as again:
        said, _ = again.communicate()
    assert int(said.split()[0]) >= 5  # steps before the kill were not done again
    network = new_network(Architecture.RESNET, 1, N_CODES, seed=1)
    trace = fit(network, stored(), RECIPE, seed=5)
    found = load_file(tmp_path / "result")
    assert found.pop("losses").tolist() == list(trace.loss)
    assert found.keys() == network.state_dict().keys()
    for name, value in network.state_dict().items():
        assert torch.equal(value, found[name]), name
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


class Killed(Exception):
    """Instead of a signal, where one process is enough."""


def killed_at(step: int, path: Path, examples: Examples | Stream) -> None:
    def on_step(done: int, total: int) -> None:
        if done == step:
            raise Killed

    with pytest.raises(Killed):
        fit(
            new_network(Architecture.RESNET, 1, N_CODES, seed=1),
            examples,
            RECIPE,
            seed=5,
            on_step=on_step,
            checkpoint=path,
        )


def weights(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()])


def trained(examples: Examples | Stream, recipe: Recipe, seed: int, path: Path | None) -> tuple[torch.Tensor, Trace]:
    network = new_network(Architecture.RESNET, 1, N_CODES, seed=1)
    trace = fit(network, examples, recipe, seed=seed, checkpoint=path)
    return weights(network), trace


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The number of threads may change the last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def every_step(monkeypatch):
    monkeypatch.setattr("chiron.learning.training._LOG_EVERY", 1)
    monkeypatch.setattr(Keeper, "is_due", lambda _: True)


@pytest.mark.usefixtures("every_step")
def test_a_stream_goes_on_where_it_was_and_makes_no_earlier_record_again(tmp_path):
    killed_at(7, tmp_path / "checkpoint", streamed())  # before step 7 was kept
    asked: list[int] = []

    class Watched(MadeUpCohort):
        def __call__(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
            asked.append(first)
            return super().__call__(first, stop)

        def __repr__(self) -> str:
            return repr(MadeUpCohort(*self))

    again = replace(streamed(), source=Watched(seed=1))
    resumed, trace = trained(again, RECIPE, 5, tmp_path / "checkpoint")
    assert asked[0] == 6 * 8 % 40
    expected, whole = trained(streamed(), RECIPE, 5, None)
    assert torch.equal(resumed, expected)
    assert trace == whole


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize(
    ("recipe", "seed", "first_target"),
    [(replace(RECIPE, learning_rate=1e-3), 5, 0.0), (RECIPE, 6, 0.0), (RECIPE, 5, 1.0)],
    ids=["another recipe", "another seed", "other examples"],
)
def test_a_checkpoint_of_another_run_is_not_used(tmp_path, recipe, seed, first_target):
    path, mine = tmp_path / "checkpoint", stored()
    killed_at(6, path, stored())
    mine.target_NC[0] = first_target
    assert path.exists()
    resumed, trace = trained(mine, recipe, seed, path)
    expected, whole = trained(mine, recipe, seed, None)
    assert torch.equal(resumed, expected)
    assert trace == whole


@pytest.mark.usefixtures("every_step")
def test_a_checkpoint_that_is_cut_is_not_used(tmp_path):
    path = tmp_path / "checkpoint"
    killed_at(6, path, stored())
    path.write_bytes(path.read_bytes()[:-100])
    resumed, trace = trained(stored(), RECIPE, 5, path)
    expected, whole = trained(stored(), RECIPE, 5, None)
    assert torch.equal(resumed, expected)
    assert trace == whole


def test_the_key_knows_a_stream_by_what_it_says_of_itself():
    def key(stream: object) -> str:
        return key_of(stream, {}, RECIPE)

    one = Stream(MadeUpCohort(seed=1), n_distinct=40, n_batches=12, batch=8)
    assert key(one) == key(replace(one, span=7, n_processes=0))
    assert key(one) != key(replace(one, n_distinct=48))
    assert key(one) != key(replace(one, source=MadeUpCohort(seed=2)))
