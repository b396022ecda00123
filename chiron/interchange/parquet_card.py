"""The dataset card of a Parquet export: what Hugging Face `datasets` reads of it, and what people do."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from schemas.manifest import Manifest

__all__ = ["LABEL", "card"]

LABEL: Final = "label"
_LICENCES: Final = {"CC0-1.0": "cc0-1.0", "CC-BY-4.0": "cc-by-4.0", "ODC-By-1.0": "odc-by"}


def card(
    manifest: Manifest, splits: Sequence[str], tables: Sequence[str], *, labels: Mapping[str, str], of_whom: str
) -> str:
    """The README. labels: the columns of labels -> what they are called; of_whom: whose the splits are."""
    heading: dict[str, Any] = {
        "pretty_name": manifest.name,
        "license": _LICENCES.get(manifest.licence, "other"),
        "configs": [_records(splits), *(_table(name) for name in tables)],
    }
    lines = [
        "---",
        yaml.safe_dump(heading, sort_keys=False, allow_unicode=True) + "---",
        f"# {manifest.name}",
        "",
        "Everything here is simulated." if manifest.simulated else "These are recordings of people: see NOTICE.txt.",
        f"Licence: {manifest.licence}. Content: `{manifest.content_sha256}`. What is missing here: LIMITS.md.",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'records = load_dataset(FOLDER)["' + splits[0] + '"]',
        'signal_mv = records[0]["signal_mv"]  # a list for each of `leads`; missing samples are nan',
        *([f'{tables[0]} = load_dataset(FOLDER, "{tables[0]}")["all_records"]'] if tables else []),
        "```",
        "",
        "One row of `records` is one recording. Samples are in mV (leads of another `unit` keep it); digital ones are",
        f"`round(signal_mv * gain_per_unit + baseline)` where the unit is mV. {of_whom}.",
        "",
        "| label | probability that it is there; null: not read, or undecided |",
        "| --- | --- |",
        *(f"| `{column}` | {name} |" for column, name in labels.items()),
    ]
    return "\n".join(lines) + "\n"


def _records(splits: Sequence[str]) -> dict[str, Any]:
    files = [{"split": split, "path": f"data/{split}-*.parquet"} for split in splits]
    return {"config_name": "records", "default": True, "data_files": files}


def _table(name: str) -> dict[str, Any]:
    """No split of learning: a table has the rows of every record."""
    files = [{"split": "all_records", "path": f"tables/{name}.parquet"}]
    return {"config_name": name, "data_files": files}
