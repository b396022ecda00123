from chiron.records.readings.parsed import RecordNames, RowFault


def test_the_last_part_of_a_name_finds_a_record_only_where_it_is_unique():
    names = RecordNames({"a/x", "b/x", "b/y"}, {"b/z"})
    assert [names.find(name) for name in ("a/x", "y", "x", "z", "b/z", "w")] == [
        "a/x",
        "b/y",
        RowFault.RECORD_NOT_IN_SOURCE,
        RowFault.RECORD_IN_QUARANTINE,
        RowFault.RECORD_IN_QUARANTINE,
        RowFault.RECORD_NOT_IN_SOURCE,
    ]
