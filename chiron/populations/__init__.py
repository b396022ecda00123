"""Specifications of cohorts: fitted to a dataset, stretched beyond it, aimed at its holes."""
