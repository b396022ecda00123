import hashlib
import json

import polars as pl
import pytest

from chiron.datasets.canonical import canonical_json, content_sha256
from chiron.datasets.table_hash import table_entry
from schemas.manifest import TableEntry
from schemas.tables import EVENTS, PARAMETERS, RECORDS, TableSpec

SMALL = TableSpec("parameters", PARAMETERS.columns, PARAMETERS.key)


def parameters(n: int) -> pl.DataFrame:
    ids = [f"r{i:05d}" for i in range(n)]
    return pl.DataFrame(
        {"record_id": ids, "parameter": ["rate_bpm"] * n, "value": [float(i) if i % 7 else None for i in range(n)]},
        schema=PARAMETERS.polars,
    )


def test_a_table_hashes_to_the_bytes_that_the_definition_gives_by_hand():
    frame = pl.DataFrame({"record_id": ["a", "bc"], "parameter": ["x", "x"], "value": [1.5, None]})

    def sha(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    def le(*lengths: int) -> bytes:
        return b"".join(n.to_bytes(8, "little") for n in lengths)

    identity = {
        "table": "parameters",
        "n_rows": 2,
        "columns": [
            ["record_id", "String", [sha(b"\x01\x01"), sha(le(1, 2)), sha(b"abc")]],
            ["parameter", "String", [sha(b"\x01\x01"), sha(le(1, 1)), sha(b"xx")]],
            # IEEE 754: 1.5 is 0x3FF8000000000000
            ["value", "Float64", [sha(b"\x01\x00"), sha(bytes.fromhex("000000000000f83f") + bytes(8)), sha(b"")]],
        ],
    }
    canonical = json.dumps(identity, sort_keys=True, indent=1) + "\n"
    assert table_entry(SMALL, [frame]).content_sha256 == sha(canonical.encode())


@pytest.mark.parametrize("rows", [1, 3, 100, 1000])
def test_the_hash_does_not_depend_on_how_the_table_is_sliced(rows):
    frame = parameters(1000)
    assert table_entry(SMALL, frame.iter_slices(rows)) == table_entry(SMALL, [frame])


def test_a_changed_value_a_null_and_a_zero_all_hash_differently():
    entries = {
        table_entry(
            SMALL, [parameters(3).with_columns(value=pl.Series([1.0, v, 2.0], dtype=pl.Float64))]
        ).content_sha256
        for v in (None, 0.0, 1e-300)
    }
    assert len(entries) == 3


def test_negative_zero_is_zero():
    zero, negative = (table_entry(SMALL, [parameters(1).with_columns(value=pl.Series([v]))]) for v in (0.0, -0.0))
    assert zero == negative


def test_text_moved_between_neighbouring_cells_changes_the_hash():
    one = pl.DataFrame({"record_id": ["ab", "c"], "parameter": ["x", "x"], "value": [1.0, 1.0]})
    other = one.with_columns(record_id=pl.Series(["a", "bc"]))
    assert table_entry(SMALL, [one]) != table_entry(SMALL, [other])


def test_lists_of_other_lengths_with_the_same_elements_hash_differently():
    def record(leads: list[list[str]]) -> pl.DataFrame:
        empty = RECORDS.empty()
        rows = [{"record_id": f"r{i}", "leads": names} for i, names in enumerate(leads)]
        return pl.concat([empty, pl.DataFrame(rows)], how="diagonal_relaxed").cast(RECORDS.columns)

    hashes = {
        table_entry(RECORDS, [record(leads)]).content_sha256
        for leads in ([["I", "II"], ["V1"]], [["I"], ["II", "V1"]], [["I", "II"], []])
    }
    assert len(hashes) == 3


def test_layout_columns_are_no_part_of_the_content():
    rows = pl.DataFrame({"record_id": ["r1"], "sample_offset": [0]})
    frame = pl.concat([RECORDS.empty(), rows], how="diagonal").cast(RECORDS.columns)
    moved = frame.with_columns(sample_offset=pl.lit(4096, dtype=pl.Int64))
    assert table_entry(RECORDS, [frame]) == table_entry(RECORDS, [moved])


@pytest.mark.parametrize("rows", [["b", "a"], ["a", "a"]])
def test_rows_out_of_order_or_twice_are_refused(rows):
    frame = pl.DataFrame({"record_id": rows, "parameter": ["x", "x"], "value": [1.0, 1.0]})
    with pytest.raises(ValueError, match="unique key"):
        table_entry(SMALL, [frame])
    with pytest.raises(ValueError, match="unique key"):
        table_entry(SMALL, frame.iter_slices(1))


def events(*rows: tuple[str, str | None, int]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["record_id", "lead", "start_sample"], orient="row")
    return pl.concat([EVENTS.empty(), frame.cast({"lead": pl.String})], how="diagonal_relaxed").cast(EVENTS.columns)


def test_within_a_key_no_value_comes_before_every_value():
    frame = events(("r1", None, 3), ("r1", "I", 3), ("r1", "II", 3), ("r2", None, 0))
    assert table_entry(EVENTS, [frame]) == table_entry(EVENTS, frame.iter_slices(1))


@pytest.mark.parametrize(
    "rows",
    [
        [("r1", "I", 3), ("r1", None, 3)],
        [("r1", None, 3), ("r1", None, 3)],
        [("r1", "I", 4), ("r1", "I", 3)],
        [("r10", "I", 3), ("r1", "I", 4)],
        [("é", "I", 3), ("z", "I", 3)],  # by bytes: UTF-8 has é after z
    ],
)
def test_keys_of_several_columns_out_of_order_are_refused(rows):
    with pytest.raises(ValueError, match="unique key"):
        table_entry(EVENTS, [events(*rows)])


def test_canonical_json_refuses_nan_and_sorts_keys():
    assert canonical_json({"b": 1, "a": [1.5, "é"]}) == '{\n "a": [\n  1.5,\n  "é"\n ],\n "b": 1\n}\n'.encode()
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))


def test_the_content_hash_covers_every_table():
    one = TableEntry(n_rows=1, content_sha256="0" * 64)
    assert content_sha256({"records": one}) != content_sha256({"records": one, "labels": one})
