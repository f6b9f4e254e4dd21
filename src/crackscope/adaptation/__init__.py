"""Fit a model to one site: a few labels, or photos of its healthy concrete, and no PyTorch."""
