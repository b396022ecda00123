"""Is a column missing for a reason? The tests of all columns together, and one verdict for each.

How one column is tested is in `chiron.quality.absence`; here is which tests count, and what they come to.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import false_discovery_control

from chiron.quality.absence import Absence, Screened, model_of, screen
from chiron.quality.factors import Factor, label_of, taken
from schemas.missingness import AbsenceModel, ColumnMissingness, Dependence

__all__ = ["FALSE_DISCOVERY_RATE", "MAX_MODELS", "columns_with_reasons", "partly_missing", "q_values_of"]

FALSE_DISCOVERY_RATE: Final = 0.05
MAX_MODELS: Final = 40
_TOGETHER: Final = 0.8  # correlation of two absences
_NAMED: Final = 3  # reasons in a verdict; all are in the table

Flags = npt.NDArray[np.bool_]


class _Tested(NamedTuple):
    """What was found out about the absence of one column, with q-values of its tests, the model's last."""

    single: list[Screened]
    model: Absence | None
    q_values: list[float]


def partly_missing(absences: Mapping[str, Flags]) -> dict[str, Flags]:
    """Those that some record has, and some has not."""
    return {name: gone for name, gone in absences.items() if gone.any() and not gone.all()}


def columns_with_reasons(
    absences: Mapping[str, Flags], same: Mapping[str, tuple[str, ...]], factors: Sequence[Factor], each: Flags
) -> tuple[ColumnMissingness, ...]:
    """A verdict on every column of `absences` (N,).

    same: of columns that stand for others, the others' names. factors: of all records. each (N,): the records that
    are tested, which must be independent.
    """
    partly = partly_missing(absences)
    usable = [few for factor in factors if len((few := taken(factor, each)).names) > 1]
    tested = _tested({name: gone[each] for name, gone in partly.items()}, same, usable)
    together = _together(partly)
    return tuple(
        _described(name, gone, tested.get(name), same.get(name, ()), together.get(name, ()))
        for name, gone in absences.items()
    )


def _tested(
    absences: Mapping[str, Flags], same: Mapping[str, tuple[str, ...]], factors: Sequence[Factor]
) -> dict[str, _Tested]:
    """The tests of every column; models are made of the emptiest ones only."""
    emptiest = sorted(absences, key=lambda name: -int(absences[name].sum()))[:MAX_MODELS]
    tested = {}
    for name, gone in absences.items():
        own = {label_of(called) for called in (name, *same.get(name, ()))}
        others = [factor for factor in factors if factor.name not in own]
        model = model_of(gone, others) if name in emptiest else None
        tested[name] = _Tested(list(screen(gone, others)), model, [])
    q_values = q_values_of([_p_values(found) for found in tested.values()])
    return {name: found._replace(q_values=q) for (name, found), q in zip(tested.items(), q_values, strict=True)}


def _p_values(found: _Tested) -> list[float]:
    return [one.p_value for one in found.single] + ([found.model.p_value] if found.model else [])


def q_values_of(families: Sequence[Sequence[float]]) -> list[list[float]]:
    """False-discovery control over columns first, then over the tests of each (Benjamini and Bogomolov 2014).

    families: the p-values of each column's tests; it may have none. Were all tests one family, columns that are
    missing for many reasons would make it easy for the others to have one by chance.
    """
    within = [false_discovery_control(family) if family else np.array([]) for family in families]
    of_columns = [float(q.min()) for q in within if q.size]  # Simes' p-value of "no reason at all"
    n_found = int((false_discovery_control(of_columns) < FALSE_DISCOVERY_RATE).sum()) if of_columns else 0
    share = len(of_columns) / max(n_found, 1)
    return [[min(float(q) * share, 1.0) for q in own] for own in within]


def _together(partly: Mapping[str, Flags]) -> dict[str, tuple[str, ...]]:
    """For each column the others that are mostly missing in the same records, the closest first."""
    if len(partly) < 2:
        return {}
    names = list(partly)
    close = np.corrcoef(np.array([partly[name] for name in names], dtype=float)).round(6)
    np.fill_diagonal(close, 0.0)
    return {
        name: tuple(names[i] for i in np.argsort(-row, kind="stable") if row[i] >= _TOGETHER)
        for name, row in zip(names, close, strict=True)
    }


def _described(
    name: str, gone: Flags, tested: _Tested | None, same: tuple[str, ...], together: tuple[str, ...]
) -> ColumnMissingness:
    n_missing, n_records = int(gone.sum()), gone.size
    depends_on = _dependences(tested) if tested else ()
    model = _model(tested) if tested else None
    return ColumnMissingness(
        column=name,
        n_missing=n_missing,
        share=n_missing / n_records if n_records else 0.0,
        depends_on=depends_on,
        verdict=_verdict(n_missing, n_records, depends_on, model, len(tested.q_values) if tested else 0),
        for_a_reason=bool(depends_on) or _is_told(model),
        model=model,
        same_as=same,
        together_with=together,
    )


def _dependences(tested: _Tested) -> tuple[Dependence, ...]:
    """What absence depends on, the strongest first."""
    both = zip(tested.single, tested.q_values, strict=False)
    found = [(one, q_value) for one, q_value in both if q_value < FALSE_DISCOVERY_RATE]
    spreads = tested.model.spreads if tested.model else {}
    return tuple(
        Dependence(
            on=one.on,
            p_value=_significant(one.p_value),
            q_value=_significant(q_value),
            effect=one.effect,
            spread=spreads.get(one.on),
            fullest=one.fullest,
            emptiest=one.emptiest,
        )
        for one, q_value in sorted(found, key=lambda f: (-f[0].weight, f[1], f[0].on))
    )


def _model(tested: _Tested) -> AbsenceModel | None:
    if tested.model is None:
        return None
    return AbsenceModel(
        n_records=tested.model.n_records,
        n_missing=tested.model.n_missing,
        auroc=tested.model.auroc,
        p_value=_significant(tested.model.p_value),
        q_value=_significant(tested.q_values[-1]),
    )


def _significant(p: float) -> float:
    """Four digits: what follows depends on the machine."""
    return float(f"{p:.4g}")


def _verdict(
    n_missing: int, n_records: int, depends_on: Sequence[Dependence], model: AbsenceModel | None, n_tests: int
) -> str:
    if n_missing == 0:
        return "complete"
    if n_missing == n_records:
        return "never recorded"
    if depends_on:
        named = ", ".join(_reason(d) for d in depends_on[:_NAMED])
        more = f" and {len(depends_on) - _NAMED} more" if len(depends_on) > _NAMED else ""
        return f"missing for a reason: depends on {named}{more}"
    if model and _is_told(model):
        return f"missing for a reason, which no single column shows: AUROC {model.auroc.value:.2f}"
    return f"no dependence found in {n_tests} tests" if n_tests else "too few records to test"


def _is_told(model: AbsenceModel | None) -> bool:
    """Whether absence can be told from what was recorded, better than by chance."""
    return model is not None and model.q_value < FALSE_DISCOVERY_RATE


def _reason(dependence: Dependence) -> str:
    if dependence.fullest is None or dependence.emptiest is None:
        return dependence.on
    least, most = (
        f"{100 * group.share_missing:.0f} % where {group.name}" for group in (dependence.fullest, dependence.emptiest)
    )
    return f"{dependence.on} (from {least} to {most})"
