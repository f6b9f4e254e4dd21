"""Whole photographs: tiles, maps, regions."""
