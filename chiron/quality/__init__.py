"""Missingness, signal quality and the expectations that make up the gate."""
