"""A reader of headers that misses `# Dx:` is found out: labels vanish, and the gate says where."""

import pytest

from chiron.datasets.dataset import open_dataset
from chiron.quality.validate import validate_dataset
from chiron.records.ingest import ingest_source
from chiron.records.readings import header_codes
from schemas.gate import GateReport
from schemas.params import IngestParams, ValidateParams

pytestmark = pytest.mark.real


def gate_of(real_data, workdir):
    params = IngestParams(source=str(real_data / "cinc2021"), name="cinc2021", profile="cinc2021")
    ingested = ingest_source(workdir, params)
    return open_dataset(validate_dataset(workdir, ValidateParams(), ingested.ref).ref).report(GateReport)


def test_with_the_reader_of_headers_no_label_of_cinc2021_vanishes(real_data, tmp_path):
    gate = gate_of(real_data, tmp_path / "work")
    assert not gate.blocked, gate.reasons


def test_a_reader_that_misses_a_space_closes_the_gate_which_names_the_hop(real_data, tmp_path, monkeypatch):
    def blind(comments, key):
        """Takes a comment's text for what follows `#` at once, as some readers do: ` Dx` is not `Dx`."""
        return [code for c in comments if c.startswith(f"#{key}:") for code in c.partition(":")[2].split(",")]

    monkeypatch.setattr(header_codes, "header_codes", blind)
    gate = gate_of(real_data, tmp_path / "work")
    (vanished,) = [check for check in gate.blocking if check.name == "no_label_vanishes"]
    assert "parsed" in vanished.found
    assert "SNOMED-CT:" in vanished.found
    assert gate.blocked
