"""What is known of records becomes columns and factors, counted by hand."""

import numpy as np
import polars as pl
from small_hospital import records_of

from chiron.quality.factors import factors_of, first_of_each_patient, numbers_of, taken, unread, with_facts
from schemas.tables import ANNOTATIONS, FACTS, LABELS

AF, SINUS = ("SNOMED-CT", "164889003"), ("SNOMED-CT", "426783006")


def facts_of(rows):
    return pl.DataFrame(rows, schema=FACTS.polars, orient="row")


def labels_of(rows):
    full = [(f"r{i:05}", *code, probability, 1, None, 1.0, "single_reader") for i, code, probability in rows]
    return pl.DataFrame(full, schema=LABELS.polars, orient="row")


def named(records, labels=None, annotations=None, signal_quality=None):
    labels = LABELS.empty() if labels is None else labels
    return {f.name: f for f in factors_of(records, labels, annotations, signal_quality)}


def test_a_fact_is_missing_where_no_row_or_no_value_states_it():
    facts = facts_of(
        [("r00000", "nurse", None, "n1"), ("r00001", "nurse", None, None), ("r00002", "weight_lb", 9.5, None)]
    )
    wide = with_facts(records_of(3), facts)
    assert wide["nurse"].to_list() == ["n1", None, None]
    assert wide["weight_lb"].to_list() == [None, None, 9.5]


def test_a_fact_may_not_hide_a_column():
    wide = with_facts(records_of(2, site=["a", "b"]), facts_of([("r00000", "site", None, "elsewhere")]))
    assert wide["site"].to_list() == ["a", "b"]


def test_a_fact_that_is_stated_twice_keeps_one_row_for_each_record():
    facts = facts_of([("r00000", "nurse", None, "n1"), ("r00000", "nurse", None, "n2")])
    assert with_facts(records_of(2), facts).height == 2


def test_numbers_are_cut_into_quarters_and_equal_values_stay_together():
    weights = [50.0] * 20 + [60.0] * 30 + [70.0] * 50 + [None] * 5
    factor = named(records_of(105, weight_kg=weights))["weight_kg"]
    # quarters of the known: 60, 65 (or 60 to 70), 70
    assert factor.names[0] == "up to 60"
    assert factor.counts.tolist() == [50, 50]
    assert (factor.levels[-5:] == -1).all()


def test_places_with_few_records_are_pooled():
    factor = named(records_of(60, site=["big"] * 40 + ["fair"] * 11 + [f"small-{i}" for i in range(9)]))["site"]
    assert dict(zip(factor.names, factor.counts.tolist(), strict=True)) == {"big": 40, "fair": 11, "others": 9}


def test_no_factor_has_more_than_twenty_levels_and_the_others():
    factor = named(records_of(1000, site=[f"s{i % 50}" for i in range(1000)]))["site"]
    assert len(factor.names) == 21
    assert factor.counts.sum() == 1000


def test_what_never_varies_is_no_factor():
    assert "device" not in named(records_of(60, device=["one"] * 60))
    assert "device" not in named(records_of(60, device=[None] * 60))


def test_labels_are_present_absent_or_unknown():
    rows = [(i, AF, 1.0) for i in range(12)] + [(i, AF, 0.2) for i in range(12, 30)] + [(30, AF, None), (31, AF, 0.5)]
    factor = named(records_of(40), labels_of(rows))["label atrial fibrillation"]
    assert factor.counts.tolist() == [18, 12]
    assert (factor.levels[30:] == -1).all()


def test_labels_that_nobody_decided_are_unread():
    found = unread(records_of(4), labels_of([(0, AF, 1.0), (1, AF, 0.0), (2, AF, None), (3, AF, 0.5), (0, SINUS, 0.0)]))
    assert found["unread atrial fibrillation"].tolist() == [False, False, True, True]
    assert found["unread normal sinus rhythm"].tolist() == [False, True, True, True]


def test_readers_of_one_record_are_one_level():
    rows = [(f"r{i:05}", who, "person", 1, *AF, True, None) for i in range(60) for who in ("a", "b")[: 1 + i % 2]]
    factor = named(records_of(70), annotations=pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row"))["reader"]
    assert dict(zip(factor.names, factor.counts.tolist(), strict=True)) == {"a": 30, "a+b": 30}


def test_the_quality_of_a_signal_is_a_factor():
    quality = pl.DataFrame({"record_id": [f"r{i:05}" for i in range(60)], "acceptable": [True] * 40 + [False] * 20})
    factor = named(records_of(60), signal_quality=quality)["signal acceptable"]
    assert dict(zip(factor.names, factor.counts.tolist(), strict=True)) == {"false": 20, "true": 40}


def test_one_record_of_each_known_patient_is_taken():
    records = records_of(6, patient_id=["p", "p", "q", "q", "q", "p"], patient_known=[True] * 3 + [False] * 3)
    each = first_of_each_patient(records)
    assert each.tolist() == [True, False, True, True, True, True]


def test_a_factor_of_some_records_has_only_their_levels():
    site = named(records_of(60, site=["a"] * 20 + ["b"] * 20 + ["c"] * 20))["site"]
    some = taken(site, np.arange(60) >= 20)
    assert (some.names, some.counts.tolist()) == (("b", "c"), [20, 20])


def test_whatever_has_two_values_is_zero_and_one():
    facts = facts_of([("r00000", "pacemaker", None, "no"), ("r00002", "pacemaker", None, "yes")])
    values, names = numbers_of(with_facts(records_of(3, sex=["M", "F", None]), facts))
    columns = dict(zip(names, values.T.tolist(), strict=True))
    assert columns["sex"][:2] == [1.0, 0.0]
    assert np.isnan(columns["sex"][2])
    assert (columns["pacemaker"][0], columns["pacemaker"][2]) == (0.0, 1.0)
    assert "site" not in columns
