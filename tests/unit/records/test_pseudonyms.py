import hashlib
import hmac
import stat

import pytest

from chiron.errors import BadParameters
from chiron.records.pseudonyms import Pseudonyms, load_key, pseudonyms_for, replace_key
from chiron.records.sources import load_profile
from chiron.settings import settings

KEY = b"0123456789abcdef"


def test_a_pseudonym_is_an_hmac_of_kind_and_name():
    """Computed here with the standard library, by the documented recipe."""
    digest = hmac.new(KEY, b"chiron\0wfdb\0patient\0Anna", hashlib.sha256).hexdigest()
    assert Pseudonyms("wfdb", KEY).name("patient", "Anna") == "p" + digest[:20]


def test_pseudonyms_differ_by_kind_key_and_source_and_by_nothing_else():
    here = Pseudonyms("wfdb", KEY)
    others = [here.name("record", "Anna"), Pseudonyms("wfdb", KEY[::-1]).name("patient", "Anna")]
    others.append(Pseudonyms("x", KEY).name("patient", "Anna"))
    assert here.name("patient", "Anna") == Pseudonyms("wfdb", KEY).name("patient", "Anna")
    assert len({here.name("patient", "Anna"), *others}) == 4


def test_a_digest_is_keyed_where_names_are_hidden_and_plain_elsewhere():
    """Computed here with the standard library, by the documented recipe."""
    plain = "ab" * 32
    keyed = hmac.new(KEY, b"chiron\0wfdb\0sha256\0" + plain.encode(), hashlib.sha256).hexdigest()
    assert (Pseudonyms("wfdb", KEY).digest(plain), Pseudonyms("cinc2017", None).digest(plain)) == (keyed, plain)


def test_the_fingerprint_tells_keys_apart_and_does_not_hold_them():
    fingerprint = Pseudonyms("wfdb", KEY).fingerprint
    assert fingerprint != Pseudonyms("wfdb", KEY[::-1]).fingerprint
    assert KEY.hex() not in fingerprint


def test_only_a_private_source_with_patients_needs_a_key():
    assert pseudonyms_for(load_profile("cinc2017")).key is None
    assert pseudonyms_for(load_profile("demo-hospital")).key is None
    assert not settings().config_dir.joinpath("pseudonym.key").exists()
    assert pseudonyms_for(load_profile("wfdb")).key is not None


def test_the_key_is_made_once_for_its_owner_alone():
    key = load_key()
    path = settings().config_dir / "pseudonym.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key() == key
    assert len(key) == 64
    assert [p.name for p in path.parent.iterdir()] == ["pseudonym.key"]


def test_a_key_that_others_may_read_is_refused():
    load_key()
    settings().config_dir.joinpath("pseudonym.key").chmod(0o644)
    with pytest.raises(BadParameters, match="expected mode 600, found 644"):
        load_key()


def test_a_key_from_the_environment_is_taken_and_a_short_one_refused(monkeypatch):
    monkeypatch.setenv("CHIRON_PSEUDONYM_KEY", KEY.decode())
    settings.cache_clear()
    assert load_key() == KEY
    monkeypatch.setenv("CHIRON_PSEUDONYM_KEY", "short")
    settings.cache_clear()
    with pytest.raises(BadParameters, match="expected at least 16 bytes, found 5") as refused:
        load_key()
    assert "short" not in str(refused.value).replace("too short", "")


def test_a_new_key_changes_every_name_and_no_split(tmp_path, monkeypatch):
    monkeypatch.setenv("CHIRON_CONFIG_DIR", str(tmp_path))
    settings.cache_clear()
    made = [pseudonyms_for(load_profile("wfdb"))]
    for _ in range(2):
        replace_key()
        made.append(pseudonyms_for(load_profile("wfdb")))
    patients = [f"patient {i}" for i in range(200)]
    assert len({p.name("patient", "Anna") for p in made}) == len({p.fingerprint for p in made}) == 3
    first, *later = ([p.split_bucket(patient) for patient in patients] for p in made)
    assert later == [first, first]
    assert len(set(first)) > 150  # and they are not all one bucket
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_key_from_the_environment_keeps_splits_with_the_first_key_beside_it(monkeypatch):
    monkeypatch.setenv("CHIRON_PSEUDONYM_KEY", "first key, long enough")
    settings.cache_clear()
    first = pseudonyms_for(load_profile("wfdb")).split_bucket("Anna")
    with pytest.raises(BadParameters, match="CHIRON_SPLIT_KEY"):
        replace_key()
    monkeypatch.setenv("CHIRON_PSEUDONYM_KEY", "second key, long enough")
    monkeypatch.setenv("CHIRON_SPLIT_KEY", "first key, long enough")
    settings.cache_clear()
    assert pseudonyms_for(load_profile("wfdb")).split_bucket("Anna") == first


def test_where_names_stay_the_patient_decides_its_split_itself():
    assert Pseudonyms("cinc2017", None).split_bucket("Anna") is None
