import pytest
from landed import landed

from chiron.errors import InputRefused
from chiron.records.readings.cells import ROW, as_csv, read_cells, read_table_bytes, require_columns
from schemas.codes import QuarantineReason


def test_rows_of_another_width_are_set_aside_and_the_others_keep_their_positions():
    cells = read_cells(b"a,b\n1,2\n3\n\n4, 5 \n6,7,8\n")
    assert cells.frame.rows() == [(0, "1", "2"), (2, "4", "5")]
    assert cells.frame.columns == [ROW, "a", "b"]
    assert cells.misfits == [(1, ["3"]), (3, ["6", "7", "8"])]
    assert cells.n_rows == 4


def test_pieces_come_together_in_order(monkeypatch):
    monkeypatch.setattr("chiron.records.readings.cells._PIECE", 10)
    rows = [f"{i},x" if i % 7 else f"{i}" for i in range(101)]
    cells = read_cells("\n".join(rows).encode(), ["i", "x"])
    assert cells.frame["i"].to_list() == [str(i) for i in range(101) if i % 7]
    assert cells.frame[ROW].to_list() == [i for i in range(101) if i % 7]
    assert cells.misfits == [(i, [str(i)]) for i in range(0, 101, 7)]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"a,b\n"])
def test_no_rows_are_no_cells(content):
    assert read_cells(content).n_rows == 0


@pytest.mark.parametrize("content", [b"a,a\n1,2\n", b"a, a\n", b",\n", b"," * 1024])
def test_headings_must_differ_and_be_few(content):
    with pytest.raises(InputRefused, match="at most 1024 different headings"):
        read_cells(content)


def test_missing_columns_are_named_once():
    with pytest.raises(InputRefused, match="expected a column 'c', 'd', found none of that name"):
        require_columns(read_cells(b"a,b\n"), ["a", "c", "d", "c"])


def test_a_quoted_line_break_belongs_to_its_cell():
    assert read_cells(b'a,b\n"1\n,2",3\n').frame.rows() == [(0, "1\n,2", "3")]


def test_what_was_split_can_be_joined():
    assert as_csv([["a,b", 'c"'], ["d", ""]]) == '"a,b","c"""\nd,\n'


@pytest.mark.parametrize("content", [b",\n" * 51, b"x" + b"," * 100], ids=["many rows", "a wide one"])
def test_more_cells_than_memory_is_meant_for_are_refused(monkeypatch, content):
    monkeypatch.setattr("chiron.records.readings.cells._MAX_CELLS", 100)
    with pytest.raises(InputRefused, match="at most 100 cells") as refused:
        read_cells(content, ["a", "b"])
    assert refused.value.reason is QuarantineReason.TOO_LARGE


def test_a_link_and_a_file_beyond_the_limit_are_not_read(tmp_path):
    (tmp_path / "there").write_bytes(b"a\n")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(256 * 2**20 + 1)
    for name, found in (("link", "found a link"), ("large", "found 268435457")):
        with pytest.raises(InputRefused, match=found):
            read_table_bytes(landed(tmp_path / name)[0])
