"""Sensitivity and specificity against known truth."""

import polars as pl
import pytest
from sklearn.metrics import recall_score
from statsmodels.stats.proportion import proportion_confint

from chiron.labels.against_truth import rate, readers_against


@pytest.mark.parametrize(("n_right", "n"), [(7, 10), (0, 10), (10, 10), (3, 400)])
def test_the_interval_of_a_rate_equals_the_exact_one_of_statsmodels(n_right, n):
    found = rate(n_right, n)
    assert (found.lower, found.upper) == pytest.approx(proportion_confint(n_right, n, method="beta"), abs=1e-6)


def test_a_rate_of_nothing_has_no_value():
    assert rate(0, 0).value is None


@pytest.mark.real
def test_rates_of_the_annotators_of_code_test_equal_scikit_learn(real_data):
    folder = real_data / "code_test" / "annotations"
    names = ["cardiologist1", "cardiologist2", "dnn", "medical_students"]
    seen = {name: pl.read_csv(folder / f"{name}.csv")["LBBB"].cast(pl.Boolean) for name in [*names, "gold_standard"]}
    truth = seen.pop("gold_standard")
    ids = [f"r{i}" for i in range(len(truth))]
    votes = pl.concat(
        pl.DataFrame({"record_id": ids, "annotator_id": [name] * len(ids), "present": seen[name]}) for name in names
    )
    for reader in readers_against(votes, pl.DataFrame({"record_id": ids, "present": truth})):
        said = seen[reader.annotator]
        assert reader.sensitivity.value == pytest.approx(recall_score(truth, said), abs=1e-6)
        assert reader.specificity.value == pytest.approx(recall_score(~truth, ~said), abs=1e-6)
