import numpy as np
import pytest

from chiron.datasets.physical import to_mv


@pytest.mark.parametrize(
    ("unit", "expected_mv"),  # by hand: 500 steps above the baseline at 250 steps per unit are two units
    [("V", 2000.0), ("mV", 2.0), ("uV", 0.002), ("µV", 0.002), ("nV", 0.000002), ("mmHg", 2.0)],
)
def test_voltages_come_in_millivolts_and_other_leads_in_their_own_unit(unit: str, expected_mv: float) -> None:
    found = to_mv(np.array([[510]], dtype=np.int16), gain=[250.0], baseline=[10], unit=[unit])
    assert found.dtype == np.float32
    assert found.item() == pytest.approx(expected_mv)


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_the_smallest_digital_value_is_missing(dtype: type[np.signedinteger]) -> None:
    digital = np.array([[np.iinfo(dtype).min, 0]], dtype=dtype)
    assert np.isnan(to_mv(digital, gain=[1.0], baseline=[0], unit=["mV"])).tolist() == [[True, False]]


def test_each_lead_has_its_own_gain_baseline_and_unit() -> None:
    digital = np.array([[100], [100]], dtype=np.int16)
    found = to_mv(digital, gain=[100.0, 0.1], baseline=[0, 90], unit=["mV", "uV"])
    np.testing.assert_allclose(found, [[1.0], [0.1]])
