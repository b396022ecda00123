"""The arrays that networks are pre-trained on, written once for all jobs."""

from functools import partial
from pathlib import Path

import numpy as np

from chiron.boost.arms import source_folder
from chiron.boost.arrays import save_examples, saved_once
from chiron.boost.controls import control_examples
from chiron.boost.jobs import Start
from chiron.boost.pretraining import examples_of, held_out, related_examples, specification_of, synthetic_source
from chiron.boost.setup import Setup
from chiron.datasets.dataset import Dataset
from chiron.errors import BadParameters
from chiron.learning.training import Examples
from schemas.boost import Control

__all__ = ["save_source"]


def save_source(setup: Setup, seed: int, source: Start | Control) -> None:
    """Write the examples of a source into its folder, unless they are there. Unlabelled records are the train split's.

    Raises BadParameters where the source says nothing of the target's codes.
    """
    if source is not Start.UNLABELLED:
        saved_once(source_folder(setup, source.value), partial(_save, setup, seed, source))


def _save(setup: Setup, seed: int, source: Start | Control, folder: Path) -> None:
    examples = _examples(setup, seed, source)
    known_NC = np.isfinite(examples.target_NC)
    if not known_NC.any():
        raise BadParameters(
            f"pre-training on {source.value}: expected labels of {', '.join(map(str, setup.view.codes))}, found none; "
            "leave it out of the plan"
        )
    save_examples(folder, examples)


def _examples(setup: Setup, seed: int, source: Start | Control) -> Examples:
    if isinstance(source, Control):
        return control_examples(source, setup.cohort, setup.view, seed=seed)
    if source is Start.RELATED:
        return related_examples(setup.related, setup.view, held=held_out(setup.real, setup.view))
    return examples_of(synthetic_source(setup.cohort, setup.view), _n_records(setup.cohort))


def _n_records(cohort: Dataset) -> int:
    spec, stored = specification_of(cohort), cohort.manifest.signals
    return spec.n_records if spec else stored.n_records if stored else 0
