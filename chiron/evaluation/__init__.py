"""How well scores tell classes apart: metrics, calibration, intervals, strata, and when to say nothing."""
