"""Whether anything at full resolution supports a Positive label: the photo looked at piece by piece.

At the model's size a hairline of a 227 px patch may be gone; its pieces are shown to the model about as they
are. Of 80 METU patches that people had sorted, the highest score of the pieces told cracked from healthy
with AUROC 0.95; the strongest dark line by a ridge filter, without any model, with 0.80 at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.auditing.features import Progress
from crackscope.dataset.records import Dataset
from crackscope.errors import PhotoError
from crackscope.images import read_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.resizing import resize_rgb

#: The sides of a piece as a share of the photo's; three by three of them overlap by two thirds.
PIECE_SHARE = 0.6
_PIECES_PER_SIDE = 3


def without_evidence(
    classifier: CrackClassifier, dataset: Dataset, rows: Sequence[int], *, progress: Progress | None = None
) -> list[int]:
    """Those of the photos in no piece of which the model sees a crack; one that can't be read is not one."""
    found = []
    for done, row in enumerate(rows, start=1):
        try:
            pixels_hwc = read_photo(dataset.absolute(dataset.photos[row])).pixels_hwc
        except PhotoError:
            continue
        pieces = np.stack(list(_pieces(pixels_hwc, classifier.bundle.config.input_hw)))
        if classifier.run(pieces).score.max() < classifier.threshold:
            found.append(row)
        if progress is not None:
            progress(done, len(rows))
    return found


def _pieces(pixels_hwc: NDArray[np.uint8], input_hw: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    height, width = pixels_hwc.shape[:2]
    rows, columns = (max(1, round(PIECE_SHARE * side)) for side in (height, width))
    for top in np.linspace(0, height - rows, _PIECES_PER_SIDE).astype(int):
        for left in np.linspace(0, width - columns, _PIECES_PER_SIDE).astype(int):
            piece = np.ascontiguousarray(pixels_hwc[top : top + rows, left : left + columns])
            yield resize_rgb(piece, input_hw)
