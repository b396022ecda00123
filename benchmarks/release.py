"""Release of 2 GB of real-size shards into a folder, beside cp, sha256sum and md5sum of the same bytes."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.result import Benchmark, Target
from benchmarks.stored_bytes import best_s, copied_and_hashed, made_dataset
from chiron.datasets.disk import folder_bytes
from chiron.releases.publish import release_dataset
from schemas.params import ReleaseParams

TARGET: Final = Target("ratio", "at most", 1.3)
N_BYTES: Final = 2_000_000_000
N_ROUNDS: Final = 3


def run() -> Benchmark:
    """Both in turn, each time to an empty place; the release brings its bytes to the disk, cp does not."""
    with tempfile.TemporaryDirectory(prefix="chiron-bench-") as scratch:
        folder = Path(scratch)
        dataset = made_dataset(folder / "work", N_BYTES)

        def ours(k: int) -> None:
            release_dataset(folder / "ours", ReleaseParams(name=f"round-{k}"), dataset)
            shutil.rmtree(folder / "ours")

        def peer(_: int) -> None:
            copied_and_hashed(Path(dataset.path), folder / "copy")
            shutil.rmtree(folder / "copy")

        ours_s, peer_s = best_s(ours, peer, N_ROUNDS)
        gb = folder_bytes(Path(dataset.path)) / 1e9
    table = Table("", "seconds", "GB/s")
    table.add_row("release: every byte verified, stored, published", f"{ours_s:.2f}", f"{gb / ours_s:.2f}")
    table.add_row("cp, sha256sum, md5sum", f"{peer_s:.2f}", f"{gb / peer_s:.2f}")
    table.caption = f"{gb:.2f} GB, warm, best of {N_ROUNDS} in turn; both with the removal of what they made"
    return Benchmark(figure=ours_s, unit="s", anchor=peer_s, table=table)
