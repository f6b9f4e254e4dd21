"""What a scan takes and gives, under one name: `inference.settings` and `inspection.records` have it."""

from __future__ import annotations

from crackscope.inference.settings import ScanSettings as ScanSettings
from crackscope.inference.settings import mm_per_px_from_points as mm_per_px_from_points
from crackscope.inspection.records import HeatMap as HeatMap
from crackscope.inspection.records import PhotoReport as PhotoReport
from crackscope.inspection.records import ScaleSource as ScaleSource
from crackscope.inspection.records import TileScore as TileScore
from crackscope.photos.metadata import PhotoMetadata as PhotoMetadata
