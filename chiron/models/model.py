"""A model in memory: what it says of a recording, with everything that its card promises about the answer.

Shapes: recordings N, leads L, samples n, outputs C.
"""

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.datasets.ledger import Ledger
from chiron.errors import BadParameters
from chiron.measures.prepared import prepare, prepared_alike
from chiron.models.contract import Conformed, conformed, doubts
from chiron.models.saying import calibrated, said
from chiron.models.scorers import Scorer
from chiron.quality.signal_leads import lead_scores
from schemas.prediction import Answer, Prediction
from schemas.training import ModelCard

__all__ = ["Model", "Read"]

_DECIMALS: Final = 6  # machines differ in the last bits
_SIDE_BY_SIDE: Final = 2**18  # samples of several recordings: what is made of them stays in the processor's cache

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
        (read,) = self.read([conformed(record, fs_hz, self.card.leads if leads is None else leads, self.card)])
        return self.say("", read, self.probabilities([read])[0])

    def probability(self, signal_mv: np.ndarray, fs_hz: float) -> Floats:
        """(C,): the calibrated probability of every output, whether or not the model can tell.

        signal_mv: (L, n), leads as in the card. Raises BadParameters as `predict`.
        """
        signal = conformed(signal_mv, fs_hz, self.card.leads, self.card).signal_mv
        scored = self.scorer.read(prepare(signal, fs_hz, self.card.window.fs_hz), self.card)
        return np.asarray(calibrated(self.scorer.score([scored]), self.card)[0])

    def read(self, recordings: Sequence[Conformed]) -> list[Read]:
        """Everything about recordings but their score. Those of one shape and rate are measured side by side."""
        alike: dict[tuple[tuple[int, ...], float], list[int]] = {}
        for i, one in enumerate(recordings):
            alike.setdefault((one.signal_mv.shape, one.fs_hz), []).append(i)
        found: dict[int, Read] = {}
        for (shape, _), where in alike.items():
            n = max(_SIDE_BY_SIDE // prod(shape), 1)
            for some in (where[i : i + n] for i in range(0, len(where), n)):
                found.update(zip(some, self._read_alike([recordings[i] for i in some]), strict=True))
        return [found[i] for i in range(len(recordings))]

    def _read_alike(self, recordings: Sequence[Conformed]) -> Iterator[Read]:
        signal, fs_hz = np.stack([one.signal_mv for one in recordings]), recordings[0].fs_hz
        n_records, n_leads, _ = signal.shape
        leads = signal.reshape(n_records * n_leads, -1)
        score_NL = lead_scores(leads, np.ones(len(leads), bool), fs_hz=fs_hz).reshape(n_records, n_leads)
        missing_N = np.isnan(signal).mean(axis=2).max(axis=1)
        prepared = prepared_alike(signal, fs_hz, self.card.window.fs_hz)
        for one, scores, missing, ready in zip(recordings, score_NL, missing_N, prepared, strict=True):
            quality = round(float(scores.mean() + scores.min()) / 2, _DECIMALS)  # as of a record that is validated
            doubt = doubts(float(missing), ready.peak, quality, self.card)
            yield Read(self.scorer.read(ready.signal, self.card), quality, doubt, one.note)

    def probabilities(self, reads: Sequence[Read], *, threads: int | None = None) -> Floats:
        """(N, C): calibrated probabilities of recordings that were read. threads: as of `Scorer.score`."""
        scored = self.scorer.score([read.scored for read in reads], threads=threads)
        return calibrated(scored, self.card).round(_DECIMALS)

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
