from pathlib import Path

import numpy as np
import pytest
from failing_disk import failing_disk
from made_up_export import SIGNALS as SAMPLES
from made_up_export import made_up_export
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.dataset import open_dataset
from chiron.datasets.signals import SignalWriter
from chiron.datasets.tables import write_table
from chiron.errors import CallerError, Damaged, EnvironmentFault, GateClosed
from chiron.interchange import batches
from chiron.interchange.export import export_dataset
from schemas.interchange import ExportFormat
from schemas.tables import FACTS

FORMATS = list(ExportFormat)


def bytes_in(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_dataset_gives_the_same_bytes(tmp_path, form):
    dataset = made_up_export(tmp_path / "work", hostile=True)
    for name in ("one", "two"):
        export_dataset(dataset, tmp_path / name, form)
    assert bytes_in(tmp_path / "one") == bytes_in(tmp_path / "two")
    assert {Path("LIMITS.md"), Path("NOTICE.txt")} < set(bytes_in(tmp_path / "one"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_dataset_that_is_not_what_it_says_is_not_exported_and_nothing_is_left(tmp_path, form):
    dataset = made_up_export(tmp_path / "work")
    (tmp_path / "outs").mkdir()
    if form is ExportFormat.MEDS:  # takes no samples
        write_table(dataset.folder, FACTS, FACTS.empty())
    else:
        with SignalWriter(dataset.folder, dtype="int32") as writer:
            writer.append(np.zeros((1, sum(map(np.size, SAMPLES.values()))), np.int32))
    with pytest.raises(Damaged):
        export_dataset(dataset, tmp_path / "outs" / "out", form)
    assert list((tmp_path / "outs").iterdir()) == []


@pytest.mark.parametrize("form", FORMATS)
def test_whatever_operation_of_the_disk_fails_nothing_half_made_is_there_and_a_second_try_succeeds(tmp_path, form):
    dataset = made_up_export(tmp_path / "work")
    with failing_disk(tmp_path / "counted") as disk:
        export_dataset(dataset, tmp_path / "counted" / "out", form)
    n_operations = len(disk.operations)
    for nth in {
        n_operations // 2,
        n_operations - 3,
        n_operations - 2,
        n_operations - 1,
    }:  # the last syncs what is there
        with failing_disk(tmp_path / "failing", nth), pytest.raises((OSError, EnvironmentFault)):
            export_dataset(dataset, tmp_path / "failing" / "out", form)
        assert list((tmp_path / "failing").iterdir()) == []
    export_dataset(dataset, tmp_path / "failing" / "out", form)
    assert bytes_in(tmp_path / "failing" / "out") == bytes_in(tmp_path / "counted" / "out")


@pytest.mark.parametrize("form", FORMATS)
def test_how_many_records_are_taken_at_a_time_changes_no_byte(tmp_path, form, monkeypatch):
    dataset = made_up_export(tmp_path / "work", hostile=True)
    export_dataset(dataset, tmp_path / "one", form)
    monkeypatch.setattr(batches, "_BATCH_RECORDS", 2)
    export_dataset(dataset, tmp_path / "two", form)
    assert bytes_in(tmp_path / "one") == bytes_in(tmp_path / "two")


def test_what_was_not_checked_is_not_exported(tmp_path):
    dataset = open_dataset(ingested(tmp_path / "work", records_of(3), readings_of(3)))
    with pytest.raises(GateClosed, match="validate it"):
        export_dataset(dataset, tmp_path / "out", ExportFormat.WFDB)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path):
    dataset = made_up_export(tmp_path / "work")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(CallerError, match="expected an empty folder or none"):
        export_dataset(dataset, tmp_path / "mine", ExportFormat.MEDS)
    assert bytes_in(tmp_path / "mine") == {Path("thesis.txt"): b"all of it"}


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "out").mkdir()
    export_dataset(made_up_export(tmp_path / "work"), tmp_path / "out", ExportFormat.MEDS)
    assert (tmp_path / "out" / "metadata" / "dataset.json").is_file()
