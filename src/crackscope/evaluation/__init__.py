"""Numbers that can be believed: metrics, intervals, calibration, thresholds, figures."""
