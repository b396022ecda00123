"""Prefect tasks: policy in the decorator, one call of the library in the body."""
