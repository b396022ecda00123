"""The ablations' variants and their table; the networks are trained by the benchmark alone."""

import numpy as np
import pytest

from benchmarks.ablations import OF_SEVERAL_LEADS, USUAL, Settings, all_variants, out_of_fold, training_of, variants_of
from benchmarks.zero_shot import CODES
from chiron.learning.networks import new_network
from chiron.learning.training import Examples
from schemas.training import Architecture, Augmentation


def test_every_kind_that_changes_a_single_lead_is_switched_alone():
    chosen, usual = Settings(), Augmentation()
    switched = []
    for variant in all_variants(chosen):
        training = training_of(chosen, variant.changes)
        others = [k for k in Augmentation.model_fields if getattr(training.augmentation, k) != getattr(usual, k)]
        if variant.name.partition(" ")[0] in {"with", "without"} and variant.name != "without augmentation":
            assert [variant.name.split()[-1]] == others
            switched += others
    assert set(switched) == set(Augmentation.model_fields) - OF_SEVERAL_LEADS


def test_all_networks_are_compared():
    told = [training_of(Settings(), v.changes).architecture for v in all_variants(Settings())]
    assert set(told) == set(Architecture)


def test_what_is_asked_for_comes_with_its_reference():
    named = [v.name for v in variants_of(Settings(variants="labels by probability and weight"))]
    assert named == [USUAL, "labels by majority", "labels by probability and weight"]


def test_an_unknown_variant_is_refused_with_the_known_ones():
    with pytest.raises(SystemExit, match=r"expected some of usual, .*found without luck"):
        variants_of(Settings(variants="without luck"))


def test_a_patients_records_are_never_scored_by_a_network_that_saw_one_of_them():
    """Only patient 3 has records with the first code. A network that never saw them can't tell what they are."""
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(10), 4).astype(str)
    rare = patients == "3"
    x = rng.standard_normal((40, 1, 400)).astype(np.float32)
    x[rare] *= 0.01
    target = np.zeros((40, len(CODES)), np.float32)
    target[rare, 0] = 1
    examples = Examples(x, np.arange(40), target, np.ones_like(target))
    start = new_network(Architecture.RESNET, 1, len(CODES), seed=1)
    told = out_of_fold(start, examples, patients, n_steps=40, seed=1)[:, 0]
    shared = out_of_fold(start, examples, np.arange(40).astype(str), n_steps=40, seed=1)[:, 0]
    assert told[rare].max() < shared[rare].min()
