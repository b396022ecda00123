"""What several tests measure in a recording, without asking the generator how it was made. Signals: (L, S) mV."""

import numpy as np
from cohorts import QUIET
from scipy.signal import find_peaks

from chiron.synthesis.structures import Beat
from schemas.cohort import Group, NoiseSpec
from schemas.states import AvConduction, Ectopy, Rhythm, VentricularConduction

FINE = {"gain_per_mv": 3276.0}  # steps of 0.3 uV
BEATS = frozenset(kind.wfdb for kind in Beat)
CONDUCTED = frozenset("NAj")

CLEAR = NoiseSpec(snr_db=(75.0, 80.0), low_pass_hz=(150.0, 150.0), high_pass_hz=(0.03, 0.03), **QUIET)
"""As good a recording as there is: hardly any noise, and a wide band."""


def any_state(noise, **group):
    """Groups of equal shares: every rhythm, and every other state where it can be. group: fields of all of them."""
    kinds = {
        **{str(rhythm): {"rhythm": rhythm} for rhythm in Rhythm},
        **{str(av): {"av": {av: 1.0}, "heart_rate_bpm": (36.0, 60.0)} for av in AvConduction if av != "normal"},
        **{str(wide): {"ventricular": {wide: 1.0}} for wide in VentricularConduction if wide != "normal"},
        **{f"premature-{kind}": {"ectopy": {kind: 1.0}} for kind in Ectopy if kind != "none"},
    }
    return {name: Group(share=1 / len(kinds), noise=noise, **kind | group) for name, kind in kinds.items()}


def millivolts(record, spec):
    """(L, S) mV of the leads of the specification."""
    return record.signal / spec.gain_per_mv


def true_beats(record, codes=BEATS):
    """Samples of the R peaks that the record states."""
    return np.array([start for code, start, _ in record.events if code in codes], dtype=int)


def spans(record, code):
    """(N, 2) first and last samples of what the record states."""
    return np.array([(start, end) for this, start, end in record.events if this == code], dtype=int).reshape(-1, 2)


def windows(x, at, before, after):
    """(N, ..., before + after) what lies around each sample of `at`, time last; where it lies within the recording."""
    inside = at[(at >= before) & (at <= x.shape[-1] - after)]
    return np.stack([x[..., i - before : i + after] for i in inside])


def size(mv):
    """(S,) the root of the sum of squares over leads."""
    return np.sqrt((mv**2).sum(axis=0))


def bends(mv):
    """(S,) mV: how much all leads together bend from sample to sample."""
    bend = np.zeros(mv.shape[1])
    bend[1:-1] = size(np.diff(mv, 2, axis=1))
    return bend


def find_beats(mv, fs_hz):
    """Samples where the QRS is largest: wherever all leads bend sharply. For recordings with little noise."""
    n, reach = int(0.08 * fs_hz), int(0.06 * fs_hz)
    smooth = np.convolve(bends(mv), np.ones(n) / n, "same")
    near, _ = find_peaks(smooth, height=0.35 * np.quantile(smooth, 0.98), distance=int(0.22 * fs_hz))
    near = near[(near > reach) & (near < mv.shape[1] - reach)]
    large = size(mv - np.median(mv, axis=1, keepdims=True))
    return np.array([i - reach + int(np.argmax(large[i - reach : i + reach])) for i in near], dtype=int)
