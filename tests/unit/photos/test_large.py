"""Reading by windows gives what reading whole gives."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.errors import UnreadablePhotoError
from crackscope.images import read_photo
from crackscope.photos.large import WindowedPhoto, open_windowed
from crackscope.resizing import resize_rgb
from tests.helpers.profiles import ADOBE_RGB
from tests.unit.scanning.conftest import wall

rasterio = pytest.importorskip("rasterio")


def write_tiff(path: Path, bands: np.ndarray, **options: object) -> Path:
    count, height, width = bands.shape
    profile = {"count": count, "height": height, "width": width, "dtype": bands.dtype, "driver": "GTiff"}
    with rasterio.open(path, "w", **profile, **options) as out:
        out.write(bands)
    return path


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (3, 701, 533), np.uint8)


@pytest.mark.parametrize("grid_hw", [(176, 136), (701, 533), (1000, 800)])
@pytest.mark.parametrize("budget_px", [3_000, 40_000, 10**9])
def test_windows_equal_the_whole_within_one_grey_level(
    tmp_path: Path, noise: np.ndarray, grid_hw: tuple[int, int], budget_px: int
) -> None:
    path = write_tiff(tmp_path / "photo.tif", noise, tiled=True, blockxsize=128, blockysize=128)
    whole = resize_rgb(read_photo(path).pixels_hwc, grid_hw)
    with open_windowed(path, 64) as photo:
        photo._block_px = budget_px
        for top, bottom in ((0, grid_hw[0]), (0, 33), (100, 163), (grid_hw[0] - 1, grid_hw[0])):
            part = photo.rows(grid_hw, top, bottom)
            assert np.abs(part.astype(int) - whole[top:bottom]).max() <= 1


@pytest.mark.parametrize("kind", ["grey", "grey16", "colour16", "alpha", "no-data"])
def test_every_kind_of_pixel_reads_as_it_does_whole(tmp_path: Path, noise: np.ndarray, kind: str) -> None:
    bands, options = noise, {}
    if kind == "grey":
        bands = noise[:1]
    elif kind == "grey16":
        bands = noise[:1].astype(np.uint16) << 8
    elif kind == "colour16":
        bands = noise.astype(np.uint16) * 257
    elif kind == "alpha":
        bands = np.concatenate([noise, noise[:1]])
        options = {"photometric": "RGB", "alpha": "yes"}
    elif kind == "no-data":
        bands = np.maximum(noise, 1)
        bands[:, :300] = 0
        options = {"nodata": 0}
    path = write_tiff(tmp_path / "photo.tif", bands, **options)
    with open_windowed(path, 64) as photo:
        pixels = photo.rows(photo.photo_hw, 0, photo.photo_hw[0])
    expected = {
        "grey": np.broadcast_to(noise[:1], noise.shape).transpose(1, 2, 0),
        "grey16": np.broadcast_to(noise[:1], noise.shape).transpose(1, 2, 0),
        "colour16": noise.transpose(1, 2, 0),
    }.get(kind)
    if kind == "alpha":
        expected = read_photo(path).pixels_hwc
    elif kind == "no-data":
        expected = bands.transpose(1, 2, 0).copy()
        expected[:300] = 255
    assert expected is not None
    assert np.abs(pixels.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_read_upright(tmp_path: Path, noise: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(noise.transpose(1, 2, 0)).save(tmp_path / "turned.tif", exif=exif)
    whole = read_photo(tmp_path / "turned.tif")
    grid_hw = (whole.photo_hw[0] // 3, whole.photo_hw[1] // 4)
    with open_windowed(tmp_path / "turned.tif", 64, orientation) as photo:
        assert photo.photo_hw == whole.photo_hw
        photo._block_px = 30_000
        part = photo.rows(grid_hw, 20, grid_hw[0])
    assert np.abs(part.astype(int) - resize_rgb(whole.pixels_hwc, grid_hw)[20:]).max() <= 1


def test_a_large_turned_jpeg_is_scanned_upright(dark_bundle: Bundle, tmp_path: Path) -> None:
    """Stored lying down; the dark place is at the top right of the upright photo."""
    stored = wall(200, 300, (0, 0, 64, 64))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(stored).save(tmp_path / "a.jpg", quality=95, exif=exif)
    scanner = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(tile_px=64), jobs=1)
    item = scanner.photo_file(tmp_path / "a.jpg")
    item.__dict__["large"] = True
    by_windows, whole = scanner.scan_item(item), scanner.scan(tmp_path / "a.jpg")
    assert by_windows.photo_hw == whole.photo_hw == (300, 200)
    (region,) = by_windows.regions
    assert region.box_ltrb == whole.regions[0].box_ltrb
    assert region.box_ltrb[0] > 100
    assert region.box_ltrb[1] == 0


def test_the_colours_of_a_palette_are_read(tmp_path: Path) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 90, 3), np.uint8)).quantize(17)
    image.save(tmp_path / "palette.tif")
    with open_windowed(tmp_path / "palette.tif", 64) as photo:
        assert (photo.rows((80, 90), 0, 80) == np.asarray(image.convert("RGB"))).all()


def test_elevation_models_are_not_photos(tmp_path: Path) -> None:
    place = rasterio.transform.from_origin(2_600_000, 1_200_000, 1, 1)
    heights = np.full((1, 64, 64), 0.5, np.float32)
    path = write_tiff(tmp_path / "dem.tif", heights, crs="EPSG:2056", transform=place)
    with pytest.raises(UnreadablePhotoError, match="heights"), open_windowed(path, 64):
        pass


def test_a_damaged_file_is_an_unreadable_photo(tmp_path: Path) -> None:
    (tmp_path / "bad.tif").write_bytes(b"II*\0nonsense")
    with (
        pytest.raises(UnreadablePhotoError, match="not a readable image"),
        open_windowed(tmp_path / "bad.tif", 64),
    ):
        pass


def test_rows_at_once_are_bounded_by_the_memory(tmp_path: Path, noise: np.ndarray) -> None:
    path = write_tiff(tmp_path / "photo.tif", noise)
    with open_windowed(path, 64) as photo:
        assert isinstance(photo, WindowedPhoto)
        wide = (10_000, 100_000)
        assert photo.rows_at_once(wide) * wide[1] * 3 <= (64 << 20) / 3


def in_lab(image: Image.Image) -> Image.Image:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB")
    assert converted is not None
    return converted


def cmyk_profile() -> bytes:
    """An ICC profile of four inks, by a table of two steps an axis; not Pillow's plain rule."""
    inks = np.array(list(itertools.product((0, 1), repeat=4)), float)
    lightness = np.clip(100 - inks @ (12, 25, 5, 70), 0, 100) * 2.55
    a, b = 128 + inks @ (-30, 60, -5, 0), 128 + inks @ (-40, -5, 75, 0)
    colours = np.rint(np.stack([lightness, a, b], axis=1)).astype(np.uint8).tobytes()
    ramp = bytes(range(256))
    identity = b"".join(struct.pack(">i", 65536 * (place % 4 == 0)) for place in range(9))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + ramp * 4 + colours + ramp * 3
    tags = {b"A2B0": table, b"wtpt": b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)}
    directory, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        directory += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = 128 + len(directory) + len(body)
    header = struct.pack(">I4xI4s4s4s12x4s", size, 0x02100000, b"prtr", b"CMYK", b"Lab ", b"acsp")
    return header.ljust(128, b"\0") + directory + body


def a_profile_of(mode: str) -> dict[str, bytes]:
    if mode == "CMYK":
        return {"icc_profile": cmyk_profile()}
    return {"icc_profile": ADOBE_RGB} if mode in ("RGB", "RGBA", "P") else {}


#: Modes of Pillow, as files hold them.
MODES = {
    "grey": lambda image: image.convert("L"),
    "one bit": lambda image: image.convert("1"),
    "16 colours": lambda image: image.quantize(16),
    "256 colours": lambda image: image.quantize(200),
    "inks": lambda image: image.convert("CMYK"),
    "Lab": in_lab,
    "colours": lambda image: image,
    "grey and alpha": lambda image: image.convert("LA"),
}
ENDINGS = (".tif", ".png", ".bmp", ".jpg")


@pytest.mark.parametrize("with_profile", [False, True], ids=["plain", "profile"])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_the_same_by_windows(
    tmp_path: Path, noise: np.ndarray, mode: str, ending: str, with_profile: bool
) -> None:
    image = MODES[mode](Image.fromarray(noise[:, :90, :110].transpose(1, 2, 0).copy()))
    path = tmp_path / f"photo{ending}"
    options = {"quality": 95, "subsampling": 0} if ending == ".jpg" else {}
    try:
        image.save(path, **options, **(a_profile_of(image.mode) if with_profile else {}))
    except OSError:
        return  # no file of this format has such pixels
    whole = read_photo(path).pixels_hwc
    if with_profile and image.mode in ("CMYK", "RGB", "P") and ending != ".bmp":
        image.save(tmp_path / f"plain{ending}", **options)
        assert np.abs(read_photo(tmp_path / f"plain{ending}").pixels_hwc.astype(int) - whole).max() > 10
    with open_windowed(path, 64) as photo:
        by_windows = photo.rows((90, 110), 0, 90)
    # Two decoders of JPEG may round differently.
    assert np.abs(by_windows.astype(int) - whole).max() <= (2 if ending == ".jpg" else 0)


@pytest.mark.parametrize("photometric", ["MINISBLACK", "MINISWHITE"])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_the_same_by_windows(
    tmp_path: Path, noise: np.ndarray, bits: int, photometric: str
) -> None:
    path = write_tiff(tmp_path / "a.tif", noise[:1] >> (8 - bits), nbits=bits, photometric=photometric)
    whole = read_photo(path).pixels_hwc
    assert (whole.min(), whole.max()) == (0, 255)
    with open_windowed(path, 64) as photo:
        np.testing.assert_array_equal(photo.rows(photo.photo_hw, 0, photo.photo_hw[0]), whole)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_inks_of_other_programs_are_the_same_by_windows(
    tmp_path: Path, dtype: type[np.unsignedinteger], interleave: str
) -> None:
    inks = np.random.default_rng(4).integers(0, np.iinfo(dtype).max, (4, 70, 80), dtype, endpoint=True)
    path = write_tiff(tmp_path / "a.tif", inks, photometric="CMYK", interleave=interleave)
    with open_windowed(path, 64) as photo:
        by_windows = photo.rows((70, 80), 0, 70)
    np.testing.assert_array_equal(by_windows, read_photo(path).pixels_hwc)
    assert by_windows.std() > 30
