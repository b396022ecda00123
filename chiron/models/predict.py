"""What a model says of recordings in files: one, or folders of them at about the speed of reading them.

Threads take batches of recordings, a bounded number ahead of what was asked for. Within a batch those of one length are
measured side by side, and all are scored together: numpy and torch leave Python's lock where arrays are long.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

from chiron.datasets.ledger import saw_recording
from chiron.datasets.parallel import cores
from chiron.datasets.physical import MV_PER_UNIT
from chiron.datasets.samples import signal_sha256
from chiron.errors import BadParameters, EmptySource, InputRefused
from chiron.models.contract import Conformed, conformed
from chiron.models.model import Model, Read
from chiron.progress import report_progress
from chiron.records.formats.describe import describe
from chiron.records.inputs import Candidate, find_inputs, refuse_unclaimed
from chiron.records.landing import Landing, list_landing, list_record
from chiron.records.sources import GENERIC, load_profile
from schemas.prediction import Answer, Prediction

__all__ = ["predict_file", "predict_records"]

_KNOWN: Final = "the model was trained on this recording"
_BATCH: Final = 64  # recordings that are scored together
_AHEAD: Final = 2  # batches of each thread that may be done and not asked for yet
_HELD: Final = 2**20  # samples of several recordings that are in memory at once, and one recording more


def predict_file(model: Model, file: Path) -> Prediction:
    """What a model says of the recording that a file stands for. Raises as `Model.predict`."""
    landing = list_record(file)
    of_file = [c for c in find_inputs(landing, load_profile(GENERIC)).candidates if c.file.base_name == file.name]
    if not of_file:
        raise BadParameters(f"predict: expected a file that stands for a recording, found {file.name}")
    (read,) = model.read([_taken(model, of_file[0], landing)])
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
    for predictions in _batches(model, inputs.candidates, landing):
        yield from predictions
        done += len(predictions)
        report_progress("recordings predicted", done, len(inputs.candidates))
    for refusal in refuse_unclaimed(inputs, claimed):
        yield Prediction(record=refusal.name, answer=Answer.REFUSED, reason=refusal.message)


def _batches(model: Model, candidates: Sequence[Candidate], landing: Landing) -> Iterator[list[Prediction]]:
    """What is said of candidates, in their order, batch by batch."""
    rest = iter(candidates)
    waiting: deque[Future[list[Prediction]]] = deque()
    with ThreadPoolExecutor(cores(), thread_name_prefix="chiron") as pool:
        try:
            while True:
                while len(waiting) < _AHEAD * cores() and (some := list(islice(rest, _BATCH))):
                    waiting.append(pool.submit(_predict_batch, model, some, landing))
                if not waiting:
                    return
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _predict_batch(model: Model, candidates: Sequence[Candidate], landing: Landing) -> list[Prediction]:
    read, refused = _read(model, candidates, landing)
    probabilities = model.probabilities(list(read.values()), threads=1) if read else ()
    pairs = zip(read.items(), probabilities, strict=True)
    said = {i: model.say(candidates[i].name, one, probability_C) for (i, one), probability_C in pairs}
    said |= {i: Prediction(record=candidates[i].name, answer=Answer.REFUSED, reason=why) for i, why in refused.items()}
    return [said[i] for i in range(len(candidates))]


def _read(model: Model, candidates: Sequence[Candidate], landing: Landing) -> tuple[dict[int, Read], dict[int, str]]:
    """What was read, by place; and of what was refused, why."""
    read: dict[int, Read] = {}
    refused: dict[int, str] = {}
    held: dict[int, Conformed] = {}
    for i, candidate in enumerate(candidates):
        try:
            held[i] = _taken(model, candidate, landing)
        except (InputRefused, BadParameters) as error:
            refused[i] = str(error)
        if i == len(candidates) - 1 or sum(one.signal_mv.size for one in held.values()) > _HELD:
            read.update(zip(held, model.read(list(held.values())), strict=True))
            held.clear()
    return read, refused


def _taken(model: Model, candidate: Candidate, landing: Landing) -> Conformed:
    recording = describe(candidate, landing)
    rows = [i for i, lead in enumerate(recording.leads) if lead.unit in MV_PER_UNIT]
    if not rows:
        raise BadParameters("unit: expected mV or another voltage, found leads of none")
    digital = recording.read()
    names = [recording.leads[i].name for i in rows]
    taken = conformed(recording.in_mv(digital)[rows], recording.fs_hz, names, model.card)
    if model.ledger is None or not saw_recording(model.ledger, signal_sha256(digital)):
        return taken
    return taken._replace(note="; ".join(filter(None, (_KNOWN, taken.note))))
