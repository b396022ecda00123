"""Keeping what is released: check, collect, take back, back up and restore."""
