"""What is done with every photo of a shard, behind one face: today's commands, as they are."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from crackscope.batch.listing import list_photos
from crackscope.batch.photos import PhotoHere
from crackscope.batch.places import Place, is_remote
from crackscope.batch.records import Job, Kind
from crackscope.images import IMAGE_SUFFIXES
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.find_photos import Found, find_photos, require_photo
from crackscope.records import Failure
from crackscope.scanning.inputs import VIDEO_SUFFIXES, find_scannable
from crackscope.storage import refuse_output_in_data

#: The rows of one photo: one, or one for each frame of a video.
Outcomes = list[Any]

#: A photo and its rows.
Answer = tuple[PhotoHere | Failure, Outcomes]


class Task(Protocol):
    """A command that a batch can run.

    Attributes:
        classifier: The model that answers.
    """

    classifier: CrackClassifier

    def answer(self, photos: Iterable[PhotoHere | Failure]) -> Generator[Answer]:
        """The rows of each photo, in order, under the photos' names."""

    def files(self, shard: int, outcomes: Outcomes) -> dict[str, bytes]:
        """A shard's files by name: the same rows give the same bytes."""

    def upload(self, place: Place) -> None:
        """Move what was made beside the rows to the destination."""


def find_photos_of(job: Job, destination: str, patience_s: float) -> Iterator[Found]:
    """The photos of a job, found in the way of its command, as they are asked for.

    Raises:
        NoPhotosError: There is none.
        OutputError: The destination of a scan lies inside a folder of its photos.
    """
    if job.kind is Kind.PREDICT:
        return require_photo(list_photos(job.sources, IMAGE_SUFFIXES, find_photos, patience_s))
    refuse_output_in_data(destination, [source for source in job.sources if is_remote(source)])
    output = None if is_remote(destination) else Path(destination)

    def find_local(names: Iterable[str]) -> Iterator[Found]:
        return chain.from_iterable(find_scannable(name, output) for name in names)

    found = list_photos(job.sources, IMAGE_SUFFIXES | VIDEO_SUFFIXES, find_local, patience_s)
    # A scan looks at no photo twice; one source has none twice, and needs no memory to know.
    return require_photo(found if len(job.sources) == 1 else iter(dict.fromkeys(found)))
