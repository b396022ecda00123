"""Pull of 2 GB of real-size shards from a folder, beside cp, sha256sum and md5sum of the same bytes."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.release import N_BYTES, N_ROUNDS
from benchmarks.result import Benchmark, Target
from benchmarks.stored_bytes import best_s, copied_and_hashed, made_dataset, timed_s, use_cache
from chiron.datasets.disk import folder_bytes
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from schemas.params import ReleaseParams

TARGET: Final = Target("ratio", "at most", 1.3)
SECOND_S: Final = 2.0


def run() -> Benchmark:
    """Both in turn, each time to an empty place, ours with an empty cache too; then once more from the cache."""
    with tempfile.TemporaryDirectory(prefix="chiron-bench-") as scratch:
        folder = Path(scratch)
        dataset = made_dataset(folder / "work", N_BYTES)
        registry = release_dataset(folder / "work", ReleaseParams(name="noise"), dataset).registry
        shutil.rmtree(dataset.path)  # room for the copies

        def ours(k: int) -> None:
            use_cache(folder / f"cache-{k}")
            shutil.rmtree(folder / f"cache-{k - 1}", ignore_errors=True)
            shutil.rmtree(folder / f"pulled-{k - 1}", ignore_errors=True)
            pull_release("noise", folder / f"pulled-{k}", registry=registry)

        def peer(_: int) -> None:
            shutil.rmtree(folder / "copy", ignore_errors=True)
            copied_and_hashed(folder / "work" / "remote", folder / "copy")

        ours_s, peer_s = best_s(ours, peer, N_ROUNDS)
        again_s = min(
            timed_s(lambda k=k: pull_release("noise", folder / f"again-{k}", registry=registry))  # type: ignore[misc]
            for k in range(N_ROUNDS)
        )
        gb = folder_bytes(folder / "again-0") / 1e9
    table = Table("", "seconds", "GB/s")
    table.add_row("first pull: every byte verified", f"{ours_s:.2f}", f"{gb / ours_s:.2f}")
    table.add_row("cp, sha256sum, md5sum", f"{peer_s:.2f}", f"{gb / peer_s:.2f}")
    table.add_row(f"second pull, from the cache (asked for: {SECOND_S:g} s)", f"{again_s:.2f}", f"{gb / again_s:.2f}")
    table.caption = f"{gb:.2f} GB, warm, best of {N_ROUNDS} in turn; both with the removal of what the last round made"
    return Benchmark(figure=ours_s, unit="s", anchor=peer_s, table=table)
