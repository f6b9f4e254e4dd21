"""Whatever bytes a file holds, reading it gives a photo or a `PhotoError`, and nothing else."""

from __future__ import annotations

import io
import warnings
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from crackscope.errors import PhotoError
from crackscope.images import Photo, read_photo
from crackscope.table_text import one_line

FORMS = ("JPEG", "PNG", "TIFF", "GIF", "BMP", "WEBP", "PPM", "MPO")


@cache
def _file(form: str) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 3
    buffer = io.BytesIO()
    options = {"exif": exif} if form in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def _read(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            photo = read_photo(data, limit_pixels=1_000_000)
        except PhotoError as error:
            reason = str(error)
        else:
            _check_photo(photo)
            return
    assert reason
    assert one_line(reason) == reason


def _check_photo(photo: Photo) -> None:
    assert photo.pixels_hwc.dtype == np.uint8
    assert photo.pixels_hwc.shape == (*photo.photo_hw, 3)
    assert photo.pixels_hwc.flags.c_contiguous


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    _read(data)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None)
@given(draw=st.data())
def test_photos_with_changed_bytes(form: str, draw: st.DataObject) -> None:
    data = bytearray(_file(form))
    # Headers are where decoders go wrong, so most changes go there.
    places = st.integers(0, len(data) - 1) | st.integers(0, min(150, len(data) - 1))
    for place, value in draw.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6)):
        data[place] = value
    _read(bytes(data))


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=20, deadline=None)
@given(share=st.floats(0, 1))
def test_photos_cut_short(form: str, share: float) -> None:
    data = _file(form)
    _read(data[: int(len(data) * share)])
