from chiron.records.formats.named_files import named_files


def test_a_header_names_its_signal_files(tmp_path):
    (tmp_path / "r.hea").write_text("r 3 100 10\nx.dat 16 200\nx.dat 16 200\ny.dat 212 200\n")
    assert named_files(tmp_path / "r.hea") == {"x.dat", "y.dat"}


def test_a_header_of_several_segments_names_them_and_their_signal_files(tmp_path):
    (tmp_path / "m.hea").write_text("m/4 1 100 20\nlayout 0\na 10\n~ 5\ngone 5\n")
    (tmp_path / "layout.hea").write_text("layout 1 100 0\n~ 0 200\n")
    (tmp_path / "a.hea").write_text("a 1 100 10\na.dat 16 200\n")
    assert named_files(tmp_path / "m.hea") == {"layout.hea", "a.hea", "a.dat", "gone.hea"}


def test_what_can_not_be_used_names_nothing(tmp_path):
    (tmp_path / "r.hea").write_text("r 1 100 10\n../x.dat 16 200\n")
    (tmp_path / "m.hea").write_text("m/1 1 100 20\n../a 20\n")
    (tmp_path / "b.hea").write_bytes(b"\xff")
    (tmp_path / "l.hea").symlink_to(tmp_path / "r.hea")
    (tmp_path / "d.hea").mkdir()
    for name in ("r", "m", "b", "l", "d", "gone"):
        assert named_files(tmp_path / f"{name}.hea") == set()
