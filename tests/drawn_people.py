"""People that are drawn for tests of wave shapes, and their noise-free waves."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.morphology import NUMBERS, draw_shapes
from chiron.synthesis.morphology_model import load_model
from chiron.synthesis.structures import Condition, Shapes, Wave, new_shapes, position

PEOPLE: Final = 60
HEALTHY: Final = Condition(
    group=0, rhythm=0, av=0, ventricular=0, ectopy=0, pattern=0, qt=0, repolarisation=0, territory=0, scar=0, voltage=0,
    axis=0, alternans_uv=0.0, age_years=55.0, female=0, heart_rate_bpm=60.0, breathing_hz=0.25, variety=1.0, inverted=0,
    displaced=0, inaudible=0, unreadable=0,
)  # fmt: skip
TIME_S: Final = np.arange(-0.3, 0.9, 0.001)
LEADS: Final = {"I": 0, "II": 1, "V1": 2, "V2": 3, "V3": 4, "V4": 5, "V5": 6, "V6": 7}
Lead = Callable[[str], Floats]


def drawn(index: int, **states: Any) -> Shapes:
    shapes = new_shapes()
    given = {k: position(v) if hasattr(v, "value") else v for k, v in states.items()}
    draw_shapes(new_stream(7, index, int(Topic.SHAPES)), HEALTHY._replace(**given), load_model(), shapes)
    return shapes


@cache
def people(**states: Any) -> list[Shapes]:
    return [drawn(i, **states, female=i % 2, age_years=30.0 + i % 50) for i in range(PEOPLE)]


def leads(shapes: Shapes, wave: Wave) -> Lead:
    """The noise-free wave in any of the twelve leads, every ms of TIME_S."""
    mv = np.zeros((TIME_S.size, 8))
    for w in range(shapes.n[wave]):
        distance = TIME_S - shapes.centre[wave, w]
        width = np.where(distance < 0, shapes.rise[wave, w], shapes.fall[wave, w])
        mv += np.exp(-0.5 * (distance / width) ** 2)[:, None] * shapes.amplitude[wave, w]
    one, two = mv[:, 0], mv[:, 1]
    derived = {"III": two - one, "aVL": one - two / 2, "aVF": two - one / 2, "aVR": -(one + two) / 2}

    def lead(name: str) -> Floats:
        if name.startswith("-"):
            return -lead(name[1:])
        return derived[name] if name in derived else mv[:, LEADS[name]]

    return lead


def number(shapes: Shapes, name: str) -> float:
    return float(shapes.numbers[NUMBERS.index(name)])


def numbers(name: str, **states: Any) -> Floats:
    return np.array([number(shapes, name) for shapes in people(**states)])


def net(values: Floats) -> float:
    return float(values.sum()) * 0.001
