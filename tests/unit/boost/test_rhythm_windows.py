"""Windows of a long recording with marked rhythms, against times and shares that are chosen here."""

import numpy as np
import polars as pl
import pytest

from chiron.boost.rhythm_windows import Marks, cut_windows, has_room, marks_of
from chiron.datasets.dataset import open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter
from chiron.datasets.stage import run_stage
from chiron.datasets.tables import write_table
from chiron.learning.examples import View
from chiron.learning.windows import windows_of
from schemas.codes import (
    ATRIAL_FIBRILLATION,
    NOISE,
    OTHER_RHYTHM,
    PREMATURE_VENTRICULAR,
    SINUS_RHYTHM,
    CodeSystem,
)
from schemas.manifest import Kind
from schemas.tables import ANNOTATIONS, EVENTS, RECORDS
from schemas.training import WindowSpec

FS_HZ = 200.0
VIEW = View(
    ("I",),
    (ATRIAL_FIBRILLATION, SINUS_RHYTHM, OTHER_RHYTHM, NOISE, PREMATURE_VENTRICULAR),
    WindowSpec(fs_hz=100.0, duration_s=10.0),
)
NAN = np.nan
# Windows begin every 5 s. Fibrillation from 0 to 22 s, sinus rhythm to 58 s, unnamed to 60 s; a premature beat at 52 s.
RHYTHMS = (("(AFIB", 0, 22), ("(N", 22, 58))
BEATS = (("N", 1), ("V", 52), ("N", 53), ("~", 33))
EARLIER = (("(N", 0, 60),)


def _events(round_, spans, beats):
    of = {"record_id": "r1", "annotator_id": "a", "round": round_, "lead": None}
    rows = [of | {"code": code, "start_sample": int(a * FS_HZ), "end_sample": int(b * FS_HZ)} for code, a, b in spans]
    return rows + [
        of | {"code": code, "start_sample": int(t * FS_HZ), "end_sample": int(t * FS_HZ)} for code, t in beats
    ]


def _fill(folder):
    digital = np.random.default_rng(1).normal(0, 200, (1, int(60 * FS_HZ))).astype(np.int16)
    with SignalWriter(folder, shard_samples=2**16) as writer:
        offset = writer.append(digital)
    record = {
        "record_id": "r1", "patient_id": "p1", "patient_known": True, "source": "test", "source_sha256": "0" * 64,
        "signal_sha256": "0" * 64, "fs_hz": FS_HZ, "leads": ["MLII"], "n_samples": digital.shape[1],
        "sample_offset": offset, "gain_per_unit": [1000.0], "baseline": [0], "unit": ["mV"],
    }  # fmt: skip
    reading = {"record_id": "r1", "annotator_id": "a", "annotator_kind": "person", "round": 2, "likelihood": None}
    read = [
        reading | {"code_system": CodeSystem.WFDB.value, "code": code, "present": code in ("(AFIB", "(N")}
        for code in ("(AFIB", "(AFL", "(N", "(VT")
    ]
    events = [*_events(1, EARLIER, ()), *_events(2, RHYTHMS, BEATS)]
    for spec, rows in ((RECORDS, [record]), (ANNOTATIONS, read), (EVENTS, events)):
        write_table(folder, spec, pl.concat([spec.empty(), pl.DataFrame(rows)], how="diagonal_relaxed").sort(*spec.key))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    draft = Draft(name="long", simulated=False, licence="none")
    stage = Stage("make-long", 1, Kind.INGESTED)
    return open_dataset(run_stage(tmp_path_factory.mktemp("long") / "work", stage, draft, _fill).ref)


@pytest.fixture(scope="module")
def cut(dataset):
    row = dataset.table(RECORDS).row(0, named=True)
    return row, *cut_windows(dataset, row, marks_of(dataset, ["r1"])["r1"], VIEW)


def test_windows_overlap_by_half_and_each_is_prepared_as_a_recording_of_its_own(dataset, cut):
    row, windows, _ = cut
    assert windows.shape == (11, 1, 1000)  # beginning at 0, 5, ..., 50 s
    signal = dataset.signal_mv(row)
    for k in (0, 4, 10):
        own = signal[:, int(5 * k * FS_HZ) : int((5 * k + 10) * FS_HZ)]
        np.testing.assert_array_equal(windows[k], windows_of(own, FS_HZ, VIEW.window)[0])


def test_a_rhythm_is_there_from_half_of_a_window_on_and_absent_where_there_is_none_of_it(cut):
    _, _, target = cut
    # 15-25 s: 7 s of 10; 20-30 s: 2 s; 50-60 s: none, but of its last 2 s nothing is known
    np.testing.assert_array_equal(target[:, 0], [1, 1, 1, 1, NAN, 0, 0, 0, 0, 0, NAN])


def test_sinus_rhythm_is_a_normal_one_and_a_premature_beat_makes_another_rhythm(cut):
    _, _, target = cut  # 45-55 s and 50-60 s hold the beat
    np.testing.assert_array_equal(target[:, 1], [0, 0, 0, 0, NAN, 1, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(target[:, 2], [0, 0, 0, 0, NAN, 0, 0, 0, 0, 1, NAN])
    np.testing.assert_array_equal(target[:, 4], [0] * 9 + [1, 1])


def test_noise_is_unknown_where_the_quality_changes_and_absent_where_the_rhythm_was_read(cut):
    _, _, target = cut
    np.testing.assert_array_equal(np.isnan(target[:, 3]), [k in (5, 6) for k in range(11)])  # 25-35 s and 30-40 s


def test_what_is_named_of_less_than_the_whole_window_leaves_the_absence_of_others_unknown(dataset, cut):
    row, *_ = cut
    spans = pl.DataFrame({"code": ["(N"], "start_sample": [0], "end_sample": [int(9 * FS_HZ)]})
    marks = Marks(spans, pl.DataFrame({"code": [], "start_sample": []}, {"code": pl.String, "start_sample": pl.Int64}),
                  marks_of(dataset, ["r1"])["r1"].looked_for)  # fmt: skip
    _, target = cut_windows(dataset, row, marks, VIEW)
    np.testing.assert_array_equal(target[0, :3], [NAN, NAN, NAN])  # 9 s of 10: fibrillation may be in the last
    assert np.isnan(target[5, :4]).all()  # nobody said anything of it


def test_a_recording_of_less_than_two_windows_is_read_whole():
    assert has_room({"n_samples": 4000, "fs_hz": 200.0}, VIEW)
    assert not has_room({"n_samples": 3999, "fs_hz": 200.0}, VIEW)
