"""Canonical codes, and which reading of an annotator is the last word."""

import polars as pl

from chiron.labels.readings import canonical_readings, last_readings
from schemas.tables import ANNOTATIONS

AF = "164889003"  # SNOMED CT, atrial fibrillation


def annotations(*rows):
    return pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row")


def test_codes_of_a_source_become_codes_of_a_shared_system():
    found = canonical_readings(annotations(("r1", "a", "group", 1, "CINC2017", "A", True, None)))
    assert found.select("code_system", "code").row(0) == ("SNOMED-CT", AF)


def test_codes_without_a_shared_meaning_stay_as_they_are():
    found = canonical_readings(annotations(("r1", "a", "group", 1, "SNOMED-CT", "59931005", True, None)))
    assert found.select("code_system", "code").row(0) == ("SNOMED-CT", "59931005")


def test_of_two_codes_that_mean_the_same_either_makes_the_finding_present():
    found = canonical_readings(
        annotations(
            ("r1", "a", "group", 1, "CINC2017", "A", False, 0.2), ("r1", "a", "group", 1, "SNOMED-CT", AF, True, 0.9)
        )
    )
    assert found.select("present", "likelihood").rows() == [(True, 0.9)]


def test_a_later_round_supersedes_the_earlier_for_the_codes_that_it_read():
    found = last_readings(
        annotations(
            ("r1", "a", "person", 1, "SNOMED-CT", AF, True, None),
            ("r1", "a", "person", 1, "SNOMED-CT", "426783006", False, None),
            ("r1", "a", "person", 2, "SNOMED-CT", AF, False, None),
            ("r1", "b", "person", 1, "SNOMED-CT", AF, True, None),
        )
    )
    assert sorted(found.select("annotator_id", "round", "code").rows()) == [
        ("a", 1, "426783006"),
        ("a", 2, AF),
        ("b", 1, AF),
    ]
