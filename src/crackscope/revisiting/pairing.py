"""Which earlier photo a later one is to be compared with: candidates by name, position and content.

A candidate is only a guess; `registration` decides. Cameras count anew, so that equal names may show two
places, and positions are metres off.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import PhotoError
from crackscope.inspection.changes import PairedBy
from crackscope.revisiting.registration import find_features
from crackscope.revisiting.visits import VisitPhoto

F32 = NDArray[np.float32]

#: Photos whose cameras stood closer than this may show one place.
NEAR_M = 15.0
_METRES_PER_DEGREE = 111_320.0
#: For content: each photo's strongest features, at this length of its longer side.
_COARSE_PX, _COARSE_FEATURES = 640, 250
_RATIO = 0.85
#: Votes that make a candidate: fewer are met between any two photos of concrete.
_FEWEST_VOTES = 4
MOST_BY_POSITION = MOST_BY_CONTENT = 3

Candidate = tuple[VisitPhoto, PairedBy]


class Pairing:
    """Candidates among the earlier photos.

    Args:
        earlier: All of the earlier date.
        read: Pixels of a photo, uint8 RGB; raises `PhotoError`.
    """

    def __init__(
        self, earlier: Sequence[VisitPhoto], read: Callable[[VisitPhoto], NDArray[np.uint8]]
    ) -> None:
        self._earlier, self._read = earlier, read
        self._by_key: defaultdict[str, list[VisitPhoto]] = defaultdict(list)
        for photo in earlier:
            self._by_key[photo.key].append(photo)
        self._index: tuple[F32, NDArray[np.intp]] | None = None

    def candidates(self, later: VisitPhoto) -> Iterator[Candidate]:
        """Each earlier photo that may show the same place once, the likeliest first; lazily."""
        seen: set[str] = set()
        for photo, by in self._guesses(later):
            if photo.name not in seen:
                seen.add(photo.name)
                yield photo, by

    def _guesses(self, later: VisitPhoto) -> Iterator[Candidate]:
        for photo in self._by_key.get(later.key, []):
            yield photo, PairedBy.NAME
        for photo in self._near(later)[:MOST_BY_POSITION]:
            yield photo, PairedBy.POSITION
        # Content is asked last: it reads every earlier photo.
        for photo in self._alike(later)[:MOST_BY_CONTENT]:
            yield photo, PairedBy.CONTENT

    def _near(self, later: VisitPhoto) -> list[VisitPhoto]:
        away = [(distance_m(later, photo), photo.name, photo) for photo in self._earlier]
        return [photo for metres, _, photo in sorted(away, key=lambda one: one[:2]) if metres <= NEAR_M]

    def _alike(self, later: VisitPhoto) -> list[VisitPhoto]:
        if self._index is None:
            self._index = self._read_all()
        known, owners = self._index
        try:
            own = self._coarse(later)
        except PhotoError:
            return []
        votes = vote(own, known, owners, len(self._earlier))
        order = np.argsort(-votes, kind="stable")
        return [self._earlier[index] for index in order if votes[index] >= _FEWEST_VOTES]

    def _read_all(self) -> tuple[F32, NDArray[np.intp]]:
        descriptors, owners = [np.zeros((0, 128), np.float32)], [np.zeros(0, np.intp)]
        for index, photo in enumerate(self._earlier):
            try:
                found = self._coarse(photo)
            except PhotoError:
                continue  # it is told of when the photo is asked for
            descriptors.append(found)
            owners.append(np.full(len(found), index, np.intp))
        return np.concatenate(descriptors), np.concatenate(owners)

    def _coarse(self, photo: VisitPhoto) -> F32:
        return find_features(self._read(photo), longest_px=_COARSE_PX, most=_COARSE_FEATURES).descriptors


def vote(own: F32, known: F32, owners: NDArray[np.intp], photos: int) -> NDArray[np.intp]:
    """How many of a photo's features have their match in each photo and in no other, (photos,)."""
    votes = np.zeros(photos, np.intp)
    if len(own) == 0 or len(known) == 0:
        return votes
    # RootSIFT has length 1: the nearest is the one with the largest product.
    nearness = own @ known.T
    best = nearness.argmax(axis=1)
    winners = owners[best]
    distance = np.sqrt(np.maximum(0, 2 - 2 * nearness[np.arange(len(own)), best]))
    nearness[owners[None, :] == winners[:, None]] = -1
    second = np.sqrt(np.maximum(0, 2 - 2 * nearness.max(axis=1)))
    np.add.at(votes, winners[distance < _RATIO * second], 1)
    return votes


def distance_m(one: VisitPhoto, other: VisitPhoto) -> float:
    """Between two cameras; infinite where a position is not known."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return math.inf
    north = (one.latitude - other.latitude) * _METRES_PER_DEGREE
    degrees = (one.longitude - other.longitude + 180) % 360 - 180
    east = degrees * _METRES_PER_DEGREE * math.cos(math.radians(one.latitude))
    return math.hypot(north, east)
