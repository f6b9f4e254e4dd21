"""Scan one whole photograph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Self

from crackscope.cpus import available_cpus
from crackscope.guard import one_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.engines import Device, Engine
from crackscope.inference.inputs import Reading
from crackscope.inference.looking import scale_of
from crackscope.inference.site_cut import SiteCut
from crackscope.photos.geo import GeoReference
from crackscope.photos.items import OpenPhoto, PhotoFile, PixelArray, ScanItem
from crackscope.photos.large import WindowedPhoto
from crackscope.photos.pixels import U8
from crackscope.scanning.analysis import Analysis, analyse
from crackscope.scanning.overlay import draw_overlay, write_overlay
from crackscope.scanning.records import PhotoReport, ScaleSource, ScanSettings


class PhotoScanner:
    """Finds cracks in one photograph at a time, of any size; any number of threads may ask."""

    def __init__(
        self,
        classifier: CrackClassifier,
        settings: ScanSettings,
        jobs: int,
        *,
        runs_on: tuple[str, str] = (Engine.ONNXRUNTIME, Device.AUTO),
    ) -> None:
        self.classifier, self.settings, self.jobs, self.runs_on = classifier, settings, jobs, runs_on
        self._reading = Reading(config=classifier.bundle.config, settings=settings)

    @classmethod
    def load(
        cls,
        model: Path | str | None = None,
        *,
        settings: ScanSettings | None = None,
        jobs: int | None = None,
        engine: str = Engine.ONNXRUNTIME,
        device: str = Device.AUTO,
    ) -> Self:
        """Load a model folder; ``None`` is the shipped detector.

        Args:
            model: Folder of a model.
            settings: How to scan.
            jobs: Photos, and batches of tiles, in work at once; ``None`` is one per processor. The results do
                not depend on it.
            engine: See `CrackClassifier.load`.
            device: See `CrackClassifier.load`.

        Raises:
            BundleError: The model folder is damaged or foreign.
        """
        folder = None if model is None else Path(model)
        jobs = jobs or available_cpus()
        classifier = CrackClassifier.load(folder, engine=engine, device=device, threads=jobs)
        return cls(classifier, settings or ScanSettings(), jobs, runs_on=(str(engine), str(device)))

    @property
    def threshold(self) -> float:
        """A score from here on is Positive."""
        chosen = self.settings.threshold
        return self.classifier.threshold if chosen is None else chosen

    def for_site(self, cut: SiteCut) -> Self:
        """The same scanner with a site's cut."""
        settings = replace(self.settings, threshold=cut.threshold)
        return type(self)(self.classifier.for_site(cut), settings, self.jobs, runs_on=self.runs_on)

    def scan(self, photo: Path | str | U8) -> PhotoReport:
        """Scan one photo: a path, or uint8 RGB pixels of shape (H, W, 3).

        Raises:
            PhotoError: It can't be read, or is too large or too small.
            MissingExtraError: It needs an extra that is not installed.
        """
        if isinstance(photo, (str, Path)):
            return self.scan_item(self.photo_file(Path(photo)))
        return self.scan_item(PixelArray(photo, "array"))

    def photo_file(self, path: Path) -> PhotoFile:
        """A file as this scanner reads it."""
        return PhotoFile(path, limit_pixels=self.settings.limit_pixels, memory_mb=self.settings.memory_mb)

    def scan_item(self, item: ScanItem, overlay_to: Path | None = None) -> PhotoReport:
        """Scan one item and, where asked, draw its overlay while the pixels are at hand.

        Raises:
            PhotoError: Whatever went wrong with this photo, foreseen or not.
            MissingExtraError: It needs an extra that is not installed.
            OutputError: The overlay can't be written.
        """
        with one_photo(item.name), item.open(self._reading.at_least_hw) as photo:
            return self._scan_open(item, photo, overlay_to)

    def _scan_open(self, item: ScanItem, photo: OpenPhoto, overlay_to: Path | None) -> PhotoReport:
        place = photo.source.georeference if isinstance(photo.source, WindowedPhoto) else None
        analysis = analyse(photo.source, item.name, self.classifier, self.settings)
        report = self._report(item, photo, analysis, place)
        if overlay_to is not None:
            report = replace(report, overlay=f"{overlay_to.parent.name}/{overlay_to.name}")
            write_overlay(overlay_to, draw_overlay(photo.source, report, analysis.heat))
        return report

    def _report(
        self,
        item: ScanItem,
        photo: OpenPhoto,
        analysis: Analysis,
        place: GeoReference | None,
    ) -> PhotoReport:
        metadata, regions = photo.metadata, analysis.regions
        mm_per_px = scale_of(photo.source, self.settings)
        if place is not None:
            metadata = place.describe(metadata)
            regions = tuple(replace(region, place=place.place(region.box_ltrb)) for region in regions)
        return PhotoReport(
            path=item.name,
            label=analysis.answer.label,
            score=analysis.answer.score,
            threshold=analysis.answer.threshold,
            reason=analysis.answer.reason,
            sha256=item.sha256,
            photo_hw=photo.source.photo_hw,
            tile_px=analysis.tile_px,
            cracked_share=analysis.cracked_share,
            picture_share=analysis.picture_share,
            regions=regions,
            tiles=analysis.tiles,
            mm_per_px=mm_per_px,
            scale=self._scale_source(mm_per_px),
            metadata=metadata,
            heat=analysis.heat,
        )

    def _scale_source(self, mm_per_px: float | None) -> ScaleSource:
        if mm_per_px is None:
            return ScaleSource.UNCALIBRATED
        return ScaleSource.MAP if self.settings.mm_per_px is None else ScaleSource.USER
