"""What a photo may be given as, and how each kind is opened: all in one way, as a scan opens it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.bundle import ModelConfig
from crackscope.errors import UnreadablePhotoError
from crackscope.images import Photo, check_size, photo_from_image, read_jpeg, read_photo
from crackscope.inference.quality import sharpness
from crackscope.inference.settings import ScanSettings
from crackscope.inference.tiling import plan_looks
from crackscope.photos.items import PhotoBytes, PhotoFile
from crackscope.photos.metadata import decoded_bytes
from crackscope.photos.pixels import DecodedPhoto, PixelSource
from crackscope.resizing import resize_rgb

#: A path, an encoded file, an open image, or pixels: uint8, RGB (H, W, 3) or grey (H, W).
PhotoSource = str | Path | bytes | Image.Image | NDArray[np.uint8]

#: A reduced decode keeps this many times the model's size for the resize to average. 4 was no closer to the
#: exact scores; at 1, the labels of 2 % of small patches changed (shipped detector).
FAST_MARGIN = 2

#: For test-time augmentation: sides of a corner as a share of the photo's; neighbours overlap by half.
CORNER_SHARE = 0.75

#: An open image decodes on first use, and one that is given twice must not do so in two threads at a time.
_OPEN_IMAGES = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How photos are read.

    Attributes:
        config: The model's, for its input size and the size of its patches.
        settings: How large photos are looked at, and what may be read.
        fast_decode: Whether JPEGs may be decoded at a half, a quarter or an eighth of their size where that
            is still at least `FAST_MARGIN` times the model's, or the size at which tiles are cut: faster,
            with slightly different pixels.
        corners: Whether the corners of photos that are one look are wanted too, for test-time augmentation.
    """

    config: ModelConfig
    settings: ScanSettings = field(default_factory=ScanSettings)
    fast_decode: bool = False
    corners: bool = False

    def is_one_look(self, photo_hw: tuple[int, int]) -> bool:
        """Whether a photo is one look, and not tiles."""
        looks = plan_looks(photo_hw, self.config, self.settings)
        return len(looks) == 1 and looks[0].is_whole_photo

    def at_least_hw(self, photo_hw: tuple[int, int]) -> tuple[int, int] | None:
        """How small a JPEG may be decoded; ``None`` is at its own size only."""
        if not self.fast_decode:
            return None
        finest = plan_looks(photo_hw, self.config, self.settings)[0]
        if not finest.is_whole_photo:
            return finest.grid_hw
        # A corner is enlarged more than the whole photo.
        margin = FAST_MARGIN / CORNER_SHARE if self.corners else FAST_MARGIN
        height, width = self.config.input_hw
        return math.ceil(margin * height), math.ceil(margin * width)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPhoto:
    """A photo at the model's size: uint8 RGB (H, W, 3), how sharp it is there, and what it was before.

    ``corners_hwc`` has its corners, at the same size, where they were asked for.
    """

    name: str
    pixels_hwc: NDArray[np.uint8]
    sharpness: float
    photo_hw: tuple[int, int]
    corners_hwc: tuple[NDArray[np.uint8], ...] = ()


@contextmanager
def open_photo(source: PhotoSource, reading: Reading) -> Iterator[PixelSource]:
    """Get at a photo's pixels: decoded, or by windows where it is too large for that or a map.

    Raises:
        PhotoError: It can't be read or scored, with the reason.
    """
    if not isinstance(source, str | Path | bytes):
        yield DecodedPhoto(_photo_in_memory(source, reading.settings.limit_pixels))
        return
    limit_pixels, memory_mb = reading.settings.limit_pixels, reading.settings.memory_mb
    # Most photos are JPEGs of ordinary size; to ask Pillow about them first takes as long as decoding them.
    jpeg = read_jpeg(source)
    if jpeg is not None and decoded_bytes(jpeg.photo_hw, "JPEG") <= memory_mb << 20:
        check_size(jpeg.photo_hw, limit_pixels)
        at_least_hw = reading.at_least_hw(jpeg.photo_hw)
        yield DecodedPhoto(read_photo(jpeg.data, limit_pixels=limit_pixels, at_least_hw=at_least_hw))
        return
    item = (
        PhotoBytes(source, limit_pixels=limit_pixels, memory_mb=memory_mb)
        if isinstance(source, bytes)
        else PhotoFile(Path(source), limit_pixels=limit_pixels, memory_mb=memory_mb)
    )
    with item.open(reading.at_least_hw) as photo:
        yield photo.source


def ready_photo(source: PixelSource, name: str, reading: Reading) -> ReadyPhoto | None:
    """A photo that is one look, at the model's size; ``None`` where it is not, or partly transparent."""
    if not isinstance(source, DecodedPhoto) or source.has_holes or not reading.is_one_look(source.photo_hw):
        return None
    pixels_hwc = source.rows(reading.config.input_hw, 0, reading.config.input_hw[0])
    corners = cut_corners(source.pixels_hwc, reading.config.input_hw) if reading.corners else ()
    return ReadyPhoto(
        name=name,
        pixels_hwc=pixels_hwc,
        sharpness=sharpness(pixels_hwc),
        photo_hw=source.photo_hw,
        corners_hwc=corners,
    )


def cut_corners(pixels_hwc: NDArray[np.uint8], input_hw: tuple[int, int]) -> tuple[NDArray[np.uint8], ...]:
    """The four overlapping corners of a photo (H, W, 3), each at the model's input size.

    A corner shows its part of the photo a third larger, so hairlines survive the resize to the model's input.
    How the looks become one score is `outputs.average_odds`.
    """
    height, width = pixels_hwc.shape[:2]
    rows, columns = (max(1, round(CORNER_SHARE * side)) for side in (height, width))
    return tuple(
        resize_rgb(pixels_hwc[top : top + rows, left : left + columns], input_hw)
        for top in (0, height - rows)
        for left in (0, width - columns)
    )


def source_name(source: PhotoSource) -> str:
    """What a photo is called in results: its path as given, or its kind.

    Raises:
        TypeError: It is no `PhotoSource`.
    """
    if not isinstance(source, str | Path | bytes | Image.Image | np.ndarray):
        found = type(source).__name__
        raise TypeError(f"a photo is a path, bytes, a Pillow image or an array; found {found}")
    if isinstance(source, str | Path):
        return str(source)
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "")) or "<image>"
    return "<bytes>" if isinstance(source, bytes) else "<array>"


def _photo_in_memory(source: Image.Image | NDArray[np.uint8], limit_pixels: int) -> Photo:
    if isinstance(source, Image.Image):
        with _OPEN_IMAGES:
            return photo_from_image(source, limit_pixels=limit_pixels)
    return _photo_from_array(source, limit_pixels)


def _photo_from_array(pixels: NDArray[np.uint8], limit_pixels: int) -> Photo:
    is_grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or not (is_grey or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        found = f"an array of {pixels.dtype} and shape {pixels.shape}"
        raise UnreadablePhotoError(f"{found}; expected uint8, (H, W, 3) RGB or (H, W) grey")
    photo_hw = (pixels.shape[0], pixels.shape[1])
    check_size(photo_hw, limit_pixels)
    return Photo(np.repeat(pixels[:, :, None], 3, axis=2) if is_grey else pixels, photo_hw)
