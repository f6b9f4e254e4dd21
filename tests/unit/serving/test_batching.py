from __future__ import annotations

import io
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.errors import UnreadablePhotoError
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.outputs import ModelOutputs
from crackscope.serving.batching import MicroBatcher, QueueFullError
from tests.helpers.uploads import photo_bytes


class _HeldClassifier(CrackClassifier):
    """A real classifier whose first run waits until the test lets it go."""

    def run(self, images_nhwc: NDArray[np.uint8]) -> ModelOutputs:
        assert self.go.wait(30)
        return super().run(images_nhwc)

    go: threading.Event


@pytest.fixture
def classifier(model: Path) -> _HeldClassifier:
    loaded = _HeldClassifier.load(model, threads=1)
    assert isinstance(loaded, _HeldClassifier)
    loaded.go = threading.Event()
    return loaded


def _photos(count: int) -> list[tuple[str, io.BytesIO]]:
    return [(f"{grey}.png", io.BytesIO(photo_bytes(grey))) for grey in range(count)]


def _batcher(classifier: CrackClassifier, sizes: list[int], **options: int) -> MicroBatcher:
    settings = {"threads": 1, "batch_size": 8, "queue": 100, "limit_pixels": 10**6, **options}
    return MicroBatcher(classifier, on_batch=sizes.append, **settings)  # type: ignore[arg-type]


def test_photos_of_several_clients_share_a_run_and_each_gets_its_own_answer(
    classifier: _HeldClassifier,
) -> None:
    sizes: list[int] = []
    batcher = _batcher(classifier, sizes)
    answers = [batcher.submit([photo])[0] for photo in _photos(20)]
    classifier.go.set()
    alone = [classifier.predict(photo_bytes(grey)).score for grey in range(20)]
    assert [answer.result(30).score for answer in answers] == alone
    assert [answer.result().path for answer in answers] == [f"{grey}.png" for grey in range(20)]
    batcher.close()
    assert sum(sizes) == 20
    assert max(sizes) == 8


def test_a_full_queue_takes_all_photos_of_a_request_or_none(classifier: _HeldClassifier) -> None:
    batcher = _batcher(classifier, [], queue=3)
    first = batcher.submit(_photos(2))
    with pytest.raises(QueueFullError):
        batcher.submit(_photos(2))
    assert batcher.unanswered == 2
    classifier.go.set()
    assert [answer.result(30).label for answer in first] == ["Positive", "Positive"]
    batcher.submit(_photos(3))
    batcher.close()
    assert batcher.unanswered == 0


def test_a_photo_that_can_t_be_read_fails_alone(classifier: _HeldClassifier) -> None:
    classifier.go.set()
    batcher = _batcher(classifier, [])
    bad, good = batcher.submit([("bad", io.BytesIO(b"no")), ("good", io.BytesIO(photo_bytes(0)))])
    assert isinstance(bad.exception(30), UnreadablePhotoError)
    assert good.result(30).label == "Positive"
    batcher.close()


def test_closing_answers_what_was_taken_in(classifier: _HeldClassifier) -> None:
    batcher = _batcher(classifier, [])
    answers = batcher.submit(_photos(10))
    threading.Timer(0.1, classifier.go.set).start()
    batcher.close()
    assert all(answer.done() for answer in answers)


def test_a_given_up_photo_is_not_classified(classifier: _HeldClassifier) -> None:
    sizes: list[int] = []
    batcher = _batcher(classifier, sizes, batch_size=1)
    answers = batcher.submit(_photos(6))
    given_up = sum(answer.cancel() for answer in answers)
    classifier.go.set()
    batcher.close()
    assert len(sizes) == 6 - given_up
