"""Scan calibration: how sure the cells of a scan may be, fitted on walls with painted cracks."""
