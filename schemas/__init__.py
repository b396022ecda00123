"""What the data is: frozen pydantic models, Polars table schemas and expectation suites.

No I/O and no heavy imports: everything else may import this package, and it imports nothing of Chiron.
"""
