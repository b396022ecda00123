"""Where data comes from and what changed: lineage from the source to the models, differences between versions."""
