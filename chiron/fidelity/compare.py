"""The fidelity and extrapolation report: a real dataset and a synthetic cohort, measured alike and compared."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chiron.datasets.dataset import Dataset
from chiron.fidelity.chosen import MOST_RECORDS, Chosen, choose, shared_codes
from chiron.fidelity.common import agree_on_leads, agree_on_preparation
from chiron.fidelity.conditions import Pair, condition_of, mixed_alike, mixed_condition, two_sample_test
from chiron.fidelity.measured import measure
from chiron.fidelity.reach import kinds_of_patient, reach
from chiron.fidelity.transfer import Task, scores_of, transfer_of, with_cohort_of
from chiron.fidelity.verdicts import verdicts
from chiron.progress import report_progress
from schemas.fidelity import Condition, FidelityReport, RareStrata, Side, Transfer, TwoSampleTest
from schemas.splits import RECORD_LEVEL

__all__ = ["compare"]

_MOST_TRANSFERS: Final = 6


def compare(real: Dataset, cohort: Dataset, *, seed: int = 0) -> FidelityReport:
    """Compare a real dataset (its test split is never read) with a synthetic cohort.

    The same datasets and seed give the same report. Memory: `MOST_RECORDS` measured records of each side.
    Raises BadParameters where no finding has enough records on both sides.
    """
    codes = shared_codes(real, cohort)
    chosen = (
        choose(real, codes, np.random.default_rng([seed, 0])),
        choose(cohort, codes, np.random.default_rng([seed, 0])),
    )
    leads = agree_on_leads(chosen[0].rows, chosen[1].rows)
    how = agree_on_preparation(*chosen)
    measured = (
        measure(chosen[0], leads.real, how, "real"),
        measure(chosen[1], leads.synthetic, how, "synthetic"),
    )
    pair = Pair(chosen, measured, codes, how.rate_hz, seed)
    conditions = _conditions(pair)
    recordings = _recordings(pair)
    transfers, rare = _models(pair)
    beyond = reach(codes, chosen, measured)
    return FidelityReport(
        real=_side(chosen[0], leads.real),
        synthetic=_side(chosen[1], leads.synthetic),
        preparation=how,
        seed=seed,
        conditions=conditions,
        recordings=recordings,
        transfers=transfers,
        reach=beyond,
        rare=rare,
        verdicts=verdicts(conditions[0], transfers, beyond, rare),
        notes=_notes(chosen),
    )


def _side(chosen: Chosen, leads: tuple[str, ...]) -> Side:
    return Side(
        name=chosen.dataset.manifest.name,
        leads=leads,
        n_records=chosen.n_records,
        n_compared=chosen.rows.height,
        n_test_left_out=chosen.n_test_left_out,
        patients_known=bool(chosen.rows["patient_known"].all()),
    )


def _conditions(pair: Pair) -> tuple[Condition, ...]:
    """All shared labels, then one by one."""
    n = 1 + len(pair.codes)
    found = [mixed_condition(pair)]
    report_progress("conditions compared", 1, n)
    for c in range(len(pair.codes)):
        found.append(condition_of(pair, c))
        report_progress("conditions compared", 2 + c, n)
    return tuple(found)


def _recordings(pair: Pair) -> tuple[TwoSampleTest, ...]:
    """Whole recordings, by the quantities of the table and by the features that models read."""
    real, made = pair.measured
    which = mixed_alike(pair)
    tests: list[tuple[str, tuple[npt.NDArray[Any], npt.NDArray[Any]]]] = [
        ("quantities of the table", (real.values, made.values)),
        ("features of one lead", (real.of_one_lead, made.of_one_lead)),
    ]
    if real.features.shape != real.of_one_lead.shape:
        tests.append(("features of several leads", (real.features, made.features)))
    return tuple(two_sample_test(pair, what, x, which) for what, x in tests)


def _models(pair: Pair) -> tuple[tuple[Transfer, ...], tuple[RareStrata, ...]]:
    """Models of the most frequent findings: trained on the cohort, and with it for the rarest kinds."""
    transfers, rare = [], []
    strata = _stratum_names(pair)
    tasks = [(c, code, *_tasks(pair, c)) for c, code in enumerate(pair.codes[:_MOST_TRANSFERS])]
    possible = [task for task in tasks if task[2].is_possible and task[3].is_possible]
    for done, (c, code, real, cohort) in enumerate(possible, start=1):
        scores = scores_of(real, cohort, seed=pair.seed)
        transfers.append(transfer_of(code, real, cohort, scores))
        held = with_cohort_of(code, real, strata[_decided(pair.chosen[0], c)], scores)
        rare += [held] if held else []
        report_progress("findings learned", done, len(possible))
    return tuple(transfers), tuple(rare)


def _tasks(pair: Pair, c: int) -> tuple[Task, Task]:
    real, cohort = (
        Task(own.features[known], chosen.having(c)[known], chosen.group[known])
        for chosen, own in zip(pair.chosen, pair.measured, strict=True)
        for known in (_decided(chosen, c),)
    )
    return real, cohort


def _decided(chosen: Chosen, c: int) -> npt.NDArray[np.bool_]:
    return np.isfinite(chosen.target[:, c])


def _stratum_names(pair: Pair) -> npt.NDArray[Any]:
    """(N,) the kind of patient and rarest finding of each real record, in words."""
    kinds = kinds_of_patient(pair.chosen[0], pair.measured[0])
    findings = pair.chosen[0].kind
    return np.array([f"{kind} {row}" for kind, row in zip(findings, kinds.iter_rows(), strict=True)])


def _notes(chosen: tuple[Chosen, Chosen]) -> tuple[str, ...]:
    """What a reader must know of the sample."""
    real, cohort = chosen
    notes = []
    for side, name in ((real, "real"), (cohort, "synthetic")):
        if side.rows.height < side.n_records:
            notes.append(
                f"{side.rows.height:,} of {side.n_records:,} {name} records were drawn ({MOST_RECORDS:,} at most)"
            )
    if real.n_test_left_out:
        notes.append(f"{real.n_test_left_out:,} real records of the test split were not read")
    if not real.rows["patient_known"].all():
        notes.append(f"real patients are not known: intervals are {RECORD_LEVEL}")
    return tuple(notes)
