"""What changed between two datasets that are written here, row by row."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from open_gate import OPEN_GATE

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.provenance import pairing
from chiron.provenance.diff import diff_datasets, diff_of
from chiron.releases.publish import release_dataset
from chiron.settings import settings
from schemas.manifest import Kind
from schemas.params import ReleaseParams
from schemas.quality import RECORDINGS
from schemas.tables import LABELS, RECORDS, SPLITS, TableSpec

AF, SR = "164889003", "426783006"
FIRST = (0, 1, 2, 3, 4, 5)
SECOND = (1, 2, 3, 4, 5, 6, 7)  # record 0 left, 6 and 7 came
AGES = {0: 40.0, 1: 50.0, 2: 60.0, 3: None, 4: 70.0, 5: 80.0}
AF_BEFORE = {0: 1.0, 1: 1.0, 2: 0.0, 3: 0.9, 4: None, 5: 0.0}
AF_AFTER = {1: 0.0, 2: 1.0, 3: 0.8, 4: 0.0, 6: 1.0, 7: 0.5}  # record 5 is read no more
SPLIT_OF = {0: "train", 1: "train", 2: "train", 3: "test", 4: "test", 5: "valid", 6: "train", 7: "test"}


def frame(spec: TableSpec, rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(spec.columns) | row for row in rows], schema=spec.polars, orient="row")


def record(i: int, signal: np.ndarray, offset: int, age: float | None) -> dict[str, object]:
    return {
        "record_id": f"r{i}", "patient_id": f"p{i}", "patient_known": True, "source": "test", "fs_hz": 100.0,
        "leads": ["I"], "n_samples": signal.shape[1], "sample_offset": offset, "gain_per_unit": [1000.0],
        "baseline": [0], "unit": ["mV"], "signal_sha256": signal_sha256(signal), "age_years": age,
        "sex": "F" if i % 2 else "M",
    }  # fmt: skip


def write(folder: Path, ids: tuple[int, ...], *, later: bool) -> None:
    """The earlier or the later of the two."""
    rows = []
    with SignalWriter(folder) as writer:
        for i in ids:
            signal = np.full((1, 200), i + 10 * (later and i == 2), np.int16)  # record 2 has other samples
            age = {**AGES, 3: 65.0, 6: 30.0, 7: 20.0}[i] if later else AGES[i]
            rows.append(record(i, signal, writer.append(signal), age))
    write_table(folder, RECORDS, frame(RECORDS, rows))
    probability = AF_AFTER if later else AF_BEFORE
    labels = [(i, AF, p) for i, p in probability.items()]
    labels += [(i, SR, 1.0) for i in ids] if later else []
    write_table(
        folder,
        LABELS,
        frame(
            LABELS,
            [{"record_id": f"r{i}", "code_system": "SNOMED-CT", "code": c, "probability": p} for i, c, p in labels],
        ),
    )
    splits = {**SPLIT_OF, 4: "train"} if later else SPLIT_OF
    people = [{"patient_id": f"p{i}", "group_id": f"p{i}", "split": splits[i]} for i in ids]
    write_table(folder, SPLITS, frame(SPLITS, people))
    quality = [{"record_id": f"r{i}", "score": 0.5 + i / 100, "acceptable": i != (1 if later else 0)} for i in ids]
    write_table(folder, RECORDINGS, frame(RECORDINGS, quality))
    write_report(folder, OPEN_GATE)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[bool], Dataset]:
    def made(later: bool) -> Dataset:
        draft = Draft(name="small", simulated=True, licence="CC0-1.0", parameters={"later": later})
        stage = Stage("validate", 1, Kind.VALIDATED)
        ids = SECOND if later else FIRST
        return open_dataset(run_stage(tmp_path / "work", stage, draft, lambda f: write(f, ids, later=later)).ref)

    return made


@pytest.fixture(params=[2**18, 2], ids=["one range", "many ranges"])
def sides(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, make) -> tuple[Dataset, Dataset]:
    """Before and after, compared at once or two rows at a time."""
    monkeypatch.setattr(pairing, "_RANGE_ROWS", request.param)
    return make(False), make(True)


def test_records_are_counted_and_named_only_where_asked_for(sides: tuple[Dataset, Dataset]) -> None:
    found = diff_datasets(*sides)
    [records] = [table for table in found.tables if table.table == "records"]
    assert (records.n_added, records.n_removed, records.n_changed) == (2, 1, 2)
    assert records.columns == {"signal_sha256": 1, "age_years": 1}  # where samples lie is no change
    assert found.n_samples_changed == 1
    assert found.records is None
    named = diff_datasets(*sides, with_ids=True).records
    assert named is not None
    assert (named.added, named.removed, named.changed) == (("r6", "r7"), ("r0",), ("r2", "r3"))


def test_labels_turn_from_one_state_to_another_on_records_that_both_have(sides: tuple[Dataset, Dataset]) -> None:
    found = {code.code: code for code in diff_datasets(*sides).labels}
    assert {(t.before, t.after): t.n for t in found[AF].turns} == {
        ("positive", "negative"): 1,  # record 1
        ("negative", "positive"): 1,  # record 2
        ("undecided", "negative"): 1,  # record 4
        ("negative", "unread"): 1,  # record 5
    }
    assert (found[AF].n_moved, found[AF].largest_move) == (1, pytest.approx(0.1))  # record 3
    assert [(t.before, t.after, t.n) for t in found[SR].turns] == [("unread", "positive", 5)]


def test_a_new_code_is_a_change_of_the_schema(sides: tuple[Dataset, Dataset]) -> None:
    change = diff_datasets(*sides).schema_change
    assert change.codes_added == (f"SNOMED-CT:{SR}",)
    assert change.codes_removed == change.columns_added == change.tables_added == ()
    assert diff_datasets(*reversed(sides)).schema_change.codes_removed == (f"SNOMED-CT:{SR}",)


def test_a_patient_that_moved_is_told(sides: tuple[Dataset, Dataset]) -> None:
    assert [(m.before, m.after, m.n_patients) for m in diff_datasets(*sides).splits] == [("test", "train", 1)]


def test_statistics_are_those_of_each_side(sides: tuple[Dataset, Dataset]) -> None:
    found = {each.name: each for each in diff_datasets(*sides).statistics}
    age = found["age, years"]
    assert (age.before, age.after) == (pytest.approx(300 / 5), pytest.approx(375 / 7))
    assert (age.n_before, age.n_after) == (5, 7)
    assert found["missing age_years"].before == pytest.approx(1 / 6)
    assert found["missing age_years"].after == 0
    assert found["female"].before == pytest.approx(3 / 6)
    prevalence = found["prevalence of atrial fibrillation"]
    assert (prevalence.before, prevalence.after) == (pytest.approx(3 / 5), pytest.approx(3 / 5))  # of decided labels
    assert prevalence.difference.lower < 0 < prevalence.difference.upper
    assert (found["readable"].before, found["readable"].after) == (pytest.approx(5 / 6), pytest.approx(6 / 7))


def test_the_same_content_differs_in_nothing(make: Callable[[bool], Dataset]) -> None:
    found = diff_datasets(make(False), make(False))
    assert found.same_content
    assert not any(table.changed for table in found.tables)
    assert found.labels == found.splits == found.statistics == ()


def test_a_version_with_other_columns_is_compared_on_those_that_both_have(
    make: Callable[[bool], Dataset], tmp_path: Path
) -> None:
    before, after = make(False), make(True)
    table = after.folder / "records.parquet"
    altered = pl.read_parquet(table).drop("height_cm").with_columns(rhythm=pl.lit("?"), weight_kg=pl.lit(70))
    table.unlink()
    altered.write_parquet(table)
    change = diff_datasets(before, after).schema_change
    assert (change.columns_added, change.columns_removed) == (("records.rhythm",), ("records.height_cm",))
    assert change.types_changed == {"records.weight_kg": ("Float64", "Int32")}


def test_releases_are_compared_without_their_signals(
    make: Callable[[bool], Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, cache = tmp_path / "work", tmp_path / "cache"
    released = [release_dataset(work, ReleaseParams(name="small"), make(later).ref) for later in (False, True)]
    monkeypatch.setenv("CHIRON_CACHE", str(cache))
    settings.cache_clear()
    registry = released[0].registry
    found = diff_of("small@1.0.0", "small", registry=registry)
    assert (found.before.release, found.after.release) == ("small@1.0.0", released[1].tag)
    assert found.tables == diff_datasets(make(False), make(True)).tables
    fetched = {path.read_bytes()[:4] for path in (cache / "sha256").rglob("*") if path.is_file()}
    assert fetched == {b"PAR1"}
    assert diff_of(str(make(False).folder), "small@1.0.0", registry=registry).same_content
