from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from chiron.datasets.dataset import Dataset
from chiron.fidelity.chosen import Chosen, choose
from chiron.fidelity.common import agree_on_leads, agree_on_preparation, prepared_alike
from schemas.codes import SINUS_RHYTHM
from schemas.fidelity import Preparation

TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def records(leads: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"leads": [leads, leads]})


def test_a_handheld_lead_without_a_name_stands_beside_lead_one() -> None:
    assert agree_on_leads(records(["ECG"]), records(TWELVE)) == (("ECG",), ("I",))


def test_of_twelve_leads_the_single_one_is_the_second() -> None:
    assert agree_on_leads(records(TWELVE), records(TWELVE)).real == ("II", "V1", "V5")


def test_a_lead_that_some_records_lack_is_not_compared() -> None:
    some = pl.DataFrame({"leads": [TWELVE, ["I", "V1"]]})
    assert agree_on_leads(some, records(TWELVE)) == (("I", "V1"), ("I", "V1"))


def of_rate(fs_hz: float, gain: float, n_samples: int) -> Chosen:
    rows = pl.DataFrame(
        {"fs_hz": [fs_hz], "gain_per_unit": [[gain]], "unit": [["mV"]], "n_samples": [n_samples], "group": ["a"]}
    )
    return Chosen(None, rows, np.zeros((1, 1)), 1, 0)  # type: ignore[arg-type] - no samples are read


def test_the_slower_rate_the_coarser_step_and_the_shorter_length_hold_for_both() -> None:
    how = agree_on_preparation(of_rate(80.0, 1000.0, 1600), of_rate(500.0, 200.0, 5000))
    assert how == Preparation(rate_hz=80.0, band_hz=(0.5, 32.0), step_mv=0.005, longest_s=10.0)


def test_a_hundred_hertz_are_enough_and_thirty_seconds_too() -> None:
    how = agree_on_preparation(of_rate(500.0, 1000.0, 60_000), of_rate(300.0, 1000.0, 30_000))
    assert (how.rate_hz, how.longest_s) == (100.0, 30.0)


def test_what_both_go_through_keeps_a_heart_removes_wander_and_rounds(
    make_hearts: Callable[..., Dataset],
) -> None:
    side = choose(make_hearts("prepared", 30), (SINUS_RHYTHM,), np.random.default_rng(0))
    how = Preparation(rate_hz=100.0, band_hz=(0.5, 40.0), step_mv=0.01, longest_s=8.0)
    recorded, filtered = prepared_alike(side, side.rows.row(1, named=True), ["I"], how)
    assert recorded.shape == filtered.shape == (1, 800)
    assert filtered / 0.01 == pytest.approx(np.round(filtered / 0.01), abs=1e-3)
    assert abs(filtered.mean()) < 0.01 < recorded.mean()  # a heart without a filter is mostly above its baseline
    assert np.corrcoef(recorded[0], filtered[0])[0, 1] > 0.95
