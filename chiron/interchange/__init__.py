"""Datasets in the formats of others: WFDB, MEDS, and Parquet that Hugging Face `datasets` opens."""
