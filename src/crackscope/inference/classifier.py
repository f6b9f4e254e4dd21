"""Classify photos: from a path, bytes, an image or an array to a label, the same through every door."""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import Bundle, load_bundle
from crackscope.errors import MissingExtraError, PhotoError, SettingsError
from crackscope.guard import one_photo
from crackscope.inference.engines import Device, Engine
from crackscope.inference.inputs import PhotoSource, Reading, ReadyPhoto, open_photo, ready_photo, source_name
from crackscope.inference.looking import look_at, scored_from_looks
from crackscope.inference.open_session import open_session
from crackscope.inference.outputs import ModelOutputs, ScoredPhoto, average_odds, scored_photo
from crackscope.inference.pipeline import SharedWorkers, growing_batches, map_in_order
from crackscope.inference.review import review_reason
from crackscope.inference.session import BATCH_SIZE, Session
from crackscope.inference.settings import USUAL, ScanSettings
from crackscope.inference.site_cut import SiteCut, SitePredictions, at_site, fit_site_cut
from crackscope.labels import decide
from crackscope.records import Failure, Outcome, Prediction

Source = TypeVar("Source", bound=PhotoSource)

#: Of the tiles of test-time augmentation: every place is seen four times as often as without it.
TTA_OVERLAP = 0.75


class CrackClassifier:
    """A loaded model that says Positive or Negative of photos.

    ``CrackClassifier.load().predict("wall.jpg")`` is the whole of it; `predict_paths` takes millions.
    Several threads may use one classifier at a time.

    >>> import numpy as np
    >>> from crackscope import CrackClassifier
    >>> classifier = CrackClassifier.load(device="cpu")
    >>> str(classifier.predict(np.full((120, 120, 3), 128, np.uint8)).label)
    'Negative'
    >>> [outcome.path for outcome in classifier.predict_paths(["no-such-photo.jpg"])]
    ['no-such-photo.jpg']

    Attributes:
        bundle: The model's folder and facts.
        threshold: A score at or above this is Positive.
        tta: Whether photos are looked at more closely (test-time augmentation).
    """

    def __init__(self, session: Session, *, threshold: float | None = None, tta: bool = False) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise SettingsError(f"the threshold is {threshold}; expected 0 to 1")
        self._session = session
        self.bundle: Bundle = session.bundle
        self.threshold: float = self.bundle.config.threshold.value if threshold is None else threshold
        self.tta = tta
        self._tile_workers = SharedWorkers(session.threads)

    @classmethod
    def load(
        cls,
        model: str | Path | Bundle | None = None,
        *,
        engine: str = Engine.ONNXRUNTIME,
        device: str = Device.AUTO,
        threads: int | None = None,
        threshold: float | None = None,
        tta: bool = False,
    ) -> CrackClassifier:
        """Load a model folder, or the detector that comes with the package.

        Args:
            model: A model folder; ``None`` is the shipped detector.
            engine: An `Engine` by name.
            device: A `Device` by name.
            threads: Threads that decode and classify; ``None`` is every processor this process may use.
            threshold: Decide with this instead of the model's own threshold.
            tta: Test-time augmentation: average the odds of the whole photo and of its four corners; a photo
                larger than a patch is seen in tiles that overlap by three quarters instead of a half. Finds
                more cracks and takes up to five times as long. Threshold and review band stay the model's.

        Raises:
            BundleError: The model folder is missing, damaged or foreign.
            SettingsError: An engine, a device or a threshold that does not exist or is not available.
            MissingExtraError: The engine is not installed.
        """
        bundle = model if isinstance(model, Bundle) else load_bundle(None if model is None else Path(model))
        session = open_session(bundle, engine=engine, device=device, threads=threads)
        return cls(session, threshold=threshold, tta=tta)

    @overload
    def predict(self, photo: PhotoSource) -> Prediction: ...

    @overload
    def predict(self, photo: list[Source] | tuple[Source, ...], *, site: bool = False) -> list[Outcome]: ...

    def predict(
        self, photo: PhotoSource | list[Source] | tuple[Source, ...], *, site: bool = False
    ) -> Prediction | list[Outcome]:
        """Classify one photo, or a list of them.

        A photo no larger than about one training patch is one look; a larger one is looked at in tiles at its
        own scale, as `CrackScanner` does, and gets the scanner's score.

        Args:
            photo: A path, the bytes of a file, a Pillow image, or uint8 pixels, (H, W, 3) RGB or (H, W) grey;
                or a list or tuple of such.
            site: The photos of the list are those of one site, which may get a cut of its own: see
                `predict_site`, which also tells the cut.

        Returns:
            The prediction; of a list, a prediction or a `Failure` for each photo in its order.

        Raises:
            PhotoError: The one photo can't be scored. In a list it becomes a `Failure` instead.
        """
        reading = self.reading()
        if isinstance(photo, list | tuple):
            if site:
                return list(self.predict_site(photo).outcomes)
            return [self._judge_or_failure(scored) for scored in self._stream(photo, reading, BATCH_SIZE)]
        read = self.read(photo, source_name(photo), reading)
        [scored] = self._score([read]) if isinstance(read, ReadyPhoto) else [read]
        if isinstance(scored, Failure):
            raise PhotoError(scored.error)
        return self.judge(scored)

    def predict_paths(
        self,
        paths: Iterable[str | Path | Failure],
        *,
        batch_size: int = BATCH_SIZE,
        limit_pixels: int = USUAL.limit_pixels,
        fast_decode: bool = False,
    ) -> Generator[Outcome]:
        """Classify any number of files: outcomes in the order of ``paths``, in memory that does not grow.

        Args:
            paths: Taken only as outcomes are. A `Failure` among them is passed on in its place.
            batch_size: Images per run of the model; no score depends on it.
            limit_pixels: Photos with more pixels are failures.
            fast_decode: Decode JPEGs that are larger than the model or its tiles need at a reduced size:
                faster, but the scores are no longer those of the same photos given as pixels.
        """
        with closing(
            self.run_paths(paths, batch_size=batch_size, limit_pixels=limit_pixels, fast_decode=fast_decode)
        ) as results:
            for scored in results:
                yield self._judge_or_failure(scored)

    def predict_site(
        self,
        photos: Iterable[PhotoSource | Failure],
        *,
        batch_size: int = BATCH_SIZE,
        limit_pixels: int = USUAL.limit_pixels,
        fast_decode: bool = False,
    ) -> SitePredictions:
        """Classify the photos of one site, and let their scores say where Positive begins there.

        Where they don't show that, the threshold stays; see `site_cut`. Nothing is decided before the last
        photo is scored, so all outcomes are in memory; a photo takes well under a kilobyte.

        Args:
            photos: As `predict` takes them; a `Failure` is passed on in its place.
            batch_size: See `predict_paths`, as the others.
            limit_pixels: See there.
            fast_decode: See there.
        """
        reading = self.reading(limit_pixels=limit_pixels, fast_decode=fast_decode)
        with closing(self._stream(photos, reading, batch_size)) as results:
            scored = [one if isinstance(one, Failure) else _what_decides(one) for one in results]
        cut = self.site_cut([one.score for one in scored if not isinstance(one, Failure)])
        decided = self.for_site(cut)
        return SitePredictions(outcomes=tuple(decided._judge_or_failure(one) for one in scored), cut=cut)

    def site_cut(self, scores: Iterable[float]) -> SiteCut:
        """Where Positive begins on a site whose photos have these scores, 0..1, in any order."""
        return fit_site_cut(scores, self.threshold)

    def for_site(self, cut: SiteCut) -> CrackClassifier:
        """The same classifier with a site's cut; the band of uncertain scores moves along."""
        found = copy.copy(self)
        found.bundle = replace(self.bundle, config=at_site(self.bundle.config, cut))
        found.threshold = cut.threshold
        return found

    def run_paths(
        self,
        paths: Iterable[str | Path | Failure],
        *,
        batch_size: int = BATCH_SIZE,
        limit_pixels: int = USUAL.limit_pixels,
        fast_decode: bool = False,
    ) -> Generator[ScoredPhoto | Failure]:
        """`predict_paths` before anything is decided: score, logit, embedding and activation map."""
        return self._stream(
            paths, self.reading(limit_pixels=limit_pixels, fast_decode=fast_decode), batch_size
        )

    def reading(self, *, limit_pixels: int = USUAL.limit_pixels, fast_decode: bool = False) -> Reading:
        """How this classifier reads photos; for `read`."""
        overlap = TTA_OVERLAP if self.tta else USUAL.overlap
        return Reading(
            config=self.bundle.config,
            settings=ScanSettings(overlap=overlap, limit_pixels=limit_pixels),
            fast_decode=fast_decode,
            corners=self.tta,
        )

    def read(self, source: PhotoSource, name: str, reading: Reading) -> ReadyPhoto | ScoredPhoto:
        """A photo that is one look, ready for a batch with others; a larger one is looked at right away.

        Raises:
            PhotoError: It can't be read or scored, with the reason.
            MissingExtraError: It needs an extra that is not installed.
        """
        with one_photo(name), open_photo(source, reading) as photo:
            ready = ready_photo(photo, name, reading)
            if ready is not None:
                return ready
            looks = look_at(photo, self.infer_each, self.bundle.config, reading.settings)
            return scored_from_looks(name, looks, self.bundle.config)

    def run(self, images_nhwc: NDArray[np.uint8]) -> ModelOutputs:
        """Everything the model gives for any number of images (N, H, W, 3), uint8 RGB of its input size."""
        return self._session.run(images_nhwc)

    def infer(self, images_nhwc: NDArray[np.uint8]) -> ModelOutputs:
        """The same of one batch in the calling thread; several threads may call it at a time."""
        return self._session.infer(images_nhwc)

    def infer_each(self, batches: Iterable[NDArray[np.uint8]]) -> Iterator[ModelOutputs]:
        """The same of one batch after another on all threads, only a little ahead of the caller."""
        return self._tile_workers.map(self.infer, batches)

    @overload
    def judge(self, scored: ScoredPhoto, *, threshold: float | None = None) -> Prediction: ...

    @overload
    def judge(self, scored: ScoredPhoto | Failure, *, threshold: float | None = None) -> Outcome: ...

    def judge(self, scored: ScoredPhoto | Failure, *, threshold: float | None = None) -> Outcome:
        """Label a scored photo and say whether a person should look at it; a `Failure` is passed on.

        Args:
            scored: What the model said.
            threshold: Decide with this instead of the classifier's.
        """
        if isinstance(scored, Failure):
            return scored
        threshold = self.threshold if threshold is None else threshold
        return Prediction(
            path=scored.path,
            label=decide(scored.score, threshold),
            score=scored.score,
            threshold=threshold,
            reason=review_reason(
                self.bundle.config,
                sharpness=scored.sharpness,
                score=scored.score,
                distance=scored.distance,
            ),
        )

    def _judge_or_failure(self, scored: ScoredPhoto | Failure) -> Outcome:
        try:
            with one_photo(scored.path):
                return self.judge(scored)
        except PhotoError as error:
            return Failure(path=scored.path, error=str(error))

    def _stream(
        self, sources: Iterable[PhotoSource | Failure], reading: Reading, batch_size: int
    ) -> Generator[ScoredPhoto | Failure]:
        if batch_size < 1:
            raise SettingsError(f"the batch size is {batch_size}; expected 1 or more")
        threads = self._session.threads
        batches = growing_batches(sources, threads=threads, batch_size=batch_size)
        work = partial(self._read_and_score, reading=reading)
        with closing(map_in_order(work, batches, threads=threads)) as results:
            for batch in results:
                yield from batch

    def _read_and_score(
        self, sources: list[PhotoSource | Failure], stop: Event, *, reading: Reading
    ) -> list[ScoredPhoto | Failure]:
        read = [self._read_or_failure(source, reading) for source in sources if not stop.is_set()]
        scored = iter(self._score_each([photo for photo in read if isinstance(photo, ReadyPhoto)]))
        return [next(scored) if isinstance(photo, ReadyPhoto) else photo for photo in read]

    def _read_or_failure(
        self, source: PhotoSource | Failure, reading: Reading
    ) -> ReadyPhoto | ScoredPhoto | Failure:
        if isinstance(source, Failure):
            return source
        name = source_name(source)
        try:
            return self.read(source, name, reading)
        except (PhotoError, MissingExtraError) as error:
            return Failure(path=name, error=str(error))

    def _score_each(self, photos: list[ReadyPhoto]) -> list[ScoredPhoto | Failure]:
        """`_score`; where that fails, photo by photo, so that only the one at fault has no score."""
        try:
            return self._score(photos)
        except Exception:
            return [self._score_one(photo) for photo in photos]

    def _score_one(self, photo: ReadyPhoto) -> ScoredPhoto | Failure:
        try:
            with one_photo(photo.name):
                return self._score([photo])[0]
        except PhotoError as error:
            return Failure(path=photo.name, error=str(error))

    def _score(self, photos: list[ReadyPhoto]) -> list[ScoredPhoto | Failure]:
        if not photos:
            return []
        outputs = self._session.infer(np.stack([photo.pixels_hwc for photo in photos]))
        if self.tta:
            corners = zip(*(photo.corners_hwc for photo in photos), strict=True)
            looks = [self._session.infer(np.stack(images)) for images in corners]
            outputs = average_odds([outputs, *looks], self.bundle.config.calibration)
        return [scored_photo(photo.name, photo, outputs, index) for index, photo in enumerate(photos)]


def _what_decides(scored: ScoredPhoto) -> ScoredPhoto:
    """A scored photo without its map and features."""
    nothing = np.empty(0, np.float32)
    return replace(scored, embedding=nothing, cam=nothing, trunk=None)
