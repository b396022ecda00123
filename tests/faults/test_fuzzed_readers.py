"""Readers of signal formats, on records that are spoiled: each is read, or refused with a reason, and nothing else.

`CHIRON_FUZZ_CASES` is how many cases there are together; 100,000 in the long mode.
"""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fuzzing import READERS, Reader, Sample, check, real_wfdb, spoil, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up_headers import made_up

from chiron.records.formats.recording import Recording

N_CASES = int(os.environ.get("CHIRON_FUZZ_CASES", "2000"))
N_HYPOTHESIS = N_CASES // 20
N_HEADERS = N_REAL = N_CASES // 4
N_SPOILED = (N_CASES - N_HYPOTHESIS - N_HEADERS - N_REAL) // len(READERS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Sample]]:
    """Sound samples of each reader."""
    made = {name: reader.samples(tmp_path_factory.mktemp(name)) for name, reader in READERS.items()}
    for name, samples in made.items():
        require_sound(READERS[name], samples, tmp_path_factory.mktemp("sound") / "landing")
    return made


def require_sound(reader: Reader, samples: list[Sample], folder: Path) -> None:
    """Files are not watched here, for modules are imported."""
    for sample in samples:
        write(sample, folder)
        reader.describe(folder, sample).read()


def share_read(reader: Reader, samples: list[Sample], n_cases: int, folder: Path) -> float:
    """Spoil samples; the share of cases that were read nevertheless."""
    n_read = 0
    for case in range(n_cases):
        rng = np.random.Generator(np.random.Philox(key=[2026, case]))
        n_read += check(reader, spoil(samples[rng.integers(len(samples))], rng), folder)
    return n_read / n_cases


class Careless(Reader):
    """A reader that opens a file outside, or returns other samples than it says."""

    def describe(self, folder: Path, sample: Sample) -> Recording:
        if self.module == "reaching":
            Path(__file__).read_bytes()
        return replace(READERS["wfdb"].describe(folder, sample), n_samples=1)


@pytest.mark.parametrize(("module", "fault"), [("reaching", __file__), ("lying", None)])
def test_a_careless_reader_is_found_out(tmp_path, made, module, fault):
    with pytest.raises(AssertionError, match=fault):
        check(Careless(module, READERS["wfdb"].make, ".hea"), made["wfdb"][0], tmp_path / "landing")


@pytest.mark.parametrize("name", READERS)
def test_spoiled_records_are_read_or_refused(tmp_path, made, name):
    share = share_read(READERS[name], made[name], N_SPOILED, tmp_path / "landing")
    assert 0.01 < share < 0.99, "too many or too few are refused for the cases to say much"


@pytest.mark.real
def test_spoiled_real_records_are_read_or_refused(tmp_path, real_data):
    samples = real_wfdb(real_data)
    require_sound(READERS["wfdb"], samples, tmp_path / "landing")
    share = share_read(READERS["wfdb"], samples, N_REAL, tmp_path / "landing")
    assert 0.01 < share < 0.99, "too many or too few are refused for the cases to say much"


def test_made_up_headers_are_read_or_refused(tmp_path, made):
    n_read = 0
    for case in range(N_HEADERS):
        rng = np.random.Generator(np.random.Philox(key=[2027, case]))
        sample = made_up(lambda options, rng=rng: options[rng.integers(len(options))])
        n_read += check(READERS["wfdb"], sample, tmp_path / "landing")
    assert 0.01 < n_read / N_HEADERS < 0.99, "too many or too few are refused for the cases to say much"


@settings(max_examples=N_HYPOTHESIS, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_hypothesis_finds_no_header_that_is_neither_read_nor_refused(made, data):
    """The same grammar; where it fails, hypothesis says at which least header."""
    sample = made_up(lambda options: data.draw(st.sampled_from(options)))
    with tempfile.TemporaryDirectory() as folder:
        check(READERS["wfdb"], sample, Path(folder).resolve() / "landing")
