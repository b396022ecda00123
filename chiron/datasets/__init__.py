"""Datasets on disk: tables, signals, manifest, stages, splits, verification."""
