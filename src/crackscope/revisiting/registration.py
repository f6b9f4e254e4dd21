"""Lay one photo over another of the same place: features, a homography, and a check of its own by blocks.

SIFT features (Lowe 2004, as RootSIFT), the ratio test and MAGSAC++ (Barath et al. 2020) propose a homography.
Features that agree may lie in one corner only, so the proposal is not believed: blocks all over the shared
part are looked for in the other picture, near where they should be. Where they are found, the fit is
confirmed and made finer; where they are not, nothing is compared; where too few are, the fit is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.changes import Registration

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: Photos are registered at this length of their longer side, or less: cells of a scan are coarser.
WORK_PX = 1200
FEATURES = 3000
_RATIO = 0.85
_MAGSAC_PX = 3.0
FEWEST_INLIERS = 12
#: Of the later photo, shown in the earlier too.
SMALLEST_OVERLAP = 0.2
LARGEST_ZOOM = 3.0
#: Largest distance, as a share of the longer side, at which two blocks are the same place.
TOLERANCE_SHARE = 0.01
#: Blocks are searched for this far around, as a share of the longer side.
_SEARCH_SHARE = 0.03
_BLOCK_SHARE, _SMALLEST_BLOCK_PX = 0.1, 40
#: Correlation of a block that is found, and how much lower the second best place must be.
_FOUND, _UNIQUE = 0.5, 0.9
#: Share of the blocks of the shared part that must be found where they should be.
FEWEST_CONFIRMED = 0.4
#: Confirmed blocks beside a confirmed block, of eight or, at an edge, fewer.
_NEIGHBOURS = 2
#: Of the blocks that are found at all, so many must be where they should be.
_AGREEING = 0.8


class RefusedError(Exception):
    """The photos can't be laid over one another; the reason is a key of `REASONS`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class Features:
    """Points of a photo and what they look like.

    Attributes:
        points_xy: (N, 2) float32, pixels of the photo as it was given.
        descriptors: (N, 128) float32, RootSIFT.
        grey_hw: uint8, the reduced photo.
        scale: From pixels of the reduced photo to those of the whole one.
        photo_hw: Of the whole photo.
    """

    points_xy: F32
    descriptors: F32
    grey_hw: U8
    scale: float
    photo_hw: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fit that was confirmed.

    Attributes:
        registration: As a record.
        later_to_earlier: (3, 3) float64, pixels of the later photo to those of the earlier one.
        blocks_ltrb: (N, 4) float64, confirmed blocks in pixels of the later photo.
        earlier_hw: Height and width of the earlier photo.
    """

    registration: Registration
    later_to_earlier: F64
    blocks_ltrb: F64
    earlier_hw: tuple[int, int]


def find_features(pixels_hwc: U8, *, longest_px: int = WORK_PX, most: int = FEATURES) -> Features:
    """The features of a photo.

    Args:
        pixels_hwc: uint8 RGB.
        longest_px: The photo is reduced to this.
        most: The strongest so many.
    """
    height, width = pixels_hwc.shape[:2]
    scale = max(1.0, max(height, width) / longest_px)
    size_wh = max(16, round(width / scale)), max(16, round(height / scale))
    grey_hw = cv2.cvtColor(pixels_hwc, cv2.COLOR_RGB2GRAY)
    if scale > 1:
        grey_hw = cv2.resize(grey_hw, size_wh, interpolation=cv2.INTER_AREA)
    # Concrete is pale and even: without its local contrast raised it has hardly a feature.
    grey_hw = cv2.createCLAHE(2.0, (8, 8)).apply(grey_hw)
    sift = cv2.SIFT_create(nfeatures=most, contrastThreshold=0.01)
    keypoints, descriptors = sift.detectAndCompute(grey_hw, None)
    if descriptors is None:
        descriptors = np.zeros((0, 128), np.float32)
    points = np.array([point.pt for point in keypoints], np.float32).reshape(-1, 2)
    return Features(
        np.asarray((points + 0.5) * scale - 0.5, np.float32),
        _root(descriptors),
        np.asarray(grey_hw, np.uint8),
        scale,
        (height, width),
    )


def match(earlier: Features, later: Features) -> tuple[F32, F32]:
    """Points of both photos that look alike and like nothing else, (N, 2) each, in whole photos."""
    if min(len(earlier.descriptors), len(later.descriptors)) < 2:
        empty = np.zeros((0, 2), np.float32)
        return empty, empty
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(later.descriptors, earlier.descriptors, k=2)
    good = [first for first, second in pairs if first.distance < _RATIO * second.distance]
    from_later = later.points_xy[[one.queryIdx for one in good]].reshape(-1, 2)
    return earlier.points_xy[[one.trainIdx for one in good]].reshape(-1, 2), from_later


def register(earlier: Features, later: Features) -> Fit:
    """How the earlier photo lies over the later one.

    Raises:
        RefusedError: It can't be told, or not surely enough.
    """
    from_earlier, from_later = match(earlier, later)
    homography, inliers = _propose(from_earlier, from_later, max(earlier.scale, later.scale))
    _require_plausible(homography, earlier.photo_hw, later.photo_hw)
    for _ in range(2):  # once with the proposal, once with what the blocks made of it
        blocks = list(_find_blocks(earlier, later, homography))
        found = [block for block in blocks if block.found]
        if len(found) >= FEWEST_INLIERS:
            homography = _finer(homography, found)
    blocks = list(_find_blocks(earlier, later, homography))
    return _confirm(blocks, homography, inliers, later.photo_hw, earlier.photo_hw)


def project(homography: F64, points_xy: F64) -> F64:
    """(N, 2) points through a homography."""
    ones = np.concatenate([points_xy, np.ones((len(points_xy), 1))], axis=1) @ homography.T
    return np.asarray(ones[:, :2] / ones[:, 2:], np.float64)


def _root(descriptors: F32) -> F32:
    return np.asarray(
        np.sqrt(descriptors / (np.abs(descriptors).sum(axis=1, keepdims=True) + 1e-9)), np.float32
    )


def _propose(from_earlier: F32, from_later: F32, scale: float) -> tuple[F64, int]:
    if len(from_later) < FEWEST_INLIERS:
        raise RefusedError("few_features", f"{len(from_later)}")
    cv2.setRNGSeed(0)  # the same photos give the same answer
    homography, mask = cv2.findHomography(
        from_later, from_earlier, cv2.USAC_MAGSAC, _MAGSAC_PX * scale, maxIters=10_000, confidence=0.9999
    )
    inliers = 0 if mask is None else int(mask.sum())
    if homography is None or inliers < FEWEST_INLIERS:
        raise RefusedError("few_features", f"{inliers}")
    return np.asarray(homography, np.float64), inliers


def _require_plausible(homography: F64, earlier_hw: tuple[int, int], later_hw: tuple[int, int]) -> None:
    quad = project(homography, corners(later_hw))
    after = np.roll(quad, -1, axis=0) - quad
    following = np.roll(after, -1, axis=0)
    turns = after[:, 0] * following[:, 1] - after[:, 1] * following[:, 0]
    if not np.isfinite(quad).all() or (turns <= 0).any():
        raise RefusedError("implausible")
    area = abs(float(cv2.contourArea(quad.astype(np.float32))))
    zoom = np.sqrt(area / (later_hw[0] * later_hw[1]))
    if not 1 / LARGEST_ZOOM <= zoom <= LARGEST_ZOOM:
        raise RefusedError("scale", f"{zoom:.2f}")
    if overlap_of(homography, earlier_hw, later_hw) < SMALLEST_OVERLAP:
        raise RefusedError("overlap")


def corners(photo_hw: tuple[int, int]) -> F64:
    """The four corners of a photo, clockwise from the upper left, (4, 2)."""
    height, width = photo_hw
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def overlap_of(homography: F64, earlier_hw: tuple[int, int], later_hw: tuple[int, int]) -> float:
    """Share of the later photo that lies in the earlier one."""
    y, x = np.mgrid[0.5:32, 0.5:32] / 32
    points = project(homography, np.stack([x.ravel() * later_hw[1], y.ravel() * later_hw[0]], axis=1))
    inside = (points >= 0) & (points < np.array([earlier_hw[1], earlier_hw[0]]))
    return float(inside.all(axis=1).mean())


@dataclass(frozen=True, slots=True)
class _Block:
    """A block of the later photo: its box and how far from its due place it is found, in later pixels."""

    box_ltrb: tuple[float, float, float, float]
    found: bool
    away_xy: tuple[float, float]
    tolerance_px: float

    @property
    def away_px(self) -> float:
        return float(np.hypot(*self.away_xy))

    @property
    def agrees(self) -> bool:
        return self.found and self.away_px <= self.tolerance_px


def _find_blocks(earlier: Features, later: Features, homography: F64) -> Iterator[_Block]:
    """Every block of the later photo that the earlier one should show whole."""
    # Both at the later one's reduced size.
    shrink_earlier = np.diag([1 / earlier.scale, 1 / earlier.scale, 1.0])
    grow_later = np.diag([later.scale, later.scale, 1.0])
    reduced = shrink_earlier @ homography @ grow_later
    size_wh = later.grey_hw.shape[1], later.grey_hw.shape[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = _detail(cv2.warpPerspective(earlier.grey_hw, reduced, size_wh, flags=flags))
    known = cv2.warpPerspective(np.full_like(earlier.grey_hw, 255), reduced, size_wh, flags=flags)
    here = _detail(later.grey_hw)
    longest = max(size_wh)
    side = max(_SMALLEST_BLOCK_PX, round(longest * _BLOCK_SHARE))
    around = max(6, round(longest * _SEARCH_SHARE))
    tolerance = max(2.0, longest * TOLERANCE_SHARE) * later.scale
    rows, columns = (_starts(length, side) for length in (size_wh[1], size_wh[0]))
    for top in rows:
        for left in columns:
            part = np.s_[top : top + side, left : left + side]
            if known[part].min() == 0:
                continue
            found, away_x, away_y = _look_for(here[part], warped, (top, left), around, known)
            near = left * later.scale, top * later.scale
            far = (left + side) * later.scale, (top + side) * later.scale
            yield _Block((*near, *far), found, (away_x * later.scale, away_y * later.scale), tolerance)


def _starts(length: int, side: int) -> list[int]:
    count = max(1, round(length / side * 1.25))
    return [round(start) for start in np.linspace(0, max(0, length - side), count)]


def _detail(grey_hw: U8) -> F32:
    """Without slow changes of light."""
    grey = grey_hw.astype(np.float32)
    fine = cv2.GaussianBlur(grey, (0, 0), 1.0)
    return np.asarray(fine - cv2.GaussianBlur(grey, (0, 0), 12.0), np.float32)


def _look_for(
    block: F32, picture: F32, corner: tuple[int, int], around: int, known: U8
) -> tuple[bool, float, float]:
    """Whether a block is found in a picture, surely, and how far right and below its place."""
    (top, left), (height, width) = corner, block.shape
    first_y, first_x = max(0, top - around), max(0, left - around)
    part = np.s_[first_y : top + height + around, first_x : left + width + around]
    # What the earlier photo does not show has no detail that could be mistaken for a place.
    scores = cv2.matchTemplate(np.where(known[part] > 0, picture[part], 0), block, cv2.TM_CCOEFF_NORMED)
    best_y, best_x = np.unravel_index(int(scores.argmax()), scores.shape)
    best = float(scores[best_y, best_x])
    rest = scores.copy()
    rest[max(0, best_y - 4) : best_y + 5, max(0, best_x - 4) : best_x + 5] = -1
    found = best >= _FOUND and float(rest.max()) <= _UNIQUE * best
    dy, dx = _between(scores[:, best_x], int(best_y)), _between(scores[best_y], int(best_x))
    return found, first_x + dx - left, first_y + dy - top


def _between(scores: F32, best: int) -> float:
    """Where a parabola through the best score and its neighbours has its top."""
    if not 0 < best < len(scores) - 1:
        return float(best)
    before, here, after = (float(scores[best + step]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    return best + (0.0 if bend >= 0 else 0.5 * (before - after) / bend)


def _finer(homography: F64, found: list[_Block]) -> F64:
    centres = np.array(
        [((b.box_ltrb[0] + b.box_ltrb[2]) / 2, (b.box_ltrb[1] + b.box_ltrb[3]) / 2) for b in found]
    )
    away = np.array([block.away_xy for block in found])
    # A block of the later photo lies where the earlier one, laid over it, has it: so much further on.
    targets = project(homography, centres + away)
    cv2.setRNGSeed(0)
    finer, _ = cv2.findHomography(centres, targets, cv2.USAC_MAGSAC, found[0].tolerance_px)
    return homography if finer is None else np.asarray(finer, np.float64)


def _supported(agreeing: list[_Block]) -> list[_Block]:
    """Without those that stand alone: one in some dozen blocks of another place agrees by chance."""
    if not agreeing:
        return []
    boxes = np.array([block.box_ltrb for block in agreeing])
    apart = np.abs(boxes[:, None, :2] - boxes[None, :, :2]).max(axis=2)
    near = (apart <= boxes[0, 2] - boxes[0, 0]).sum(axis=1) - 1
    return [block for block, neighbours in zip(agreeing, near, strict=True) if neighbours >= _NEIGHBOURS]


def _confirm(
    blocks: list[_Block],
    homography: F64,
    inliers: int,
    later_hw: tuple[int, int],
    earlier_hw: tuple[int, int],
) -> Fit:
    _require_plausible(homography, earlier_hw, later_hw)
    found = [block for block in blocks if block.found]
    agreeing = _supported([block for block in found if block.agrees])
    confirmed = len(agreeing) / max(1, len(blocks))
    detail = f"{len(agreeing)}/{len(found)}/{len(blocks)}"
    if len(agreeing) < 4 or confirmed < FEWEST_CONFIRMED or len(agreeing) < _AGREEING * len(found):
        raise RefusedError("poor_fit", detail)
    registration = Registration(
        later_to_earlier=tuple(float(value) for value in (homography / homography[2, 2]).ravel()),
        inliers=inliers,
        confirmed=round(confirmed, 3),
        error_px=round(float(np.quantile([block.away_px for block in agreeing], 0.95)), 2),
        overlap=round(overlap_of(homography, earlier_hw, later_hw), 3),
    )
    boxes = np.array([block.box_ltrb for block in agreeing])
    return Fit(registration, homography / homography[2, 2], boxes, earlier_hw)
