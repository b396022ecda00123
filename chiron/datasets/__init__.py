"""Datasets on disk: tables, signals, manifest, stages, splits; publish, pull and verify.

Only this package touches DVC, git and object stores, and only its modules `registry`, `publish` and `pull` import them.
"""
