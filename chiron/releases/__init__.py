"""Releases: a registry in git, bytes in a remote, and how both get there and back: publish, pull, rebuild.

Only this package touches git, DVC's layout and the object stores of the registry.
"""
