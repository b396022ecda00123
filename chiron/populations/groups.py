"""From the states that are aimed at to a group of a cohort's specification."""

from typing import Any

from chiron.populations.aims import Aim
from schemas.cohort import Group

__all__ = ["group_of"]


def group_of(aim: Aim, *, share: float = 1.0, **settings: Any) -> Group:
    """A group whose every record is in the states of `aim`. settings: fields of Group; None leaves the usual value."""
    states: dict[str, Any] = {
        "rhythm": aim.rhythm,
        "av": {aim.av: 1.0},
        "ventricular": {aim.ventricular: 1.0},
        "ectopy": {aim.ectopy: 1.0},
        "ectopy_pattern": None if aim.ectopy_pattern is None else {aim.ectopy_pattern: 1.0},
        "qt": {aim.qt: 1.0},
        "repolarisation": {aim.repolarisation: 1.0},
        "territory": None if aim.territory is None else {aim.territory: 1.0},
        "scar_share": float(aim.scar),
        "voltage": {aim.voltage: 1.0},
        "axis": {aim.axis: 1.0},
        "alternans_share": float(aim.alternans),
    }
    chosen = {name: value for name, value in (states | settings).items() if value is not None}
    return Group(share=share, **chosen)
