"""Smaller and faster variants of a model, behind a gate that compares them on real photos."""
