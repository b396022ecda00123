"""The boost experiment: what training on a cohort first is worth, beside every honest rival and control."""
