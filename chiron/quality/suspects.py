"""Which labels are probably wrong: ranked, for somebody to read again.

A label is doubted for one of two reasons. The recording may be too noisy to be read, whatever was stated. Or it looks
unlike the others with that label, to a model that learned from these others only. A label is right where the recording
can be read *and* shows what was stated; so doubt is one minus the product of the two chances. A statement that a
recording is too noisy is right also where it can't be read.

Two witnesses say whether it can be read, and the mean of their log odds counts: the quality score, which no label has
touched; and, where enough recordings were stated to be too noisy, a model of what this dataset's readers call so.

Shapes: N records, C codes.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit, logit

from chiron.datasets.dataset import Dataset
from chiron.datasets.splits import assign_splits
from chiron.labels.positive import is_positive
from chiron.quality.heart_features import heart_features, is_measurable
from chiron.quality.second_opinion import Opinion, second_opinion
from schemas.codes import NOISE
from schemas.params import SplitShares
from schemas.suspects import LearnedCode, Suspect, SuspectCause, SuspectReport
from schemas.tables import RECORDS

__all__ = ["N_REPORTED", "all_suspects", "of_two_witnesses", "suspect_labels"]

N_REPORTED: Final = 200
_CODE: Final = ("code_system", "code")
_NOISE: Final = (NOISE.system.value, NOISE.code)
_DECIMALS: Final = 6
_SUREST: Final = 1e-3  # no witness counts for more than this and its complement

Floats = npt.NDArray[np.float64]
Codes = list[tuple[str, str]]


def suspect_labels(dataset: Dataset, labels: pl.DataFrame, quality: pl.DataFrame) -> SuspectReport:
    """The `N_REPORTED` most suspect records; arguments as of `all_suspects`."""
    suspects, codes = all_suspects(dataset, labels, quality)
    return SuspectReport(n_records=len(suspects), codes=codes, suspects=suspects[:N_REPORTED])


def all_suspects(
    dataset: Dataset, labels: pl.DataFrame, quality: pl.DataFrame
) -> tuple[tuple[Suspect, ...], tuple[LearnedCode, ...]]:
    """Every record with a signal and a label, the most doubted first; and what could be learned.

    labels: as of `consensus_labels`. quality: `record_id` and `score`, as of `record_quality`; a record without a score
    counts as readable.
    """
    decided = labels.with_columns(present=is_positive()).filter(pl.col("present").is_not_null())
    records = _labelled(dataset, decided, quality)
    stated, codes = _stated(records, decided)
    opinion = second_opinion(lambda: heart_features(dataset, records), stated, _groups(records))
    learned = [
        LearnedCode(
            code_system=system,
            code=code,
            n_present=int((stated[:, c] == 1).sum()),
            n_absent=int((stated[:, c] == 0).sum()),
            auroc=opinion.auroc[c],
            skipped=opinion.skipped[c],
        )
        for c, (system, code) in enumerate(codes)
    ]
    return _ranked(records, stated, opinion, codes), tuple(learned)


def _labelled(dataset: Dataset, decided: pl.DataFrame, quality: pl.DataFrame) -> pl.DataFrame:
    return (
        dataset.table(RECORDS)
        .filter(is_measurable())
        .join(decided, on="record_id", how="semi")
        .join(quality.select("record_id", readable="score"), on="record_id", how="left")
        .with_columns(pl.col("readable").fill_null(1.0))
        .sort("record_id")
    )


def _stated(records: pl.DataFrame, decided: pl.DataFrame) -> tuple[Floats, Codes]:
    """(N, C): 1 present, 0 absent, nan not stated or undecided; and the codes, in order."""
    wanted = decided.join(records, on="record_id", how="semi")
    codes = wanted.select(_CODE).unique().sort(_CODE).with_row_index("column")
    rows = records.select("record_id").with_row_index("row")
    cells = wanted.join(codes, on=_CODE).join(rows, on="record_id")
    stated = np.full((records.height, codes.height), np.nan)
    stated[cells["row"].to_numpy(), cells["column"].to_numpy()] = cells["present"].to_numpy()
    return stated, list(codes.select(_CODE).iter_rows())


def _groups(records: pl.DataFrame) -> list[str]:
    """Records of a patient have one group, and so have patients who share a recording, byte for byte."""
    groups = assign_splits(records, SplitShares()).select("patient_id", "group_id")
    return records.join(groups, on="patient_id", how="left", maintain_order="left")["group_id"].to_list()


def _ranked(records: pl.DataFrame, stated: Floats, opinion: Opinion, codes: Codes) -> tuple[Suspect, ...]:
    noise = codes.index(_NOISE) if _NOISE in codes else None
    said_noisy = stated[:, noise] == 1 if noise is not None else np.zeros(records.height, dtype=bool)
    readable = records["readable"].to_numpy()
    if noise is not None:
        readable = of_two_witnesses(readable, 1 - opinion.even_chance[:, noise])
    rows = zip(records["record_id"], readable.round(_DECIMALS), said_noisy, stated, opinion.likeness, strict=True)
    suspects = [
        _suspect(record_id, float(can_read), bool(noisy), _most_doubted(own, likeness, codes))
        for record_id, can_read, noisy, own, likeness in rows
    ]
    return tuple(sorted(suspects, key=lambda s: (-s.doubt, s.record_id)))


def of_two_witnesses(score: Floats, other: Floats) -> Floats:
    """The chance, (N,), whose log odds are the mean of both; the score's own where the other is unknown (nan)."""
    both = (logit(np.clip(chance, _SUREST, 1 - _SUREST)) for chance in (score, other))
    return np.where(np.isnan(other), score, expit(sum(both) / 2))


def _most_doubted(stated: Floats, likeness: Floats, codes: Codes) -> dict[str, Any]:
    """Of one record, (C,): the code whose stated label is the least likely."""
    if np.isnan(likeness).all():
        return {"code_system": None, "code": None, "stated_present": None, "likeness": 1.0}
    c = int(np.nanargmin(likeness))
    system, code = codes[c]
    return {"code_system": system, "code": code, "stated_present": bool(stated[c] == 1), "likeness": likeness[c]}


def _suspect(record_id: str, readable: float, said_noisy: bool, doubted: dict[str, Any]) -> Suspect:
    likeness = round(float(doubted["likeness"]), _DECIMALS)
    right = readable * likeness + (1 - readable if said_noisy else 0)
    unreadable = readable < likeness and not said_noisy
    return Suspect(
        record_id=record_id,
        doubt=round(1 - right, _DECIMALS),
        cause=SuspectCause.UNREADABLE if unreadable else SuspectCause.CONTRADICTED,
        readable=readable,
        **{**doubted, "likeness": likeness},
    )
