import numpy as np
import polars as pl

from chiron.labels.positive import is_positive, positive

PROBABILITIES = [0.0, 0.49, 0.5, 0.51, 1.0, None]


def test_only_more_than_one_half_is_positive():
    expected = [False, False, False, True, True]  # one half is a tie: half of the readers said no
    found = pl.DataFrame({"probability": PROBABILITIES}).select(present=is_positive())["present"].to_list()
    assert found == [*expected, None]
    assert positive(np.array(PROBABILITIES, dtype=np.float32)).tolist() == [*expected, False]
