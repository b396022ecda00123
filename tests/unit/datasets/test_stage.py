from dataclasses import replace
from pathlib import Path

import pytest
from small_dataset import DRAFT, STAGE, fill

from chiron.datasets.manifest import Hashed, read_manifest, stage_key
from chiron.datasets.stage import run_stage
from chiron.errors import WorkdirRefused
from schemas.manifest import FileEntry, Kind, ParentEntry


def test_a_finished_stage_is_not_made_again(tmp_path):
    calls = []

    def build(folder):
        calls.append(folder)
        fill(folder)

    first = run_stage(tmp_path / "w", STAGE, DRAFT, build)
    second = run_stage(tmp_path / "w", STAGE, DRAFT, build)
    assert (first.reused, second.reused, len(calls)) == (False, True, 1)
    assert first.ref == second.ref


def test_the_content_hash_depends_on_neither_shard_size_nor_folder(make_dataset):
    outcomes = [make_dataset("a", shard_samples=64), make_dataset("b", shard_samples=4096)]
    assert outcomes[0].ref.content_sha256 == outcomes[1].ref.content_sha256


def test_a_build_that_dies_leaves_nothing_in_sight_and_is_made_anew(tmp_path):
    def dies(folder):
        fill(folder, n_records=2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_stage(tmp_path / "w", STAGE, DRAFT, dies)
    assert not (tmp_path / "w" / "validate").exists()
    outcome = run_stage(tmp_path / "w", STAGE, DRAFT, fill)
    clean = run_stage(tmp_path / "clean", STAGE, DRAFT, fill)
    assert outcome.ref.content_sha256 == clean.ref.content_sha256


def test_a_resumed_build_gets_what_the_killed_one_left(tmp_path):
    def dies(folder):
        (folder / "part").write_text("1")
        raise KeyboardInterrupt

    def goes_on(folder):
        assert (folder / "part").read_text() == "1"
        (folder / "part").unlink()
        fill(folder)

    with pytest.raises(KeyboardInterrupt):
        run_stage(tmp_path / "w", STAGE, DRAFT, dies, resume=True)
    assert not run_stage(tmp_path / "w", STAGE, DRAFT, goes_on, resume=True).reused


def test_what_a_build_has_hashed_itself_is_not_read_again(tmp_path):
    known = FileEntry(n_bytes=1, sha256="7" * 64)

    def hashes(folder):
        fill(folder)
        (folder / "known").write_text("1")
        (folder / "unknown").write_text("abc")
        return Hashed(files={"known": known})

    files = read_manifest(Path(run_stage(tmp_path / "w", STAGE, DRAFT, hashes).ref.path)).files
    assert files["known"] == known
    # SHA-256 of "abc": FIPS 180-2, appendix B.1
    assert files["unknown"].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_every_input_parameter_and_version_enters_the_key():
    parent = ParentEntry(kind=Kind.INGESTED, name="x", content_sha256="1" * 64)
    keys = {
        stage_key(STAGE, DRAFT),
        stage_key(replace(STAGE, version=2), DRAFT),
        stage_key(replace(STAGE, name="synthesize"), DRAFT),
        stage_key(STAGE, replace(DRAFT, parents=(parent,))),
        stage_key(STAGE, replace(DRAFT, parameters={"seed": 1})),
        stage_key(STAGE, replace(DRAFT, pseudonym_key_fingerprint="abc")),
    }
    assert len(keys) == 6


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(WorkdirRefused, match="expected an empty folder"):
        run_stage(tmp_path, STAGE, DRAFT, fill)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
