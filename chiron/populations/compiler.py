"""The cohort compiler: from the holes of a real dataset to the specification of a cohort that fills them.

One group for each hole. Of what no state makes, or what can't be together, a hole says why it is refused.
"""

from collections.abc import Sequence
from math import ceil
from typing import Final, NamedTuple

from chiron.populations.aims import Aim, aims_of
from chiron.populations.groups import group_of
from chiron.populations.strata import age_range, female_share, noise_of, rate_range, share_in_hole, why_refused
from schemas.codes import Code, CodeSystem, concept_name
from schemas.cohort import CohortSpec, Group
from schemas.missingness import Hole
from schemas.populations import AimedHole, Compiled, RefusedHole

__all__ = ["compile_cohort"]

_SPARE: Final = 3  # records of a group: an evenly spread sequence gives each its share of the cohort within two


class _Planned(NamedTuple):
    """A group under the name of the first hole that needs it, for all holes that need the same."""

    group: Group
    name: str
    holes: list[Hole]

    def n_records(self, margin: float) -> int:
        return ceil(max(hole.n_lacking / share_in_hole(hole) for hole in self.holes) * margin) + _SPARE


def compile_cohort(holes: Sequence[Hole], base: CohortSpec, *, margin: float = 1.5) -> Compiled:
    """A cohort with at least `margin` times as many records as each hole lacks, and the holes that it can't fill.

    Holes of unacceptable recordings get more, because in noise a heart rate is often measured wrong.

    base: name, seed, leads, rate, duration and readers are taken from it; its groups are not. margin: at least 1, for
    what measuring moves over a band's edge. Of several ways to have a code, the most usual that the hole allows is
    taken.
    """
    planned: dict[str, _Planned] = {}
    refused: list[RefusedHole] = []
    for hole in holes:
        aim = _aim(hole)
        if isinstance(aim, str):
            refused.append(RefusedHole(hole=hole, reason=aim))
            continue
        group = _group(hole, aim, base)
        plan = planned.setdefault(group.model_dump_json(), _Planned(group, _name(hole), []))
        plan.holes.append(hole)
    counts = {plan.name: plan.n_records(margin) for plan in planned.values()}
    spec = _specification(list(planned.values()), counts, base)
    aimed = (
        AimedHole(hole=hole, group=plan.name, n_records=counts[plan.name])
        for plan in planned.values()
        for hole in plan.holes
    )
    return Compiled(spec=spec, aimed=tuple(aimed), refused=tuple(refused))


def _aim(hole: Hole) -> Aim | str:
    """The way to fill the hole, or why there is none."""
    ways = aims_of(_code(hole))
    if not ways:
        return f"no model for {concept_name(_code(hole))}"
    reasons = [(way, why_refused(hole, way)) for way in ways]
    possible = [way for way, reason in reasons if reason is None]
    return possible[0] if possible else str(reasons[0][1])


def _group(hole: Hole, aim: Aim, base: CohortSpec) -> Group:
    return group_of(
        aim,
        female_share=female_share(hole),
        age_years=age_range(hole),
        heart_rate_bpm=rate_range(hole, aim),
        noise=noise_of(hole, aim, n_leads=len(base.leads)),
    )


def _specification(plans: Sequence[_Planned], counts: dict[str, int], base: CohortSpec) -> CohortSpec | None:
    if not plans:
        return None
    total = sum(counts.values())
    groups = {plan.name: plan.group.model_copy(update={"share": counts[plan.name] / total}) for plan in plans}
    settings = base.model_dump(exclude={"groups", "n_records", "noise_bank_sha256"})
    return CohortSpec(**settings, groups=groups, n_records=total)


def _code(hole: Hole) -> Code:
    return Code(CodeSystem(hole.code_system), hole.code)


def _name(hole: Hole) -> str:
    bands = (hole.age_band, hole.sex, hole.rate_band, hole.quality)
    return ", ".join((str(_code(hole)), *bands))
