"""A cohort as a dataset: batches side by side, then one folder."""

from chiron.synthesis.batch import CohortBatch, synthesize_batch

__all__ = ["CohortBatch", "synthesize_batch"]
