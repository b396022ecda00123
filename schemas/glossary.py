"""What files, tables and columns of a dataset mean, in a line each: for what a release says of itself."""

from typing import Final

__all__ = ["FILES", "TABLE_MEANINGS", "column_meaning"]

TABLE_MEANINGS: Final[dict[str, str]] = {
    "annotations": "One row per reading of one code by one annotator in one round",
    "events": "One row per beat, wave, rhythm or other thing at a time",
    "facts": "One row per record and fact that the source states beyond fixed columns",
    "labels": "One row per record and code: what is believed after all readings",
    "parameters": "One row per record and true parameter of its simulation",
    "predictions": "One row per test record, way of training and code: the predicted probability",
    "quarantine": "One row per input that was refused",
    "records": "One row per recording",
    "splits": "One row per patient: the split that all its records belong to",
}

FILES: Final[dict[str, str]] = {
    "NOTICE.txt": "whether this is simulated or of people, and what follows from that",
    "README.md": "this text",
    "agreement.json": "how far readings agree, with intervals",
    "boost.json": "what training gained from synthetic records, with intervals",
    "consensus.json": "how each code's label was made, and how well each annotator reads",
    "croissant.json": "tables, columns and files for machines (Croissant, https://mlcommons.org/croissant)",
    "drift.json": "codes that are more or less common in some year, site, device or annotator's readings",
    "failing.parquet": "the records that fail a check",
    "gate.json": "every check, and what it found",
    "ingest.json": "inputs, refusals, duplicates and labels as they came in",
    "manifest.json": "every file's SHA-256, every table's content, what this was made from",
    "myth.json": "agreement, unlabelled records and missing values as the database grows",
    "passport.json": "what is missing, on what its absence depends, and holes",
    "quality.json": "how many recordings can be read, and what spoils the others",
    "recordings.parquet": "the signal quality of each recording",
    "signals.zarr": "all samples: record after record, lead after lead (Zarr 3, one flat array)",
    "suspects.json": "the labels that are doubted most",
    "vanishing.json": "where labels were counted on their way, and why there are fewer",
}

_COLUMNS: Final[dict[str, str]] = {
    "age_years": "Age at the recording, in years",
    "agreement": "Share of readings that equal the label; null with one reading",
    "annotator_id": "Who read, as a pseudonym where names are hidden",
    "annotator_kind": "What the annotator is: person, group, algorithm, adjudicated, clinician feedback or simulator",
    "arm": "The way of training",
    "baseline": "Per lead the digital value of 0: physical = (digital - baseline) / gain",
    "code": "The code, within its system",
    "code_system": "Who defines the code",
    "device": "The recording device, as a pseudonym where names are hidden",
    "end_sample": "The last sample, counted from the record's first",
    "fact": "The fact's name, with its unit",
    "fs_hz": "Sampling rate, in Hz",
    "gain_per_unit": "Per lead the digital steps in one physical unit: physical = (digital - baseline) / gain",
    "group_id": "Patients who share a recording share a group, and so a split",
    "height_cm": "Height, in cm",
    "input_id": "The refused input",
    "lead": "The lead; null: all leads",
    "leads": "The names of the leads, in the order of the samples",
    "likelihood": "How sure the annotator was, in [0, 1]; null where the source states none",
    "message": "What was wrong with the input: types and sizes",
    "method": "How readings became the label",
    "n_readings": "How many readings the label rests on",
    "n_real": "How many real training records the network saw",
    "n_samples": "Samples per lead; 0 where there is only metadata",
    "number": "The fact's value where it is a number",
    "parameter": "The parameter's name, with its unit",
    "patient_id": "The patient, as a pseudonym where names are hidden; where patients are unknown, the record's own id",
    "patient_known": "Whether the source says who the patient is; where false nothing is patient-disjoint",
    "present": "Whether the finding was there; a code that the annotator never looked for has no row",
    "probability": "The probability of the finding, in [0, 1]; null: read, but undecided",
    "reason": "Why the input was refused",
    "record_id": "The recording",
    "recorded_year": "The year of the recording",
    "round": "1, 2, ...: a later reading by the same annotator supersedes the earlier",
    "sample_offset": "Where the record's first sample lies in the array `signals.zarr`",
    "sex": "F or M; null: unknown",
    "sha256": "SHA-256 of the refused input",
    "signal_sha256": "SHA-256 of the record's samples, little-endian, lead after lead",
    "site": "Where it was recorded, as a pseudonym where names are hidden",
    "source": "The profile of the source",
    "source_sha256": "SHA-256 of the source's files of this record",
    "split": "train, valid or test",
    "split_bucket": "The patient's place in [0, 1000) that decides the split; null: made from the id or the samples",
    "stage": "Where the input was refused",
    "start_sample": "The first sample, counted from the record's first",
    "text": "The fact's value where it is one of a closed list, or a pseudonym",
    "unit": "Per lead the physical unit",
    "value": "The parameter's value",
    "weight": "The weight in training, in [0, 1]",
    "weight_kg": "Weight, in kg",
}
_OF_ONE_TABLE: Final[dict[tuple[str, str], str]] = {
    ("events", "code"): "The WFDB annotation code: N, A, V, ...",
    ("predictions", "probability"): "The predicted probability, in [0, 1]",
}


def column_meaning(table: str, column: str) -> str:
    """What a column holds, with its unit; empty for a column that has no entry."""
    return _OF_ONE_TABLE.get((table, column)) or _COLUMNS.get(column, "")
