"""Synthetic recordings from physiological models: plan of beats -> dipole -> leads -> noise -> device -> cohort."""
