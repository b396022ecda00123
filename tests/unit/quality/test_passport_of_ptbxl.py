"""The passport of real metadata: what is missing from PTB-XL's table, and why. Counts are of the CSV file itself."""

import ast
import csv
from collections import Counter

import polars as pl
import pytest
from small_hospital import records_of

from chiron.quality.missingness import passport_of
from schemas.missingness import Passport
from schemas.tables import FACTS, LABELS

pytestmark = pytest.mark.real

FACT_COLUMNS = ("nurse", "heart_axis", "infarction_stadium1", "validated_by", "pacemaker")


@pytest.fixture(scope="module")
def rows(real_data):
    with (real_data / "ptbxl" / "ptbxl_metadata_3k.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def passport(rows) -> Passport:
    return passport_of(_records(rows), _labels(rows), n_wanted=10, facts=_facts(rows))


def _ids(rows):
    return [f"r{int(row['ecg_id']):05}" for row in rows]


def _records(rows):
    numbers = {
        new: [float(row[old]) if row[old] else None for row in rows]
        for new, old in (("age_years", "age"), ("height_cm", "height"), ("weight_kg", "weight"))
    }
    return records_of(
        len(rows),
        record_id=_ids(rows),
        patient_id=[row["patient_id"] for row in rows],
        sex=["MF"[int(row["sex"])] for row in rows],
        site=[row["site"] or None for row in rows],
        device=[row["device"].strip() for row in rows],
        recorded_year=[int(row["recording_date"][:4]) for row in rows],
        **numbers,
    )


def _facts(rows):
    facts = [
        (i, name, None, row[name])
        for i, row in zip(_ids(rows), rows, strict=True)
        for name in FACT_COLUMNS
        if row[name]
    ]
    return pl.DataFrame(facts, schema=FACTS.polars, orient="row")


def _labels(rows):
    codes = [set(ast.literal_eval(row["scp_codes"])) for row in rows]
    frequent = [code for code, n in Counter(c for some in codes for c in some).items() if n >= 30]
    labels = [
        (i, "SCP-ECG", code, float(code in some), 1, None, 1.0, "single_reader")
        for i, some in zip(_ids(rows), codes, strict=True)
        for code in frequent
    ]
    return pl.DataFrame(labels, schema=LABELS.polars, orient="row")


def test_every_column_that_is_known_to_be_missing_for_a_reason_is_named(passport):
    columns = {c.column: c for c in passport.columns}
    for name in ("height_cm", "weight_kg", "heart_axis", "validated_by", "nurse", "infarction_stadium1"):
        assert columns[name].verdict.startswith("missing for a reason: depends on"), name
        assert columns[name].model.auroc.lower > 0.9, name
        assert columns[name].model.q_value < 1e-6, name


@pytest.mark.parametrize("name", ["height_cm", "weight_kg", "heart_axis", "validated_by"])
def test_absence_depends_on_the_device_the_site_and_the_year(passport, name):
    (column,) = [c for c in passport.columns if c.column == name]
    on = [d.on for d in column.depends_on]
    assert {"device", "site", "nurse", "recorded_year"} <= set(on)
    assert {"device", "site"} <= set(on[:3])


def test_the_stadium_of_an_infarction_is_missing_where_there_is_none(passport):
    (column,) = [c for c in passport.columns if c.column == "infarction_stadium1"]
    assert column.depends_on[0].on.startswith("label ")
    assert "infarction" in column.depends_on[0].on


def test_shares_are_those_of_the_file(passport, rows):
    columns = {c.column: c for c in passport.columns}
    for name, source in (("height_cm", "height"), ("heart_axis", "heart_axis"), ("validated_by", "validated_by")):
        assert columns[name].n_missing == sum(not row[source] for row in rows)
    first = {}
    for row in sorted(rows, key=lambda row: int(row["ecg_id"])):
        first.setdefault(row["patient_id"], row)
    (device,) = [d for d in columns["height_cm"].depends_on if d.on == "device"]
    of_device = [row for row in first.values() if row["device"].strip() == device.emptiest.name]
    assert device.emptiest.n_records == len(of_device)
    assert device.emptiest.share_missing == pytest.approx(
        sum(not r["height"] for r in of_device) / len(of_device), abs=1e-4
    )


def test_groups_count_all_records(passport, rows):
    place = passport.completeness.columns.index("height_cm")
    counted = {g.group: (g.n_records, g.n_missing[place]) for g in passport.completeness.groups if g.by == "site"}
    at_first = [row for row in rows if row["site"] == "0.0"]
    assert counted["0.0"] == (len(at_first), sum(not row["height"] for row in at_first))


def test_heights_and_weights_are_not_missing_completely_at_random(passport):
    assert passport.little.p_value < 1e-6
    assert {"age_years", "sex", "height_cm", "weight_kg", "recorded_year"} <= set(passport.little.columns)
