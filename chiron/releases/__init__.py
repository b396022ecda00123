"""Releases: publish, pull, and everything that is done with what is released.

Only this package touches DVC, git and the object stores of the registry: `git_command` runs git, `remote` uses DVC.
"""
