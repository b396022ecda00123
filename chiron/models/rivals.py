"""A candidate beside every version that was ever registered for its target, on the same test records.

Records that a registered version was trained on are left out for it: it knows them. What is then left must still hold
enough records with and without the finding, or nothing is said.

Arrays have one entry per test record.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.ledger_records import unseen_rows
from chiron.datasets.rows import numbered_as_stored
from chiron.errors import BadParameters, Damaged, NotFound
from chiron.evaluation.checked import Bools, Floats
from chiron.evaluation.ranking import aurocs
from chiron.learning.examples import labelled_records, lead_rows
from chiron.models.answers import patients_of, truth_of
from chiron.models.file import load_model
from chiron.models.model import Model
from chiron.models.registry import TaggedModel, model_file, models_with_tags
from chiron.progress import report_progress
from schemas.codes import Code, SplitName
from schemas.ledger import NO_LEDGER
from schemas.registry import CHAMPION, RivalResult

__all__ = ["FEWEST", "TARGET_TAG", "compare_with_registered"]

FEWEST: Final = 20
"""Of the records with the finding, and of those without."""
TARGET_TAG: Final = "target"


class _Test(NamedTuple):
    """The test records with a label of the target. groups: whose they are; none where that is unknown."""

    dataset: Dataset
    records: pl.DataFrame
    code: Code
    truth: Bools
    groups: np.ndarray | None


def compare_with_registered(  # noqa: PLR0913 - the candidate, and what it is judged by
    tracking_uri: str, name: str, candidate: Path, sha256: str, dataset: Dataset, *, code: Code, target: str
) -> tuple[RivalResult, ...]:
    """The candidate, which is to be registered under `name`, beside the versions for the same target, newest first.

    Nothing is read where there are none. Raises ServiceUnavailable where the registry does not answer.
    """
    everything = models_with_tags(tracking_uri)
    of_target = [t for t in everything if t.model.name == name or t.tags.get(TARGET_TAG) == target]
    rivals = [t for t in of_target if t.model.sha256 != sha256]
    if not rivals:
        return ()
    test = _test_of(dataset, code)
    own = _scores(load_model(candidate), test)
    return tuple(_results(tracking_uri, name, rivals, own, test))


def _results(
    tracking_uri: str, name: str, rivals: list[TaggedModel], own: Floats, test: _Test
) -> Iterator[RivalResult]:
    for done, rival in enumerate(rivals, start=1):
        model = rival.model
        blank = RivalResult(
            name=model.name,
            version=model.version,
            sha256=model.sha256,
            is_champion=model.name == name and CHAMPION in model.aliases,
        )
        try:
            loaded = load_model(model_file(tracking_uri, f"{model.name}@{model.version}"))
            yield _beside(blank, loaded, own, test)
        except (BadParameters, Damaged, NotFound) as error:
            yield blank.model_copy(update={"note": str(error)})
        report_progress("registered models compared", done, len(rivals))


def _test_of(dataset: Dataset, code: Code) -> _Test:
    records = labelled_records(dataset, code, (SplitName.TEST,))
    return _Test(dataset, records, code, truth_of(dataset, records, [code])[0][:, 0], patients_of(records))


def _scores(model: Model, test: _Test) -> Floats:
    """The probability of the target in each record; nan where the model takes no such recording.

    Raises BadParameters where the target is no output of the model, or its leads are not recorded.
    """
    outputs = [output.key for output in model.card.outputs]
    if test.code not in outputs:
        raise BadParameters(f"model: expected an output for {test.code}, found none")
    scores = np.full(test.records.height, np.nan)
    for i, row in numbered_as_stored(test.records):
        signal_mv = test.dataset.signal_mv(row)[lead_rows(row["leads"], model.card.leads)]
        try:
            scores[i] = model.probability(signal_mv, row["fs_hz"])[outputs.index(test.code)]
        except BadParameters:  # too short, or empty: nobody's fault
            continue
    return scores


def _beside(blank: RivalResult, rival: Model, own: Floats, test: _Test) -> RivalResult:
    """The two on the records that both can read and the rival was not trained on."""
    if rival.ledger is None:
        unseen, note = np.ones(own.size, bool), NO_LEDGER
    else:
        unseen, note = unseen_rows(rival.ledger, test.dataset, test.records), ""
    blank = blank.model_copy(update={"n_seen": int((~unseen).sum()), "note": note})
    scores = _scores(rival, test)
    both = unseen & np.isfinite(scores) & np.isfinite(own)
    truth = test.truth[both]
    counts = {"n_records": int(truth.size), "n_positive": int(truth.sum())}
    if min(counts["n_positive"], truth.size - counts["n_positive"]) < FEWEST:
        few = (
            f"expected {FEWEST} common test records with the finding and {FEWEST} without, "
            f"found {counts['n_positive']} and {truth.size - counts['n_positive']}; "
            f"{blank.n_seen} are left out because this version was trained on them"
        )
        return blank.model_copy(update=counts | {"note": few})
    groups = test.groups[both] if test.groups is not None else None
    areas = aurocs(truth, np.stack([own[both], scores[both]]), groups)
    difference, _ = areas.difference(0, 1)
    found = {"candidate": float(areas.value[0]), "rival": float(areas.value[1]), "difference": difference}
    return blank.model_copy(update=counts | found)
