"""A photo's rows as the inspection record that scans, pictures and reports know."""

from __future__ import annotations

from crackscope.inspection.records import PhotoReport
from crackscope.labels import Label, ReviewReason
from crackscope.photos.metadata import PhotoMetadata
from crackscope.serving.models import Photo, Result
from crackscope.serving.scales import scale_of
from crackscope.serving.verdicts import regions_of


def report_of(photo: Photo, result: Result) -> PhotoReport:
    """What the model said of a photo, without tiles and heat map."""
    known = scale_of(photo, result)
    return PhotoReport(
        path=photo.name,
        label=Label(result.label),
        score=result.score,
        threshold=result.threshold,
        reason=None if result.reason is None else ReviewReason(result.reason),
        sha256=photo.sha256,
        photo_hw=(photo.height_px, photo.width_px),
        tile_px=(result.tile_px,),
        cracked_share=result.cracked_share,
        regions=regions_of(result),
        tiles=(),
        mm_per_px=known.mm_per_px,
        scale=known.source,
        metadata=metadata_of(photo),
    )


def metadata_of(photo: Photo) -> PhotoMetadata:
    """What the photo's file says of itself."""
    return PhotoMetadata(
        taken=photo.taken_at,
        camera=photo.camera,
        focal_length_mm=photo.focal_length_mm,
        latitude=photo.latitude,
        longitude=photo.longitude,
    )
