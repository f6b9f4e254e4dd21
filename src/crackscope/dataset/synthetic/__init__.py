"""Procedural concrete and cracks with exact masks."""
