"""One thing to scan: a photo file, a frame of a video, or an array; each knows its name, hash and pixels."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np

from crackscope.errors import UnreadablePhotoError
from crackscope.images import Photo, check_size, read_photo
from crackscope.photos.large import open_windowed
from crackscope.photos.metadata import Header, PhotoMetadata, read_header
from crackscope.photos.pixels import U8, DecodedPhoto, PixelSource
from crackscope.storage import sha256_file

#: From the photo's size to the size that it may be decoded at instead; ``None`` is its own only.
GridPlan = Callable[[tuple[int, int]], tuple[int, int] | None]

#: Each photo that is read by windows may take all of the memory that is allowed.
_ONE_LARGE_AT_A_TIME = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPhoto:
    """A photo ready to be scanned."""

    source: PixelSource
    metadata: PhotoMetadata


class ScanItem(Protocol):
    """Something that can be scanned.

    Attributes:
        name: As the caller named it; the ``path`` of its row.
        stem: What its overlay is called after.
    """

    name: str
    stem: str

    @property
    def sha256(self) -> str:
        """What finished results are filed under."""

    def open(self, plan: GridPlan) -> AbstractContextManager[OpenPhoto]:
        """Get at the pixels; ``plan`` tells how many are enough."""


class PhotoFile:
    """A file; its bytes are read once, for the hash and for the pixels.

    Args:
        path: The file.
        limit_pixels: Refuse photos with more pixels than this.
        memory_mb: Read a photo that needs more than this once decoded by windows.
    """

    def __init__(self, path: Path, *, limit_pixels: int, memory_mb: int) -> None:
        self.name, self.stem = str(path), path.stem
        self._path, self._limit_pixels, self._memory_mb = path, limit_pixels, memory_mb

    @cached_property
    def _header(self) -> Header | None:
        return read_header(self._path, self._limit_pixels)

    @cached_property
    def large(self) -> bool:
        """Whether decoding it whole would take more memory than allowed."""
        header = self._header
        return header is not None and header.decoded_bytes > self._memory_mb << 20

    @property
    def _by_windows(self) -> bool:
        return self.large or (self._header is not None and self._header.is_map)

    @cached_property
    def _data(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise UnreadablePhotoError(error.strerror or str(error)) from error

    @cached_property
    def sha256(self) -> str:
        """Of the file."""
        return sha256_file(self._path) if self._by_windows else hashlib.sha256(self._data).hexdigest()

    @contextmanager
    def open(self, plan: GridPlan) -> Iterator[OpenPhoto]:
        """Decode it, or open it for reading by windows.

        Raises:
            PhotoError: It can't be read, or is too large or too small.
            MissingExtraError: It needs an extra that is not installed.
        """
        header = self._header
        if header is not None:
            check_size(header.photo_hw, self._limit_pixels)
        if header is not None and self._by_windows:
            orientation = 1 if header.is_map else header.orientation
            turn = _ONE_LARGE_AT_A_TIME if self.large else nullcontext()
            with turn, self._on_disk() as path, open_windowed(path, self._memory_mb, orientation) as source:
                yield OpenPhoto(source=source, metadata=header.metadata)
            return
        at_least_hw = None if header is None else plan(header.photo_hw)
        photo = read_photo(self._data, limit_pixels=self._limit_pixels, at_least_hw=at_least_hw)
        # A folder's worth of open items would otherwise keep every file's bytes.
        del self.__dict__["_data"]
        metadata = PhotoMetadata() if header is None else header.metadata
        yield OpenPhoto(source=DecodedPhoto(photo), metadata=metadata)

    @contextmanager
    def _on_disk(self) -> Iterator[Path]:
        yield self._path


class PhotoBytes(PhotoFile):
    """An encoded photo in memory, read as its file is."""

    def __init__(self, data: bytes, *, limit_pixels: int, memory_mb: int) -> None:
        super().__init__(Path("<bytes>"), limit_pixels=limit_pixels, memory_mb=memory_mb)
        self._encoded = data

    @cached_property
    def _header(self) -> Header | None:
        return read_header(BytesIO(self._encoded), self._limit_pixels)

    @cached_property
    def _data(self) -> bytes:
        return self._encoded

    @contextmanager
    def _on_disk(self) -> Iterator[Path]:
        # GDAL reads memory too, but only under names that two threads must not share.
        with tempfile.TemporaryDirectory(prefix="crackscope-") as folder:
            path = Path(folder) / "photo"
            path.write_bytes(self._encoded)
            yield path


class PixelArray:
    """Pixels that are already in memory: uint8 RGB, shape (H, W, 3)."""

    def __init__(self, pixels_hwc: U8, name: str) -> None:
        if pixels_hwc.ndim != 3 or pixels_hwc.shape[2] != 3 or pixels_hwc.dtype != np.uint8:
            raise UnreadablePhotoError(
                f"an array of {pixels_hwc.dtype} and shape {pixels_hwc.shape}; expected uint8 (H, W, 3)"
            )
        self.name = self.stem = name
        self._pixels_hwc = np.ascontiguousarray(pixels_hwc)

    @cached_property
    def sha256(self) -> str:
        """Of the pixels."""
        return hashlib.sha256(self._pixels_hwc.tobytes()).hexdigest()

    @contextmanager
    def open(self, plan: GridPlan) -> Iterator[OpenPhoto]:
        """Nothing is left to be read."""
        photo_hw = (self._pixels_hwc.shape[0], self._pixels_hwc.shape[1])
        check_size(photo_hw, limit_pixels=photo_hw[0] * photo_hw[1])
        yield OpenPhoto(source=DecodedPhoto(Photo(self._pixels_hwc, photo_hw)), metadata=PhotoMetadata())
