"""Photos whose numbers are no brightness of 8 bits: read as they are meant, or refused with why."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from crackscope.errors import UnreadablePhotoError
from crackscope.images import read_photo
from crackscope.photos.large import open_windowed
from crackscope.profiles import pixels_to_srgb
from tests.helpers.profiles import ADOBE_RGB, ADOBE_XY, DISPLAY_P3, P3_XY, SRGB, SRGB_XY

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

#: A grey ramp as everyone should see it.
RAMP = np.tile(np.linspace(10, 245, 64), (48, 1)).astype(np.uint8)
MAX, SMIN, SMAX = 281, 340, 341


def write(path: Path, values: NDArray[Any], **options: Any) -> Path:
    rasterio = pytest.importorskip("rasterio")
    bands = values[None] if values.ndim == 2 else values
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", **shape, **options) as out:
        out.write(bands)
    return path


def declare(path: Path, values: NDArray[Any], **tags: float) -> Path:
    """A TIFF that says which numbers are black and white."""
    tifffile = pytest.importorskip("tifffile")
    numbers = {"high": (MAX, "H", int), "smin": (SMIN, "d", float), "smax": (SMAX, "d", float)}
    extra = [(*numbers[name][:2], 1, numbers[name][2](value), True) for name, value in tags.items()]
    tifffile.imwrite(path, values, extratags=extra, photometric="minisblack")
    return path


def all_readers(path: Path) -> list[NDArray[np.uint8]]:
    """Read whole and by windows: both doors must agree."""
    whole = read_photo(path).pixels_hwc
    with open_windowed(path, 64) as source:
        by_windows = source.rows(whole.shape[:2], 0, len(whole))
    return [whole, by_windows]


def colour(values: NDArray[Any]) -> NDArray[Any]:
    return np.stack([values] * 3)


#: How the ramp is stored, and how GDAL is told of it. 8 bits of depth make 16 by the factor 257.
STORED: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
    "white is zero, 8 bits": (255 - RAMP, {"photometric": "MINISWHITE"}),
    "white is zero, 16 bits": (65535 - RAMP.astype(np.uint16) * 257, {"photometric": "MINISWHITE"}),
    "16 bits": (RAMP.astype(np.uint16) * 257, {}),
    "12 bits in 16": (RAMP.astype(np.uint16) << 4, {}),
    "12 bits in 16, packed": (RAMP.astype(np.uint16) << 4, {"nbits": 12}),
    "10 bits in 16": (RAMP.astype(np.uint16) << 2, {}),
    "8 bits in 16": (RAMP.astype(np.uint16), {}),
    "8 bits in 32": (RAMP.astype(np.uint32), {}),
    "16 bits in 32": (RAMP.astype(np.uint32) * 257, {}),
    "colour, 16 bits": (colour(RAMP.astype(np.uint16) * 257), {"photometric": "RGB"}),
    "colour, 12 bits in 16": (colour(RAMP.astype(np.uint16) << 4), {"photometric": "RGB"}),
    "signed 8 bits": ((RAMP >> 1).astype(np.int8), {}),
    "signed 16 bits": (RAMP.astype(np.int16) * 128, {}),
    "floats to 1": (RAMP.astype(np.float32) / 255, {}),
    "floats to 255": (RAMP.astype(np.float32), {}),
    "floats of 64 bits": (RAMP.astype(np.float64) / 255, {}),
    "floats in colour": (colour(RAMP.astype(np.float32) / 255), {"photometric": "RGB"}),
    "LERC": (RAMP, {"compress": "LERC"}),
    "WebP in TIFF": (colour(RAMP), {"compress": "WEBP", "WEBP_LOSSLESS": True}),
    "Zstandard": (RAMP, {"compress": "ZSTD"}),
    "LZW with a predictor": (RAMP.astype(np.uint16) * 257, {"compress": "LZW", "predictor": 2}),
    "planes": (colour(RAMP), {"interleave": "band", "photometric": "RGB"}),
    "tiled planes": (
        colour(RAMP),
        {"interleave": "band", "photometric": "RGB", "tiled": True, "blockxsize": 16, "blockysize": 16},
    ),
    "BigTIFF": (RAMP, {"BIGTIFF": "YES"}),
    "grey with another channel": (np.stack([RAMP, RAMP[::-1]]), {}),
    "colour with another channel": (np.concatenate([colour(RAMP), RAMP[None]]), {"photometric": "RGB"}),
}


@pytest.mark.parametrize("name", STORED)
def test_a_photo_is_as_bright_as_it_was_meant(tmp_path: Path, name: str) -> None:
    values, options = STORED[name]
    path = write(tmp_path / "a.tif", values, **options)
    for pixels in all_readers(path):
        assert np.abs(pixels.astype(int) - RAMP[:, :, None]).max() <= 1


@pytest.mark.parametrize("high", [4095, 16383])
def test_the_file_says_how_many_bits_of_16_are_used(tmp_path: Path, high: int) -> None:
    """A dark photo of 12 or 14 bits, nothing in it brighter than a quarter."""
    dark = RAMP >> 2
    values = dark.astype(np.uint16) * ((high + 1) // 256)
    path = declare(tmp_path / "a.tif", values, high=high)
    for pixels in all_readers(path):
        assert np.abs(pixels[..., 0].astype(int) - dark).max() <= 1


def test_a_dark_photo_of_16_bits_stays_dark(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", (RAMP >> 2).astype(np.uint16) * 257)
    assert read_photo(path).pixels_hwc.max() == 245 >> 2


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_signed_numbers_are_scaled_by_what_the_file_says(tmp_path: Path, kind: type) -> None:
    span = 127 if kind is np.int8 else 10_000
    values = np.rint((RAMP / 255 * 2 - 1) * span).astype(kind)
    path = declare(tmp_path / "a.tif", values, smin=-span, smax=span)
    assert np.abs(read_photo(path).pixels_hwc[..., 0].astype(int) - RAMP).max() <= 1


REFUSED: dict[str, tuple[NDArray[Any], dict[str, Any], str]] = {
    "signed 8 bits": ((RAMP.astype(int) - 128).astype(np.int8), {}, "from -118 to 117"),
    "signed 16 bits": (RAMP.astype(np.int16) * 128 - 20_000, {}, "does not say which are black"),
    "unsigned 32 bits": (RAMP.astype(np.uint32) * 16_843_009, {}, "at most 16 bits"),
    "signed 32 bits": (RAMP.astype(np.int32) * 8_000_000, {}, "at most 16 bits"),
    "floats to 65535": (RAMP.astype(np.float32) * 257, {}, "expected 0..1 or 0..255"),
    "no numbers": (np.full_like(RAMP, np.nan, np.float32), {}, "expected 0..1 or 0..255"),
    "five channels": (np.stack([RAMP] * 5), {"photometric": "MINISBLACK"}, "5 channels"),
    "complex": (RAMP.astype(np.complex64), {}, "complex"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_numbers_that_are_no_brightness_are_refused_with_why(tmp_path: Path, name: str) -> None:
    values, options, reason = REFUSED[name]
    with pytest.raises(UnreadablePhotoError, match=reason):
        read_photo(write(tmp_path / "a.tif", values, **options))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("LERC", "compressed with LERC"),
        ("floats in colour", "3 x 32 bit floating-point"),
        ("signed 8 bits", "8 bit signed"),
        ("colour, 12 bits in 16", "no more than 12 are used"),
    ],
)
def test_without_gdal_the_reason_names_what_can_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    values, options = STORED[name]
    path = write(tmp_path / "a.tif", values, **options)
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(UnreadablePhotoError, match=said) as refused:
        read_photo(path)
    assert "crackscope[geo]" in str(refused.value)


def test_a_png_of_12_bits_in_16_is_not_black(tmp_path: Path) -> None:
    Image.fromarray(RAMP.astype(np.uint16) << 4).save(tmp_path / "a.png")
    assert np.abs(read_photo(tmp_path / "a.png").pixels_hwc[..., 0].astype(int) - RAMP).max() <= 1


# Colours


def xyz_of(primaries_xy: Any) -> NDArray[np.float64]:
    """The matrix from linear RGB to XYZ of CIE's textbook."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries_xy]).T
    return columns * np.linalg.solve(columns, [0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])


def as_srgb(primaries_xy: Any, rgb: tuple[int, int, int]) -> NDArray[np.float64]:
    """By the definition of sRGB, without a colour management system."""
    share = np.array(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.linalg.inv(xyz_of(SRGB_XY)) @ xyz_of(primaries_xy) @ linear, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(
    ("icc", "primaries_xy"), [(DISPLAY_P3, P3_XY), (ADOBE_RGB, ADOBE_XY)], ids=["P3", "Adobe"]
)
def test_a_colour_profile_is_applied(form: str, icc: bytes, primaries_xy: Any) -> None:
    image = Image.new("RGB", (32, 32), (210, 105, 105))
    options = {"quality": 100} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    pixels = read_photo(encoded(image, form, icc_profile=icc, **options)).pixels_hwc
    expected = as_srgb(primaries_xy, (210, 105, 105))
    assert np.abs(expected - (210, 105, 105)).max() > 8
    assert np.abs(pixels[16, 16] - expected).max() <= 2.5


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_srgb_and_damaged_profiles_leave_the_pixels_as_they_are(form: str) -> None:
    random = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    plain = read_photo(encoded(Image.fromarray(random), form)).pixels_hwc
    for icc in (SRGB, b"no profile at all", DISPLAY_P3[:200]):
        pixels = read_photo(encoded(Image.fromarray(random), form, icc_profile=icc)).pixels_hwc
        np.testing.assert_array_equal(pixels, plain)
        np.testing.assert_array_equal(pixels_to_srgb(random, icc), random)


def test_transparency_and_profile_go_together() -> None:
    image = Image.new("RGBA", (32, 32), (210, 105, 105, 255))
    image.putpixel((0, 0), (0, 0, 0, 0))
    photo = read_photo(encoded(image, "PNG", icc_profile=DISPLAY_P3))
    assert np.abs(photo.pixels_hwc[16, 16] - as_srgb(P3_XY, (210, 105, 105))).max() <= 2
    assert photo.opacity_hw is not None
    assert photo.opacity_hw[0, 0] == 0


def test_cmyk_and_lab_are_colours() -> None:
    cmyk = Image.new("CMYK", (32, 32), (0, 128, 255, 0))
    assert read_photo(encoded(cmyk, "TIFF")).pixels_hwc[5, 5].tolist() == [255, 127, 0]
    assert np.abs(read_photo(encoded(cmyk, "JPEG")).pixels_hwc[5, 5].astype(int) - (255, 127, 0)).max() <= 4
    lab = Image.frombytes("LAB", (32, 32), bytes([138, 40, 30]) * 1024)
    expected = ImageCms.applyTransform(
        Image.frombytes("LAB", (1, 1), bytes([138, 40, 30])),
        ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"),
    )
    found = read_photo(encoded(lab, "TIFF")).pixels_hwc[5, 5].astype(int)
    assert np.abs(found - expected.getpixel((0, 0))).max() <= 2


@pytest.mark.parametrize("compress", [None, "deflate"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("channels", "options"),
    [
        (1, {"photometric": "MINISBLACK"}),
        (2, {"photometric": "MINISBLACK", "alpha": "yes"}),
        (3, {"photometric": "RGB"}),
        (4, {"photometric": "RGB", "alpha": "yes"}),
        (4, {"photometric": "CMYK"}),
    ],
    ids=["grey", "grey and alpha", "colours", "colours and alpha", "inks"],
)
def test_channels_one_after_the_other_are_the_same_photo(
    tmp_path: Path,
    channels: int,
    options: dict[str, str],
    dtype: type[np.unsignedinteger[Any]],
    compress: str | None,
) -> None:
    values = np.random.default_rng(3).integers(
        0, np.iinfo(dtype).max, (channels, 40, 50), dtype, endpoint=True
    )
    if "alpha" in options:
        values[-1] = np.iinfo(dtype).max
    woven = write(tmp_path / "woven.tif", values, interleave="pixel", compress=compress, **options)
    planes = write(tmp_path / "planes.tif", values, interleave="band", compress=compress, **options)
    expected = read_photo(woven).pixels_hwc
    assert expected.std() > 30
    for found in all_readers(planes):
        assert np.abs(found.astype(int) - expected).max() <= 1


# Files around the pixels

#: Of `cjpeg -arithmetic`: 16 x 16 grey, a ramp from 10 to 245.
ARITHMETIC_JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f"
    "1e1d1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc9000b080010001001011100ffcc00060010"
    "1005ffda0008010100003f00ff008dd2b80c654f2cb4ff00ebe045aa1b98ffd9"
)
PHOTO = Image.fromarray(np.repeat(RAMP[:, :, None], 3, axis=2))
JPEG = encoded(PHOTO, "JPEG", quality=95)
PLAIN = read_photo(JPEG).pixels_hwc


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def test_an_arithmetic_jpeg_is_read() -> None:
    row = read_photo(ARITHMETIC_JPEG).pixels_hwc[0, :, 0].astype(int)
    assert (np.diff(row) >= 0).all()
    assert (row[0], row[-1]) == (pytest.approx(10, abs=4), pytest.approx(245, abs=4))


@pytest.mark.parametrize(
    ("marker", "precision", "said"), [(0xC1, 12, "12"), (0xC3, 8, "lossless"), (0xC7, 8, "hierarchical")]
)
def test_jpegs_of_rare_kinds_are_named(marker: int, precision: int, said: str) -> None:
    place = JPEG.index(b"\xff\xc0")
    rare = bytearray(JPEG)
    rare[place + 1], rare[place + 4] = marker, precision
    with pytest.raises(UnreadablePhotoError, match=said):
        read_photo(bytes(rare))


ODD_JPEGS = {
    "bytes behind the end": JPEG + b"trailing\0" * 999,
    "thermal picture of FLIR": JPEG[:2] + segment(0xE1, b"FLIR\0\1\0\0" + bytes(9000)) + JPEG[2:],
    "thermal picture of DJI": JPEG[:2] + segment(0xE3, bytes(60_000)) * 3 + JPEG[2:],
    "broken Exif": JPEG[:2] + segment(0xE1, b"Exif\0\0MM\0*\xff\xff") + JPEG[2:],
    "a comment": JPEG[:2] + segment(0xFE, b"=cmd|' /C calc'!A0\0\xff") + JPEG[2:],
    "two pictures (MPO)": encoded(
        PHOTO, "MPO", quality=95, save_all=True, append_images=[Image.new("RGB", (64, 48))]
    ),
}


@pytest.mark.parametrize("name", ODD_JPEGS)
def test_what_lies_around_a_jpeg_does_not_change_it(name: str) -> None:
    np.testing.assert_array_equal(read_photo(ODD_JPEGS[name]).pixels_hwc, PLAIN)


@pytest.mark.parametrize("transform", [0, 1, 2])
def test_an_adobe_marker_means_what_it_means_elsewhere(transform: int) -> None:
    """libjpeg believes JFIF more than Adobe, and Adobe where there is no JFIF."""
    marker = segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))
    for data in (JPEG[:2] + marker + JPEG[2:], JPEG[:2] + marker + JPEG[20:]):
        by_pillow = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        np.testing.assert_array_equal(read_photo(data).pixels_hwc, by_pillow)


def test_the_first_frame_of_an_animation_is_the_photo() -> None:
    frames = [Image.new("RGB", PHOTO.size, (9, 9, 9))]
    for form in ("WEBP", "GIF", "TIFF", "PNG"):
        options = {"lossless": True} if form == "WEBP" else {}
        moving = encoded(PHOTO, form, save_all=True, append_images=frames, **options)
        np.testing.assert_array_equal(read_photo(moving).pixels_hwc, np.asarray(PHOTO))


def test_a_preview_before_the_photo_is_not_taken_for_it() -> None:
    preview, pages = PHOTO.resize((32, 24)), io.BytesIO()
    preview.save(pages, "TIFF", save_all=True, append_images=[PHOTO], tiffinfo={254: 1})
    data = bytearray(pages.getvalue())
    if Image.open(io.BytesIO(data)).n_frames != 2:
        pytest.skip("this Pillow writes one page only")
    # Pillow gives both pages the tag: clear it in the second.
    second = data.rindex(b"\xfe\x00\x04\x00\x01\x00\x00\x00\x01")
    data[second + 8] = 0
    np.testing.assert_array_equal(read_photo(bytes(data)).pixels_hwc, np.asarray(PHOTO))


def test_a_raw_file_with_nothing_but_a_preview_is_refused() -> None:
    with pytest.raises(UnreadablePhotoError, match="small preview"):
        read_photo(encoded(PHOTO.resize((64, 48)), "TIFF", tiffinfo={254: 1}))


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"\xff\x0a\x00\x10", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\x05\x16\x07\0\2\0\0Mac OS X", "macOS"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Thumbs.db"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"8BPS\0\1", "Photoshop"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"\0\0\0\x20ftypisom", "video"),
        (b"\0\0\0\x18ftypcrx ", "raw file"),
        (b"hello", "not an image, or damaged"),
    ],
)
def test_what_is_no_photo_is_named(start: bytes, said: str) -> None:
    with pytest.raises(UnreadablePhotoError, match=said):
        read_photo(start + bytes(200))


@pytest.mark.parametrize("size", [(2000, 100), (100, 2000)])
def test_a_panorama_is_read_whole(size: tuple[int, int]) -> None:
    assert read_photo(encoded(PHOTO.resize(size), "JPEG")).photo_hw == size[::-1]
