"""Two dates compared, photo by photo."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.errors import PhotoError, UnreadablePhotoError
from crackscope.guard import one_photo
from crackscope.images import read_photo
from crackscope.inspection.changes import ChangeKind, Comparison, PairedBy, PhotoChange, RegionChange
from crackscope.inspection.changes_file import PAIRS
from crackscope.inspection.records import PhotoReport
from crackscope.revisiting.changes import Frame, Sight, find_changes
from crackscope.revisiting.laying import comparable_cells, lay_over
from crackscope.revisiting.pairing import Pairing
from crackscope.revisiting.registration import Features, Fit, RefusedError, find_features, register
from crackscope.revisiting.visits import LIMIT_PIXELS, VisitPhoto
from crackscope.scanning.photo_scanner import PhotoScanner
from crackscope.storage import atomic_path

U8 = NDArray[np.uint8]

#: Longer side of those pictures.
PICTURE_PX = 1200
_QUALITY = 82


def changes_between(
    before: PhotoReport, after: PhotoReport, fit: Fit
) -> tuple[float, tuple[RegionChange, ...]]:
    """What became of each region of a place.

    Args:
        before: Of the earlier photo, laid over the later one.
        after: Of the later photo.
        fit: How the earlier one was laid.

    Returns:
        Within how many pixels cells count as the same place, and the changes.
    """
    own = Sight.of(after)
    frame = Frame(
        photo_hw=after.photo_hw,
        threshold=after.threshold,
        comparable=comparable_cells(fit, after.photo_hw, own.scores.shape),
        error_px=fit.registration.error_px,
        later_to_earlier=fit.later_to_earlier,
    )
    return frame.tolerance_px, find_changes(Sight.of(before), own, frame)


class VisitComparer:
    """Compares later photos with those of an earlier date, one at a time; both through one model.

    Args:
        earlier: All of the earlier date.
        scanner: Looks at both dates: what the model sees differently must be the wall, not the model.
        output: Folder of the results; pictures of pairs are written below it.
    """

    def __init__(self, earlier: Sequence[VisitPhoto], scanner: PhotoScanner, output: Path) -> None:
        self._earlier, self._scanner, self._output = tuple(earlier), scanner, output
        self._pairing = Pairing(self._earlier, _pixels)
        self._features: OrderedDict[str, tuple[U8, Features]] = OrderedDict()
        self._used: set[str] = set()

    def compare(
        self, later: Sequence[VisitPhoto], *, progress: Callable[[int, int | None], None] | None = None
    ) -> tuple[PhotoChange, ...]:
        """Every later photo in its order, then the earlier ones that no later photo shows.

        Raises:
            OutputError: A picture can't be written.
        """
        changes = []
        for done, photo in enumerate(later, start=1):
            changes.append(self._compare_photo(photo, done))
            if progress is not None:
                progress(done, len(later))
        left = [photo.name for photo in self._earlier if photo.name not in self._used]
        return (*changes, *(PhotoChange(earlier=name, later=None, reason="unpaired") for name in left))

    def _compare_photo(self, later: VisitPhoto, number: int) -> PhotoChange:
        try:
            pixels_hwc = _pixels(later)
            features = find_features(pixels_hwc)
        except PhotoError as error:
            return PhotoChange(earlier=None, later=later.name, reason="unreadable", detail=str(error))
        refused = PhotoChange(earlier=None, later=later.name, reason="unpaired")
        for earlier, by in self._pairing.candidates(later):
            tried = PhotoChange(earlier=earlier.name, later=later.name, paired_by=by)
            try:
                earlier_hwc, earlier_features = self._features_of(earlier)
                fit = register(earlier_features, features)
            except RefusedError as error:
                # Of guesses only the one by name is worth a word: somebody meant them to be one place.
                if by is PairedBy.NAME:
                    refused = replace(tried, reason=error.reason, detail=error.detail)
                continue
            except PhotoError as error:
                if by is PairedBy.NAME:
                    refused = replace(tried, reason="unreadable", detail=str(error))
                continue
            self._used.add(earlier.name)
            try:
                return self._changes(
                    replace(tried, mm_per_px=later.mm_per_px), earlier_hwc, pixels_hwc, fit, number
                )
            except PhotoError as error:
                return replace(tried, reason="unreadable", detail=str(error))
        if refused.earlier is not None:
            self._used.add(refused.earlier)
        return refused

    def _features_of(self, photo: VisitPhoto) -> tuple[U8, Features]:
        """Of an earlier photo; the last few are kept, because neighbours are asked for again."""
        if photo.name not in self._features:
            pixels_hwc = _pixels(photo)
            self._features[photo.name] = (pixels_hwc, find_features(pixels_hwc))
            while len(self._features) > _KEPT:
                self._features.popitem(last=False)
        return self._features[photo.name]

    def _changes(
        self, change: PhotoChange, earlier_hwc: U8, later_hwc: U8, fit: Fit, number: int
    ) -> PhotoChange:
        assert change.later is not None
        laid_hwc = lay_over(earlier_hwc, later_hwc, fit)
        with one_photo(change.later):
            before, after = self._scanner.scan(laid_hwc), self._scanner.scan(later_hwc)
        tolerance_px, regions = changes_between(before, after, fit)
        names = _write_pictures(self._output, number, change.later, laid_hwc, later_hwc)
        return replace(
            change,
            registration=fit.registration,
            tolerance_px=round(tolerance_px, 1),
            photo_hw=after.photo_hw,
            regions=regions,
            earlier_picture=names[0],
            later_picture=names[1],
        )


#: Earlier photos kept with their features.
_KEPT = 4


@dataclass(frozen=True, slots=True)
class VisitNames:
    """What the two dates are called in the results."""

    earlier: str
    later: str


def compare_visits(
    earlier: Sequence[VisitPhoto],
    later: Sequence[VisitPhoto],
    scanner: PhotoScanner,
    output: Path,
    names: VisitNames,
    *,
    progress: Callable[[int, int | None], None] | None = None,
) -> Comparison:
    """Compare two dates; pictures of the pairs are written below ``output``.

    Raises:
        OutputError: A picture can't be written.
    """
    photos = VisitComparer(earlier, scanner, output).compare(later, progress=progress)
    bundle, threshold = scanner.classifier.bundle, scanner.settings.threshold
    return Comparison(
        earlier=names.earlier,
        later=names.later,
        model_name=bundle.config.name,
        model_sha256=bundle.identity,
        threshold=scanner.classifier.threshold if threshold is None else threshold,
        photos=photos,
    )


def changed(photo: PhotoChange) -> bool:
    """Whether anything about it is new, grown or gone."""
    return any(region.kind in (ChangeKind.NEW, ChangeKind.GROWN, ChangeKind.GONE) for region in photo.regions)


def _pixels(photo: VisitPhoto) -> U8:
    if photo.file is None:
        raise UnreadablePhotoError("nobody knows where the file is")
    with one_photo(photo.file):
        return read_photo(photo.file, limit_pixels=LIMIT_PIXELS).pixels_hwc


def _write_pictures(output: Path, number: int, name: str, laid_hwc: U8, later_hwc: U8) -> tuple[str, str]:
    # The number keeps them apart where names repeat; the digest where the folder holds an older comparison.
    stem = f"{number:04}-{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    paths = tuple(f"{PAIRS}/{stem}-{which}.jpg" for which in ("earlier", "later"))
    for path, pixels_hwc in zip(paths, (laid_hwc, later_hwc), strict=True):
        image = Image.fromarray(pixels_hwc)
        image.thumbnail((PICTURE_PX, PICTURE_PX), Image.Resampling.LANCZOS, reducing_gap=3.0)
        with atomic_path(output / path) as temporary:
            image.save(temporary, "JPEG", quality=_QUALITY)
    return paths[0], paths[1]
