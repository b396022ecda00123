from collections.abc import Callable

import numpy as np
import pytest

from chiron.datasets.dataset import Dataset
from chiron.errors import BadParameters
from chiron.fidelity import chosen as module
from chiron.fidelity.chosen import choose, shared_codes
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM

MakeDataset = Callable[..., Dataset]
CODES = (ATRIAL_FIBRILLATION, SINUS_RHYTHM)


def test_the_test_split_is_never_read(make_hearts: MakeDataset) -> None:
    found = choose(make_hearts("with-splits", 80, splits=True), CODES, np.random.default_rng(0))
    assert found.rows["record_id"].to_list() == [f"with-splits-{i:04d}" for i in range(64)]  # the last fifth is test
    assert (found.n_records, found.n_test_left_out) == (64, 16)


def test_labels_of_the_test_split_do_not_make_a_finding_shared(make_hearts: MakeDataset) -> None:
    few = make_hearts("few", 70, splits=True)  # 28 of 35 with either finding are outside the test split
    with pytest.raises(BadParameters, match="expected a finding of at least 30 records in few"):
        shared_codes(few, make_hearts("with-splits", 80, splits=True))


def test_of_too_many_records_as_many_of_each_kind_are_drawn(
    make_hearts: MakeDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_RECORDS", 20)
    dataset = make_hearts("with-splits", 80, splits=True)
    found, again = (choose(dataset, CODES, np.random.default_rng(0)) for _ in range(2))
    assert found.rows.equals(again.rows)
    assert found.having(0).sum() == found.having(1).sum() == 10
    assert found.kind.tolist() == np.where(found.having(1), 1, 0).tolist()
