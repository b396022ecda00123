"""The Croissant description of a release: JSON-LD that dataset search engines and loaders read.

Croissant 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html), made and checked by the library
`mlcroissant`. What a release can't know is left out: its date of publication needs a clock, its creator a person, its
web page a server; the library recommends the first and does not ask for the others.

Which column names a row of another table is said in words. Declared as `references`, the library (1.1.1) joins the
tables on every read, and a second read through the same object gives no rows at all, without an error.
"""

from typing import Any, Final

import polars as pl

from chiron.datasets.canonical import canonical_json
from chiron.datasets.dataset import Dataset
from chiron.datasets.shards import SIGNALS
from chiron.releases.addresses import public_address
from schemas.glossary import FILES, TABLE_MEANINGS, column_meaning
from schemas.manifest import Manifest
from schemas.release import ReleaseRecord
from schemas.tables import RECORDS, SPLITS, TABLES, TableSpec

__all__ = ["croissant_json"]

_PARQUET: Final = "application/x-parquet"
_ZARR: Final = "application/vnd.zarr"
_NAMES_A_ROW_OF: Final = {"record_id": RECORDS, "patient_id": SPLITS}


def croissant_json(dataset: Dataset, record: ReleaseRecord, *, registry: str) -> bytes:
    """The description as canonical JSON. Raises mlcroissant.ValidationError where it breaks the standard."""
    return canonical_json(_Description(dataset.manifest).metadata(record, registry).to_json())


class _Description:
    """Makes the library's nodes, which all share one context."""

    def __init__(self, manifest: Manifest) -> None:
        import mlcroissant  # noqa: PLC0415 - it takes a second or two, which only a release needs

        self._mlc: Any = mlcroissant
        self._context: Any = mlcroissant.Context()
        self._manifest = manifest
        self._specs = [TABLES[name] for name in sorted(manifest.tables) if name in TABLES]

    def metadata(self, record: ReleaseRecord, registry: str) -> Any:
        """The whole."""
        address = public_address(registry)
        return self._mlc.Metadata(
            ctx=self._context,
            name=record.name,
            version=record.version,
            description=_in_words(self._manifest),
            license=[self._manifest.licence],
            cite_as=_citation(record),
            url=address if address and address.startswith(("http://", "https://")) else None,
            distribution=[*map(self._file, self._specs), *self._signals()],
            record_sets=[self._record_set(spec) for spec in self._specs],
        )

    def _file(self, spec: TableSpec) -> Any:
        """The file of a table."""
        name = f"{spec.name}.parquet"
        entry = self._manifest.files[name]
        return self._mlc.FileObject(
            ctx=self._context,
            id=name,
            name=name,
            description=TABLE_MEANINGS[spec.name],
            content_url=name,
            content_size=f"{entry.n_bytes} B",
            encoding_formats=[_PARQUET],
            sha256=entry.sha256,
        )

    def _signals(self) -> list[Any]:
        """The shards of the signal array, which no loader of tables reads; none where there are no signals."""
        if self._manifest.signals is None:
            return []
        what = f"{self._manifest.signals.dtype}; records.sample_offset says where a record begins"
        return [
            self._mlc.FileSet(
                ctx=self._context,
                id="signals",
                name="signals",
                description=f"{FILES[SIGNALS].capitalize()}, {what}",
                includes=[f"{SIGNALS}/**"],
                encoding_formats=[_ZARR],
            )
        ]

    def _record_set(self, spec: TableSpec) -> Any:
        """The rows of a table."""
        return self._mlc.RecordSet(
            ctx=self._context,
            id=spec.name,
            name=spec.name,
            description=TABLE_MEANINGS[spec.name],
            key=[f"{spec.name}/{column}" for column in spec.key],
            fields=[self._field(spec, column) for column in spec.columns],
        )

    def _field(self, spec: TableSpec, column: str) -> Any:
        """A column; one of lists is a repeated field."""
        mlc, context, dtype = self._mlc, self._context, spec.columns[column]
        of_lists = isinstance(dtype, pl.List)
        extract = mlc.Extract(ctx=context, column=column)
        return mlc.Field(
            ctx=context,
            id=f"{spec.name}/{column}",
            name=column,
            description=self._meaning(spec, column),
            data_types=[self._data_type(dtype.inner if isinstance(dtype, pl.List) else dtype)],
            repeated=True if of_lists else None,
            source=mlc.Source(ctx=context, file_object=f"{spec.name}.parquet", extract=extract),
        )

    def _meaning(self, spec: TableSpec, column: str) -> str:
        """What a column holds, and which other table has a row for it."""
        meaning, other = column_meaning(spec.name, column), _NAMES_A_ROW_OF.get(column)
        refers = other is not None and other != spec and other in self._specs
        return f"{meaning} (refers to {other.name}/{column})" if other and refers else meaning

    def _data_type(self, dtype: Any) -> Any:
        """The type in the words of schema.org."""
        types = self._mlc.DataType
        names = {pl.String: types.TEXT, pl.Boolean: types.BOOL, pl.Float64: types.FLOAT}
        return next((name for known, name in names.items() if dtype == known), types.INTEGER)


def _in_words(manifest: Manifest) -> str:
    whose = "Simulated recordings; no patient exists." if manifest.simulated else "Recordings of people."
    counts = ", ".join(f"{entry.n_rows} rows in {name}" for name, entry in sorted(manifest.tables.items()))
    return f"{whose} {counts}. Content SHA-256 {manifest.content_sha256}."


def _citation(record: ReleaseRecord) -> str:
    """BibTeX without a year: a release knows its content, not its day."""
    return (
        f"@misc{{{record.name}-{record.version}, title = {{{record.name}}}, version = {{{record.version}}}, "
        f"note = {{content SHA-256 {record.content_sha256}}}}}"
    )
