"""What a model says of recordings in files: one, or folders of them at about the speed of reading them.

Threads read and measure recordings, a bounded number ahead; the thread that asks scores them, batch by batch.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from chiron.datasets.ledger import saw_recording
from chiron.datasets.parallel import cores
from chiron.datasets.physical import MV_PER_UNIT
from chiron.datasets.signals import signal_sha256
from chiron.errors import BadParameters, EmptySource, InputRefused
from chiron.models.model import Model, Read
from chiron.progress import report_progress
from chiron.records.formats.describe import describe
from chiron.records.inputs import Candidate, find_inputs, refuse_unclaimed
from chiron.records.landing import Landing, list_landing, list_record
from chiron.records.sources import GENERIC, load_profile
from schemas.prediction import Answer, Prediction

__all__ = ["predict_file", "predict_records"]

_KNOWN: Final = "the model was trained on this recording"
_BATCH: Final = 32  # recordings that are scored together
_AHEAD: Final = 3  # batches that may be read and not scored yet: bounds memory


class _Job(NamedTuple):
    """A recording to read."""

    candidate: Candidate
    landing: Landing


def predict_file(model: Model, file: Path) -> Prediction:
    """What a model says of the recording that a file stands for. Raises as `Model.predict`."""
    landing = list_record(file)
    of_file = [c for c in find_inputs(landing, load_profile(GENERIC)).candidates if c.file.base_name == file.name]
    if not of_file:
        raise BadParameters(f"predict: expected a file that stands for a recording, found {file.name}")
    read = _read(model, _Job(of_file[0], landing))
    return model.say(of_file[0].name, read, model.probabilities([read])[0])


def predict_records(model: Model, where: Sequence[Path]) -> Iterator[Prediction]:
    """What a model says of every recording, in the order of their names within each place.

    where: files that stand for a recording, or folders of them; all are read here and stay here. What can't be read is
    told as refused, with the reason. Raises NotFound where a place is not there, EmptySource where there is nothing in
    any of them.
    """
    n_said = 0
    for place in where:
        for prediction in _predict_place(model, list_landing(place) if place.is_dir() else list_record(place)):
            n_said += 1
            yield prediction
    if not n_said:
        raise EmptySource("predict: expected at least one recording, found none")


def _predict_place(model: Model, landing: Landing) -> Iterator[Prediction]:
    inputs = find_inputs(landing, load_profile(GENERIC))
    claimed = {file.name for candidate in inputs.candidates for file in inputs.belonging(candidate)}
    done = 0
    for batch in _batches(model, [_Job(candidate, landing) for candidate in inputs.candidates]):
        yield from _scored(model, batch)
        done += len(batch)
        report_progress("recordings predicted", done, len(inputs.candidates))
    for refusal in refuse_unclaimed(inputs, claimed):
        yield Prediction(record=refusal.name, answer=Answer.REFUSED, reason=refusal.message)


def _batches(model: Model, jobs: Iterable[_Job]) -> Iterator[list[tuple[_Job, Read | str]]]:
    """What was read, in the order of the jobs; of a recording that was refused, why."""
    waiting: deque[list[tuple[_Job, Future[Read | str]]]] = deque()
    rest = iter(jobs)
    with ThreadPoolExecutor(cores(), thread_name_prefix="chiron") as pool:
        try:
            while True:
                while len(waiting) < _AHEAD and (some := list(islice(rest, _BATCH))):
                    waiting.append([(job, pool.submit(_read_or_refuse, model, job)) for job in some])
                if not waiting:
                    return
                yield [(job, future.result()) for job, future in waiting.popleft()]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _scored(model: Model, batch: Sequence[tuple[_Job, Read | str]]) -> Iterator[Prediction]:
    reads = [read for _, read in batch if isinstance(read, Read)]
    probabilities = iter(model.probabilities(reads) if reads else ())
    for job, read in batch:
        name = job.candidate.name
        if isinstance(read, Read):
            yield model.say(name, read, next(probabilities))
        else:
            yield Prediction(record=name, answer=Answer.REFUSED, reason=read)


def _read_or_refuse(model: Model, job: _Job) -> Read | str:
    try:
        return _read(model, job)
    except (InputRefused, BadParameters) as error:
        return str(error)


def _read(model: Model, job: _Job) -> Read:
    recording = describe(job.candidate, job.landing)
    rows = [i for i, lead in enumerate(recording.leads) if lead.unit in MV_PER_UNIT]
    if not rows:
        raise BadParameters("unit: expected mV or another voltage, found leads of none")
    digital = recording.read()
    read = model.read(recording.in_mv(digital)[rows], recording.fs_hz, [recording.leads[i].name for i in rows])
    if model.ledger is None or not saw_recording(model.ledger, signal_sha256(digital)):
        return read
    return read._replace(note="; ".join(filter(None, (_KNOWN, read.note))))
