"""Benchmarks: one module each, with a docstring of one line, `TARGET`, and `run() -> Benchmark`."""
