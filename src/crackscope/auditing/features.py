"""One pass of a model over the photos of an audit: what it says of each, and the features of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.inference.classifier import CrackClassifier
from crackscope.records import Failure, Prediction

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFeatures:
    """What a model gave of the photos that it could read.

    Attributes:
        rows: (M,) which of the N photos these are, in order.
        values: (M, D) float32: trunk features or, of a model without them, embeddings.
        predictions: M, what the model says.
    """

    rows: NDArray[np.intp]
    values: NDArray[np.float32]
    predictions: tuple[Prediction, ...]

    def scores(self) -> NDArray[np.float64]:
        """(M,) the model's scores."""
        return np.array([prediction.score for prediction in self.predictions])


def read_features(
    classifier: CrackClassifier, files: Sequence[Path], *, progress: Progress | None = None
) -> PhotoFeatures:
    """Show all photos to a model; those that can't be read are left out.

    Fine-tuning leaves little more in the embedding than the model's own answer; trunk features still tell
    photos apart, so that a head fitted on them can disagree with the model.
    """
    rows, values, predictions = [], [], []
    with closing(classifier.run_paths(files)) as results:
        for row, scored in enumerate(results):
            if progress is not None:
                progress(row + 1, len(files))
            if isinstance(scored, Failure):
                continue
            rows.append(row)
            values.append(scored.embedding if scored.trunk is None else scored.trunk)
            predictions.append(classifier.judge(scored))
    return PhotoFeatures(
        rows=np.array(rows, dtype=np.intp),
        values=np.array(values, dtype=np.float32).reshape(len(rows), -1),
        predictions=tuple(predictions),
    )
