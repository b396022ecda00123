"""Release and pull of a small dataset where 200 releases are in the registry already, beside the first."""

import shutil
import tempfile
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.result import Benchmark, Target
from benchmarks.stored_bytes import made_dataset, timed_s, use_cache
from chiron.datasets.dataset import open_dataset
from chiron.datasets.workdir import claim_workdir
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import create_registry, open_registry
from chiron.releases.registry_files import StoredFolder, release_files
from chiron.releases.versions import record_of
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams

TARGET: Final = Target("ratio", "at most", 1.5)
N_RELEASES: Final = 200
N_ROUNDS: Final = 7


def run() -> Benchmark:
    """The first release of a new registry and the next of a full one, in turn, and a pull of each; the worse ratio."""
    with tempfile.TemporaryDirectory(prefix="chiron-bench-") as scratch:
        folder = Path(scratch)
        datasets = [made_dataset(folder / "work", 10**6, seed=k) for k in range(N_ROUNDS)]
        fill(folder / "full" / "registry.git", datasets[0], folder / "full" / "remote")
        first, last = [], []
        for k, dataset in enumerate(datasets):
            first.append(_release_and_pull(folder / f"new-{k}", dataset))
            last.append(_release_and_pull(folder / "full", dataset))
    of_first, of_last = ([min(times) for times in zip(*both, strict=True)] for both in (first, last))
    ratios = [after / before for before, after in zip(of_first, of_last, strict=True)]
    worse = ratios.index(max(ratios))
    table = Table("", "first, s", f"with {N_RELEASES} in the registry, s", "ratio")
    for name, before, after, ratio in zip(("release", "pull"), of_first, of_last, ratios, strict=True):
        table.add_row(name, f"{before:.3f}", f"{after:.3f}", f"{ratio:.2f}")
    table.caption = f"1 MB each, best of {N_ROUNDS} in turn"
    return Benchmark(figure=of_last[worse], unit="s", anchor=of_first[worse], table=table)


def fill(registry: Path, dataset: DatasetRef, remote: Path) -> None:
    """Publish releases of content that nobody pulls."""
    claim_workdir(registry.parent)
    create_registry(registry)
    remote.mkdir()
    record = record_of(open_dataset(dataset), "noise")
    stored = StoredFolder(md5="0" * 32 + ".dir", n_bytes=1, n_files=1, remote=str(remote))
    with open_registry(str(registry)) as opened:
        for k in range(N_RELEASES):
            version = {"version": f"1.{k}.0", "content_sha256": f"{k:064x}"}
            opened.publish(f"noise@1.{k}.0", release_files(record.model_copy(update=version), stored))


def _release_and_pull(workdir: Path, dataset: DatasetRef) -> tuple[float, float]:
    registry, params = str(workdir / "registry.git"), ReleaseParams(name="noise")
    release_s = timed_s(lambda: release_dataset(workdir, params, dataset), sync=False)
    use_cache(workdir / "cache")
    pull_s = timed_s(lambda: pull_release("noise", workdir / "pulled", registry=registry), sync=False)
    for folder in ("cache", "pulled"):
        shutil.rmtree(workdir / folder)
    return release_s, pull_s
