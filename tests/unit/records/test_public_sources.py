"""Every public set at hand comes in whole with its profile, and labels count what its own files state.

The counts here are had from the files by other means than the library's: csv, regular expressions, the wfdb package.
"""

import ast
import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import wfdb

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.verify import verify_dataset
from chiron.records.ingest import ingest_source
from schemas.ingested import IngestReport, LabelHop
from schemas.params import IngestParams
from schemas.tables import ANNOTATIONS, EVENTS, FACTS, RECORDS

pytestmark = pytest.mark.real

NAMED = {"cinc2021": "cinc2021"}  # names of records tell nothing; the others are recognised


@pytest.fixture(scope="module")
def came_in(real_data, tmp_path_factory):
    """Ingest a set once."""
    workdir, done = tmp_path_factory.mktemp("public") / "work", {}

    def of(name: str) -> Dataset:
        if name not in done:
            params = IngestParams(source=str(real_data / name), name=name.replace("_", "-"), profile=NAMED.get(name))
            done[name] = open_dataset(ingest_source(workdir, params).ref)
        return done[name]

    return of


def present(dataset: Dataset, **where: object) -> Counter[str]:
    found = dataset.table(ANNOTATIONS).filter("present").filter(**where)
    return Counter(found["code"].to_list())


def rows(path: Path, **options: object) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, **options))


@pytest.mark.parametrize(
    ("name", "profile", "n_records", "n_with_samples"),
    [
        ("cinc2011", "cinc2011", 30, 30),
        ("cinc2017", "cinc2017", 1391, 1391),
        ("cinc2021", "cinc2021", 25, 25),
        ("code_test", "code-test", 827, 0),
        ("mitdb", "mitdb", 10, 10),
        ("nstdb", "nstdb", 3, 3),
        ("ptbxl", "ptbxl", 3372, 353),
        ("twadb", "twadb", 100, 4),
    ],
)
def test_a_set_comes_in_whole_and_no_label_is_lost_without_a_reason(came_in, name, profile, n_records, n_with_samples):
    dataset = came_in(name)
    report = dataset.report(IngestReport)
    records = dataset.table(RECORDS)
    assert (report.profile, report.n_ingested, report.quarantined) == (profile, n_records, {})
    assert records.filter(pl.col("n_samples") > 0).height == n_with_samples
    by_hop: dict[LabelHop, Counter[str]] = {hop: Counter() for hop in LabelHop}
    for count in report.label_counts:
        by_hop[count.hop][count.code] += count.n
    assert by_hop[LabelHop.STATED] == by_hop[LabelHop.PARSED]
    lost = Counter({loss.code: loss.n for loss in report.lost_labels})
    assert by_hop[LabelHop.PARSED] == by_hop[LabelHop.STORED] + lost
    verify_dataset(dataset.folder)


def test_cinc2011_has_as_many_unacceptable_records_and_leads_as_its_table(real_data, came_in):
    table = rows(real_data / "cinc2011" / "lead_quality.csv")
    dataset = came_in("cinc2011")
    assert present(dataset)["too-noisy"] == sum(row["group"] == "unacceptable" for row in table)
    leads = [lead for row in table for lead in list(row)[2:] if row[lead] == "1"]
    assert Counter(dataset.table(EVENTS)["lead"].to_list()) == Counter(leads)
    first = dataset.table(RECORDS).row(0, named=True)
    file = np.loadtxt(real_data / "cinc2011" / f"{first['record_id']}.txt", delimiter=",")
    np.testing.assert_allclose(dataset.signal_mv(first), file[:, 1:].T * 0.005, atol=1e-6)  # steps of 5 uV


def test_cinc2021_has_the_codes_that_stand_in_its_headers(real_data, came_in):
    headers = "".join(path.read_text() for path in (real_data / "cinc2021").glob("*.hea"))
    stated = [code for line in re.findall(r"#\s?Dx: *(.*)", headers) for code in line.strip().split(",")]
    assert len(stated) > 25
    assert present(came_in("cinc2021")) == Counter(stated)


def test_code_test_has_every_reader_s_sums(real_data, came_in):
    dataset = came_in("code_test")
    for path in sorted((real_data / "code_test" / "annotations").glob("*.csv")):
        sums = Counter({code: sum(int(float(r[code])) for r in rows(path)) for code in rows(path)[0] if code})
        assert present(dataset, annotator_id=path.stem.replace("_", "-")) == +sums
    assert dataset.table(ANNOTATIONS).height == 7 * 827 * 6


def test_mitdb_has_the_beats_that_the_wfdb_package_reads(real_data, came_in):
    """Record 100 has 2,239 normal, 33 atrial premature and 1 ventricular premature beats (MIT-BIH directory)."""
    events = came_in("mitdb").table(EVENTS)
    for path in sorted((real_data / "mitdb").glob("*.atr")):
        theirs = Counter(s for s in wfdb.rdann(str(path.with_suffix("")), "atr").symbol if s in "NLRAaJSVFjeE/fQ")
        last = events.filter(record_id=path.stem).filter(pl.col("round") == pl.col("round").max())
        ours = Counter(last["code"].to_list())
        assert {code: ours[code] for code in theirs} == theirs
    of_100 = Counter(events.filter(record_id="100")["code"].to_list())
    assert (of_100["N"], of_100["A"], of_100["V"]) == (2239, 33, 1)


def test_ptbxl_has_the_statements_of_both_tables_once(real_data, came_in):
    by_ecg = {}
    for name in ("ptbxl_metadata_3k.csv", "ptbxl_database.csv"):
        for row in rows(real_data / "ptbxl" / name):
            by_ecg[row["ecg_id"]] = ast.literal_eval(row["scp_codes"])
    stated = Counter(code for codes in by_ecg.values() for code in codes)
    found = present(came_in("ptbxl"))
    assert found == stated
    assert found["AFIB"] == 1510


def test_twadb_has_the_rank_of_every_record_of_the_challenge(real_data, came_in):
    facts = came_in("twadb").table(FACTS).filter(fact="twa_rank")
    ranks = dict(zip(facts["record_id"], facts["number"], strict=True))
    listed = re.findall(r"^(twa\d\d)\s+(\d+)$", (real_data / "twadb" / "reference-ranks").read_text(), re.MULTILINE)
    assert len(listed) == 100
    assert ranks == {name: float(rank) for name, rank in listed}
