"""Readings by several annotators become agreement, consensus labels and weights."""
