"""Comments as known sets write them, with their numbers changed."""

import time

import pytest

from chiron.records.formats.clinical import read_comments
from schemas.codes import Sex


@pytest.mark.parametrize(
    ("comments", "age_years", "sex"),
    [
        (["Age: 63", "Sex: Female", "Dx: 426783006"], 63, Sex.FEMALE),  # CinC 2021
        (["age: 81", "sex: male", "ECG date: 01/10/1990"], 81, Sex.MALE),  # PTB
        (["Age: 62  Sex: M", "Mixed angina"], 62, Sex.MALE),  # European ST-T
        (["<age>: 70 <sex>: F <diagnoses> CHF <medications> none"], 70, Sex.FEMALE),  # MIMIC
        (["<age>: 28  <sex>: M  <Height>: 170  <Weight>: 64"], 28, Sex.MALE),
        (["<age>: ?? <sex>: ?"], None, None),  # MIMIC
        (["69 M 1085 1629 x1", "Aldomet, Inderal"], 69, Sex.MALE),  # MIT-BIH
        (["-1 M 978 654 x1"], None, Sex.MALE),
        (["64 F 1960 N/A x1"], 64, Sex.FEMALE),
        (["32 M"], 32, Sex.MALE),  # MIT-BIH normal sinus rhythm
        (["Age: NaN", "Sex: Unknown"], None, None),
        (["Age: 63 years", "Gender: m"], 63, Sex.MALE),
    ],
)
def test_age_and_sex_are_found_however_a_set_writes_them(comments, age_years, sex):
    clinical = read_comments(comments)
    assert (clinical.numbers.get("age_years"), clinical.sex) == (age_years, sex)
    assert clinical.not_understood == []
    assert clinical.names == {}


@pytest.mark.parametrize("comment", ["Age: 90", "Age: 104", "95 F 100 200 x1", "<age>: 92 <sex>: F"])
def test_ages_above_89_are_pooled(comment):
    assert read_comments([comment]).numbers == {"age_years": 90.0}


def test_the_age_of_89_is_kept():
    assert read_comments(["Age: 89"]).numbers == {"age_years": 89.0}


@pytest.mark.parametrize(
    "story",
    [
        "The patient, Anna Mueller, was 63 when she fell",
        "Reason: fell. Age: 63",  # after a key that is not known
        "69 M. Mueller",
        "63",
        "M",
        "Age of onset: 40",
        "Dx: Age: 63",
        "Age: 63 " + "x" * 500,
    ],
)
def test_free_text_says_nothing(story):
    clinical = read_comments([story])
    assert (clinical.numbers, clinical.names, clinical.sex, clinical.not_understood) == ({}, {}, None, [])


def test_what_is_stated_and_not_understood_is_null_and_counted():
    clinical = read_comments(["Age: 5 months", "Sex: divers", "Height: 1.80", "Weight: inf", "Year: 4.5.01"])
    assert (clinical.numbers, clinical.sex) == ({}, None)
    assert clinical.not_understood == ["age_years", "sex", "height_cm", "weight_kg", "year"]


def test_of_a_day_the_year_is_kept():
    assert read_comments(["ECG date: 01/10/1990"]).numbers == {"year": 1990.0}  # PTB
    assert read_comments(["Infarction date: 29-Sep-90", "Admission date: 29/09/1990"]).numbers == {}


def test_units_may_follow_a_number():
    assert read_comments(["Height: 180 cm  Weight: 71.5kg"]).numbers == {"height_cm": 180.0, "weight_kg": 71.5}


def test_names_are_kept_for_pseudonyms():
    assert read_comments(["Patient: 4711", "Site: A: north", "Device: X 5"]).names == {
        "patient": "4711",
        "site": "A: north",
        "device": "X 5",
    }


@pytest.mark.parametrize("piece", [" ", "Age: ", "<", "a" * 20 + " ", "1 M ", ": "])
def test_a_header_full_of_comments_is_read_in_short_time(piece):
    comments = [(piece * 500)[:500]] * 2000  # a megabyte, as large as a header may be
    start = time.perf_counter()
    read_comments([*comments, piece * 10**6])
    assert time.perf_counter() - start < 5
