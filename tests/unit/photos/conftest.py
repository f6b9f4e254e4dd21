"""The scanner whose model is mean darkness."""

from __future__ import annotations

from tests.unit.scanning.conftest import dark_bundle as dark_bundle
