"""The baselines say what scikit-learn's own models say, from plain arrays."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from chiron.errors import BadParameters, Damaged
from chiron.learning import baselines
from chiron.learning.baseline_arrays import arrays_of, baseline_from
from chiron.learning.baselines import MIN_LEAF, RIDGE, Forest, Logistic, fit_forest, fit_logistic
from schemas.training import ModelKind

N, D = 120, 6
TYPES: dict[ModelKind, type] = {ModelKind.FOREST: Forest, ModelKind.LOGISTIC: Logistic}
FEW_TREES = 20


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "N_TREES", FEW_TREES)


def made_up(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features with a signal, and a class of three."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((N, D)).astype(np.float32) * [1, 10, 0.1, 1, 1, 1]
    return x.astype(np.float32), np.digitize(x[:, 0] + 0.1 * x[:, 1] + 0.3 * rng.standard_normal(N), [-0.5, 0.6])


def one_hot(klass: np.ndarray) -> np.ndarray:
    return np.eye(3)[klass]


def forest_of(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None) -> RandomForestClassifier:
    """With a weight for every record: without any it draws its samples in another way."""
    trees = RandomForestClassifier(FEW_TREES, min_samples_leaf=MIN_LEAF, random_state=5)
    return trees.fit(x, y, sample_weight=np.ones(len(y)) if weight is None else weight)


def logistic_of(x: np.ndarray, y: np.ndarray) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=RIDGE, tol=1e-8, max_iter=5000)).fit(
        x.astype(np.float64), y, logisticregression__sample_weight=np.ones(len(y))
    )


def fitted(kind: type, *args: np.ndarray, exclusive: bool = False) -> Forest | Logistic:
    fit = fit_forest if kind is Forest else fit_logistic
    return fit(*args, seed=5, threads=1, exclusive=exclusive)


PEERS: list[tuple[type, Callable]] = [(Forest, forest_of), (Logistic, logistic_of)]


@pytest.mark.parametrize(("kind", "peer"), PEERS)
def test_classes_of_which_one_is_true_have_the_probabilities_of_scikit_learn(kind, peer):
    x, klass = made_up()
    new, _ = made_up(1)
    ours = fitted(kind, x, one_hot(klass), np.ones((N, 3)), exclusive=True).probability(new)
    np.testing.assert_allclose(ours, peer(x, klass).predict_proba(new.astype(np.float64)), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("kind", "peer"), PEERS)
def test_codes_of_their_own_have_the_probabilities_of_scikit_learn_on_the_records_that_were_read(kind, peer):
    x, klass = made_up()
    new, _ = made_up(1)
    target = one_hot(klass)[:, :2]
    target[::3, 1] = np.nan
    ours = fitted(kind, x, target, np.ones((N, 2))).probability(new)
    np.testing.assert_allclose(
        ours[:, 0], peer(x, target[:, 0]).predict_proba(new.astype(np.float64))[:, 1], atol=1e-12, rtol=0
    )
    if kind is Forest:  # a regression is standardised over all records
        read = np.isfinite(target[:, 1])
        expected = peer(x[read], target[read, 1]).predict_proba(new)[:, 1]
        np.testing.assert_allclose(ours[:, 1], expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_arrays_of_a_regression_say_what_the_regression_says(classes):
    x, klass = made_up()
    scaler, model = (step for _, step in logistic_of(x, np.minimum(klass, classes - 1)).steps)
    one_row = classes == 2
    arrays = Logistic(scaler.mean_, scaler.scale_, model.coef_, model.intercept_, exclusive=not one_row)
    expected = model.predict_proba(scaler.transform(x.astype(np.float64)))
    np.testing.assert_allclose(arrays.probability(x), expected[:, 1:] if one_row else expected, atol=1e-12, rtol=0)


def test_a_missing_feature_goes_where_scikit_learn_sends_it():
    x, klass = made_up()
    x[::7, 0] = np.nan
    new, _ = made_up(1)
    new[::5, 0] = np.nan
    new[1::5, 3] = np.nan  # a feature that was never missing in training
    ours = fitted(Forest, x, one_hot(klass), np.ones((N, 3)), exclusive=True).probability(new)
    np.testing.assert_allclose(ours, forest_of(x, klass).predict_proba(new), atol=1e-12, rtol=0)


def test_a_missing_feature_of_a_regression_counts_as_its_mean():
    x, klass = made_up()
    model = fitted(Logistic, x, one_hot(klass), np.ones((N, 3)), exclusive=True)
    known, missing = x[:1].astype(np.float64), x[:1].astype(np.float64)
    known[0, 2], missing[0, 2] = x[:, 2].mean(dtype=np.float64), np.nan
    np.testing.assert_allclose(model.probability(missing), model.probability(known), rtol=1e-9)


def test_a_soft_target_is_both_classes_with_its_share_of_the_weight():
    x, klass = made_up()
    soft = np.where(klass == 1, 0.7, 0.0)[:, None]
    ours = fitted(Forest, x, soft, np.full((N, 1), 0.5)).probability(x)
    twice = np.repeat(np.arange(N), np.where(klass == 1, 2, 1))
    share = np.where(klass[twice] == 0, 0.5, np.where(klass[twice] == 2, 0.5, np.nan))
    label = np.zeros(len(twice))
    second = np.flatnonzero(np.diff(twice, prepend=-1) == 0)
    share[second - 1], share[second], label[second] = 0.3 * 0.5, 0.7 * 0.5, 1
    expected = forest_of(x[twice], label, share).predict_proba(x)[:, 1]
    np.testing.assert_allclose(ours[:, 0], expected, atol=1e-12, rtol=0)


def test_the_number_of_threads_and_a_second_fit_change_nothing():
    x, klass = made_up()
    one, two = (fit_forest(x, one_hot(klass), np.ones((N, 3)), seed=2, threads=threads) for threads in (1, 2))
    for name in ("left_K", "feature_K", "threshold_K", "value_KC"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("kind", [Forest, Logistic])
@pytest.mark.parametrize("exclusive", [False, True])
def test_a_class_that_no_record_has_is_as_good_as_excluded(kind, exclusive):
    x, klass = made_up()
    target = one_hot(np.minimum(klass, 1))
    probability = fitted(kind, x, target, np.ones((N, 3)), exclusive=exclusive).probability(x)
    assert probability[:, 2].max() < 1e-6
    if exclusive:
        np.testing.assert_allclose(probability.sum(axis=1), 1)


@pytest.mark.parametrize("kind", [Forest, Logistic])
def test_a_code_that_was_read_nowhere_is_refused(kind):
    x, _ = made_up()
    with pytest.raises(BadParameters, match="a code without any"):
        fitted(kind, x, np.full((N, 1), np.nan), np.ones((N, 1)))


@pytest.mark.parametrize("kind", [ModelKind.FOREST, ModelKind.LOGISTIC])
@pytest.mark.parametrize("exclusive", [False, True])
def test_what_comes_back_from_arrays_is_the_same_model(kind, exclusive):
    x, klass = made_up()
    model = fitted(TYPES[kind], x, one_hot(klass), np.ones((N, 3)), exclusive=exclusive)
    again = baseline_from(kind, arrays_of(model), n_features=D, n_codes=3, exclusive=exclusive)
    assert np.array_equal(again.probability(x), model.probability(x))


def hostile_forests() -> dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]]:
    return {
        "a tree without end": ("left_K", lambda left: np.where(left >= 0, 0, left)),
        "a child of another forest": ("right_K", lambda right: np.where(right >= 0, right.size + 9, right)),
        "one child only": ("right_K", lambda right: np.full_like(right, -1)),
        "a feature that is not there": ("feature_K", lambda feature: feature + D),
        "a feature before the first": ("feature_K", lambda feature: feature - 99),
        "a probability above one": ("value_KC", lambda value: value * 5),
        "no number for a probability": ("value_KC", lambda value: value * np.nan),
        "a code that is not there": ("code_M", lambda code: code + 3),
        "no tree for a code": ("code_M", np.zeros_like),
        "a root that is not there": ("root_M", lambda root: root + 10**6),
        "other types": ("left_K", lambda left: left.astype(np.float64)),
        "other shapes": ("threshold_K", lambda threshold: threshold[1:]),
    }


@pytest.mark.parametrize("name", hostile_forests())
def test_a_forest_that_can_not_be_walked_is_refused(name):
    x, klass = made_up()
    arrays = arrays_of(fitted(Forest, x, one_hot(klass), np.ones((N, 3))))
    array, change = hostile_forests()[name]
    arrays[array] = change(arrays[array])
    with pytest.raises(Damaged, match="expected"):
        baseline_from(ModelKind.FOREST, arrays, n_features=D, n_codes=3, exclusive=False)


@pytest.mark.parametrize(("array", "value"), [("scale_D", 0.0), ("mean_D", np.nan), ("coefficient_CD", np.inf)])
def test_a_regression_of_wild_numbers_is_refused(array, value):
    x, klass = made_up()
    arrays = arrays_of(fitted(Logistic, x, one_hot(klass), np.ones((N, 3))))
    arrays[array] = np.full_like(arrays[array], value)
    with pytest.raises(Damaged, match="expected"):
        baseline_from(ModelKind.LOGISTIC, arrays, n_features=D, n_codes=3, exclusive=False)


@pytest.mark.parametrize("change", [{"more": np.zeros(1)}, {"mean_D": None}])
def test_arrays_too_many_or_too_few_are_refused(change):
    x, klass = made_up()
    arrays = arrays_of(fitted(Logistic, x, one_hot(klass), np.ones((N, 3)))) | change
    whole = {name: value for name, value in arrays.items() if value is not None}
    with pytest.raises(Damaged, match="expected the arrays"):
        baseline_from(ModelKind.LOGISTIC, whole, n_features=D, n_codes=3, exclusive=False)


def test_no_record_gives_no_probability():
    x, klass = made_up()
    assert fitted(Forest, x, one_hot(klass), np.ones((N, 3))).probability(x[:0]).shape == (0, 3)


@pytest.mark.parametrize("kind", [Forest, Logistic])
def test_a_record_alone_has_the_probability_that_it_has_among_others(kind):
    x, klass = made_up()
    model = fitted(kind, x, one_hot(klass), np.ones((N, 3)))
    np.testing.assert_allclose(model.probability(x[3:4])[0], model.probability(x)[3], rtol=1e-12)
