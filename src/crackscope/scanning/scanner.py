"""Scan whole photographs: one photo, or folders of them into tables and overlays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from crackscope.scanning.folder import FolderScan, ScanSummary
from crackscope.scanning.photo_scanner import PhotoScanner


class CrackScanner(PhotoScanner):
    """Finds cracks in photographs of any size.

    ``CrackScanner.load().scan("wall.jpg")`` answers for one photo; `scan_paths` writes the tables and
    overlays of ``crackscope scan``, byte for byte.

    >>> import numpy as np
    >>> from crackscope import CrackScanner, ScanSettings
    >>> scanner = CrackScanner.load(settings=ScanSettings(mm_per_px=0.4), device="cpu")
    >>> report = scanner.scan(np.full((240, 320, 3), 128, np.uint8))
    >>> str(report.label), report.regions, report.photo_hw
    ('Negative', (), (240, 320))
    """

    def scan_paths(
        self,
        paths: Iterable[Path | str],
        *,
        output: Path | str,
        overlays: bool = True,
        fresh: bool = False,
        every_s: float = 1.0,
        index: bool = True,
        site: bool = False,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> ScanSummary:
        """Scan files, folders and patterns into ``output``; photos finished there earlier are not done again.

        Args:
            paths: Photos, videos, folders, glob patterns.
            output: Folder of the tables and overlays, outside all input folders.
            overlays: Draw a picture per photo.
            fresh: Forget what was finished earlier.
            every_s: Seconds between the frames taken from a video.
            index: Write a page that shows the results, ``index.html``.
            site: The photos are those of one site, which may get a cut of its own, see `inference.site_cut`;
                then they are scanned a second time with it.
            progress: Called with (done, total).

        Raises:
            NoPhotosError: There is nothing to scan.
            OutputError: ``output`` can't be written or lies inside an input folder.
        """
        folder = FolderScan(self, Path(output), overlays=overlays, every_s=every_s, index=index)
        return folder.scan(list(paths), fresh=fresh, progress=progress, site=site)
