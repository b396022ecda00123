"""The README of a release: what it is, where it comes from, what is known to be wrong with it, how to get it."""

import re
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import JsonValue

from chiron.datasets.dataset import Dataset, ReportModel
from chiron.datasets.shards import SIGNALS
from chiron.records.sources import shipped_profiles
from chiron.releases.addresses import public_address
from chiron.releases.facts import count_groups, count_labels, count_records
from schemas.agreement import OVERALL, AgreementKind, AgreementReport, AgreementResult
from schemas.base import Interval
from schemas.drift import DriftReport
from schemas.gate import CheckResult, CheckStatus, GateReport
from schemas.glossary import FILES, TABLE_MEANINGS
from schemas.manifest import Kind, Manifest
from schemas.missingness import Passport
from schemas.quality import QualityReport
from schemas.release import ReleaseRecord
from schemas.suspects import SuspectReport
from schemas.vanishing import VanishingReport

__all__ = ["render_readme"]

_MOST: Final = 20  # lines of a list that a reader can be asked to read; the reports have all
_MOST_LABELS: Final = 100
_SPACE: Final = re.compile(r"\s")
_OWN: Final = ("README.md", "croissant.json")
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def render_readme(dataset: Dataset, record: ReleaseRecord, *, registry: str) -> bytes:
    """The text, in Markdown; the same dataset and release give the same bytes."""
    manifest = dataset.manifest
    counted = count_records(dataset)
    labels = count_labels(dataset, counted.n_records)
    text = _environment().get_template("readme.md.j2").render(
        record=record,
        manifest=manifest,
        files=_files(manifest),
        facts=counted,
        labels=[label for label in labels if label.n_positive][:_MOST_LABELS],
        n_labels=len(labels),
        agreement=_agreement(dataset),
        passport=_report(dataset, Passport),
        quality=_report(dataset, QualityReport),
        warnings=_warnings(dataset),
        vanishing=_report(dataset, VanishingReport),
        suspects=_report(dataset, SuspectReport),
        drift=_report(dataset, DriftReport),
        profiles={name: shipped_profiles().get(name) for name in counted.sources},
        cohort=_cohort(dataset),
        most=_MOST,
        registry=public_address(registry) or "REGISTRY",
        Kind=Kind,
    )  # fmt: skip
    return text.encode()


def _report(dataset: Dataset, model: type[ReportModel]) -> ReportModel | None:
    """A result that not every dataset has."""
    return dataset.report(model) if (dataset.folder / model.file_name).is_file() else None


def _files(manifest: Manifest) -> dict[str, tuple[int, str]]:
    """What lies in the folder: bytes and meaning; the shards of the signals count as one."""
    sizes: dict[str, int] = {}
    for name, entry in manifest.files.items():
        top = name.partition("/")[0]
        if top not in _OWN:  # where a release is released again
            sizes[top] = sizes.get(top, 0) + entry.n_bytes
    return {name: (n_bytes, _meaning(name)) for name, n_bytes in sorted(sizes.items())}


def _meaning(name: str) -> str:
    return FILES.get(name) or TABLE_MEANINGS.get(name.removesuffix(".parquet"), "").lower()


def _agreement(dataset: Dataset) -> list[AgreementResult]:
    """What was found between all annotators, within one, and between rounds; overall first, of each code the kappa.

    Pairs of annotators, and other measures, are in the report.
    """
    report = _report(dataset, AgreementReport)
    found = [r for r in report.results if r.refused is None] if report else []
    shown = [
        r for r in found
        if r.kind is not AgreementKind.BETWEEN_TWO and (r.subject == OVERALL or r.statistic.is_kappa)
    ]  # fmt: skip
    return sorted(shown, key=lambda r: (r.kind, r.compared, r.subject != OVERALL))


def _warnings(dataset: Dataset) -> list[CheckResult]:
    """The checks that did not pass. What blocks a release can't be among them."""
    gate = _report(dataset, GateReport)
    return [check for check in gate.checks if check.status is not CheckStatus.PASSED] if gate else []


def _cohort(dataset: Dataset) -> dict[str, Any] | None:
    """What a cohort was made from, as its manifest says: also by an earlier generation of the simulator."""
    spec: JsonValue = dataset.manifest.parameters.get("cohort")
    if dataset.manifest.kind is not Kind.COHORT or not isinstance(spec, dict):
        return None
    groups = spec.get("groups")
    shares: dict[str, Any] = {
        name: group.get("share") for name, group in sorted(groups.items()) if isinstance(group, dict)
    } if isinstance(groups, dict) else {}  # fmt: skip
    counts = count_groups(dataset, list(shares))
    plain = {name: value for name, value in sorted(spec.items()) if not isinstance(value, dict | list)}
    leads = spec.get("leads")
    return {
        "plain": plain | ({"leads": ", ".join(map(str, leads))} if isinstance(leads, list) else {}),
        "groups": {name: (share, counts.get(name)) for name, share in shares.items()},
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("chiron.releases", "."),
        autoescape=False,  # noqa: S701 - Markdown: `_plain` takes the sting out of every value
        finalize=_plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"SIGNALS": SIGNALS}
    environment.filters |= {
        "count": lambda n: f"{n:,}",
        "percent": lambda share: f"{100 * share:.1f} %",
        "duration": _duration,
        "size": _size,
        "interval": _interval,
        "words": lambda name: str(name).replace("_", " "),
    }
    return environment


def _plain(value: Any) -> Any:
    """A value that is only text, whoever wrote it: on one line, no markup, no table's border."""
    if not isinstance(value, str):
        return value
    line = _SPACE.sub(" ", value)
    return line.replace("|", "/").replace("`", "'").replace("<", "&lt;").replace("](", "] (")


def _size(n_bytes: int) -> str:
    """Bytes, to three digits."""
    power = min((len(str(n_bytes)) - 1) // 3, len(_UNITS) - 1)
    return f"{n_bytes / 1000**power:.3g} {_UNITS[power]}" if power else f"{n_bytes} B"


def _duration(hours: float) -> str:
    """Hours; minutes where there is less than one."""
    return f"{hours:,.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"


def _interval(estimate: Interval) -> str:
    """0.962 [0.943, 0.978]; only the value where there are no bounds."""
    return estimate.text(".3f", "not computable" if estimate.value is None else f"{estimate.value:.3f}")
