"""What a model says of recordings in files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from chiron.datasets.ledger import saw_recording
from chiron.datasets.signals import signal_sha256
from chiron.errors import BadParameters, EmptySource, InputRefused
from chiron.learning.examples import lead_rows
from chiron.models.file import Model, load_model
from chiron.progress import report_progress
from chiron.records.formats.describe import describe
from chiron.records.inputs import Candidate, find_inputs, refuse_unclaimed
from chiron.records.landing import Landing, list_landing, list_record
from chiron.records.sources import GENERIC, load_profile
from schemas.base import Frozen

__all__ = ["Prediction", "predict_records"]

_KNOWN: Final = "the model was trained on this recording"


class Prediction(Frozen):
    """The probability of each output's finding, by its name; `note` says why there is none, or more."""

    record: str
    probabilities: dict[str, float]
    note: str = ""


def predict_records(model_file: Path, where: Sequence[Path]) -> list[Prediction]:
    """Predict every record. `where`: headers of WFDB records, or folders of them; all are read here and stay here.

    Raises NotFound, Damaged or BadParameters where the model can't be used, EmptySource where there is no record.
    """
    model = load_model(model_file)
    landings = [list_landing(path) if path.is_dir() else list_record(path) for path in where]
    predictions = [p for landing in landings for p in _predict_all(model, landing)]
    if not predictions:
        raise EmptySource("predict: expected at least one record, found none")
    return predictions


def _predict_all(model: Model, landing: Landing) -> Iterator[Prediction]:
    """One prediction, or a reason, per record of a landing folder."""
    inputs = find_inputs(landing, load_profile(GENERIC))
    for done, candidate in enumerate(inputs.candidates, start=1):
        yield _predict(model, candidate, landing)
        report_progress("records predicted", done, len(inputs.candidates))
    claimed = {file.name for candidate in inputs.candidates for file in inputs.belonging(candidate)}
    for refusal in refuse_unclaimed(inputs, claimed):
        yield Prediction(record=refusal.name, probabilities={}, note=refusal.message)


def _predict(model: Model, candidate: Candidate, landing: Landing) -> Prediction:
    try:
        recording = describe(candidate, landing)
        rows = lead_rows([lead.name for lead in recording.leads], model.card.leads)
        by_code = model.predict(recording.read_mv()[rows], recording.fs_hz)
        known = model.ledger is not None and saw_recording(model.ledger, signal_sha256(recording.read()))
    except (InputRefused, BadParameters) as error:
        return Prediction(record=candidate.name, probabilities={}, note=str(error))
    names = {output.key: output.name for output in model.card.outputs}
    probabilities = {names[code]: p for code, p in by_code.items()}
    return Prediction(record=candidate.name, probabilities=probabilities, note=_KNOWN if known else "")
