"""Datasets on disk: tables, signals, manifest, stages, splits; publish, pull and verify.

Only this package touches DVC, git and object stores: `git_command` runs git, `remote` uses DVC.
"""
