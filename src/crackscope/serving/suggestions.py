"""The next tiles of a project to review; `serving.active_learning` chooses, this module finds and embeds.

Embeddings are not kept in the database: they would take more room than the results. The heat maps that are
there say which tiles the model is unsure of; only those are cut out and embedded, each photo decoded once.

Half of the suggestions are drawn by chance: labels of uncertain tiles alone are no sample of the site, and a
model whose certainty is misplaced would never be asked about its mistakes (studies/active-learning.md).
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session, undefer

from crackscope.errors import PhotoError
from crackscope.images import read_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.inspection.records import BoxLTRB, boxes_overlap
from crackscope.resizing import resize_rgb
from crackscope.serving.active_learning import CANDIDATES_PER_SUGGESTION, suggest
from crackscope.serving.choosing import Sort, order
from crackscope.serving.models import Photo, Result
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.photos import with_result
from crackscope.serving.tiles import TiledPhoto
from crackscope.serving.verdicts import acts_of

#: Photos whose heat maps are read, those nearest to a review first: 200 take about half a second.
_MOST_PHOTOS = 200
#: Neighbours on one photo say much the same.
_MOST_PER_PHOTO = 4
#: Embedded tiles that are kept in memory: about 10 MB.
_MOST_KEPT = 2048


class SuggestionReason(StrEnum):
    """Why a tile is suggested.

    The model is unsure of it; or somewhat unsure, and it is unlike the others; or it was drawn by chance.
    """

    UNCERTAIN = "uncertain"
    DIFFERENT = "different"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A tile to review; the score is the model's for this tile alone."""

    photo_id: int
    box_ltrb: BoxLTRB
    score: float
    reason: SuggestionReason


#: A tile: the photo's SHA-256 and the box.
_Key = tuple[str, BoxLTRB]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    photo: Photo
    box_ltrb: BoxLTRB
    threshold: float

    @property
    def key(self) -> _Key:
        return self.photo.sha256, self.box_ltrb

    @property
    def place(self) -> tuple[int, BoxLTRB]:
        return self.photo.id, self.box_ltrb


#: What it is ranked by; the place, which settles ties, so that the order is the same each time; the tile.
_Ranked = tuple[Any, tuple[int, BoxLTRB], _Candidate]


@dataclass(frozen=True, slots=True)
class _Seen:
    score: float
    embedding: NDArray[np.float32]


class Suggester:
    """Suggests tiles, and remembers the embeddings of those it has looked at.

    Attributes:
        turn: Held while `suggest` runs: it decodes photos, a few at a time.
    """

    def __init__(self, store: PhotoStore, classifier: CrackClassifier, *, threads: int) -> None:
        self._store, self._classifier, self._threads = store, classifier, threads
        self._seen: OrderedDict[_Key, _Seen] = OrderedDict()
        self.turn = asyncio.Lock()

    def suggest(self, session: Session, project_id: int, n: int) -> list[Suggestion]:
        """The next tiles of a project to review; what is reviewed is left out.

        Every other one is drawn by chance, the others are the most telling ones, these first.
        """
        unsure, drawn = _candidates(session, project_id, n)
        telling = self._choose(self._look_at(unsure), n - len(drawn))
        sample = [_suggestion(one, seen, SuggestionReason.SAMPLE) for one, seen in self._look_at(drawn)]
        pairs = zip_longest(telling, sample)
        return [suggestion for pair in pairs for suggestion in pair if suggestion is not None]

    def _choose(self, found: Sequence[tuple[_Candidate, _Seen]], n: int) -> list[Suggestion]:
        if not found:
            return []
        margins = _logit([seen.score for _, seen in found]) - _logit([one.threshold for one, _ in found])
        rows = suggest(margins, np.stack([seen.embedding for _, seen in found]), n)
        among_least_sure = np.abs(margins) <= np.sort(np.abs(margins))[:n][-1]
        reasons = np.where(among_least_sure, SuggestionReason.UNCERTAIN, SuggestionReason.DIFFERENT)
        chosen = [(*found[row], SuggestionReason(reasons[row])) for row in rows]
        return [_suggestion(candidate, seen, reason) for candidate, seen, reason in chosen]

    def _look_at(self, candidates: Sequence[_Candidate]) -> list[tuple[_Candidate, _Seen]]:
        new = sorted((one for one in candidates if one.key not in self._seen), key=lambda one: one.photo.id)
        photos = [list(tiles) for _, tiles in groupby(new, key=lambda one: one.photo.id)]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="suggest") as pool:
            for tiles, seen in zip(photos, pool.map(self._embed, photos), strict=True):
                self._seen.update(zip((tile.key for tile in tiles), seen, strict=False))
        found = [(one, self._seen[one.key]) for one in candidates if one.key in self._seen]
        for one, _ in found:
            self._seen.move_to_end(one.key)
        while len(self._seen) > _MOST_KEPT:
            self._seen.popitem(last=False)
        return found

    def _embed(self, tiles: Sequence[_Candidate]) -> list[_Seen]:
        """Of tiles of one photo; none where it can't be read any more."""
        try:
            pixels_hwc = read_photo(self._store.path(tiles[0].photo.sha256)).pixels_hwc
        except PhotoError:
            return []
        size_hw = self._classifier.bundle.config.input_hw
        boxes = [tile.box_ltrb for tile in tiles]
        cut = [pixels_hwc[top:bottom, left:right] for left, top, right, bottom in boxes]
        outputs = self._classifier.run(np.stack([resize_rgb(pixels, size_hw) for pixels in cut]))
        return [
            _Seen(round(float(score), 6), embedding)
            for score, embedding in zip(outputs.score, outputs.embedding, strict=True)
        ]


def _suggestion(candidate: _Candidate, seen: _Seen, reason: SuggestionReason) -> Suggestion:
    return Suggestion(
        photo_id=candidate.photo.id, box_ltrb=candidate.box_ltrb, score=seen.score, reason=reason
    )


def _candidates(session: Session, project_id: int, n: int) -> tuple[list[_Candidate], list[_Candidate]]:
    """Tiles that the heat maps are least sure of, at most a few of each photo; and half of n by chance."""
    query = with_result().where(
        Photo.project_id == project_id,
        Photo.status == "done",
        Result.id.is_not(None),
        ~Photo.decided_as_whole,
    )
    query = query.order_by(*order(Sort.REVIEW)).limit(_MOST_PHOTOS).options(undefer(Result.grid))
    unsure: list[_Ranked] = []
    drawn: list[_Ranked] = []
    for photo, result in session.execute(query.execution_options(yield_per=20)):
        assert result is not None
        tiled = TiledPhoto(photo, result)
        tiles = _unreviewed(session, photo, result, tiled)
        drawn = heapq.nsmallest(n // 2, [*drawn, *((_chance(tile.key), tile.place, tile) for tile in tiles)])
        doubt = ((abs(tiled.score(tile.box_ltrb) - tile.threshold), tile.place, tile) for tile in tiles)
        unsure += heapq.nsmallest(_MOST_PER_PHOTO, doubt)
        unsure = heapq.nsmallest((n + n // 2) * CANDIDATES_PER_SUGGESTION, unsure)
    by_chance = {place for _, place, _ in drawn}
    return [tile for _, place, tile in unsure if place not in by_chance], [tile for *_, tile in drawn]


def _unreviewed(session: Session, photo: Photo, result: Result, tiled: TiledPhoto) -> list[_Candidate]:
    acts = acts_of(session, [photo.id])[photo.id]
    decided = [act.box_ltrb for act in acts if act.decides and act.box_ltrb is not None]
    return [
        _Candidate(photo=photo, box_ltrb=box, threshold=result.threshold)
        for box in tiled.all()
        if not any(boxes_overlap(box, other) for other in decided)
    ]


def _chance(key: _Key) -> bytes:
    """A draw that is the same each time, whatever else there is: the tile's own hash."""
    return hashlib.sha256(repr(key).encode("ascii")).digest()


def _logit(scores: Sequence[float]) -> NDArray[np.float64]:
    clipped = np.clip(np.asarray(scores, np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))
