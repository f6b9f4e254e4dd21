"""Studies: what was measured to choose how the detector is made; each runs as `python -m studies.NAME`."""
