"""A run that never was: plausible results and three small datasets, for tests of what people see.

The waveform is a sum of five bumps per beat; nobody should mistake it for a model of the heart.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from made_up_boost import made_up_boost

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage
from chiron.datasets.tables import write_table
from schemas.agreement import AgreementResult
from schemas.base import Interval
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, SINUS_RHYTHM, Code, LabelMethod, SplitName
from schemas.consensus import AnnotatorQuality, CodeConsensus, ConsensusReport
from schemas.drift import DriftBy, DriftFinding, DriftReport, DriftVerdict, OddsRatio
from schemas.gate import CheckResult, CheckStatus, GateReport, Severity
from schemas.ingested import DuplicateGroup, IngestReport, LabelCount
from schemas.manifest import DatasetRef, Kind, ParentEntry
from schemas.missingness import (
    AbsenceModel,
    ColumnMissingness,
    Completeness,
    Dependence,
    Group,
    GroupCompleteness,
    Hole,
    LittleTest,
    Passport,
    PrevalenceBounds,
    ShiftedPrevalence,
)
from schemas.myth import Growth, Measure, MythChange, MythPoint, MythReport
from schemas.quality import LeadSummary, QualityReport
from schemas.registry import GateCheck, ModelGate, Registration
from schemas.results import Release, RunReport, StageOutcome
from schemas.splits import DuplicateCounts, FindingShare, SplitReport, SplitSize
from schemas.suspects import Suspect, SuspectCause, SuspectReport
from schemas.tables import ANNOTATIONS, LABELS, RECORDS, SPLITS, TableSpec
from schemas.trained import RegisteredModel
from schemas.vanishing import Hop, LabelStep, VanishingReport

__all__ = ["MadeUpDatasets", "made_up_datasets", "made_up_report", "toy_ecg"]

_BUMPS = ((-0.17, 0.025, 0.12), (-0.028, 0.009, -0.12), (0.0, 0.011, 1.05), (0.03, 0.01, -0.22), (0.26, 0.05, 0.3))
_FINDINGS = (SINUS_RHYTHM, ATRIAL_FIBRILLATION, NOISE)


class MadeUpDatasets(NamedTuple):
    """The three datasets that a page is made from."""

    real: Dataset
    validated: Dataset
    cohort: Dataset


def toy_ecg(*, fs_hz: float, duration_s: float, fibrillating: bool, seed: int) -> np.ndarray:
    """One lead in mV, (1, n_samples): regular beats with P waves, or irregular ones without."""
    rng = np.random.default_rng(seed)
    n_beats = int(duration_s * 3)
    intervals = rng.uniform(0.42, 1.1, n_beats) if fibrillating else 0.84 + rng.normal(0, 0.02, n_beats)
    peaks = np.cumsum(intervals) - 0.3
    t = np.arange(round(fs_hz * duration_s)) / fs_hz
    signal = 0.02 * rng.normal(size=t.size) + 0.08 * np.sin(2 * np.pi * 0.2 * t)
    for centre, width, height in _BUMPS[1 if fibrillating else 0 :]:
        signal += height * np.exp(-(((t[:, None] - peaks[None, :] - centre) / width) ** 2) / 2).sum(axis=1)
    if fibrillating:
        signal += 0.05 * np.sin(2 * np.pi * 6.3 * t + np.sin(2 * np.pi * 0.7 * t))
    return signal[None, :]


def made_up_datasets(workdir: Path) -> MadeUpDatasets:
    """Twelve records with labels and splits, and eight synthetic ones with their ground truth."""
    landing = ParentEntry(kind="landing", name="demo", content_sha256="1" * 64)
    real = _dataset(workdir, Kind.INGESTED, "demo", parents=(landing,), prefix="rec", n_records=12, fs_hz=300.0)
    validated = _dataset(
        workdir, Kind.VALIDATED, "demo", parents=(_parent(real),), prefix="rec", n_records=12, fs_hz=300.0
    )
    cohort = _dataset(workdir, Kind.COHORT, "demo-cohort", parents=(), prefix="syn", n_records=8, fs_hz=100.0)
    return MadeUpDatasets(real, validated, cohort)


def _parent(dataset: Dataset) -> ParentEntry:
    return ParentEntry(kind=Kind.INGESTED, name="demo", content_sha256=dataset.manifest.content_sha256)


def _dataset(
    workdir: Path, kind: Kind, name: str, *, parents: tuple[ParentEntry, ...], prefix: str, n_records: int, fs_hz: float
) -> Dataset:
    draft = Draft(name=name, simulated=True, licence="CC0-1.0", parents=parents, parameters={"n_records": n_records})

    def build(folder: Path) -> None:
        records = _write_records(folder, prefix, n_records, fs_hz)
        _write(folder, ANNOTATIONS, _annotations(records, kind))
        if kind is Kind.VALIDATED:
            _write(folder, LABELS, _labels(records))
            _write(folder, SPLITS, _splits(records))

    return open_dataset(run_stage(workdir, Stage(kind.value, 1, kind), draft, build).ref)


def _write(folder: Path, spec: TableSpec, rows: Sequence[dict[str, object]]) -> None:
    write_table(folder, spec, pl.DataFrame(rows, schema=spec.polars))


def _finding(i: int) -> Code:
    return _FINDINGS[0 if i % 2 == 0 else 1]


def _write_records(folder: Path, prefix: str, n_records: int, fs_hz: float) -> list[str]:
    """Records take turns: sinus rhythm, atrial fibrillation. Returns their ids."""
    rows: list[dict[str, object]] = []
    with SignalWriter(folder) as writer:
        for i in range(n_records):
            signal_mv = toy_ecg(fs_hz=fs_hz, duration_s=12, fibrillating=_finding(i) == ATRIAL_FIBRILLATION, seed=i)
            digital = np.round(signal_mv * 1000).astype(np.int16)
            rows.append(_record(f"{prefix}{i:04d}", digital, fs_hz, writer.append(digital)))
    _write(folder, RECORDS, rows)
    return [str(row["record_id"]) for row in rows]


def _record(record_id: str, digital: np.ndarray, fs_hz: float, offset: int) -> dict[str, object]:
    digest = signal_sha256(digital)
    return {
        **dict.fromkeys(RECORDS.columns),
        "record_id": record_id,
        "patient_id": f"patient-{record_id}",
        "patient_known": False,
        "source": "demo",
        "source_sha256": digest,
        "signal_sha256": digest,
        "fs_hz": fs_hz,
        "leads": ["I"],
        "n_samples": digital.shape[1],
        "sample_offset": offset,
        "gain_per_unit": [1000.0],
        "baseline": [0],
        "unit": ["mV"],
    }


def _annotations(records: Sequence[str], kind: Kind) -> list[dict[str, object]]:
    reader = "simulator" if kind is Kind.COHORT else "reader-1"
    return [
        {
            "record_id": record_id,
            "annotator_id": reader,
            "annotator_kind": "simulator" if kind is Kind.COHORT else "person",
            "round": 1,
            "code_system": code.system.value,
            "code": code.code,
            "present": code == _finding(i),
            "likelihood": None,
        }
        for i, record_id in enumerate(records)
        for code in _FINDINGS
    ]


def _labels(records: Sequence[str]) -> list[dict[str, object]]:
    return [
        {
            "record_id": record_id,
            "code_system": code.system.value,
            "code": code.code,
            "probability": None if i == 5 and code == NOISE else float(code == _finding(i)),
            "n_readings": 3,
            "agreement": 1.0,
            "weight": 1.0,
            "method": "majority",
        }
        for i, record_id in enumerate(records)
        for code in _FINDINGS
    ]


def _splits(records: Sequence[str]) -> list[dict[str, object]]:
    parts = ("train", "train", "train", "train", "valid", "test")
    return [
        {"patient_id": f"patient-{r}", "group_id": r, "split": parts[i % len(parts)]} for i, r in enumerate(records)
    ]


def made_up_report(*, simulated: bool = True, name: str = "demo") -> RunReport:
    """Results such as a run of the pipeline gives."""
    return RunReport(
        name=name,
        simulated=simulated,
        stages=_stages(),
        ingest=_ingest(),
        agreement=_agreement(),
        consensus=_consensus(),
        drift=_drift(),
        vanishing=_vanishing(),
        myth=_myth(),
        quality=_quality(),
        suspects=_suspects(),
        gate=_gate(),
        passport=_passport(),
        labels_kept={"normal sinus rhythm": 634, "atrial fibrillation": 403, "too noisy to read": 47},
        split_counts={"test": 561, "train": 698, "valid": 132},
        splits=_split_report(),
        n_synthetic=20_000,
        releases=(_release("demo", "1.0.0", "a"), _release("demo-cohort", "1.1.0", "b", new=False)),
        training=made_up_boost(),
        registration=_registration(),
        report_path="data/reports/demo/report.html",
    )


def _registration() -> Registration:
    model = RegisteredModel(
        name="demo", version="3", file="models/demo.safetensors", sha256="c" * 64, aliases=("candidate",)
    )
    check = GateCheck(
        name="boost",
        passed=True,
        expected="synthetic first above the best arm without by its whole interval",
        found="+0.049 (+0.025 to +0.073)",
    )
    return Registration(gate=ModelGate(model="demo", checks=(check,)), model=model, n_looks=1)


def _split_report() -> SplitReport:
    sizes = zip(SplitName, (698, 132, 561), (0.5, 0.1, 0.4), strict=True)
    counts = {
        ("atrial fibrillation", "164889003"): (221, 19, 163),
        ("normal sinus rhythm", "426783006"): (310, 61, 263),
    }
    return SplitReport(
        unit="record",
        n_patients_unknown=1391,
        sizes=tuple(
            SplitSize(split=s, n_groups=n, n_patients=n, n_records=n, wanted_share=p, share=n / 1391, sd=0.013)
            for s, n, p in sizes
        ),
        findings=tuple(
            FindingShare(
                code_system="SNOMED-CT",
                code=code,
                name=name,
                split=split,
                n_records=n,
                n_groups=n,
                expected=sum(found) * share,
                sd=(sum(found) * share * (1 - share)) ** 0.5,
                too_few=n < 20,
            )
            for (name, code), found in counts.items()
            for split, n, share in zip(SplitName, found, (0.5, 0.1, 0.4), strict=True)
        ),
        duplicates=DuplicateCounts(
            n_recordings=1391, n_same=2, n_candidates=34, n_copies=5, n_groups_across_patients=6, n_empty=3
        ),
    )


def _stages() -> tuple[StageOutcome, ...]:
    summaries = {
        "ingest": "1,398 inputs, 1,391 records ingested, 7 quarantined, 2 groups of duplicate signals",
        "validate": "gate open (24 checks), 5,564 labels, 6 holes",
        "synthesize": "20,000 synthetic records",
        "train": "7 arms on 561 test records, best synthetic first at 698 real: AUROC 0.968",
    }
    return tuple(
        StageOutcome(
            stage=stage,
            ref=DatasetRef(path=f"/somewhere/{stage}", content_sha256=digit * 64),
            reused=stage == "ingest",
            summary=summary,
        )
        for digit, (stage, summary) in zip("1234", summaries.items(), strict=True)
    )


def _ingest() -> IngestReport:
    counts = {"N": 1902, "A": 1209, "O": 918, "~": 141}
    return IngestReport(
        profile="demo-hospital",
        n_inputs=1398,
        n_ingested=1391,
        quarantined={"truncated_signal": 4, "unreadable_header": 2, "missing_signal_file": 1},
        duplicates=(
            DuplicateGroup(record_ids=("rec0002", "rec0731")),
            DuplicateGroup(record_ids=("rec0104", "rec0105")),
        ),
        label_counts=tuple(
            LabelCount(hop=hop, code_system="CINC2017", code=code, n=n - (hop == "stored"))
            for hop in ("parsed", "stored")
            for code, n in counts.items()
        ),
        label_faults={"unknown_record": 3},
        unreadable_values={"age_years": 5},
    )


def _agreement() -> tuple[AgreementResult, ...]:
    kappas = {"overall": 0.71, "normal sinus rhythm": 0.78, "atrial fibrillation": 0.88, "other rhythm": 0.59}
    comparisons = (
        (
            "between annotators",
            "3 annotators",
            "percent agreement",
            "Fleiss' kappa",
            "each annotator with the last round",
        ),
        ("revision stability", "round 1 to 2", "percent unchanged", "Cohen's kappa", "rounds of one panel"),
    )
    return tuple(
        AgreementResult(
            kind=kind,
            statistic=statistic,
            subject=subject,
            compared=compared,
            estimate=Interval(value=value, lower=value - 0.04, upper=min(value + 0.04, 1.0)),
            n_records=1391,
            note=note,
        )
        for kind, compared, share, kappa_name, note in comparisons
        for subject, kappa in kappas.items()
        for statistic, value in ((share, 0.5 + kappa / 2), (kappa_name, kappa))
    )


def _consensus() -> ConsensusReport:
    code = {"code_system": "SNOMED-CT", "code": ATRIAL_FIBRILLATION.code, "name": "atrial fibrillation"}
    return ConsensusReport(
        codes=(CodeConsensus(**code, method=LabelMethod.DAWID_SKENE, n_records=1391, n_annotators=3, prevalence=0.29),),
        annotators=tuple(
            AnnotatorQuality(
                annotator=f"reader-{i}",
                **code,
                by=LabelMethod.DAWID_SKENE,
                n_readings=1391,
                sensitivity=Interval(value=0.95 - i / 20, lower=0.92 - i / 20, upper=0.97 - i / 20),
                specificity=Interval(value=0.98, lower=0.97, upper=0.99),
            )
            for i in range(3)
        ),
    )


def _drift() -> DriftReport:
    ratio = OddsRatio(estimate=Interval(value=2.1, lower=1.5, upper=2.9), p_value=1e-4, n_records=1391)
    finding = DriftFinding(
        code_system="SNOMED-CT",
        code=ATRIAL_FIBRILLATION.code,
        name="atrial fibrillation",
        by=DriftBy.SITE,
        level="site-2",
        n_records=300,
        n_rest=1091,
        prevalence=0.41,
        prevalence_rest=0.25,
        q_value=0.001,
        crude=ratio,
        verdict=DriftVerdict.CASE_MIX,
        sentence="atrial fibrillation is more common at site-2: 41 % against 25 %; explained by case mix.",
    )
    return DriftReport(false_discovery_rate=0.05, n_records=1391, n_tests=24, findings=(finding,))


def _vanishing() -> VanishingReport:
    source = ("CINC2017", "A")
    shared = (ATRIAL_FIBRILLATION.system.value, ATRIAL_FIBRILLATION.code)
    steps = (
        (source, Hop.STATED, Hop.PARSED, 1210, 1209, {}),
        (source, Hop.PARSED, Hop.STORED, 1209, 1208, {"unknown_record": 1}),
        (shared, Hop.STORED, Hop.DATASET, 1208, 403, {"outvoted": 90, "another reading of the same label": 715}),
    )
    return VanishingReport(
        steps=tuple(
            LabelStep(
                code_system=code[0], code=code[1], before=before, hop=hop, n_before=n, n_after=left, reasons=reasons
            )
            for code, before, hop, n, left, reasons in steps
        )
    )


def _myth() -> MythReport:
    def around(value: float) -> Interval:
        return Interval(value=value, lower=max(value - 0.03, 0), upper=value + 0.03)

    sizes = (44, 87, 174, 348, 696, 1391)
    changes = (
        MythChange(
            measure=Measure.AGREEMENT, older=0.74, newer=0.64, difference=Interval(value=-0.1, lower=-0.14, upper=-0.06)
        ),
    )
    return MythReport(
        growth=Growth.BY_YEAR,
        n_left_out=12,
        points=tuple(
            MythPoint(
                n_records=n,
                until_year=2001 + i,
                agreement=around(0.8 - 0.03 * i),
                unlabelled=around(0.01 * i),
                missing=around(0.05 * i),
            )
            for i, n in enumerate(sizes)
        ),
        changes=changes,
        verdict="From the older to the newer half, agreement between annotators fell from 0.740 to 0.640.",
    )


def _quality() -> QualityReport:
    return QualityReport(
        n_recordings=1391,
        n_acceptable=1302,
        median_score=0.91,
        reasons={"noise_mv": 71, "wander_mv": 40},
        leads=(LeadSummary(lead="I", n_recordings=1391, n_usable=1388, median_score=0.91),),
    )


def _suspects() -> SuspectReport:
    suspects = tuple(
        Suspect(
            record_id=f"rec{i:04}",
            doubt=0.99 - i / 100,
            cause=SuspectCause.CONTRADICTED if i % 2 else SuspectCause.UNREADABLE,
            readable=0.5,
            code_system=ATRIAL_FIBRILLATION.system.value,
            code=ATRIAL_FIBRILLATION.code,
            stated_present=i % 3 > 0,
            likeness=0.02,
        )
        for i in range(30)
    )
    return SuspectReport(n_records=1391, codes=(), suspects=suspects)


def _gate() -> GateReport:
    passed = [
        CheckResult(
            name=f"{column}_is_never_null",
            table="records",
            severity=Severity.BLOCKING,
            status=CheckStatus.PASSED,
            expected=f"{column}: no null",
            found="0 nulls in 1,391 rows",
            why="later stages join on it",
        )
        for column in ("record_id", "patient_id", "fs_hz", "n_samples", "signal_sha256")
    ]
    warning = CheckResult(
        name="share_of_missing_ages",
        table="records",
        severity=Severity.WARNING,
        status=CheckStatus.FAILED,
        expected="at most 20.0 % of age_years missing",
        found="31.4 % missing",
        why="strata by age get thin, and absence may depend on who is ill",
        n_failing=437,
        failing_record_ids=tuple(f"rec{i:04}" for i in range(3, 23)),
    )
    return GateReport(checks=(*passed, warning))


def _passport() -> Passport:
    return Passport(
        n_records=1391,
        columns=_columns(),
        holes=tuple(
            Hole(
                code_system=ATRIAL_FIBRILLATION.system.value,
                code=ATRIAL_FIBRILLATION.code,
                age_band=band,
                sex=sex,
                rate_band=rate_band,
                n_found=n,
                n_wanted=10,
            )
            for band, sex, rate_band, n in (
                ("90+", "M", "100+", 0),
                ("18-39", "F", "60-99", 1),
                ("40-59", "F", "100+", 7),
                ("40-59", "F", "60-99", 8),
            )
        ),
        n_holes=4,
        completeness=Completeness(
            columns=("weight_kg", "age_years"),
            groups=(
                GroupCompleteness(by="device", group="recorder-2", n_records=400, n_missing=(392, 100)),
                GroupCompleteness(by="device", group="recorder-1", n_records=991, n_missing=(220, 337)),
            ),
        ),
        little=LittleTest(
            columns=("age_years", "weight_kg"),
            n_records=1391,
            n_patterns=4,
            statistic=41.2,
            df=2,
            p_value=1.1e-9,
            note="left out: height_cm",
        ),
        bounds=(_bounds(),),
    )


def _columns() -> tuple[ColumnMissingness, ...]:
    least = Group(name="recorder-1", n_records=991, share_missing=0.222)
    most = Group(name="recorder-2", n_records=400, share_missing=0.98)
    device = Dependence(on="device", p_value=1e-9, q_value=4e-9, effect=0.69, spread=1.2, fullest=least, emptiest=most)
    return (
        ColumnMissingness(
            column="weight_kg",
            n_missing=612,
            share=0.44,
            depends_on=(device,),
            verdict="missing for a reason: depends on the device that recorded it.",
            model=AbsenceModel(
                n_records=1391,
                n_missing=612,
                auroc=Interval(value=0.93, lower=0.912, upper=0.948),
                p_value=1e-9,
                q_value=4e-9,
            ),
            together_with=("height_cm",),
        ),
        ColumnMissingness(
            column="age_years",
            n_missing=437,
            share=0.314,
            depends_on=(
                Dependence(on="site", p_value=1e-6, q_value=3e-6),
                Dependence(on="atrial fibrillation", p_value=0.002, q_value=0.008),
            ),
            verdict="missing for a reason: depends on site and on atrial fibrillation.",
        ),
        ColumnMissingness(column="sex", n_missing=25, share=0.018, depends_on=(), verdict="no dependence found."),
        ColumnMissingness(column="fs_hz", n_missing=0, share=0.0, depends_on=(), verdict="complete."),
    )


def _bounds() -> PrevalenceBounds:
    return PrevalenceBounds(
        code_system=NOISE.system.value,
        code=NOISE.code,
        n_positive=47,
        n_negative=1203,
        n_unlabelled=141,
        prevalence=Interval(value=0.0376, lower=0.0284, upper=0.0496),
        lowest=0.0338,
        highest=0.1352,
        shifted=(ShiftedPrevalence(shift_log_odds=0.0, prevalence=0.0376),),
        tips_at=(None, 1.4),
        verdict="from 3.4 % to 13.5 % of all records may have it",
    )


def _release(name: str, version: str, digit: str, *, new: bool = True) -> Release:
    return Release(
        name=name,
        version=version,
        content_sha256=digit * 64,
        manifest_sha256="d" * 64,
        registry="/somewhere/registry.git",
        new=new,
    )
