"""Results for people: plots, ECG traces, and the one self-contained page of a run."""
