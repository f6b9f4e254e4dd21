"""Frames of a video at regular times, through PyAV (extra ``[video]``)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from crackscope.errors import MissingExtraError, SettingsError, UnreadablePhotoError
from crackscope.images import Photo
from crackscope.photos.items import GridPlan, OpenPhoto
from crackscope.photos.pixels import U8, DecodedPhoto
from crackscope.scanning.records import PhotoMetadata
from crackscope.storage import sha256_file


def video_frames(path: Path, every_s: float) -> list[VideoFrame]:
    """The frames of a video at 0, ``every_s``, 2 ``every_s``, ... seconds.

    Each is found by seeking, so that frames can be scanned in any order and a scan can go on in the middle.

    Raises:
        SettingsError: ``every_s`` is not above 0.
        MissingExtraError: PyAV is not installed.
        UnreadablePhotoError: It is not a readable video, or has no picture.
    """
    if every_s <= 0:
        raise SettingsError(f"every is {every_s}; expected seconds above 0")
    with _open(path) as container:
        seconds = _duration_s(container)
    count = int(seconds / every_s - 1e-6) + 1 if seconds > 0 else 1
    video = _Video(path)
    return [VideoFrame(video, round(number * every_s, 3)) for number in range(count)]


class VideoFrame:
    """One frame; named ``clip.mp4#t=3.5`` (a media fragment)."""

    def __init__(self, video: _Video, time_s: float) -> None:
        self.name = f"{video.path}#t={time_s:g}"
        self.stem = f"{video.path.stem}-{time_s:08.3f}s"
        self._video, self._time_s = video, time_s

    @cached_property
    def sha256(self) -> str:
        """Of the video's own hash and the time."""
        return hashlib.sha256(f"{self._video.sha256}#t={self._time_s:g}".encode()).hexdigest()

    @contextmanager
    def open(self, plan: GridPlan) -> Iterator[OpenPhoto]:
        """Decode from the key frame before it.

        Raises:
            UnreadablePhotoError: The video is damaged there.
        """
        pixels_hwc = _frame_at(self._video.path, self._time_s)
        photo = Photo(pixels_hwc, (pixels_hwc.shape[0], pixels_hwc.shape[1]))
        yield OpenPhoto(source=DecodedPhoto(photo), metadata=PhotoMetadata())


class _Video:
    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def sha256(self) -> str:
        return sha256_file(self.path)


def _frame_at(path: Path, time_s: float) -> U8:
    last = None
    with _open(path) as container:
        stream = container.streams.video[0]
        start_s = float((stream.start_time or 0) * stream.time_base)
        container.seek(int((time_s + start_s) / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            last = frame
            if frame.time is None or frame.time - start_s >= time_s - 1e-3:
                break
        if last is None:
            raise UnreadablePhotoError(f"no picture at {time_s:g} s")
        return _upright(last)


def _upright(frame: Any) -> U8:
    """Phones store portrait videos lying down, with the turn beside them."""
    turns = round((getattr(frame, "rotation", 0) or 0) / 90)
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))


def _duration_s(container: Any) -> float:
    stream = container.streams.video[0]
    if stream.duration is not None:
        return float(stream.duration * stream.time_base)
    return 0.0 if container.duration is None else container.duration / 1_000_000


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("PyAV", "video") from error
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise UnreadablePhotoError("a video without pictures")
            yield container
    except (av.error.FFmpegError, OSError) as error:
        raise UnreadablePhotoError(f"not a readable video: {error.strerror or error}") from error
