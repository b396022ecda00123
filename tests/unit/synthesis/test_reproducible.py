import hashlib
import os
import subprocess
import sys

import numpy as np

from chiron.synthesis.compiled import compiled
from chiron.synthesis.kernel import synthesize_records
from schemas.cohort import LEADS, CohortSpec

SPEC = CohortSpec(leads=LEADS, duration_s=5, fs_hz=250)
PROGRAM = "import test_reproducible; print(test_reproducible.digest())"


def digest():
    records = synthesize_records(SPEC, 0, 40)
    events = np.stack([records.event_record, records.event_code, records.event_start, records.event_end])
    written = (records.signals.astype("<i2"), records.parameters.astype("<f8"), events.astype("<i8"))
    return hashlib.sha256(b"".join(array.tobytes() for array in written)).hexdigest()


def test_the_bytes_do_not_depend_on_the_processors_features(tmp_path):
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    here = os.path.dirname(__file__)  # noqa: PTH120
    other = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **plain, "PYTHONPATH": here},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == digest()


def test_a_kernel_compiles_where_no_folder_can_keep_it():
    scope = {}
    exec("def twice(x):\n    return 2 * x\n", scope)  # noqa: S102 - a function without a file is never cached
    assert compiled("float64(float64)")(scope["twice"])(4.0) == 8.0
    assert np.isnan(compiled("float64(float64)")(scope["twice"])(np.nan))
