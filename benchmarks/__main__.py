"""`python -m benchmarks` lists the benchmarks; `python -m benchmarks NAME` runs one.

A run prints a table and, as its last line, one JSON object: name, figure, unit, anchor, ratio, target, holds.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

from benchmarks.result import Benchmark

CONSOLE = Console()


def main(arguments: list[str]) -> int:
    """List, or run the one that is named. 2: there is no such benchmark."""
    found = benchmarks()
    if not arguments:
        show_list(found)
        return 0
    name, *rest = arguments[0].replace("-", "_"), *arguments[1:]
    if name not in found or rest:
        print(f"benchmark: expected one of {', '.join(found)}, found {' '.join(arguments)}", file=sys.stderr)
        return 2
    show_result(name, found[name])
    return 0


def benchmarks() -> dict[str, ModuleType]:
    """All modules of this package that have a `run`, by name."""
    names = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if not m.name.startswith("__"))
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "run")}


def show_list(found: dict[str, ModuleType]) -> None:
    """One line per benchmark."""
    table = Table("name", "what", "target", title="make bench NAME=...")
    for name, module in found.items():
        table.add_row(name, (module.__doc__ or "").partition("\n")[0], str(module.TARGET))
    CONSOLE.print(table)


def show_result(name: str, module: ModuleType) -> None:
    """Run it; print the table and the line."""
    result: Benchmark = module.run()
    CONSOLE.print(result.table)
    line = {
        "name": name,
        "figure": round(result.figure, 6),
        "unit": result.unit,
        "anchor": round(result.anchor, 6),
        "ratio": round(result.ratio, 6),
        "target": str(module.TARGET),
        "holds": result.holds(module.TARGET),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
