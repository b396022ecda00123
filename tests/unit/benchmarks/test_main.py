import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_without_a_name_every_benchmark_is_listed() -> None:
    done = benchmarks()
    assert done.returncode == 0, done.stderr
    names = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - {
        "__init__",
        "__main__",
        "result",
        "stored_bytes",
    }
    assert all(name in done.stdout for name in names)


def test_the_last_line_of_a_benchmark_is_its_result_as_json() -> None:
    done = benchmarks("import_time")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert list(result) == ["name", "figure", "unit", "anchor", "ratio", "target", "holds"]
    assert (result["name"], result["unit"], result["target"]) == ("import_time", "s", "figure at most 0.3")
    assert abs(result["ratio"] - result["figure"] / result["anchor"]) < 1e-4


def test_an_unknown_benchmark_is_refused_with_the_known_names() -> None:
    done = benchmarks("speed")
    assert done.returncode == 2
    assert "import_time" in done.stderr
    assert "found speed" in done.stderr
