import numpy as np
import polars as pl
import pytest
from made_up_run import MadeUpDatasets

from chiron.errors import BadParameters
from chiron.report.examples import SHOWN_S, real_example, signal_mv, synthetic_example
from schemas.codes import ATRIAL_FIBRILLATION, PREMATURE_ATRIAL, SINUS_RHYTHM, Code
from schemas.tables import LABELS, RECORDS, SPLITS


@pytest.mark.parametrize("code", [SINUS_RHYTHM, ATRIAL_FIBRILLATION])
def test_a_real_example_carries_the_finding_and_is_of_the_training_split(datasets: MadeUpDatasets, code: Code) -> None:
    example = real_example(datasets.validated, code)
    assert example is not None
    row = pl.col("record_id") == example.record_id
    labels = datasets.validated.table(LABELS).filter(row, pl.col("code") == code.code)
    patient = datasets.validated.table(RECORDS).filter(row)["patient_id"].item()
    assert labels["probability"].to_list() == [1.0]
    splits = datasets.validated.table(SPLITS).filter(pl.col("patient_id") == patient)
    assert splits["split"].to_list() == ["train"]


def test_a_synthetic_example_is_one_lead_of_the_shown_length_in_millivolts(datasets: MadeUpDatasets) -> None:
    example = synthetic_example(datasets.cohort, ATRIAL_FIBRILLATION)
    assert example is not None
    assert example.signal_mv.shape == (1, round(SHOWN_S * example.fs_hz))
    assert 0.8 < np.nanmax(example.signal_mv) < 1.5  # the made-up beats are 1.05 mV high


def test_a_finding_that_no_record_has_gives_no_example(datasets: MadeUpDatasets) -> None:
    assert real_example(datasets.validated, PREMATURE_ATRIAL) is None
    assert synthetic_example(datasets.cohort, PREMATURE_ATRIAL) is None


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1.0), ("uV", 0.001), ("V", 1000.0)])
def test_samples_are_turned_into_millivolts(datasets: MadeUpDatasets, unit: str, factor: float) -> None:
    record = datasets.real.table(RECORDS).row(0, named=True)
    as_stated = datasets.real.signal_mv(record)  # it states mV
    np.testing.assert_allclose(signal_mv(datasets.real, record | {"unit": [unit]}), as_stated * factor, rtol=1e-6)


def test_a_lead_that_is_not_a_voltage_is_not_drawn_as_one(datasets: MadeUpDatasets) -> None:
    record = datasets.real.table(RECORDS).row(0, named=True)
    with pytest.raises(BadParameters, match="expected leads in V, mV, uV, µV, nV, found another unit"):
        signal_mv(datasets.real, record | {"unit": ["mmHg"]})
