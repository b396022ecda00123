"""How one job is done: a pre-training, or an arm on its real records. Runs in any process; what is done stays done.

One thread, so that a result does not depend on how many jobs run side by side. No job can see a label of the test
split: the files that it reads hold none. Shapes: records N, codes C, features D.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from chiron.boost.arrays import load_collection, load_examples
from chiron.boost.controls import has_new_codes
from chiron.boost.jobs import Job, Pretraining, Start, Training, key_of
from chiron.boost.results import read_result, write_result
from chiron.boost.selfsupervised import pretrained_on_unlabelled, with_new_head
from chiron.boost.setup import Setup
from chiron.labels.positive import positive
from chiron.learning.baseline_arrays import arrays_of, baseline_from
from chiron.learning.baselines import Forest, Logistic, fit_forest, fit_logistic
from chiron.learning.examples import Collection
from chiron.learning.finetuning import fine_tuned
from chiron.learning.networks import Network, new_network
from chiron.learning.sampling import nested_order, strata_of
from chiron.learning.training import Examples, Recipe, Trace, fit, predict
from chiron.measures.features import FEATURE_NAMES
from schemas.boost import Arm, Control
from schemas.training import Augmentation, ModelKind

__all__ = [
    "TEST",
    "TRAIN",
    "VALID",
    "device_name",
    "do_job",
    "network_of",
    "result_path",
    "score",
    "source_folder",
]

TRAIN: Final = "train"
VALID: Final = "valid"
TEST: Final = "test"
_PRETRAIN_RATE: Final = 3e-3
_SCRATCH_RATE: Final = 3e-3
_USUAL: Final = Augmentation()
_EVERYTHING: Final = Augmentation(baseline=True, filter=True, mixing=True)
_WEIGHT: Final = "weight."
_MODEL: Final = "model."
_PROBABILITY: Final = "probability"
_THREADS: Final = 1
_BASELINES: Final = {Arm.FOREST: ModelKind.FOREST, Arm.LOGISTIC: ModelKind.LOGISTIC}


def device_name() -> str:
    """Where networks are trained."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def result_path(setup: Setup, job: Job) -> Path:
    """Where a job's result is, once it is done."""
    return setup.folder / "jobs" / f"{key_of(setup, job)}.safetensors"


def source_folder(setup: Setup, source: str) -> Path:
    """Where the arrays of a source are: a split, or what networks are pre-trained on."""
    return setup.folder / "arrays" / f"{source.replace(' ', '-').replace(',', '')}-{setup.sha256[:16]}"


def do_job(setup: Setup, job: Job) -> Job:
    """Do a job, unless it is done; give it back, and nothing else: results lie in files."""
    if not result_path(setup, job).is_file():
        _one_thread()
        if isinstance(job, Pretraining):
            _pretrain(setup, job)
        else:
            _train(setup, job)
    return job


def _pretrain(setup: Setup, job: Pretraining) -> None:
    """A killed one goes on from its checkpoint."""
    path = result_path(setup, job)
    checkpoint = path.with_suffix(".checkpoint")
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    about: dict[str, Any] = {}
    if job.source is Start.UNLABELLED:
        network = _self_supervised(setup, job, checkpoint)
    else:
        examples = load_examples(source_folder(setup, job.source.value))
        n_outputs = examples.target_NC.shape[1]
        network = network_of(setup, job.after) if job.after else _new(setup, job.seed, n_outputs)
        recipe = _recipe(setup, job.n_steps, _PRETRAIN_RATE, exclusive=setup.exclusive and not _has_new_codes(job))
        about = _told(fit(network, examples, recipe, seed=job.seed, checkpoint=checkpoint))
    write_result(path, _weights_of(_with_outputs(setup, network, job)), about)
    checkpoint.unlink(missing_ok=True)


def _train(setup: Setup, job: Training) -> None:
    """Train an arm on its real records, and score it on the valid split."""
    valid = load_collection(source_folder(setup, VALID))
    real = _real(setup, job)
    about: dict[str, Any] = {"n_positive": int(positive(real.examples.target_NC[:, 0]).sum())}
    if job.arm in _BASELINES:
        baseline = _train_baseline(setup, job, real)
        arrays = {_MODEL + name: value for name, value in arrays_of(baseline).items()}
        probability = baseline.probability(valid.features_ND)
    else:
        network, told = _trained_network(setup, job, real.examples, valid.examples)
        arrays, about = _weights_of(network), {**about, **told}
        probability = predict(network, valid.examples, exclusive=setup.exclusive)
    write_result(result_path(setup, job), {**arrays, _PROBABILITY: probability}, about)


def _real(setup: Setup, job: Training) -> Collection:
    """The first records of the job's draw, which every larger size has too."""
    every = load_collection(source_folder(setup, TRAIN))
    return every.take(nested_order(strata_of(every.examples.target_NC), job.draw_seed)[: job.n_real])


def score(setup: Setup, job: Training) -> np.ndarray:
    """A trained arm's probabilities of the test records, (N, C); made once."""
    path = setup.folder / TEST / f"{key_of(setup, job)}.safetensors"
    if not path.is_file():
        _one_thread()
        test = load_collection(source_folder(setup, TEST))
        if job.arm in _BASELINES:
            probability = _baseline_of(setup, job).probability(test.features_ND)
        else:
            probability = predict(network_of(setup, job), test.examples, exclusive=setup.exclusive)
        write_result(path, {_PROBABILITY: probability}, {})
    return read_result(path).arrays[_PROBABILITY]


def network_of(setup: Setup, job: Job) -> Network:
    """The network that a finished job ended with."""
    network = _new(setup, 0, len(setup.view.codes))
    weights = read_result(result_path(setup, job), _WEIGHT).arrays
    network.load_state_dict({name.removeprefix(_WEIGHT): torch.from_numpy(value) for name, value in weights.items()})
    return network.eval()


def _train_baseline(setup: Setup, job: Training, real: Collection) -> Forest | Logistic:
    fit_one = fit_forest if job.arm is Arm.FOREST else fit_logistic
    examples = real.examples
    return fit_one(
        real.features_ND,
        examples.target_NC,
        examples.weight_NC,
        seed=job.seed,
        threads=_THREADS,
        exclusive=setup.exclusive,
    )


def _baseline_of(setup: Setup, job: Training) -> Forest | Logistic:
    """The forest or regression that a finished job ended with."""
    arrays = read_result(result_path(setup, job), _MODEL).arrays
    return baseline_from(
        _BASELINES[job.arm],
        {name.removeprefix(_MODEL): value for name, value in arrays.items()},
        n_features=len(FEATURE_NAMES),
        n_codes=len(setup.view.codes),
        exclusive=setup.exclusive,
    )


def _trained_network(setup: Setup, job: Training, real: Examples, valid: Examples) -> tuple[Network, dict[str, Any]]:
    if job.start is not None and not job.n_real:
        return network_of(setup, job.start), {"choice": "as pre-trained"}
    if job.start is not None:
        start = network_of(setup, job.start)
        leads = setup.view.leads
        tuned = fine_tuned(start, real, valid, job.n_steps, seed=job.seed, exclusive=setup.exclusive, leads=leads)
        return tuned.network, {**_told(tuned.trace), "choice": tuned.choice}
    network = _new(setup, job.seed, len(setup.view.codes))
    augmentation = _EVERYTHING if job.arm is Arm.SCRATCH_EQUAL else _USUAL
    recipe = _recipe(setup, job.n_steps, _SCRATCH_RATE, exclusive=setup.exclusive, augmentation=augmentation)
    return network, _told(fit(network, real, recipe, seed=job.seed))


def _recipe(setup: Setup, n_steps: int, rate: float, *, exclusive: bool, augmentation: Augmentation = _USUAL) -> Recipe:
    """Augmentation needs to know the leads and the rate."""
    view = setup.view
    return Recipe(
        n_steps, rate, exclusive=exclusive, augmentation=augmentation, leads=view.leads, fs_hz=view.window.fs_hz
    )


def _self_supervised(setup: Setup, job: Pretraining, checkpoint: Path) -> Network:
    examples = load_examples(source_folder(setup, TRAIN))
    return pretrained_on_unlabelled(
        examples, job.n_steps, seed=job.seed, architecture=setup.architecture, checkpoint=checkpoint
    )


def _new(setup: Setup, seed: int, n_outputs: int) -> Network:
    network = new_network(setup.architecture, len(setup.view.leads), n_outputs, seed)
    return network.to(torch.device(device_name()))


def _with_outputs(setup: Setup, network: Network, job: Pretraining) -> Network:
    """The network with an output for each code of the target: where it learned others, the last layer is a new one."""
    if not _has_new_codes(job):
        return network
    return with_new_head(network, _new(setup, job.seed, len(setup.view.codes)))


def _has_new_codes(job: Pretraining) -> bool:
    return isinstance(job.source, Control) and has_new_codes(job.source)


def _weights_of(network: Network) -> dict[str, np.ndarray]:
    return {_WEIGHT + name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}


def _told(trace: Trace) -> dict[str, Any]:
    return {"step": list(trace.step), "loss": list(trace.loss)}


def _one_thread() -> None:
    torch.set_num_threads(_THREADS)
    torch.set_flush_denormal(True)
