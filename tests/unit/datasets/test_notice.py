from chiron.datasets.notice import NOTICE, write_notice


def test_a_notice_of_real_recordings_says_that_an_ecg_can_identify_a_person(tmp_path):
    write_notice(tmp_path, simulated=False, licence="CC-BY-4.0")
    text = (tmp_path / NOTICE).read_text()
    assert "can itself identify a person" in text
    assert text.endswith("Licence: CC-BY-4.0\n")


def test_a_notice_of_simulated_recordings_says_that_nobody_is_in_them(tmp_path):
    write_notice(tmp_path, simulated=True, licence="CC0-1.0")
    text = (tmp_path / NOTICE).read_text()
    assert "simulated" in text
    assert "identify" not in text
