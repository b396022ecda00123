"""A model in memory: what it says of a recording, with everything that its card promises about the answer.

Shapes: recordings N, leads L, samples n, outputs C.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.datasets.ledger import Ledger
from chiron.errors import BadParameters
from chiron.measures.prepared import prepare, prepared_with_peak
from chiron.models.contract import conformed, doubts
from chiron.models.saying import calibrated, said
from chiron.models.scorers import Scorer
from chiron.quality.signal_leads import lead_scores
from schemas.prediction import Answer, Prediction
from schemas.training import ModelCard

__all__ = ["Model", "Read"]

_DECIMALS: Final = 6  # machines differ in the last bits

Floats = npt.NDArray[np.float64]


class Read(NamedTuple):
    """A recording that was read: what is scored of it, and what is known of it already."""

    scored: np.ndarray
    quality: float
    doubt: str  # why the model can't tell; empty where it can
    note: str


class Model:
    """Weights with their card, and the ledger of what they were trained on (none in files of before there were any)."""

    def __init__(self, scorer: Scorer, card: ModelCard, ledger: Ledger | None = None) -> None:
        self.scorer = scorer
        self.card = card
        self.ledger = ledger

    def predict(
        self, record: np.ndarray | Path | str, fs_hz: float | None = None, leads: Sequence[str] | None = None
    ) -> Prediction:
        """What the model says of one recording.

        record: a file that stands for one (WFDB header, EDF, ...), or samples in mV, (n_leads, n), nan where missing,
        with their rate and the names of their leads (default: those of the card). Raises NotFound where there is no
        such file, BadParameters where the recording is not what the model expects, InputRefused where a file can't be
        read.
        """
        if isinstance(record, str | Path):
            if fs_hz is not None or leads is not None:
                raise BadParameters("predict: expected a path alone, found a rate or leads beside it")
            from chiron.models.predict import predict_file  # noqa: PLC0415 - readers of files, where there is one

            return predict_file(self, Path(record))
        if fs_hz is None:
            raise BadParameters("predict: expected samples with their rate in Hz, found no rate")
        read = self.read(record, fs_hz, self.card.leads if leads is None else leads)
        return self.say("", read, self.probabilities([read])[0])

    def probability(self, signal_mv: np.ndarray, fs_hz: float) -> Floats:
        """(C,): the calibrated probability of every output, whether or not the model can tell.

        signal_mv: (L, n), leads as in the card. Raises BadParameters as `predict`.
        """
        signal = conformed(signal_mv, fs_hz, self.card.leads, self.card).signal_mv
        scored = self.scorer.read(prepare(signal, fs_hz, self.card.window.fs_hz), self.card)
        return np.asarray(calibrated(self.scorer.score([scored]), self.card)[0])

    def read(self, signal_mv: np.ndarray, fs_hz: float, leads: Sequence[str]) -> Read:
        """Everything about one recording but its score; many may be read side by side. Raises as `predict`."""
        signal, note = conformed(signal_mv, fs_hz, leads, self.card)
        prepared = prepared_with_peak(signal, fs_hz, self.card.window.fs_hz)
        scores = lead_scores(signal, np.ones(len(signal), bool), fs_hz=fs_hz)
        quality = round(float(scores.mean() + scores.min()) / 2, _DECIMALS)  # as of a record that is validated
        missing = float(np.isnan(signal).mean(axis=1).max())
        return Read(
            self.scorer.read(prepared.signal, self.card),
            quality,
            doubts(missing, prepared.peak, quality, self.card),
            note,
        )

    def probabilities(self, reads: Sequence[Read]) -> Floats:
        """(N, C): calibrated probabilities of recordings that were read."""
        return calibrated(self.scorer.score([read.scored for read in reads]), self.card).round(_DECIMALS)

    def say(self, record: str, read: Read, probability_C: Floats) -> Prediction:
        """The answer to one recording."""
        findings, reason = said(probability_C, self.card, read.doubt)
        return Prediction(
            record=record,
            answer=Answer.UNSURE if read.doubt or all(each.present is None for each in findings) else Answer.TOLD,
            findings=findings,
            quality=read.quality,
            reason=reason,
            note=read.note,
        )
