from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

import schemas
from schemas.codes import Code, is_code
from schemas.source import LabelSource, SourceProfile

PATHS = sorted(Path(schemas.__file__).with_name("sources").glob("*.yaml"))
PROFILES = {path.stem: SourceProfile.model_validate(yaml.safe_load(path.read_text())) for path in PATHS}

# Scored diagnoses that a database gives to 10 records or more, counted in dx_mapping_scored.csv of the Challenge 2021.
N_READ_FOR = {
    "cpsc": 6,
    "cpsc-extra": 14,
    "incart": 2,
    "ptb": 3,
    "ptb-xl": 23,
    "georgia": 23,
    "chapman-shaoxing": 19,
    "ningbo": 26,
    "unknown": 0,
}


def test_a_profile_is_called_as_its_file():
    assert len(PROFILES) == 10
    assert all(profile.name == name for name, profile in PROFILES.items())


@pytest.mark.parametrize("name", PROFILES)
def test_every_code_of_a_vocabulary_is_one_of_its_system(name):
    for source in (*PROFILES[name].own_labels, *PROFILES[name].tables):
        if isinstance(source, LabelSource):
            assert all(is_code(Code(source.code_system, code)) for code in source.vocabulary)


def test_only_what_is_public_or_without_patients_keeps_its_names():
    assert [name for name, profile in PROFILES.items() if profile.needs_pseudonyms] == ["wfdb"]


def test_a_public_source_is_told_by_files_of_its_own():
    told = [profile for profile in PROFILES.values() if profile.public and profile.record_pattern]
    assert all(profile.marker_files for profile in told)


def test_the_databases_of_cinc2021_were_read_for_what_they_give():
    sources = PROFILES["cinc2021"].own_labels
    assert {source.annotator_id: len(source.vocabulary) for source in sources} == N_READ_FOR


def test_who_is_read_in_a_table_can_t_be_read_in_records_too():
    told = {"code_system": "WFDB", "annotator_id": "a", "annotator_kind": "person"}
    with pytest.raises(ValidationError, match="other names in tables than in records"):
        SourceProfile(
            name="x",
            public=True,
            has_patients=False,
            simulated=True,
            licence="CC0-1.0",
            own_labels=({"kind": "wfdb_annotations", "suffix": "atr", **told},),
            tables=({"kind": "record_code", "pattern": "x", **told},),
        )
