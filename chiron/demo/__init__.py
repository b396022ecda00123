"""A simulated hospital, for machines without real data."""
