"""What is aimed at is found: states drawn from the group of each aim have its code."""

import numpy as np
import pytest

from chiron.populations.aims import AIMS, aims_of
from chiron.populations.groups import group_of
from chiron.populations.strata import rate_range
from chiron.synthesis.condition import draw_condition, group_settings
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.facts import Facts
from chiron.synthesis.findings import VOCABULARY, findings_of
from chiron.synthesis.structures import position
from schemas.codes import NOISE, Code, CodeSystem, concept_name
from schemas.cohort import NoiseSpec
from schemas.missingness import Hole
from schemas.states import Ectopy

SEED = 4
N_DRAWN = 12
WAYS = [(code, aim) for code, aims in AIMS.items() for aim in aims]


def hole_of(code, **bands):
    where = {"age_band": "any", "sex": "any"} | bands
    return Hole(code_system=code.system, code=code.code, n_found=0, n_wanted=10, **where)


def drawn_facts(group):
    """The states of some records of a group, at the rate that was commanded, with the premature beats that it has."""
    settings = group_settings([group])
    rows = [draw_condition(new_stream(SEED, i, Topic.CONDITION), settings, SEED, i) for i in range(N_DRAWN)]
    states = {
        name: np.array([getattr(row, name) for row in rows]) for name in Facts._fields if not name.startswith("n_")
    }
    origin = states["ectopy"]
    atrial, ventricular = (
        np.isin(origin, [position(each), position(Ectopy.BOTH)]) for each in (Ectopy.ATRIAL, Ectopy.VENTRICULAR)
    )
    return Facts(**states, n_atrial=3 * atrial, n_ventricular=3 * ventricular, n_aberrant=0 * atrial)


@pytest.mark.parametrize(("code", "aim"), WAYS, ids=[f"{concept_name(code)}-{i}" for i, (code, _) in enumerate(WAYS)])
def test_every_way_to_have_a_code_has_it(code, aim):
    noise = NoiseSpec(unreadable=aim.unreadable)
    group = group_of(aim, heart_rate_bpm=rate_range(hole_of(code), aim), noise=noise)
    assert findings_of(drawn_facts(group))[:, VOCABULARY.index(code)].all()


def test_every_code_of_the_vocabulary_has_an_aim_and_no_other():
    assert set(AIMS) == set(VOCABULARY)


def test_a_source_s_own_code_is_aimed_at_like_the_shared_one():
    fibrillation = Code(CodeSystem.SNOMED_CT, "164889003")
    for other in (Code(CodeSystem.SCP_ECG, "AFIB"), Code(CodeSystem.CINC2017, "A")):
        assert aims_of(other) == aims_of(fibrillation)
    assert aims_of(Code(CodeSystem.CINC2017, "~")) == aims_of(NOISE)


def test_what_no_state_makes_has_no_aim():
    assert aims_of(Code(CodeSystem.SCP_ECG, "SEHYP")) == ()
