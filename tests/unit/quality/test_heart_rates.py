"""Rates of hearts that were made to beat so often."""

import pytest
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.dataset import open_dataset
from chiron.quality.heart_rates import heart_rates


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return open_dataset(ingested(tmp_path_factory.mktemp("workdir"), records_of(5), readings_of(5)))


def test_the_rate_is_that_of_the_heart(dataset):
    rates = heart_rates(dataset)
    assert rates["record_id"].to_list() == [f"r{i:05}" for i in range(5)]
    # the made-up hearts beat 72 times a minute; at 100 Hz an interval of 83.3 samples is 83 or 84: 71.4 to 72.3
    assert rates["heart_rate_per_min"].is_between(71.4, 72.3).all()


def test_without_recordings_there_are_no_rates(tmp_path):
    metadata = open_dataset(ingested(tmp_path, records_of(3, n_samples=[0] * 3), readings_of(3)))
    assert heart_rates(metadata).is_empty()
